"""Who may wait for slow bodies: no key for all of the others, and nobody in the places of letters."""

from contextlib import ExitStack
from typing import Any

import pytest

from gateway.api.slow_bodies import NoPlaceError, _Places, with_places


def test_one_sender_has_no_more_than_its_share_and_all_together_no_more_than_there_are() -> None:
    places = _Places(4, 2)
    with ExitStack() as held:
        held.enter_context(places.one_for("one"))
        held.enter_context(places.one_for("one"))
        with pytest.raises(NoPlaceError), places.one_for("one"):
            pass
        held.enter_context(places.one_for("another"))
        held.enter_context(places.one_for("another"))
        with pytest.raises(NoPlaceError), places.one_for("a third"):
            pass
    with places.one_for("one"), places.one_for("a third"):
        pass
    assert not places._held


def test_letters_have_places_of_their_own() -> None:
    given: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        given[environ["PATH_INFO"]] = environ["wsgi.input"]._places
        return []

    call = with_places(application)
    for path in ("/postbacks/paykassma/token/", "/api/v1/deposits", "/api/v1/withdrawals"):
        call({"PATH_INFO": path, "CONTENT_LENGTH": "10", "wsgi.input": None}, None)
    letters, deposits, withdrawals = given.values()
    assert deposits is withdrawals
    assert letters is not deposits


def test_payment_pages_have_places_of_their_own_and_no_page_has_all_of_them() -> None:
    given: list[Any] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        given.append(environ["wsgi.input"])
        return []

    call = with_places(application)
    for path in ("/pay/one/attempts/1", "/pay/one/choose", "/pay/another/choose", "/api/v1/deposits", "/postbacks/x/"):
        call({"PATH_INFO": path, "CONTENT_LENGTH": "10", "wsgi.input": None}, None)
    one, same, another, deposits, letters = given
    assert one._places is same._places is another._places
    assert len({id(each._places) for each in (one, deposits, letters)}) == 3
    assert (one._sender, same._sender, another._sender) == ("one", "one", "another")
    assert (one._places._number, one._places._most_for_one) == (4, 2)
