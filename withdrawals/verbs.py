"""The verbs by which two persons correct how a withdrawal ended (`balances.verbs`), and all that are open to people.

What they are shown is the action itself, rehearsed (`balances.rehearsing`).
"""

from collections.abc import Callable
from typing import Final

from balances import accounts, corrections, rehearsing
from balances.funding import debts
from balances.verb_fields import Values
from balances.verbs import Plan, Verb
from gateway.lifecycles import Cause
from withdrawals.corrections import Uncorrectable, lock, prove_paid, reverse
from withdrawals.decision_verbs import DECISIONS, WITHDRAWAL, open_in_doubt
from withdrawals.models import Withdrawal
from withdrawals.states import UNPAID, WithdrawalStatus


def _plan(values: Values, act: Callable[[Values, Cause], object]) -> Plan:
    withdrawal = lock(values["withdrawal"])
    name, owner = withdrawal.public_id, (withdrawal.product_id, withdrawal.mode, withdrawal.currency)
    # How much the product has decides what it will owe.
    corrections.locked_balance(accounts.available(*owner))
    journals, (status, news) = rehearsing.rehearsed(
        lambda cause: act(values, cause),
        lambda: (
            Withdrawal.objects.values_list("status", flat=True).get(pk=withdrawal.pk),
            rehearsing.news({name: withdrawal.sequence}),
        ),
    )
    notes = [f"Withdrawal {name} was {withdrawal.status} and becomes {status}."]
    if withdrawal.contradiction:
        notes.append(f"What the provider said otherwise: {withdrawal.contradiction}.")
    notes += rehearsing.shortfalls(journals)
    if status == WithdrawalStatus.REVERSED:
        notes += debts(withdrawal.product, withdrawal.mode, withdrawal.currency)
    return Plan(mode=withdrawal.mode, journals=journals, notes=(*notes, *news))


def _reverse(values: Values, cause: Cause) -> None:
    reverse(values["withdrawal"], cause)


def _prove_paid(values: Values, cause: Cause) -> None:
    prove_paid(values["withdrawal"], cause)


def _verb(name: str, sentence: str, act: Callable[[Values, Cause], object]) -> Verb:
    return Verb(
        name=name,
        sentence=sentence,
        fields=(WITHDRAWAL,),
        plan=lambda values: _plan(values, act),
        execute=lambda values, cause, _: act(values, cause),
        # Nothing that the provider answers says so: only its statement, or the bank's, does.
        needs_document=True,
        refusals=(Uncorrectable,),
    )


_RETURNED: Final = _verb(
    "payout_returned", "A payout that was paid came back: the product has its amount again.", _reverse
)
_PROVED_PAID: Final = _verb(
    "payout_proved_paid",
    "A payout that had ended unpaid was paid after all: the product gives its amount, or owes it.",
    _prove_paid,
)

VERBS: Final = (_RETURNED, _PROVED_PAID, *DECISIONS)


def open_to(withdrawal: Withdrawal) -> tuple[Verb, ...]:
    """What people may do with a withdrawal as it is."""
    if withdrawal.status == WithdrawalStatus.PAID:
        return (_RETURNED,)
    if withdrawal.status in UNPAID:
        return (_PROVED_PAID,)
    return open_in_doubt(withdrawal)
