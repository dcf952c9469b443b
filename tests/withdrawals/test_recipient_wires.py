"""Where the fields of a recipient go in the signed request is said by the system's row (C§1.9, C§5 row 7)."""

import json
from typing import Any

import pytest
from stdnum import iban

from gateway.providers.catalogue import System
from gateway.providers.detail_fields import ACCOUNT_NUMBER, IFSC, DetailField
from gateway.providers.models import Flow, PaymentSystem
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.two_persons import agreed_payouts
from tests.withdrawals.orders import IMPS, order
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

#: Made up: the check digits are right, the account does not exist.
BBAN = "TEST00000000000000"
IBAN = f"GB{iban.calc_check_digits('GB00' + BBAN)}{BBAN}"
COMMON = {"amount", "comment", "currency_code", "is_test", "label", "payment_system", "withdrawal_id", "signature"}


def field(name: str, example: str, wire: str = "", **more: Any) -> DetailField:
    pattern = more.pop("pattern", "[0-9A-Z]{1,40}")
    return DetailField(name=name, title=name, pattern=pattern, example=example, wire=wire, **more)


def bank(*fields: DetailField) -> None:
    """A system as finance writes it for a bank that wants these fields."""
    system = System(
        code="bank_ib", name="Bank", flow=Flow.NONE, currencies=["INR"], pays_out=True, recipient_fields=list(fields)
    )
    PaymentSystem.objects.create(**system.as_row() | {"pays_out": False})
    agreed_payouts("bank_ib", pays_out=True)


def sent(withdrawal: Withdrawal) -> dict[str, Any]:
    request = json.loads(bytes(withdrawal.body))
    return {name: value for name, value in request.items() if name not in COMMON}


@pytest.mark.parametrize("key", ["bank_code", "branch_code"])
def test_the_ifsc_goes_where_the_row_says(api: Api, key: str) -> None:
    agreed_payouts(
        "imps_ib",
        recipient_fields=System(
            code="x",
            name="x",
            flow=Flow.NONE,
            currencies=["INR"],
            recipient_fields=[
                ACCOUNT_NUMBER,
                field("bank_code", IFSC.example, f"bank_details.{key}", pattern=IFSC.pattern),
            ],
        ).as_row()["recipient_fields"],
    )
    recipient = {"account_number": "123456789012", "bank_code": "MAHB0001821"}
    assert sent(order(api, recipient=recipient)) == {
        "account_number": "123456789012",
        "bank_details": {key: "MAHB0001821"},
    }


def test_the_built_in_row_sends_it_as_bank_code(api: Api) -> None:
    assert sent(order(api))["bank_details"] == {"bank_code": "MAHB0001821"}


def test_every_place_of_the_contract_can_be_reached(api: Api) -> None:
    bank(
        field("iban", IBAN, pattern="[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}", format="iban"),
        field("method", "MOBILE_MONEY", "payments_details.payments_method", pattern="MOBILE_MONEY"),
        field("operator", "56", "payments_details.payments_provider", required=False),
        field("bank_number", "9393", "bank_details.bank_code_in_payments_system"),
        field("receiver", "TEST", "receiver_name"),
    )
    recipient = {"iban": IBAN, "method": "MOBILE_MONEY", "bank_number": "9393", "receiver": "TEST"}
    wish = {**IMPS, "payment_system": "bank_ib"}
    nested = {"payments_details": {"payments_method": "MOBILE_MONEY"}, "iban": IBAN, "receiver_name": "TEST"}
    bank_details = {"bank_code_in_payments_system": "9393"}
    assert sent(order(api, wish, recipient=recipient)) == {**nested, "bank_details": bank_details}
    with_operator = sent(order(api, wish, recipient={**recipient, "operator": "56"}))
    # Nested names are in alphabetical order, whatever the row's (C§5 row 16).
    assert list(with_operator["payments_details"].items()) == [
        ("payments_method", "MOBILE_MONEY"),
        ("payments_provider", "56"),
    ]


@pytest.mark.parametrize("wrong", [IBAN[:-1] + "1", IBAN.lower(), f"{IBAN[:4]} {IBAN[4:]}", ""])
def test_an_iban_that_is_none_is_never_signed(api: Api, wrong: str) -> None:
    bank(field("iban", IBAN, pattern="[A-Za-z0-9 ]{1,34}", format="iban"))
    wish = {**IMPS, "payment_system": "bank_ib", "reference": "1", "recipient": {"iban": wrong}}
    with nothing_changes():
        assert_refused(api.post("withdrawals", wish), 400, "invalid_request", "/recipient/iban")


@pytest.mark.parametrize("value", ["a:b", ":", "a:"])
def test_a_colon_is_never_signed_even_where_a_row_would_let_it_pass(api: Api, value: str) -> None:
    """The admin refuses such a row; this one came another way."""
    bank(field("account_number", "1", pattern="[ -~]{1,40}"))
    wish = {**IMPS, "payment_system": "bank_ib", "reference": "1", "recipient": {"account_number": value}}
    with nothing_changes():
        assert_refused(api.post("withdrawals", wish), 400, "invalid_request", "/recipient")


@pytest.mark.parametrize("value", ["1\n", "1\0", "1\x7f2", "1\u202e2", "1\u20282", " 1", "1 "])
def test_control_characters_and_outer_blanks_are_never_signed(api: Api, value: str) -> None:
    bank(field("account_number", "1", pattern="[^:]+"))
    wish = {**IMPS, "payment_system": "bank_ib", "reference": "1", "recipient": {"account_number": value}}
    with nothing_changes():
        assert_refused(api.post("withdrawals", wish), 400, "invalid_request", "/recipient/account_number")


def test_a_wire_that_names_our_own_fields_signs_nothing(api: Api) -> None:
    """The admin refuses such a row; this one came another way."""
    bank(field("mine", "1", "amount"))
    wish = {**IMPS, "payment_system": "bank_ib", "reference": "1", "recipient": {"mine": "1"}}
    with nothing_changes():
        assert_refused(api.post("withdrawals", wish), 400, "invalid_request", "/recipient")
