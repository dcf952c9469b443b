"""Every row of a batch, checked before any is accepted. All that is looked up is looked up for all rows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from rest_framework import serializers

from gateway.api.problems import Problem, pointers
from gateway.encryption import opens
from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem
from gateway.weighing_sheets import Unreadable
from withdrawals.actions import NewWithdrawal, objection_to_sign
from withdrawals.models import Withdrawal
from withdrawals.serializers import NewWithdrawalSerializer

#: Most errors that one answer names: whoever has more has one error in every row.
ERRORS_MAX: Final = 100
#: References of one question to the database.
_ASKED_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow:
    """A row that may be made.

    Attributes:
        wish: what it asks for.
        is_made: whether the product has this very withdrawal already.
    """

    wish: NewWithdrawal
    is_made: bool


def check_rows(product: Product, mode: Mode, rows: Sequence[Any], lines: Sequence[int] = ()) -> list[CheckedRow]:
    """Check each row as a withdrawal of its own would be, and that each reference stands once and is free.

    A reference that the product has used for a withdrawal of the same content is free: that withdrawal is the row's.

    Args:
        product: whose withdrawals they are to be.
        mode: theirs, too.
        rows: objects as POST /withdrawals takes them; texts of a file may be `Unreadable`.
        lines: of each row of a file, its line.

    Raises:
        Problem: 422 `batch_invalid` with up to `ERRORS_MAX` errors, each with its pointer, and how many there are.
    """
    if not 1 <= len(rows) <= settings.BATCH_MAX_ROWS:
        sentence = f"Send 1 to {settings.BATCH_MAX_ROWS:,} rows."
        raise invalid([{"pointer": "/rows", "code": "invalid", "detail": sentence}], 1)
    errors = _Errors(lines)
    systems = {one.code: one for one in PaymentSystem.objects.filter(is_enabled=True, pays_out=True)}
    wishes: dict[int, NewWithdrawal] = {}
    seen: dict[str, int] = {}
    for index, row in enumerate(rows):
        try:
            wish = _wish(row, systems, mode)
        except serializers.ValidationError as error:
            errors.add(index, error.detail)
            continue
        if (before := seen.setdefault(wish.reference, index)) != index:
            errors.say(index, "/reference", "reference_already_used", f"Row {before + 1} has this reference, too.")
            continue
        wishes[index] = wish
    known = _known(product, mode, [wish.reference for wish in wishes.values()])
    for index, wish in wishes.items():
        existing = known.get(wish.reference)
        if existing is not None and not is_same(existing, wish):
            sentence = f"The reference belongs to {existing.public_id}, which is another withdrawal."
            errors.say(index, "/reference", "reference_already_used", sentence)
    errors.raise_any()
    return [CheckedRow(wish=wish, is_made=wish.reference in known) for wish in wishes.values()]


def invalid(errors: list[dict[str, str]], count: int) -> Problem:
    """The refusal of a whole batch."""
    first = errors[0]
    more = f" {count} errors in all." if count > 1 else ""
    return Problem(
        status=422,
        code="batch_invalid",
        detail=f"{first['pointer']}: {first['detail']}{more} Nothing was accepted.",
        errors=errors,
        extra={"error_count": count},
    )


def is_same(existing: Withdrawal, wish: NewWithdrawal) -> bool:
    """Whether a withdrawal is just what is asked for.

    Of one that was redacted, or whose recipient no key opens, nobody can say so.
    """
    if existing.redacted_at is not None or not opens(existing, "recipient"):
        return False
    return wish == NewWithdrawal(
        payment_system=existing.payment_system,
        currency=existing.currency,
        amount=existing.amount,
        customer=existing.customer.external_id,
        reference=existing.reference,
        recipient=existing.recipient,
        comment=existing.comment,
        metadata=existing.metadata,
        refund_of=existing.refund_of,
    )


def _wish(row: Any, systems: Mapping[str, PaymentSystem], mode: Mode) -> NewWithdrawal:
    if isinstance(row, Unreadable):
        raise serializers.ValidationError([str(row)])
    if not isinstance(row, dict):
        raise serializers.ValidationError(["Send an object, as POST /withdrawals takes it."])
    if unreadable := _unreadable(row):
        raise serializers.ValidationError(unreadable)
    wanted = NewWithdrawalSerializer(data=row, context={"systems": systems})
    wanted.is_valid(raise_exception=True)
    wish = wanted.wish()
    if (objection := objection_to_sign(wish, mode)) is not None:
        raise serializers.ValidationError({"recipient": [objection]})
    return wish


def _unreadable(row: Mapping[str, Any]) -> dict[str, Any]:
    """What could not be read of the cells of a file, as a serializer would say it."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Unreadable):
            found[name] = [str(value)]
        elif isinstance(value, dict) and (inside := _unreadable(value)):
            found[name] = inside
    return found


def _known(product: Product, mode: Mode, references: list[str]) -> dict[str, Withdrawal]:
    mine = Withdrawal.objects.filter(product=product, mode=mode).select_related("customer", "payment_system")
    found: dict[str, Withdrawal] = {}
    for start in range(0, len(references), _ASKED_AT_ONCE):
        asked = references[start : start + _ASKED_AT_ONCE]
        found |= {one.reference: one for one in mine.filter(reference__in=asked).defer("body")}
    return found


class _Errors:
    """What is wrong with rows, up to `ERRORS_MAX` of it in words."""

    def __init__(self, lines: Sequence[int]) -> None:
        self._lines = lines
        self._found: list[dict[str, str]] = []
        self._count = 0

    def say(self, index: int, place: str, code: str, sentence: str) -> None:
        self._count += 1
        if len(self._found) < ERRORS_MAX:
            line = f"Line {self._lines[index]}: " if self._lines else ""
            self._found.append({"pointer": f"/rows/{index}{place}", "code": code, "detail": f"{line}{sentence}"})

    def add(self, index: int, detail: Any) -> None:
        for one in pointers(detail):
            self.say(index, one["pointer"], one["code"], one["detail"])

    def raise_any(self) -> None:
        if self._found:
            raise invalid(self._found, self._count)
