"""What a payment system's row must be like: each mistake is refused at its column, and nowhere else."""

from typing import Any

import pytest
from django.forms import modelform_factory

from gateway.providers.catalogue import SYSTEMS
from gateway.providers.forms import PaymentSystemForm
from gateway.providers.models import PaymentSystem
from tests.gateway.providers.system_form import filled

pytestmark = pytest.mark.django_db

#: As the admin makes it for a row that exists.
FORM = modelform_factory(PaymentSystem, form=PaymentSystemForm, exclude=["code"])
CATALOGUE = {one.code: one for one in SYSTEMS}
FIELD = {"name": "a", "title": "A", "pattern": "[0-9]{3}", "example": "123"}

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("rocket", {"currencies": ""}, "currencies"),
    ("rocket", {"currencies": "bdt"}, "currencies"),
    ("rocket", {"currencies": "BDT,BDT"}, "currencies"),
    ("rocket", {"receipt_currencies": "BD"}, "receipt_currencies"),
    ("rocket", {"name": "Ro\u202eket"}, "name"),
    ("rocket", {"name": ""}, "name"),
    ("rocket", {"flow": "telepathy"}, "flow"),
    ("rocket", {"reference_pattern": "(a+)+", "reference_example": "a"}, "reference_pattern"),
    ("rocket", {"reference_pattern": "["}, "reference_pattern"),
    ("rocket", {"reference_pattern": "a{200}"}, "reference_pattern"),
    ("rocket", {"reference_pattern": "[0-9]{3}", "reference_example": "12"}, "reference_example"),
    ("bkash", {"reference_pattern": "[a-z]{3}", "reference_example": "abc"}, "reference_example"),
    ("upi_l", {"reference_example": "1234 5678 9012"}, "reference_example"),
    ("rocket", {"reference_example": ""}, "reference_example"),
    ("rocket", {"deposit_minimum": "0"}, "deposit_minimum"),
    ("rocket", {"deposit_minimum": "-1"}, "deposit_minimum"),
    ("rocket", {"deposit_minimum": "10", "deposit_maximum": "9"}, "deposit_maximum"),
    ("paytm", {"withdrawal_minimum": "10", "withdrawal_maximum": "9"}, "withdrawal_maximum"),
    ("rocket", {"manual_path": "https://evil.example/x"}, "manual_path"),
    ("rocket", {"manual_path": "/api/../x"}, "manual_path"),
    ("rocket", {"manual_path": "/api?secret=1"}, "manual_path"),
    ("rocket", {"pays_out": True}, "recipient_fields"),
    ("imps_ib", {"pays_out": False}, "flow"),
    ("rocket", {"is_complete": False}, "is_enabled"),
    ("rocket", {"confirm_days": "-1"}, "confirm_days"),
    ("upi_s", {"language_wire": "a b"}, "language_wire"),
    ("upi_s", {"language_wire": "mode"}, "constants"),
    ("upi_s", {"constants": {"label": "x"}}, "constants"),
    ("upi_s", {"constants": {"secret": "x"}}, "constants"),
    ("upi_s", {"constants": {"redirect_url": "x"}}, "constants"),
    ("upi_s", {"constants": {"bank": 1}}, "constants"),
    ("upi_s", {"constants": {"bank": "a\0"}}, "constants"),
    ("upi_s", {"constants": {"a.b": "x"}}, "constants"),
    ("upi_s", {"constants": ["x"]}, "constants"),
    ("upi_s", {"constants": '{"bank": NaN}'}, "constants"),
    ("upi_s", {"constants": "{"}, "constants"),
    ("upi_s", {"constants": "[" * 19_000}, "constants"),
    ("upi_s", {"constants": f'{{"a": "{"x" * 20_000}"}}'}, "constants"),
    ("upi_s", {"return_url_keys": {"redirect_url": "elsewhere"}}, "return_url_keys"),
    ("upi_s", {"return_url_keys": {"amount": "success"}}, "constants"),
    ("upi_s", {"detail_fields": [{**FIELD, "wire": "mode"}]}, "constants"),
    ("upi_s", {"detail_fields": [{**FIELD, "wire": "amount"}]}, "detail_fields"),
    ("upi_s", {"detail_fields": [{**FIELD, "wire": "bank_details.a"}]}, "detail_fields"),
]

WRONG_FIELDS: list[Any] = [
    {},
    "text",
    [1],
    [{}],
    [[]],
    [{**FIELD, "color": "red"}],
    [{**FIELD, "name": "A"}],
    [{**FIELD, "name": "a b"}],
    [{**FIELD, "title": ""}],
    [{**FIELD, "title": "A\0"}],
    [{**FIELD, "title": 1}],
    [{**FIELD, "pattern": "(a+)+"}],
    [{**FIELD, "pattern": r"\d{3}"}],
    [{**FIELD, "pattern": "[ -~]{3}"}],  # a colon
    [{**FIELD, "example": "12"}],
    [{**FIELD, "pattern": "[0-9 ]{3}", "example": "12 "}],
    [{**FIELD, "required": "yes"}],
    [{**FIELD, "required": 1}],
    [{**FIELD, "format": "telephone"}],
    [{**FIELD, "format": "iban"}],
    [{**FIELD, "wire": "signature"}],
    [{**FIELD, "wire": "withdrawal_id"}],
    [{**FIELD, "wire": "bank_details"}],
    [{**FIELD, "wire": "bank_details.a.b"}],
    [{**FIELD, "wire": "bank_details."}],
    [{**FIELD, "wire": "other.bank_code"}],
    [{**FIELD, "wire": "bank code"}],
    [{**FIELD, "name": "label"}],
    [FIELD, FIELD],
    [{**FIELD, "wire": "iban"}, {**FIELD, "name": "b", "wire": "iban"}],
    [{**FIELD, "name": f"a{number}"} for number in range(21)],
]


def objected(code: str, **changes: Any) -> list[str]:
    """The columns that the form objects to."""
    system = PaymentSystem(**CATALOGUE[code].as_row())
    form: Any = FORM(filled(system, **changes), instance=system)
    return list(form.errors)


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_row_of_the_catalogue_is_taken_as_it_is(code: str) -> None:
    assert objected(code) == []


@pytest.mark.parametrize(("code", "changes", "column"), WRONG)
def test_what_is_wrong_is_said_at_its_column(code: str, changes: dict[str, Any], column: str) -> None:
    assert objected(code, **changes) == [column]


@pytest.mark.parametrize("rows", WRONG_FIELDS)
def test_fields_that_cannot_be_used_are_refused(rows: Any) -> None:
    assert objected("paytm", recipient_fields=rows) == ["recipient_fields"]


def test_fields_that_can_be_used_are_taken() -> None:
    fields = [
        FIELD,
        {**FIELD, "name": "b", "wire": "bank_details.branch_code", "required": False},
        {**FIELD, "name": "c", "wire": "payments_details.payments_method"},
        {**FIELD, "name": "d", "pattern": "[A-Za-z0-9]{1,9}@[a-z.]{4,30}", "example": "a@b.co", "format": "email"},
    ]
    assert objected("paytm", recipient_fields=fields) == []
