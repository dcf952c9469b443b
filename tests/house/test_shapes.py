"""What the OpenAPI document promises of an object is what is answered, in every status it can have."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework import serializers

from gateway.api.fields import MetadataField
from gateway.products.models import Customer
from gateway.providers.models import PaymentSystem, ProviderAccount
from payments import failures as payment_failures
from payments.models import Confirmation, Deposit, Receipt, Savings
from payments.shapes import ConfirmationShape, DepositShape, confirmation_shape, deposit_shape
from payments.states import AmountCheck, ConfirmationStatus, DepositStatus, ReceiptStatus
from withdrawals import failures as withdrawal_failures
from withdrawals.models import Withdrawal
from withdrawals.shapes import WithdrawalShape, masked, withdrawal_shape
from withdrawals.states import WithdrawalStatus

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MEDIA = [{"url": "https://media.example/upi.mp4"}]
SHOWN = [
    None,
    {"type": "show_details", "details": [{"label": "identifier", "value": "6234234234"}]},
    {"type": "show_details", "details": [{"label": "identifier", "value": "6234234234"}], "media": MEDIA},
    {"type": "widget", "url": "https://plugin.example/?label=cus_1"},
    {"type": "redirect", "url": "https://pay.example/1"},
    {"type": "wait"},
    {"type": "wait", "message": "Enter your PIN"},
]


def assert_fits(shown: Any, shape: Any, where: str = "") -> None:
    """The value has the fields of the shape and no others, each of its kind."""
    if shown is None:
        assert shape.allow_null, f"{where} is null"
        return
    if isinstance(shape, serializers.ListSerializer | serializers.ListField):
        assert isinstance(shown, list), where
        for index, one in enumerate(shown):
            assert_fits(one, shape.child, f"{where}/{index}")
        return
    if isinstance(shape, serializers.Serializer):
        required = {name for name, field in shape.fields.items() if field.required}
        assert required <= set(shown) <= set(shape.fields), (where, set(shown) ^ set(shape.fields))
        for name, value in shown.items():
            assert_fits(value, shape.fields[name], f"{where}/{name}")
        return
    kind = next(kind for kind in KINDS if isinstance(shape, kind))
    assert KINDS[kind](shown, shape), (where, shown)


#: How a value of each kind of field is told, the narrower kinds first.
KINDS: dict[Any, Callable[[Any, Any], bool]] = {
    serializers.ChoiceField: lambda shown, shape: shown in shape.choices,
    serializers.BooleanField: lambda shown, _: isinstance(shown, bool),
    serializers.IntegerField: lambda shown, _: type(shown) is int,
    serializers.DateTimeField: lambda shown, _: datetime.fromisoformat(shown).tzinfo is not None,
    serializers.DictField: lambda shown, _: isinstance(shown, dict),
    MetadataField: lambda shown, _: isinstance(shown, dict),
    serializers.Field: lambda shown, _: isinstance(shown, str),
}


def common(**changes: Any) -> dict[str, Any]:
    return {
        "id": uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
        "mode": "test",
        "customer": Customer(external_id="55"),
        "account": ProviderAccount(),
        "payment_system": PaymentSystem(code="upi_l", currencies=["INR"]),
        "reference": "one",
        "currency": "INR",
        "amount": Decimal(10),
        "metadata": {"a": "b"},
        "created_at": AT,
        "updated_at": AT,
        **changes,
    }


def deposit(status: str, receipts: list[Receipt] | None = None, **changes: Any) -> Deposit:
    made = Deposit(**common(status=status, **changes))
    made._prefetched_objects_cache = {"receipts": receipts or []}  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize("status", DepositStatus.values)
def test_a_deposit_in_every_status(status: str) -> None:
    receipts = [
        Receipt(amount=Decimal("9.99"), currency="INR", received_at=AT, status=kind) for kind in ReceiptStatus.values
    ]
    for shown in SHOWN:
        for failure in ["", *payment_failures.FailureCode.values]:
            for check in ["", *AmountCheck.values]:
                made = deposit(status, receipts, shown=shown, failure_code=failure, amount_check=check)
                assert_fits(deposit_shape(made), DepositShape())
    with_money = deposit_shape(deposit(status, receipts, received_amount=Decimal("19.9800")))
    # The first receipt moves a deposit: one that was only created has none.
    assert (with_money["received_amount"], len(with_money["receipts"])) == ("19.98", 0 if status == "created" else 3)


@pytest.mark.parametrize("status", DepositStatus.values)
def test_a_deposit_says_what_to_do_next(status: str) -> None:
    actions = [deposit_shape(deposit(status, shown=shown))["next_action"] for shown in SHOWN]
    if status == "awaiting_payment":
        details: dict[str, Any] = {"type": "show_details", "details": [{"label": "identifier", "value": "6234234234"}]}
        details |= {"amount": "10.00", "currency": "INR", "media": None}
        widget = {"type": "widget", "url": "https://plugin.example/?label=cus_1", "width": 640, "height": 750}
        assert actions == [{"type": "wait"}, details, {**details, "media": MEDIA}, widget, *SHOWN[4:]]
    else:
        ended = {"credited", "failed", "expired", "cancelled", "reversed"}
        assert actions == [{"type": "none" if status in ended else "wait"}] * len(SHOWN)


@pytest.mark.parametrize("status", DepositStatus.values)
@pytest.mark.parametrize("reported", [True, False])
def test_a_deposit_shows_its_savings_while_it_may_be_among_them(status: str, reported: bool) -> None:
    sums = {"saved": Decimal(100), "lacking": Decimal("48.5000"), "minimum": Decimal("148.5")}
    savings = Savings(currency="INR", observed_at=AT, is_reported=reported, **sums)
    made = deposit(status, savings=savings)
    assert_fits(deposit_shape(made), DepositShape())
    as_shown = {"saved": "100.00", "lacking": "48.50", "minimum": "148.50", "as_of": AT.isoformat()}
    is_shown = reported and status in {"verifying", "accumulating"}
    assert deposit_shape(made)["savings"] == (as_shown if is_shown else None)
    assert deposit_shape(deposit(status))["savings"] is None


@pytest.mark.parametrize("status", ConfirmationStatus.values)
def test_a_confirmation_in_every_status(status: str) -> None:
    for amount in (None, Decimal("10.0000")):
        for failure in ["", *payment_failures.FailureCode.values]:
            made = Confirmation(
                deposit=deposit("verifying"), provider_reference="1", status=status, amount=amount, failure_code=failure
            )
            assert_fits(confirmation_shape(made), ConfirmationShape())


@pytest.mark.parametrize("status", WithdrawalStatus.values)
def test_a_withdrawal_in_every_status(status: str) -> None:
    for failure in ["", *withdrawal_failures.FailureCode.values]:
        made = Withdrawal(**common(status=status, failure_code=failure, recipient={"account_number": "123456789"}))
        shown = withdrawal_shape(made)
        assert_fits(shown, WithdrawalShape())
        assert shown["recipient"] == {"account_number": "*****6789"}


@pytest.mark.parametrize("failures", [payment_failures, withdrawal_failures])
def test_every_failure_says_whether_paying_again_is_safe(failures: Any) -> None:
    for code in failures.FailureCode.values:
        shown = failures.shown(code)
        assert set(shown) == {"code", "message", "customer_message", "safe_to_retry"}
        assert shown["code"] == code
        assert isinstance(shown["safe_to_retry"], bool)
    assert failures.shown("") is None


def test_paying_again_is_safe_only_where_no_money_can_be_under_way() -> None:
    safe = {code for code in payment_failures.FailureCode.values if payment_failures.shown(code)["safe_to_retry"]}  # type: ignore[index]
    assert safe == {"provider_refused", "provider_unavailable"}
    safe = {code for code in withdrawal_failures.FailureCode.values if withdrawal_failures.shown(code)["safe_to_retry"]}  # type: ignore[index]
    assert safe == {
        "provider_refused",
        "provider_rejected",
        "declared_failed",
        "approval_refused",
        "approval_expired",
        "recipient_blocked",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("1", "*"),
        ("12345678", "********"),
        ("123456789", "*****6789"),
        ("\u0926" * 9, "*" * 5 + "\u0926" * 4),
    ],
)
def test_account_numbers_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
