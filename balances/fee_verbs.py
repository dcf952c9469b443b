"""A row of fees, agreed by two persons: it moves nothing by itself, and takes its part of all that comes after it."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.utils import timezone

from balances import fees, verb_fields
from balances.instruction_models import Instruction
from balances.kinds import FEE_VERB, FeeDirection, FeeKind
from balances.models import Fee
from balances.verb_fields import Field, Refused, Values
from balances.verbs import Plan, Verb
from gateway.lifecycles import Cause
from gateway.money import format_amount

#: Of which people are shown the fee, before they agree to it.
_EXAMPLE: Final = Decimal(1000)
_PERCENT: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?", re.ASCII)


def _percent() -> Field:
    def read(text: str, _: Values) -> Decimal:
        if not _PERCENT.fullmatch(text):
            raise Refused("Percent: plain digits with at most four decimals, for example 2.5.", field="percent")
        return Decimal(text)

    sentence = "Of the amount, 0 to 100."
    return Field(name="percent", label="Percent", help=sentence, read=read, write=lambda value, _: f"{value:f}")


def _valid_from() -> Field:
    def read(text: str, _: Values) -> datetime:
        try:
            at = datetime.fromisoformat(text)
            at = timezone.make_aware(at) if timezone.is_naive(at) else at
            return at.astimezone(timezone.get_current_timezone())
        except (ValueError, OverflowError):
            raise Refused("Valid from: write a time like 2030-01-31T00:00:00Z.", field="valid_from") from None

    return Field(
        name="valid_from",
        label="Valid from",
        help="UTC where it names no zone. Empty: from the approval on. Until a later row of the same kind.",
        read=read,
        write=lambda value, _: value.isoformat(),
        is_required=False,
    )


def _row(values: Values) -> Fee:
    """The row, as it would be; not saved.

    Raises:
        Refused: it says what no row may say.
    """
    row = Fee(
        kind=values["fee_kind"],
        direction=values["direction"],
        mode=values["mode"],
        currency=values["currency"],
        product=values["product"],
        provider_account=values["provider_account"],
        payment_system_id=values["payment_system"],
        percent=values["percent"],
        fixed=values["fixed"],
        valid_from=values["valid_from"],
        reason="-",
    )
    try:
        row.full_clean(exclude=["created_by"])
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None
    return row


def _plan(values: Values) -> Plan:
    row = _row(values)
    taken, example = (format_amount(one, row.currency) for one in (fees.amount_of(row, _EXAMPLE), _EXAMPLE))
    begins = "the approval" if row.valid_from is None else f"{row.valid_from:%Y-%m-%d %H:%M:%S} UTC"
    who = row.product or row.provider_account or f"any {row.kind}"
    where = f"{row.direction}, {row.payment_system_id or 'any system'}, {who}"
    price = f"{row.percent.normalize():f} % and {format_amount(row.fixed, row.currency)} {row.currency}"
    return Plan(
        mode=row.mode,
        notes=(
            f"From {begins} on, {where}: {price}, {row.get_kind_display()}.",
            f"Of {example} {row.currency} that is {taken} {row.currency}.",
        ),
    )


def _add(values: Values, _cause: Cause, instruction: Instruction) -> None:
    row = _row(values)
    row.reason = instruction.reason
    assert instruction.decided_by is not None
    fees.add(row, by=instruction.decided_by)


VERBS: Final = (
    Verb(
        name=FEE_VERB,
        sentence="From a time on the provider takes a fee of us, or a product pays one, with each receipt or payout.",
        fields=(
            verb_fields.chosen(
                "fee_kind", "Whose fee", "Who pays it.", [(one.value, f"{one.value}: {one.label}") for one in FeeKind]
            ),
            verb_fields.chosen(
                "direction", "Direction", "Which way the money goes.", [(one.value, one.label) for one in FeeDirection]
            ),
            verb_fields.mode(),
            verb_fields.currency(),
            _percent(),
            verb_fields.amount("fixed", "Fixed sum", may_be_zero=True),
            verb_fields.product(is_required=False),
            verb_fields.provider_account(is_required=False),
            verb_fields.payment_system(is_required=False),
            _valid_from(),
        ),
        plan=_plan,
        execute=_add,
        needs_document=True,
    ),
)
