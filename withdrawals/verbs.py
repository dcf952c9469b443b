"""The verbs by which two persons correct how a withdrawal ended (`balances.verbs`), and all that are open to people."""

from typing import Final

from balances import rehearsing
from balances.funding import debts
from balances.verbs import Verb
from gateway.in_words import in_words
from withdrawals.corrections import prove_paid, reverse
from withdrawals.decision_verbs import DECISIONS, open_in_doubt
from withdrawals.models import Withdrawal
from withdrawals.states import UNPAID, WithdrawalStatus
from withdrawals.verb_plans import Foreseen, verb


def _told(foreseen: Foreseen) -> list[str]:
    withdrawal, status = foreseen.withdrawal, foreseen.status
    notes = [f"Withdrawal {withdrawal.public_id} was {in_words(withdrawal.status)} and becomes {in_words(status)}."]
    if withdrawal.contradiction:
        notes.append(f"What the provider said otherwise: {withdrawal.contradiction}.")
    notes += rehearsing.shortfalls(foreseen.journals)
    if status == WithdrawalStatus.REVERSED:
        notes += debts(withdrawal.product, withdrawal.mode, withdrawal.currency)
    return notes


# Nothing that the provider answers says so: only its statement, or the bank's, does.
_RETURNED: Final = verb(
    "payout_returned",
    "A payout that was paid came back: the product has its amount again.",
    reverse,
    _told,
    wish="Ask to record that it came back",
    needs_document=True,
)
_PROVED_PAID: Final = verb(
    "payout_proved_paid",
    "A payout that had ended unpaid was paid after all: the product gives its amount, or owes it.",
    prove_paid,
    _told,
    wish="Ask to record that it was paid after all",
    needs_document=True,
)

VERBS: Final = (_RETURNED, _PROVED_PAID, *DECISIONS)


def open_to(withdrawal: Withdrawal) -> tuple[Verb, ...]:
    """What people may do with a withdrawal as it is."""
    if withdrawal.status == WithdrawalStatus.PAID:
        return (_RETURNED,)
    if withdrawal.status in UNPAID:
        return (_PROVED_PAID,)
    return open_in_doubt(withdrawal)
