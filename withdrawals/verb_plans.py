"""What the verbs about a withdrawal have in common: what people are shown is the action itself, rehearsed.

(`balances.verbs`, `balances.rehearsing`)
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from balances import accounts, corrections, rehearsing, verb_fields
from balances.verb_fields import Values
from balances.verbs import Plan, PlannedJournal, Verb
from gateway import ids
from gateway.lifecycles import Cause
from withdrawals.corrections import Uncorrectable, lock
from withdrawals.models import Withdrawal

_WITHDRAWAL: Final = verb_fields.typeid("withdrawal", "Withdrawal", "The payout in question.", ids.WITHDRAWAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a rehearsal came to.

    Attributes:
        withdrawal: locked, as it is before.
        status: what it would be afterwards.
        journals: what would be posted.
    """

    withdrawal: Withdrawal
    status: str
    journals: tuple[PlannedJournal, ...]


#: The action itself, by the withdrawal's id.
Act = Callable[[uuid.UUID, Cause], object]
#: What people are told of it beside the journals and the news, a sentence each.
Notes = Callable[[Foreseen], list[str]]


def verb(
    name: str,
    sentence: str,
    act: Act,
    notes: Notes,
    *,
    needs_document: bool,
    wish: str,
    before: Callable[[Values], object] | None = None,
) -> Verb:
    """A verb that is told a withdrawal, and does one thing with it."""
    return Verb(
        name=name,
        sentence=sentence,
        fields=(_WITHDRAWAL,),
        before=before,
        plan=lambda values: _plan(values, act, notes),
        execute=lambda values, cause, _: act(values["withdrawal"], cause),
        needs_document=needs_document,
        wish=wish,
        refusals=(Uncorrectable,),
    )


def _plan(values: Values, act: Act, notes: Notes) -> Plan:
    """What a verb would do with the withdrawal that it was told.

    Raises:
        Uncorrectable: there is none, or this cannot be done with it.
    """
    withdrawal = lock(values["withdrawal"])
    name, owner = withdrawal.public_id, (withdrawal.product_id, withdrawal.mode, withdrawal.currency)
    # How much the product has decides what it will owe, and what is released first covers what it owes.
    corrections.locked_balance(accounts.available(*owner))
    journals, (status, news) = rehearsing.rehearsed(
        lambda cause: act(withdrawal.pk, cause),
        lambda: (
            Withdrawal.objects.values_list("status", flat=True).get(pk=withdrawal.pk),
            rehearsing.news({name: withdrawal.sequence}),
        ),
    )
    told = notes(Foreseen(withdrawal=withdrawal, status=status, journals=journals))
    return Plan(mode=withdrawal.mode, journals=journals, notes=(*told, *news))
