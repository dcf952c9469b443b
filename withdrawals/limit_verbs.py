"""The verbs by which two persons agree on limits. Nothing moves by them."""

import re
from dataclasses import replace
from typing import Final

from django.core.exceptions import ValidationError

from balances import verb_fields
from balances.instruction_models import Instruction
from balances.verb_fields import Field, Refused, Values
from balances.verbs import Plan, Verb
from withdrawals.models import (
    DUPLICATE_WINDOW_MINUTES,
    LIMIT_VERB,
    OUTFLOW_VERB,
    WINDOW_VERB,
    DuplicateWindow,
    OnExcess,
    OutflowCap,
    Per,
    Period,
    WithdrawalLimit,
)
from withdrawals.models.agreed import Agreed

_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


def _number(name: str, label: str, sentence: str, *, least: int, is_required: bool = True) -> Field:
    def read(text: str, _: Values) -> int:
        if not _NUMBER.fullmatch(text) or int(text) < least:
            raise Refused(f"{label}: write a whole number, {least} or more.", field=name)
        return int(text)

    return Field(name=name, label=label, help=sentence, read=read, is_required=is_required)


def _checked(row: Agreed) -> Agreed:
    """The row, if it may be said.

    Raises:
        Refused: it says what no row may say.
    """
    try:
        row.full_clean(exclude=["created_by", "version"])
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None
    return row


def _written(row: Agreed, instruction: Instruction) -> None:
    """Keep a row that two persons agreed on as the version that counts from now on."""
    row.reason = instruction.reason
    assert instruction.decided_by is not None
    row.created_by = instruction.decided_by
    row.follow()


def _ends_nothing(row: Agreed, *maxima: str) -> bool:
    """Whether a row names no maximum, by which it would end what counts, and nothing counts."""

    def names_one(version: Agreed | None) -> bool:
        return version is not None and any(getattr(version, name) is not None for name in maxima)

    return not names_one(row) and not names_one(row.of_the_same().first())


def _plan(row: Agreed) -> Plan:
    """What would count from the approval on, and what counted until now."""
    counting = row.of_the_same().first()
    before = "There was no such row before." if counting is None else f"Until now: {counting}."
    return Plan(mode=row.mode, notes=(f"From the approval on: {row}.", before))


def _limit(values: Values) -> WithdrawalLimit:
    row = WithdrawalLimit(
        mode=values["mode"],
        currency=values["currency"],
        product=values["product"],
        per=values["per"],
        payment_system_id=values["payment_system"],
        period=values["period"],
        on_excess=values["on_excess"],
        maximum_amount=values["maximum_amount"],
        maximum_count=values["maximum_count"],
        reason="-",
    )
    _checked(row)
    if _ends_nothing(row, "maximum_amount", "maximum_count"):
        raise Refused("Name the most money, the most withdrawals or both: there is no such limit to end.")
    return row


def _window(values: Values) -> DuplicateWindow:
    row = DuplicateWindow(mode=values["mode"], product=values["product"], minutes=values["minutes"], reason="-")
    _checked(row)
    return row


def _plan_window(values: Values) -> Plan:
    row = _window(values)
    counting = row.of_the_same().first()
    was = DUPLICATE_WINDOW_MINUTES if counting is None else counting.minutes
    return Plan(mode=row.mode, notes=(f"From the approval on: {row}.", f"Until now: {was} minutes."))


def _cap(values: Values) -> OutflowCap:
    row = OutflowCap(
        mode=values["mode"],
        currency=values["currency"],
        product=values["product"],
        account=values["provider_account"],
        maximum=values["maximum"],
        reason="-",
    )
    _checked(row)
    if _ends_nothing(row, "maximum"):
        raise Refused("Name the maximum: there is no such cap to end.", field="maximum")
    return row


VERBS: Final = (
    Verb(
        name=LIMIT_VERB,
        sentence="Withdrawals beyond a sum or a number are refused or wait for a person; or such a limit ends.",
        fields=(
            verb_fields.mode(),
            verb_fields.currency(),
            replace(
                verb_fields.product(is_required=False), help="Whose withdrawals. Empty: each product's, by themselves."
            ),
            verb_fields.chosen("per", "Counted together", "What adds up.", [(one.value, one.label) for one in Per]),
            replace(
                verb_fields.payment_system(is_required=False),
                help="Of a limit per payment system alone. Empty: each of them, by itself.",
            ),
            verb_fields.chosen(
                "period", "In the last", "How far back it looks.", [(one.value, one.label) for one in Period]
            ),
            verb_fields.chosen(
                "on_excess", "Beyond it", "What becomes of the order.", [(one.value, one.label) for one in OnExcess]
            ),
            replace(verb_fields.amount("maximum_amount", "Most money"), is_required=False),
            _number(
                "maximum_count",
                "Most withdrawals",
                "Both maxima empty: the limit ends.",
                least=1,
                is_required=False,
            ),
        ),
        plan=lambda values: _plan(_limit(values)),
        execute=lambda values, _, instruction: _written(_limit(values), instruction),
    ),
    Verb(
        name=WINDOW_VERB,
        sentence="For so many minutes the same withdrawal of a product is taken for a mistake, and waits for a person.",
        fields=(
            verb_fields.mode(),
            replace(verb_fields.product(), help="Whose withdrawals."),
            _number("minutes", "Minutes", "0: nothing is ever taken for a duplicate.", least=0),
        ),
        plan=_plan_window,
        execute=lambda values, _, instruction: _written(_window(values), instruction),
    ),
    Verb(
        name=OUTFLOW_VERB,
        sentence="Once so much left in 24 hours for a product or through an account, its payouts pause; or a cap ends.",
        fields=(
            verb_fields.mode(),
            verb_fields.currency(),
            replace(verb_fields.product(is_required=False), help="Whose payouts; or an account."),
            verb_fields.provider_account(is_required=False),
            replace(
                verb_fields.amount("maximum", "Most that leaves"),
                help="In 24 hours, for example 1000000.00. Empty: the cap ends.",
                is_required=False,
            ),
        ),
        plan=lambda values: _plan(_cap(values)),
        execute=lambda values, _, instruction: _written(_cap(values), instruction),
    ),
)
