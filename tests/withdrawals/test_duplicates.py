"""The same again within a time: it is made, and waits for a person."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django.fixtures import Settings

from balances.verb_fields import Refused
from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount
from tests.conftest import Api, fund
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import by_two_persons, persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import BKASH, IMPS, moves, news, order, sent
from tests.withdrawals.ruling import limit, window
from withdrawals.models import DuplicateWindow, Withdrawal

pytestmark = pytest.mark.django_db

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
FORMER_KEY, LATER_KEY = "former-search-key-0123456789-0123456789", "later-search-key-0123456789-0123456789"


@pytest.fixture
def api(product: Product, account: ProviderAccount, catalogue: None, new_api: Callable[..., Api]) -> Api:
    """The product's client, of a product for which nobody set a window."""
    fund(product, "INR", "BDT")
    return new_api(product)


def to(account: str) -> dict[str, Any]:
    return {"recipient": {**IMPS["recipient"], "account_number": account}}


def test_the_same_again_waits_for_a_person(api: Api) -> None:
    first, second = order(api), order(api)
    assert (first.status, first.held_for) == ("queued", [])
    assert (second.status, second.held_for, second.approvals_needed) == (
        "pending_approval",
        ["duplicate_likely"],
        ["approver"],
    )
    assert moves(second) == [("pending_approval", "api_key")]
    assert news(second) == [("pending_approval", 1)]
    assert api.get(f"withdrawals/{second.public_id}").json()["held_for"] == ["duplicate_likely"]


@pytest.mark.parametrize(
    "changes",
    [
        to("999999999999"),
        {"amount": "1219"},
        {"payment_system": "paytm", "recipient": {"account_number": "8123456789"}},
    ],
)
def test_another_amount_or_account_is_another_order(changes: dict[str, Any], api: Api) -> None:
    order(api)
    assert order(api, **changes).held_for == []


def test_a_customer_a_name_a_comment_and_spelling_make_no_difference(api: Api) -> None:
    upi: dict[str, Any] = {
        "payment_system": "upi_ib",
        "recipient": {"account_number": "Some.Name@bank", "account_name": "Test Name"},
    }
    order(api, **upi)
    again = {"account_number": "some.name@BANK", "account_name": "Somebody Else"}
    held = order(api, **{**upi, "recipient": again}, customer="57", comment="else")
    assert held.held_for == ["duplicate_likely"]


def test_one_shared_account_of_several_is_enough(api: Api) -> None:
    order(api, BKASH)
    assert order(api, BKASH, recipient={**BKASH["recipient"], "account_number": "22222222"}).held_for == [
        "duplicate_likely"
    ]


def test_the_window_is_an_hour_where_nobody_said_otherwise(api: Api) -> None:
    with time_machine.travel(NOON, tick=False):
        order(api)
    with time_machine.travel(NOON + timedelta(minutes=60), tick=False):
        assert order(api).held_for == []
    with time_machine.travel(NOON + timedelta(minutes=120) - timedelta(microseconds=1), tick=False):
        assert order(api).held_for == ["duplicate_likely"]


def test_a_product_has_its_own_window_and_none_with_0(api: Api, product: Product) -> None:
    window(product, 10)
    with time_machine.travel(NOON, tick=False):
        order(api)
    with time_machine.travel(NOON + timedelta(minutes=10), tick=False):
        assert order(api).held_for == []
        assert order(api).held_for == ["duplicate_likely"]
        window(product, 0)
        assert order(api).held_for == []


def test_what_ended_unpaid_is_no_original_and_all_else_is(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    with time_machine.travel(NOON, tick=False):
        cancelled = order(api)
        api.post(f"withdrawals/{cancelled.public_id}/cancel")
        assert sent(api, provider, words.REFUSED_FIELD).status == "failed"
        assert sent(api, provider, words.OK).status == "accepted"
    with time_machine.travel(NOON + timedelta(minutes=30), tick=False):
        assert order(api).held_for == ["duplicate_likely"]
        # One that waits for a person is an original, too.
        window(product, 1)
    with time_machine.travel(NOON + timedelta(minutes=30, seconds=59), tick=False):
        assert order(api).held_for == ["duplicate_likely"]


def test_other_products_and_modes_are_apart(
    api: Api, product: Product, live_account: ProviderAccount, new_api: Any
) -> None:
    other = Product.objects.create(name="other")
    fund(other, "INR")
    fund(product, "INR", mode=Mode.LIVE)
    order(api)
    assert order(new_api(other)).held_for == []
    assert order(new_api(product, Mode.LIVE)).held_for == []


def test_a_duplicate_beyond_a_limit_says_both(api: Api, product: Product) -> None:
    limit(product, count=1, on_excess="hold")
    order(api)
    assert order(api).held_for == ["duplicate_likely", "limit_exceeded"]


def test_the_same_reference_never_gets_here(api: Api) -> None:
    body = {**IMPS, "reference": "mine"}
    assert api.post("withdrawals", body, key="one").status_code == 201
    assert api.post("withdrawals", body, key="one").json()["held_for"] == []
    assert api.post("withdrawals", body, key="two").json()["code"] == "reference_already_used"
    assert Withdrawal.objects.count() == 1


def test_it_is_found_under_whichever_key_it_was_hashed(api: Api, settings: Settings) -> None:
    settings.SEARCH_HASH_KEYS = [FORMER_KEY]
    order(api)
    settings.SEARCH_HASH_KEYS = [LATER_KEY, FORMER_KEY]
    assert order(api).held_for == ["duplicate_likely"]
    # A process that does not know the new key yet, while others write with it.
    settings.SEARCH_HASH_KEYS = [FORMER_KEY, LATER_KEY]
    assert order(api).held_for == ["duplicate_likely"]


def test_two_persons_agree_on_the_window_of_live_orders(product: Product) -> None:
    told = {"product": product.name, "mode": "live", "minutes": "5"}
    made = by_two_persons("duplicate_window_agreed", told)
    assert made.preview["notes"] == [f"From the approval on: {product}, live: 5 minutes.", "Until now: 60 minutes."]
    row = DuplicateWindow.objects.get()
    assert (row.minutes, row.version, row.created_by) == (5, 1, persons()[1])
    for wrong, says in (("-1", "a whole number"), ("43201", "At most 43200 minutes"), ("x", "a whole number")):
        with pytest.raises(Refused, match=says):
            by_two_persons("duplicate_window_agreed", {**told, "minutes": wrong})
    by_two_persons("duplicate_window_agreed", {**told, "minutes": "0"})
    assert list(DuplicateWindow.objects.order_by("version").values_list("version", "minutes")) == [(1, 5), (2, 0)]
