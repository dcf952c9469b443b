"""What integrators read as JSON Schema and what the API accepts are one and the same, for every system."""

import itertools
import re
from typing import Any, Final

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import serializers
from stdnum import iban

from gateway import patterns
from gateway.api.order_fields import checked_fields, json_schema
from gateway.providers.catalogue import SYSTEMS, System
from gateway.providers.detail_fields import ACCOUNT_EMAIL, DetailField
from gateway.providers.models import Flow, PaymentSystem
from gateway.providers.shapes import payment_system_shape
from payments import references
from payments.models import Deposit
from payments.serializers import NewConfirmationSerializer

#: Made up: the check digits are right, the account does not exist.
BBAN: Final = "TEST00000000000000"
IBAN_EXAMPLE: Final = f"GB{iban.calc_check_digits('GB00' + BBAN)}{BBAN}"
IBAN_FIELD: Final = DetailField(
    name="iban",
    title="IBAN",
    pattern="[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}",
    example=IBAN_EXAMPLE,
    format="iban",  # type: ignore[arg-type]
)
OPTIONAL: Final = DetailField(
    name="note", title="Note", pattern="[A-Z a-z]{2,9}|[0-9]{3}", example="a b", required=False
)
ROWS: Final = {
    **{f"{one.code} details": one.as_row()["detail_fields"] for one in SYSTEMS if one.detail_fields},
    **{f"{one.code} recipient": one.as_row()["recipient_fields"] for one in SYSTEMS if one.recipient_fields},
    "an IBAN and a note": System(
        code="x", name="x", flow=Flow.NONE, currencies=["CRC"], recipient_fields=[IBAN_FIELD, OPTIONAL]
    ).as_row()["recipient_fields"],
    "nothing": [],
}


def schema_accepts(schema: dict[str, Any], value: Any) -> bool:
    """The word of a validator of 2020-12 that asserts formats, with the one format that JSON Schema does not know."""
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats={"iban": iban.is_valid})
    return validator.is_valid(value)


def api_accepts(rows: Any, value: Any) -> bool:
    try:
        assert checked_fields(value, rows, "recipient") == value
    except serializers.ValidationError:
        return False
    return True


def mutations(value: str) -> list[Any]:
    """Values near a good one, most of them bad."""
    put = ("", "0", "A", "a", " ", "-", ".", "@", ":", "\n", "\0", "\u0661", "\u202e", "é", "\U0001f600")
    edited: list[Any] = [
        value[:place] + piece + value[place + cut :]
        for place, piece, cut in itertools.product((0, 1, len(value) // 2, len(value)), put, (0, 1))
    ]
    edited += [value.lower(), value.upper(), value * 2, value * 20, "", " ", "1" * 191, "a" * 300]
    return [*edited, None, 1, 1.0, True, [], {}]


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_the_schema_accepts_exactly_what_the_api_accepts(rows: Any) -> None:
    schema = json_schema(rows)
    jsonschema_rs.Draft202012Validator(schema)
    good = {row["name"]: row["example"] for row in rows}
    values: list[Any] = [good, {**good, "other": "1"}, {}, None, [], "text", 1, [good]]
    values += [{**good, "": ""}]
    for row in rows:
        values.append({name: value for name, value in good.items() if name != row["name"]})
        values += [{**good, row["name"]: value} for value in mutations(row["example"])]
    told = {(schema_accepts(schema, value), api_accepts(rows, value)) for value in values}
    assert api_accepts(rows, good)
    for value in values:
        assert schema_accepts(schema, value) == api_accepts(rows, value), ascii(value)
    assert told == {(True, True), (False, False)}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_sent_both_say_the_same(data: st.DataObject) -> None:
    rows = data.draw(st.sampled_from(list(ROWS.values())))
    schema = json_schema(rows)
    texts = {
        row["name"]: st.one_of(
            st.from_regex(re.compile(row["pattern"], re.ASCII), fullmatch=True), st.text(max_size=40), st.none()
        )
        for row in rows
    }
    value = data.draw(st.fixed_dictionaries({}, optional={**texts, "other": st.text(max_size=3)}))
    assert schema_accepts(schema, value) == api_accepts(rows, value)


@pytest.mark.parametrize("row", [ACCOUNT_EMAIL])
@pytest.mark.parametrize(
    "value", [".a@b.co", "a.@b.co", "a..b@c.co", "a@-b.co", "a@b-.co", "a@b..co", "a@" + "b" * 64 + ".co"]
)
def test_an_email_is_more_than_its_pattern(row: DetailField, value: str) -> None:
    assert patterns.fits(row.pattern, value)
    rows = System(code="x", name="x", flow=Flow.NONE, currencies=["BDT"], recipient_fields=[row]).as_row()
    assert not api_accepts(rows["recipient_fields"], {"account_email": value})
    assert not schema_accepts(json_schema(rows["recipient_fields"]), {"account_email": value})


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (IBAN_EXAMPLE.lower(), "Send the IBAN in capital letters and digits, without blanks."),
        (f"{IBAN_EXAMPLE[:4]} {IBAN_EXAMPLE[4:]}", "Send the IBAN in capital letters and digits, without blanks."),
        (IBAN_EXAMPLE[:-1] + "1", "This is no IBAN: its check digits or its length are wrong."),
        (IBAN_EXAMPLE[:-1], "This is no IBAN: its check digits or its length are wrong."),
        ("ZZ" + IBAN_EXAMPLE[2:], "This is no IBAN: its check digits or its length are wrong."),
        ("1" * 190, "This is no IBAN: its check digits or its length are wrong."),
    ],
)
def test_an_iban_is_refused_with_what_is_wrong_and_never_repaired(value: str, sentence: str) -> None:
    with pytest.raises(serializers.ValidationError) as refused:
        checked_fields({"iban": value}, ROWS["an IBAN and a note"], "recipient")
    assert refused.value.detail == {"recipient": {"iban": [sentence]}}


def test_a_row_of_an_older_installation_has_no_format() -> None:
    rows: list[Any] = [{"name": "a", "title": "A", "pattern": "[0-9]+", "example": "1", "wire": "", "required": True}]
    assert api_accepts(rows, {"a": "12"})
    assert json_schema(rows)["properties"]["a"] == {
        "type": "string",
        "title": "A",
        "pattern": "^(?! )(?!.* $)[0-9]+$",
        "maxLength": 190,
        "examples": ["1"],
    }


CONFIRMED: Final = [one for one in SYSTEMS if one.flow == Flow.ACTIVATION]


def confirmation_accepts(system: PaymentSystem, value: dict[str, Any]) -> bool:
    deposit = Deposit(payment_system=system, currency=system.currencies[0], amount=10)
    return NewConfirmationSerializer(data=value, context={"deposit": deposit}).is_valid()


@pytest.mark.parametrize("system", CONFIRMED, ids=lambda one: one.code)
def test_a_confirmation_s_schema_accepts_what_the_api_accepts_once_it_is_normalised(system: System) -> None:
    row = PaymentSystem(**{**system.as_row(), "screenshot": "never"})  # files are no JSON
    schema = payment_system_shape(row, "deposit", None, None)["confirmation_schema"]
    good = {"provider_reference": system.reference_example, "amount": "10.00"}
    assert schema_accepts(schema, good)
    values: list[dict[str, Any]] = [good, {**good, "other": "1"}, {}, *({name: good[name]} for name in good)]
    values += [{**good, "amount": amount} for amount in ("10", "0", "0.00", "0.01", "1.001", "01", "-1", "1" * 13, 1)]
    for value in values:
        assert schema_accepts(schema, value) == confirmation_accepts(row, value), value
    for text in mutations(system.reference_example):
        by_schema = schema_accepts(schema, {**good, "provider_reference": text})
        by_api = confirmation_accepts(row, {**good, "provider_reference": text})
        assert by_schema <= by_api, ascii(text)
        if by_api:
            normalised = references.normalise(text, row)
            assert schema_accepts(schema, {**good, "provider_reference": normalised}), ascii(text)


@pytest.mark.parametrize(("wish", "needed"), [("never", None), ("optional", False), ("required", True)])
def test_a_confirmation_s_schema_knows_of_screenshots(wish: str, needed: bool | None) -> None:
    row = PaymentSystem(**{**CONFIRMED[0].as_row(), "screenshot": wish})
    schema = payment_system_shape(row, "deposit", None, None)["confirmation_schema"]
    assert ("screenshot" in schema["properties"]) == (needed is not None)
    assert ("screenshot" in schema["required"]) == bool(needed)


def test_an_amount_s_pattern_has_the_decimals_of_its_currencies() -> None:
    for currencies, good, bad in (
        (["JPY"], ["1", "999999999999"], ["1.0", "0", "1000000000000"]),
        (["INR"], ["1.5", "0.01"], ["1.555", "0.00", ".5", "1."]),
        (["INR", "KWD"], ["1.555"], ["1.5555"]),
    ):
        row = PaymentSystem(**{**CONFIRMED[0].as_row(), "currencies": currencies})
        amount = payment_system_shape(row, "deposit", None, None)["confirmation_schema"]["properties"]["amount"]
        assert [schema_accepts(amount, one) for one in good] == [True] * len(good)
        assert [schema_accepts(amount, one) for one in bad] == [False] * len(bad)
        assert schema_accepts(amount, amount["examples"][0])


def test_every_system_stands_in_the_catalogue_once() -> None:
    assert len({one.code for one in SYSTEMS}) == len({one.name for one in SYSTEMS}) == len(SYSTEMS) == 29
