"""Slabs of approval, agreed by two persons: they move nothing, and count for what is made from then on."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

from balances import verb_fields
from balances.instruction_models import Instruction
from balances.verb_fields import Field, Values
from balances.verbs import Plan, Verb
from gateway.lifecycles import Cause
from gateway.money import format_amount
from gateway.products.models import Mode
from withdrawals import slabs
from withdrawals.models import SLABS_VERB
from withdrawals.slabs import Slab

_FIELD: Final = Field(
    name="slabs",
    label="Slabs",
    help="From which amount on whose approvals, for example 0: none; 10000: approver; 100000: approver + finance_lead.",
    read=lambda text, values: slabs.read(text, values["currency"]),
    write=lambda value, values: slabs.written(value, values["currency"]),
)


def _plan(values: Values) -> Plan:
    product, mode, currency = values["product"], values["mode"], values["currency"]
    # So that what is shown to have counted until now still counts when it is replaced.
    slabs.hold_still(product.pk, mode, currency)
    before = slabs.latest(product.pk, mode, currency)
    if before is not None:
        was = f"Until now: {before.slabs}."
    elif mode == Mode.LIVE:
        was = "Until now every withdrawal takes an approver, for nothing was ever agreed."
    else:
        was = "Until now no withdrawal takes an approval, for nothing was ever agreed."
    notes = [was, *_sentences(values["slabs"], currency), *_warnings(values["slabs"], currency)]
    notes.append("What was made before keeps what it was made with.")
    return Plan(mode=mode, notes=tuple(notes))


def _sentences(agreed: tuple[Slab, ...], currency: str) -> Iterator[str]:
    for one, following in zip(agreed, (*agreed[1:], None), strict=True):
        begins = f"From {format_amount(one.beginning, currency)} {currency}"
        ends = f" to less than {format_amount(following.beginning, currency)}" if following else " on"
        yield f"{begins}{ends}: {one.words}."


def _warnings(agreed: Iterable[Slab], currency: str) -> Iterator[str]:
    for one, following in itertools.pairwise(agreed):
        if following.is_weaker_than(one):
            amount = format_amount(following.beginning, currency)
            yield f"Look twice: from {amount} {currency} on less is asked for than below it."


def _agree(values: Values, _cause: Cause, instruction: Instruction) -> None:
    assert instruction.decided_by is not None
    slabs.agree(
        values["product"],
        values["mode"],
        values["currency"],
        values["slabs"],
        reason=instruction.reason,
        by=instruction.decided_by,
    )


VERBS: Final = (
    Verb(
        name=SLABS_VERB,
        sentence="From now on a product's withdrawals take these approvals, by their amount.",
        fields=(verb_fields.product(), verb_fields.mode(), verb_fields.currency(), _FIELD),
        plan=_plan,
        execute=_agree,
    ),
)
