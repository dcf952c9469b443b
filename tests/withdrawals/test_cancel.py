"""A product may call a withdrawal off as long as no byte of it left us."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from balances import reading
from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.scripted_provider import DROP, ScriptedProvider
from tests.two_persons import settle
from tests.withdrawals import provider_words as words
from tests.withdrawals.money_stage import given_past_the_verbs
from tests.withdrawals.orders import make_due, moves, news, order, send, sent
from withdrawals import asking
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db


def test_a_queued_one_is_cancelled_once_and_never_sent(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)

    first = api.post(f"withdrawals/{withdrawal.public_id}/cancel")
    again = api.post(f"withdrawals/{withdrawal.public_id}/cancel")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == api.get(f"withdrawals/{withdrawal.public_id}").json()
    assert (first.json()["status"], first.json()["failure"]) == ("cancelled", None)
    assert moves(withdrawal) == [("queued", "api_key"), ("cancelled", "api_key")]
    assert news(withdrawal) == [("queued", 1), ("cancelled", 2)]
    make_due(withdrawal)
    assert send(withdrawal).status == "cancelled"
    assert provider.requests == []


AFTER_SENDING: dict[str, tuple[Any, dict[str, Any] | None, str]] = {
    "accepted": (words.OK, None, "accepted"),
    "waiting for funds": (words.NO_FUNDS, None, "waiting_funds"),
    "unknown": (DROP, None, "unknown"),
    "failed": (words.REFUSED_FIELD, None, "failed"),
    "paid": (words.OK, {"status": 1}, "paid"),
    "rejected": (words.OK, {"status": 5}, "rejected"),
    "in review": (words.OK, {"status": 1, "account_name": "X"}, "manual_review"),
}


@pytest.mark.parametrize(("answer", "then", "status"), AFTER_SENDING.values(), ids=AFTER_SENDING.keys())
def test_after_the_first_byte_it_cannot_be_cancelled(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, answer: Any, then: Any, status: str
) -> None:
    withdrawal = sent(api, provider, answer)
    if then is not None:
        provider.script(words.PULL, words.pulled(words.found(withdrawal, **then)))
        asking.ask(account, [withdrawal.public_id])
    before = (moves(withdrawal), news(withdrawal))

    refused = api.post(f"withdrawals/{withdrawal.public_id}/cancel")

    assert refused.status_code == 409
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (refused.json()["code"], refused.json()["current_status"]) == ("conflict", status)
    assert (moves(withdrawal), news(withdrawal)) == before


def test_one_whose_connection_was_refused_may_be_cancelled(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    ProviderAccount.objects.update(base_url="http://127.0.0.1:1")
    withdrawal = send(order(api))

    assert api.post(f"withdrawals/{withdrawal.public_id}/cancel").json()["status"] == "cancelled"

    ProviderAccount.objects.update(base_url=provider.url)
    make_due(withdrawal)
    assert send(withdrawal).status == "cancelled"
    assert provider.requests == []


def test_nobody_else_can_cancel_it(
    api: Api, product: Product, live_account: ProviderAccount, new_api: Callable[..., Api]
) -> None:
    withdrawal = order(api)
    stranger = new_api(Product.objects.create(name="another"))
    reader = new_api(product, scopes=["read"])
    live = new_api(product, Mode.LIVE)
    path = f"withdrawals/{withdrawal.public_id}/cancel"

    answers = [caller.post(path).status_code for caller in (stranger, live, reader)]

    assert answers == [404, 404, 403]
    assert api.post(f"withdrawals/dep_{withdrawal.public_id[3:]}/cancel").status_code == 404
    assert Withdrawal.objects.get().status == "queued"


def test_where_the_balance_has_no_room_nothing_changes_and_it_is_said(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    [before] = reading.product_balances(product.pk, "test", currencies=["INR"])
    full = Decimal("9999999999999999.9999")
    given_past_the_verbs(product, str(full - before.available))
    path = f"withdrawals/{withdrawal.public_id}/cancel"

    refused = api.post(path)

    assert (refused.status_code, refused.headers["Content-Type"]) == (409, "application/problem+json")
    assert refused.json()["code"] == "conflict"
    assert "no room for the amount" in refused.json()["detail"]
    assert moves(withdrawal) == [("queued", "api_key")]
    assert news(withdrawal) == [("queued", 1)]
    [row] = reading.product_balances(product.pk, "test", currencies=["INR"])
    assert [row.available, row.held] == [full, 1218]
    # It is as it was: sent by the next worker, or cancelled once there is room.
    settle(product, "1218")
    assert api.post(path).json()["status"] == "cancelled"
    [row] = reading.product_balances(product.pk, "test", currencies=["INR"])
    assert [row.available, row.held] == [full, 0]
