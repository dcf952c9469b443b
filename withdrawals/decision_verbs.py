"""The verbs by which two persons decide what became of a payout, or have it sent again (`balances.verbs`)."""

from typing import Final

from balances.funding import debts
from balances.verb_fields import Values
from balances.verbs import Verb
from gateway.in_words import in_words
from gateway.providers.health import PAYOUT
from gateway.providers.models import ProviderCall
from withdrawals import decisions
from withdrawals.models import Withdrawal
from withdrawals.models.doubt_guards import DECLARED_FAILED, DECLARED_PAID, RESENT
from withdrawals.states import WithdrawalStatus
from withdrawals.verb_plans import Foreseen, verb

#: Answers that are repeated to people: the later ones. A payout is sent once, or a handful of times.
_ANSWERS_MAX: Final = 5
_MAY_PAY_TWICE: Final = (
    "THIS PAYOUT MAY BE PAID TWICE. The provider has never shown that it pays one id only once: if what was sent before"
    " arrived after all, the recipient gets the money a second time, and nobody can call it back."
)
_PAYS_ONCE: Final = "The account is marked as one that pays an id only once, so it should not be paid twice."


def _said(withdrawal: Withdrawal) -> list[str]:
    """What the provider said so far, with the time of each word."""
    calls = ProviderCall.objects.filter(subject=withdrawal.public_id, operation=PAYOUT).order_by("-started_at")
    sendings = calls.only("started_at", "note", "outcome")[:_ANSWERS_MAX]
    notes = [f"Sent at {_at(one.started_at)}: {one.note or 'we never learned what came of it'}." for one in sendings]
    notes.reverse()
    if withdrawal.last_asked_at is None:
        return [*notes, "The provider has never answered a question about it."]
    return [*notes, f'Asked at {_at(withdrawal.last_asked_at)}, the provider said: "{withdrawal.last_answer}".']


def _at(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _told(foreseen: Foreseen, *warnings: str) -> list[str]:
    withdrawal, status = foreseen.withdrawal, foreseen.status
    since = _at(withdrawal.updated_at)
    notes = [f"Withdrawal {withdrawal.public_id} is {in_words(withdrawal.status)}, since {since}.", *_said(withdrawal)]
    if withdrawal.contradiction:
        notes.append(f"Why a person was called: {withdrawal.contradiction}.")
    notes += warnings
    if status != withdrawal.status:
        notes.append(f"It becomes {in_words(status)}.")
    if status == WithdrawalStatus.FAILED:
        notes += debts(withdrawal.product, withdrawal.mode, withdrawal.currency)
    return notes


def _of_resending(foreseen: Foreseen) -> list[str]:
    return _told(
        foreseen,
        _PAYS_ONCE if foreseen.withdrawal.account.ids_proven_unique else _MAY_PAY_TWICE,
        "A worker sends the same bytes once more. It asks again first: a provider that has it by then is sent nothing.",
    )


def _of_failing(foreseen: Foreseen) -> list[str]:
    return _told(
        foreseen, "Be sure that the provider will never pay it: the product may use the amount at once, and pay again."
    )


def _of_paying(foreseen: Foreseen) -> list[str]:
    return _told(
        foreseen, "Be sure that the recipient has the money: what was held is spent, and nothing more is asked or sent."
    )


def _ask_first(values: Values) -> None:
    decisions.ask_first(values["withdrawal"])


_RESENT: Final = verb(
    RESENT,
    "A payout that the provider does not know is sent once more, with the same id and the same bytes.",
    decisions.allow_resending,
    _of_resending,
    wish="Ask to send it once more",
    before=_ask_first,
    # What counts is the provider's word of this minute, which no paper has.
    needs_document=False,
)
_DECLARED_FAILED: Final = verb(
    DECLARED_FAILED,
    "A payout that has come to no end was never paid, and will not be: the product has its amount again.",
    decisions.declare_failed,
    _of_failing,
    wish="Ask to declare it failed",
    before=_ask_first,
    needs_document=True,
)
_DECLARED_PAID: Final = verb(
    DECLARED_PAID,
    "A payout that has come to no end was paid, by its document: the amount that was held is spent.",
    decisions.declare_paid,
    _of_paying,
    wish="Ask to declare it paid",
    before=_ask_first,
    needs_document=True,
)

DECISIONS: Final = (_RESENT, _DECLARED_FAILED, _DECLARED_PAID)


def open_in_doubt(withdrawal: Withdrawal) -> tuple[Verb, ...]:
    """What people may do with a withdrawal whose outcome is in doubt, or that comes to no end."""
    if not decisions.people_may_decide(withdrawal):
        return ()
    match withdrawal.status:
        case WithdrawalStatus.UNKNOWN:
            return (_RESENT, _DECLARED_FAILED)
        case WithdrawalStatus.ACCEPTED:
            return (_DECLARED_FAILED, _DECLARED_PAID)
        case WithdrawalStatus.WAITING_FUNDS:
            return (_DECLARED_FAILED,)
    return DECISIONS
