"""What the tests of money in play with: the provider's answers, its book, the doorbell, and what a product sees."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

from celery import current_app
from celery.signals import before_task_publish
from django.test import TestCase
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from gateway import ids
from gateway.products.models import Product
from gateway.providers.tasks import sweep_paused_accounts
from gateway.webhooks.models import Event
from payments import tasks
from payments.models import Deposit
from tests.conftest import Api
from tests.scripted_provider import Received, ScriptedProvider

AVAILABLE: Final = "/api/v1/payment-systems/available"
ACTIVATE: Final = "/api/v1/transaction/activate"
ACTIVATE_MANUALLY: Final = "/api/v1/possible-transaction/activate"
PULL: Final = "/api/v1/pullpostbacks"

OK: Final = (200, {"status": "ok"})
POSSIBLE: Final = (
    200,
    {"status": "possible_transaction_created", "message": "Transaction not found. Possible transaction created"},
)
WRONG_SECRET: Final = (
    200,
    {
        "status": "error",
        "code": 30228,
        "errors": {"target": "secret", "code": 36205, "message": "Wrong secret"},
        "error_message": "Data validation error",
    },
)
NOT_FOUND: Final = (404, b"Not found")
DOWN: Final = (503, b"<html>upstream</html>")
WRONG_LENGTH: Final = (200, {"status": "fail", "message": {"key1": ["Transaction field has wrong length"]}})

REFERENCE: Final = "123456789012"


def create_path(system: str) -> str:
    """Where details are asked for (C§1.3)."""
    return f"/api/v1/transaction/create/{system}"


def payment_path(system: str) -> str:
    """Where a payment is created (C§1.5)."""
    return f"/api/v1/payment/create/{system}"


def details(**params: Any) -> tuple[int, Any]:
    """The answer with details to pay to."""
    return 200, {"status": "ok", "params": params or {"identifier": "6234234234"}}


def offered(*wallets: tuple[str, str, bool]) -> tuple[int, Any]:
    """The answer of C§1.1: systems with their currency and whether they are activated by hand."""
    listed = [
        {
            "type": code,
            "currency_code": currency,
            "order": order,
            "logo": f"https://img.example.com/{code}.png",
            "name": code,
            "is_manual": is_manual,
            "uploading_payment_bill": is_manual,
        }
        for order, (code, currency, is_manual) in enumerate(wallets)
    ]
    return 200, {"status": "ok", "params": {"currency_data": [], "wallets": listed}}


def money(**changes: Any) -> dict[str, Any]:
    """One item of ``additional_data`` (C§2.1)."""
    return {
        "activated_datetime": "2026-03-01 20:00:00",
        "exchanger_identifier": "",
        "comment": "",
        "amount": "1000.00",
        "currency_code": "INR",
        "wallet_type": "upi_l",
        "stockpiling_id": None,
        "transaction_id": REFERENCE,
        "transaction_type": 0,
        "plugin_custom_order_id": "",
        "withdrawal_id": None,
        "withdrawal_status": None,
        "account_number": "",
        "account_name": "",
        "account_email": "",
        "bank_details": {"bank_code": None, "branch_code": None},
        **changes,
    }


class Book:
    """The provider's book of deposits: what it answers to a pull, by our id (C§1.12)."""

    def __init__(self, provider: ScriptedProvider) -> None:
        self.provider = provider
        self.entries: dict[str, Any] = {}
        provider.script(PULL, self.answer)

    def enter(self, custom_id: str, *items: dict[str, Any], label: str, **envelope: Any) -> None:
        """Write money into the book under one of our ids; items carry that id unless they say otherwise."""
        named = [{**item, "plugin_custom_order_id": item["plugin_custom_order_id"] or custom_id} for item in items]
        self.enter_as_is(custom_id, *named, label=label, **envelope)

    def enter_as_is(self, custom_id: str, *items: dict[str, Any], label: str, **envelope: Any) -> None:
        """As `enter`, the items' own ids untouched."""
        first = items[0]
        self.entries[custom_id] = {
            "wallet_type": first["wallet_type"],
            "amount": sum((Decimal(item["amount"]) for item in items), Decimal(0)),
            "currency_code": first["currency_code"],
            "label": label,
            "converted_amount": {"USD": 1.23},
            "direction": "ingoing",
            "created_datetime": "2026-03-01 20:00:00",
            "additional_data": list(items),
            **envelope,
        }

    def answer(self, request: Received) -> tuple[int, Any]:
        """What the provider says when it is asked."""
        rows: list[dict[str, Any]] = []
        for custom_id in request.query["plugin_custom_order_id[]"]:
            known = self.entries.get(custom_id)
            said = {"message": "Postback not found"} if known is None else {"postback": known}
            rows.append({"plugin_custom_order_id": custom_id, **said})
        page = {"offset": 0, "total": len(rows), "limit": len(rows)}
        return 200, {
            "status": "success",
            "message": "",
            "code": 20000,
            "data": {"transactions": rows},
            "paginate": page,
        }

    def asked(self) -> list[list[str]]:
        """The ids of every pull so far."""
        return [request.query["plugin_custom_order_id[]"] for request in self.provider.to(PULL)]


def activations(provider: ScriptedProvider) -> list[Received]:
    """Every confirmation that reached the provider, at whatever address."""
    return provider.to(ACTIVATE) + provider.to(ACTIVATE_MANUALLY)


def place(api: Api, **changes: Any) -> Deposit:
    """Create a deposit through the API; it is not opened yet."""
    body = {
        "payment_system": "upi_l",
        "currency": "INR",
        "amount": "1000.00",
        "customer": "55",
        "reference": f"order-{secrets.token_hex(6)}",
        **changes,
    }
    answer = api.post("deposits", body)
    assert answer.status_code == 201, answer.content
    return load(answer.json()["id"])


def load(public_id: str) -> Deposit:
    """The deposit as it is now."""
    pk = ids.decode(ids.DEPOSIT, public_id)
    assert pk is not None
    return Deposit.objects.select_related("customer", "payment_system", "account", "product").get(pk=pk)


def fresh(deposit: Deposit) -> Deposit:
    """The same deposit as it is now."""
    return load(deposit.public_id)


def confirm(api: Api, deposit: Deposit, reference: str = REFERENCE, **body: Any) -> Any:
    """Name a reference; UPI wants the amount beside it. Gives the HTTP answer."""
    return api.post(
        f"deposits/{deposit.public_id}/confirmations",
        {"provider_reference": reference, "amount": "1000.00", **body},
    )


def confirm_with_files(api: Api, deposit: Deposit, **fields: Any) -> Any:
    """As `confirm`, as multipart."""
    body = encode_multipart(BOUNDARY, fields)
    return api.post(f"deposits/{deposit.public_id}/confirmations", body, content_type=MULTIPART_CONTENT)


@contextmanager
def listening() -> Iterator[list[tuple[str, tuple[str, ...]]]]:
    """Hear every ring of the doorbell (they go to the broker as well, where nobody may be listening)."""
    heard: list[tuple[str, tuple[str, ...]]] = []

    def hear(sender: str, body: Any, **_: Any) -> None:
        heard.append((sender, tuple(body[0])))

    before_task_publish.connect(hear, weak=False)
    try:
        # Under a test's own transaction nothing commits: what waits for the commit is let go here.
        with TestCase.captureOnCommitCallbacks(execute=True):
            yield heard
    finally:
        before_task_publish.disconnect(hear)


#: Rounds of sweeping after which something must be ringing in circles.
ROUNDS_MAX: Final = 50


def work() -> None:
    """Do everything of money in that is due now, as beat and the workers would: sweep, and answer what it rings."""
    for _ in range(ROUNDS_MAX):
        with listening() as heard:
            sweep_paused_accounts()
            tasks.sweep_deposits()
        if not heard:
            return
        for name, arguments in heard:
            with listening():  # what rings meanwhile is due, and the next sweep finds it
                current_app.tasks[name](*arguments)
    raise AssertionError("something is due for ever")


def news(product: Product) -> list[tuple[str, int]]:
    """Every event that the product was owed, oldest first: type and sequence."""
    return list(Event.objects.filter(product=product).order_by("id").values_list("type", "sequence"))


def moves(subject: Any) -> list[tuple[int, str, str, str]]:
    """The history of a deposit or a confirmation: sequence, from, to, cause."""
    return list(subject.moves.order_by("sequence").values_list("sequence", "from_status", "to_status", "cause"))


def sent_json(request: Received) -> Any:
    """A request's body, numbers as they were written."""
    return json.loads(request.body, parse_float=str, parse_int=str)


Placed = Callable[..., Deposit]
