"""What a payment system's row must be like before a person may save it, and before it may be offered."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from gateway import patterns
from gateway.api.fields import is_plain
from gateway.providers.field_rules import (
    OWN_PAYMENT_NAMES,
    WIRE_NAME,
    BadFields,
    detail_rows,
    recipient_rows,
)
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH, Flow, PaymentSystem, QrKind, ReferenceKind

#: Every name of the contract is made of these (C§4); a colon would stand between signed values (C§3).
SYSTEM_CODE: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{SYSTEM_CODE_MAX_LENGTH - 1}}}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_PATH: Final = re.compile(r"(/[A-Za-z0-9_-]{1,64}){1,8}/?")
_RETURNS: Final = frozenset({"success", "failure", "pending"})

#: A column and what is wrong with it, as a sentence.
Objection = tuple[str, str]


def objections(system: PaymentSystem) -> list[Objection]:
    """Everything that is wrong with a row; nothing where it may be saved as it is."""
    found = [*_texts(system), *_references(system), *_limits(system), *_fields(system), *_payment_names(system)]
    if system.is_enabled and not system.is_complete:
        found.append(("is_enabled", "Complete the row first, and say so at “is complete”."))
    # What is already wrong would only be said in other words.
    return found or (list(_gaps(system)) if system.is_complete else [])


def _texts(system: PaymentSystem) -> Iterator[Objection]:
    if not SYSTEM_CODE.fullmatch(system.code):
        yield "code", "Write the provider's wallet_type: letters, digits, and _ - . after the first."
    if not is_plain(system.name):
        yield "name", "Write visible characters only."
    if not is_plain(system.reference_label):
        yield "reference_label", "Write visible characters only."
    for column in ("currencies", "receipt_currencies"):
        codes = getattr(system, column)
        if not all(map(_CURRENCY.fullmatch, codes)) or len(set(codes)) != len(codes):
            yield column, "Write ISO 4217 codes such as INR,BDT, each once."
    if not system.currencies:
        yield "currencies", "A system has at least one currency."
    if system.manual_path and not _PATH.fullmatch(system.manual_path):
        yield "manual_path", "Write a path such as /api/v1/possible-transaction, without host and query."
    if system.language_wire and not WIRE_NAME.fullmatch(system.language_wire):
        yield "language_wire", "Write a name of letters, digits and underscores."


def _references(system: PaymentSystem) -> Iterator[Objection]:
    if system.qr == QrKind.UPI and (system.flow != Flow.ACTIVATION or "INR" not in system.currencies):
        yield "qr", "A UPI code is drawn of details that are shown, and pays in INR."
    try:
        patterns.read(system.reference_format)
    except patterns.BadPattern as error:
        yield "reference_pattern", str(error)
        return
    if example := system.reference_example:
        normalised = ReferenceKind(system.reference_kind).normalised(example)
        if example != normalised or not patterns.fits(system.reference_format, example):
            yield "reference_example", "The example, as it is after normalising, has to fit the pattern."


def _limits(system: PaymentSystem) -> Iterator[Objection]:
    for direction in ("deposit", "withdrawal"):
        least, most = getattr(system, f"{direction}_minimum"), getattr(system, f"{direction}_maximum")
        for column, amount in ((f"{direction}_minimum", least), (f"{direction}_maximum", most)):
            if amount is not None and amount <= 0:
                yield column, "An amount is greater than zero."
        if least is not None and most is not None and least > most:
            yield f"{direction}_maximum", "The most is less than the least."


def _fields(system: PaymentSystem) -> Iterator[Objection]:
    checks: dict[str, Callable[[Any], Any]] = {"detail_fields": detail_rows, "recipient_fields": recipient_rows}
    for column, check in checks.items():
        try:
            check(getattr(system, column))
        except BadFields as error:
            yield column, str(error)


def _payment_names(system: PaymentSystem) -> Iterator[Objection]:
    """No name stands twice in the body of payment/create, and none in the place of our own."""
    if not _is_flat(system.constants):
        yield "constants", "Write an object of names and visible strings."
        return
    if not _is_flat(system.return_url_keys) or not set(system.return_url_keys.values()) <= _RETURNS:
        yield "return_url_keys", "Write an object of names, each with success, failure or pending."
        return
    named = [*system.constants, *system.return_url_keys]
    named += [system.language_wire] if system.language_wire and system.flow == Flow.REDIRECT else []
    used = Counter(named)
    if isinstance(system.detail_fields, list):
        rows = [row for row in system.detail_fields if isinstance(row, dict)]
        used.update(str(row.get("wire") or row.get("name")) for row in rows)
    if wrong := sorted(name for name in named if used[name] > 1 or name in OWN_PAYMENT_NAMES):
        yield "constants", f"{', '.join(wrong)}: in payment/create this name has a value already."


def _is_flat(values: Any) -> bool:
    return isinstance(values, dict) and all(
        WIRE_NAME.fullmatch(name)
        and isinstance(value, str)
        and len(value) <= patterns.TEXT_MAX_CHARS
        and is_plain(value)
        for name, value in values.items()
    )


def _gaps(system: PaymentSystem) -> Iterator[Objection]:
    """What a row still lacks that a person calls complete."""
    if system.flow == Flow.NONE and not system.pays_out:
        yield "flow", "The system takes no deposits and pays nothing out; say how a deposit goes, or that it pays out."
    if system.pays_out and not system.recipient_fields:
        yield "recipient_fields", "Whom to pay has at least one field."
    if system.flow == Flow.ACTIVATION and not system.reference_example:
        yield "reference_example", "An example tells customers what a reference looks like."
