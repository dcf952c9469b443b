"""After the whole work of an order, no column of any table and no line of any log holds a secret."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway import ids
from gateway.products.models import Product
from gateway.providers import actions
from gateway.providers.models import ProviderAccount, ProviderCall
from payments.opening import open_deposit
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body
from tests.gateway.loud_logs import log_everything
from tests.gateway.providers.answers import AVAILABLE, WRONG_SECRET
from tests.leaks import CANARIES, leaks
from tests.scripted_provider import Received, ScriptedProvider
from withdrawals.sending import send_withdrawal

#: Numbers that stand for a customer's; none of them is anybody's.
PHONE, WALLET = "254700999888", "987650001234567"


@pytest.fixture
def echo(provider: ScriptedProvider) -> ScriptedProvider:
    """A provider that repeats whatever it was sent, query string and all, and refuses it."""

    def repeat(request: Received) -> tuple[int, Any]:
        said = {"query": request.query, "body": request.body.decode("utf-8", "replace")}
        return 200, {"status": "fail", "message": {"label": [str(said)]}}

    provider.script("*", repeat)
    return provider


def test_the_search_finds_what_is_there(account: ProviderAccount) -> None:
    ProviderCall.objects.create(account=account, operation="x", note="canary-in-clear-text")
    assert leaks("canary-in-clear-text") == {("providers_providercall.note", "canary-in-clear-text")}


def test_no_secret_and_no_account_number_is_kept_or_logged_in_clear(
    api: Api, echo: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    log_everything(caplog)
    api.get("payment-systems", currency="KES")
    pushed = deposit_body(payment_system="mpesa", currency="KES", details={"phone_number": PHONE})
    deposit = api.post("deposits", pushed).json()
    recipient = {"account_number": WALLET, "account_name": "Test Name", "bank_code": "MAHB0001821"}
    withdrawal = api.post("withdrawals", withdrawal_body(recipient=recipient)).json()
    open_deposit(_uuid(deposit))
    send_withdrawal(_uuid(withdrawal))

    sent = {request.path for request in echo.requests}
    assert sent == {AVAILABLE, "/api/v1/payment/create/mpesa", "/v2/withdrawal/create"}
    assert any(PHONE.encode() in request.body for request in echo.requests)
    assert any(WALLET.encode() in request.body for request in echo.requests)
    assert ProviderCall.objects.count() == 3
    assert leaks(*CANARIES, PHONE, WALLET) == set()
    logged = caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    assert "httpcore" in logged
    for canary in (*CANARIES, PHONE, WALLET):
        assert canary not in logged, canary


def test_a_refused_request_logs_nothing_of_its_body(
    api: Api, caplog: pytest.LogCaptureFixture, new_api: Callable[..., Api], product: Product
) -> None:
    log_everything(caplog)
    wrong = withdrawal_body(recipient={"account_number": WALLET, "account_name": "1", "bank_code": "1"})
    assert api.post("withdrawals", wrong).status_code == 400
    assert api.post("deposits", deposit_body(details={"phone_number": PHONE})).status_code == 400
    assert api.post("deposits", b'{"amount":"' + WALLET.encode() + b'"').status_code == 400
    logged = caplog.text + "".join(str(record.getMessage()) for record in caplog.records)
    assert WALLET not in logged
    assert PHONE not in logged


def test_what_is_shown_of_rows_tells_no_secret(account: ProviderAccount, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, WRONG_SECRET)
    assert actions.observe(account, currencies=["INR"], label="gateway") is None
    account.refresh_from_db()
    shown = f"{account!r} {account} {ProviderCall.objects.get()!r} {account.pause_reason}"
    assert not any(canary in shown for canary in CANARIES)


def _uuid(order: dict[str, Any]) -> Any:
    prefix, _, _ = order["id"].partition("_")
    return ids.decode(prefix, order["id"])
