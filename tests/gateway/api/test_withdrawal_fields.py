"""Each field of a withdrawal that differs from a deposit's: whole amounts, recipients, comments."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.providers.models import PaymentSystem
from tests.conftest import Api
from tests.gateway.api.bodies import withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes

RECIPIENT = {"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"}


def refuse(api: Api, *pointers: str, code: Any = "invalid_request", **changes: Any) -> dict[str, Any]:
    with nothing_changes():
        return assert_refused(api.post("withdrawals", withdrawal_body(**changes)), 400, code, *pointers)


@pytest.mark.parametrize("field", ["payment_system", "currency", "amount", "customer", "reference", "recipient"])
def test_required_fields_are_missed_by_name(api: Api, field: str, subtests: pytest.Subtests) -> None:
    for value in (..., None, 1, True, [], ["a"]):
        with subtests.test(value=value):
            refuse(api, f"/{field}", **{field: value})


def test_odd_numerals_are_no_amounts(api: Api, subtests: pytest.Subtests) -> None:
    for amount in ("0", "-1", "1e3", "1_000", "1,000", "01", "1.", "1.000", "\u0661", "NaN", " 1", "1\n", "9" * 13):
        with subtests.test(amount=ascii(amount)):
            refuse(api, "/amount", amount=amount)


@pytest.mark.parametrize("amount", ["0.5", "1218.50", "1218.01"])
def test_a_withdrawal_is_whole(api: Api, amount: str) -> None:
    refuse(api, "/amount", code="amount_not_whole", amount=amount)


@pytest.mark.parametrize("amount", ["1218", "1218.0", "1218.00"])
def test_a_whole_amount_is_shown_with_all_decimals(new_withdrawal: Callable[..., Any], amount: str) -> None:
    assert new_withdrawal(amount=amount)["amount"] == "1218.00"


def test_limits_of_the_system_have_codes_of_their_own(api: Api) -> None:
    PaymentSystem.objects.filter(code="imps_ib").update(withdrawal_minimum="100", withdrawal_maximum="500")
    refuse(api, "/amount", code="amount_below_minimum", amount="99")
    refuse(api, "/amount", code="amount_above_maximum", amount="501")


@pytest.mark.parametrize("system", ["upi_l", "nope", "IMPS_IB"])
def test_a_payment_system_is_one_that_pays_out(api: Api, system: str) -> None:
    refuse(api, "/payment_system", payment_system=system)


def test_unknown_fields_are_refused(api: Api) -> None:
    refuse(api, "/status", status="paid")
    refuse(api, "/recipient/iban", recipient={**RECIPIENT, "iban": "1"})


@pytest.mark.parametrize("name", RECIPIENT)
def test_a_recipient_has_every_field_in_its_format(api: Api, name: str, subtests: pytest.Subtests) -> None:
    without = {key: value for key, value in RECIPIENT.items() if key != name}
    refuse(api, f"/recipient/{name}", recipient=without)
    odd: tuple[Any, ...] = (
        None,
        1,
        True,
        123456789,
        [],
        {},
        "",
        " ",
        "a\0",
        "\u202e1",
        "1" * 300,
        "1:2",
        "\u0661" * 9,
        "x\n",
    )
    for value in odd:
        with subtests.test(value=ascii(value)):
            refuse(api, f"/recipient/{name}", recipient={**RECIPIENT, name: value})


def test_a_number_is_no_account_number_though_it_looks_alike(api: Api) -> None:
    document = refuse(api, "/recipient/account_number", recipient={**RECIPIENT, "account_number": 123456789})
    assert "11111111" in document["detail"]
    assert "123456789" not in str(document["errors"])


def test_a_recipient_is_shown_masked(api: Api, new_withdrawal: Callable[..., Any]) -> None:
    made = new_withdrawal(recipient={**RECIPIENT, "account_number": "123456789"})
    assert made["recipient"] == {"account_number": "*****6789", "account_name": "*****Name", "bank_code": "*******1821"}
    assert api.get(f"withdrawals/{made['id']}").json()["recipient"] == made["recipient"]


def test_a_comment_is_4_to_64_characters_without_a_colon(
    api: Api, new_withdrawal: Callable[..., Any], subtests: pytest.Subtests
) -> None:
    for value in (
        None,
        1,
        "",
        "abc",
        "a" * 65,
        "pay:out",
        "pay\nout",
        "pay\u2028out",
        "pay\0out",
        " payout",
        "pay\u202eout",
    ):
        with subtests.test(value=ascii(value)):
            refuse(api, "/comment", comment=value)
    assert new_withdrawal(comment="paid")["comment"] == "paid"
    assert new_withdrawal(comment="\u0926" * 64)["comment"] == "\u0926" * 64


def test_what_was_accepted_is_shown_whole(new_withdrawal: Callable[..., Any]) -> None:
    made = new_withdrawal(reference="payout-1", metadata={"a": "b"})
    assert made.pop("id").startswith("wd_")
    assert made.pop("created_at") == made.pop("updated_at")
    assert made.pop("recipient").keys() == RECIPIENT.keys()
    assert made == {
        "object": "withdrawal",
        "status": "queued",
        "payment_system": "imps_ib",
        "currency": "INR",
        "amount": "1218.00",
        "customer": "55",
        "reference": "payout-1",
        "comment": "",
        "failure": None,
        "held_for": [],
        "approvals": {"needed": [], "given": [], "expires_at": None},
        "refund_of": None,
        "mode": "test",
        "metadata": {"a": "b"},
    }
