"""What the fields of ``details`` and ``recipient`` in a system's row must be like."""

import re
from collections.abc import Collection
from dataclasses import MISSING, asdict, fields
from typing import Any, Final

from gateway import patterns
from gateway.api import formats
from gateway.api.fields import is_plain
from gateway.api.formats import FieldFormat
from gateway.providers.detail_fields import DetailField

#: The longest form that the contract knows has eight fields (C§1.9).
FIELDS_MAX: Final = 20
#: A label above a field of a form on a telephone.
TITLE_MAX_CHARS: Final = 80

WIRE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: Objects inside a withdrawal's request (C§1.9).
_GROUPS: Final = frozenset({"bank_details", "payments_details"})
#: What we write into requests ourselves (C§1.5, C§1.9).
OWN_PAYMENT_NAMES: Final = frozenset({"amount", "currency", "custom_transaction_id", "label", "secret"})
_OWN_WITHDRAWAL_NAMES: Final = _GROUPS | {
    *("amount", "comment", "currency_code", "is_test", "label", "payment_system", "secret", "signature"),
    "withdrawal_id",
}


class BadFields(ValueError):  # noqa: N818 - reads as what it is
    """Fields that cannot be used. The message is a sentence for the person who wrote them."""


def detail_rows(rows: Any) -> list[dict[str, Any]]:
    """Fields of ``details``, complete.

    Raises:
        BadFields: they cannot be used.
    """
    found = _read(rows)
    for one in found:
        _check_wire(one, own=OWN_PAYMENT_NAMES, groups=())
    return [asdict(one) for one in found]


def recipient_rows(rows: Any) -> list[dict[str, Any]]:
    """Fields of ``recipient``, complete; they are signed, so no colon may ever stand in one (C§3).

    Raises:
        BadFields: they cannot be used.
    """
    found = _read(rows)
    for one in found:
        _check_wire(one, own=_OWN_WITHDRAWAL_NAMES, groups=_GROUPS)
        if ":" in patterns.read(one.pattern).characters:
            raise BadFields(f"{one.name}: its pattern lets a colon pass, which joins the values that are signed.")
    return [asdict(one) for one in found]


def _read(rows: Any) -> list[DetailField]:
    if not isinstance(rows, list) or len(rows) > FIELDS_MAX:
        raise BadFields(f"Write a list of at most {FIELDS_MAX} fields.")
    found = [_read_one(row) for row in rows]
    for kind, names in (("name", [one.name for one in found]), ("wire", [one.wire or one.name for one in found])):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise BadFields(f"{', '.join(twice)}: this {kind} stands there twice.")
    return found


def _read_one(row: Any) -> DetailField:
    known = {each.name: each for each in fields(DetailField)}
    needed = {name for name, each in known.items() if each.default is MISSING}
    if not isinstance(row, dict) or not needed <= row.keys() <= known.keys():
        raise BadFields(
            f"A field is an object with {', '.join(sorted(needed))} and, where wanted, "
            f"{', '.join(sorted(known.keys() - needed))}."
        )
    for name, value in row.items():
        if not isinstance(value, bool if name == "required" else str):
            raise BadFields(f"{name} is {'true or false' if name == 'required' else 'a string'}.")
    if row.get("format", "") not in FieldFormat.values:
        raise BadFields(f"Known formats are {', '.join(filter(None, FieldFormat.values))}.")
    one = DetailField(**{**row, "format": FieldFormat(row.get("format", ""))})
    _check_texts(one)
    return one


def _check_texts(one: DetailField) -> None:
    if not _NAME.fullmatch(one.name):
        raise BadFields("A name has up to 40 small letters, digits and underscores and begins with a letter.")
    if not 1 <= len(one.title) <= TITLE_MAX_CHARS or not is_plain(one.title):
        raise BadFields(f"{one.name}: a title has 1 to {TITLE_MAX_CHARS} visible characters.")
    try:
        patterns.read(one.pattern)
    except patterns.BadPattern as error:
        raise BadFields(f"{one.name}: {error}") from None
    if not patterns.fits(one.pattern, one.example) or one.example != one.example.strip():
        raise BadFields(f"{one.name}: the example does not fit the pattern.")
    if wrong := formats.objection(one.example, one.format):
        raise BadFields(f"{one.name}, its example: {wrong}")


def _check_wire(one: DetailField, *, own: Collection[str], groups: Collection[str]) -> None:
    group, dot, name = (one.wire or one.name).rpartition(".")
    if not WIRE_NAME.fullmatch(name) or (dot and group not in groups):
        where = f", inside of {' or '.join(sorted(groups))} where wanted" if groups else ""
        raise BadFields(f"{one.name}: the wire name is letters, digits and underscores{where}.")
    if not dot and name in own:
        raise BadFields(f"{one.name}: {name} is written into the request already.")
