"""After a set time a link is taken away, and never before its deposits are forgotten."""

from datetime import timedelta
from typing import Any

from payments.checkout import sessions
from payments.deadlines import expire_deposits
from payments.models import Deposit
from payments.redaction import forget_links, forget_payers
from tests.conftest import Api
from tests.payments.checkout.stage import begin_session, choose, load_session
from tests.payments.stage import Book, work

DAYS = 400


def test_a_link_ends_after_its_deposits(api: Api, book: Book, clock: Any) -> None:
    untouched = begin_session(api, return_urls={"success": "https://shop.example/paid"})
    chosen = begin_session(api)
    tokens = [untouched.token, chosen.token]
    choose(chosen)
    work()
    clock.shift(timedelta(days=1))
    expire_deposits()
    clock.shift(timedelta(days=DAYS))
    assert forget_links() == 0  # it expired exactly so long ago
    clock.shift(timedelta(seconds=1))
    assert forget_links() == 1
    gone = load_session(untouched.public_id)
    assert (gone.url, gone.token, gone.return_secret, gone.return_urls) == (None, None, None, {})
    assert [sessions.find(token) for token in tokens] == [None, chosen]
    assert api.get(f"checkout-sessions/{untouched.public_id}").json()["url"] is None

    Deposit.objects.update(next_at=None)  # as if the asking had come to its end
    assert (forget_payers(), forget_links(), forget_links()) == (1, 1, 0)
    assert sessions.find(tokens[1]) is None
