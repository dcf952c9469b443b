"""What the provider's answer to a sending makes of a withdrawal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway import due_work
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Answer
from gateway.paykassma.withdrawal_verdicts import WithdrawalVerdict, classify_withdrawal
from gateway.providers import calls
from withdrawals.failures import FailureCode
from withdrawals.models import Withdrawal
from withdrawals.states import (
    ACCEPTED_DELAYS_SECONDS,
    FUNDS_DELAYS_SECONDS,
    RESEND_DELAYS_SECONDS,
    UNKNOWN_DELAYS_SECONDS,
    WithdrawalStatus,
)

#: What each verdict on the provider's answer makes of a withdrawal, and when it is due again.
_OUTCOMES: Final = {
    WithdrawalVerdict.ACCEPTED: (WithdrawalStatus.ACCEPTED, ACCEPTED_DELAYS_SECONDS),
    WithdrawalVerdict.REFUSED: (WithdrawalStatus.FAILED, None),
    WithdrawalVerdict.REFUSED_UNPROVEN: (WithdrawalStatus.UNKNOWN, UNKNOWN_DELAYS_SECONDS),
    WithdrawalVerdict.INSUFFICIENT_BALANCE: (WithdrawalStatus.WAITING_FUNDS, FUNDS_DELAYS_SECONDS),
    WithdrawalVerdict.NOT_SENT: (WithdrawalStatus.QUEUED, RESEND_DELAYS_SECONDS),
    WithdrawalVerdict.CREDENTIAL_ERROR: (WithdrawalStatus.UNKNOWN, UNKNOWN_DELAYS_SECONDS),
    WithdrawalVerdict.UNKNOWN: (WithdrawalStatus.UNKNOWN, UNKNOWN_DELAYS_SECONDS),
}

#: What the answer to a second sending proves where nobody knows whether the first one arrived: on an account that pays
#: an id once, and on any other. It speaks of the second one alone, so nothing is failed or put back on its word; a
#: refusal by who pays an id once is one of two words.
_OF_A_SECOND_SENDING: Final = {
    WithdrawalVerdict.REFUSED: (WithdrawalVerdict.REFUSED_UNPROVEN, WithdrawalVerdict.UNKNOWN),
    WithdrawalVerdict.REFUSED_UNPROVEN: (WithdrawalVerdict.REFUSED_UNPROVEN, WithdrawalVerdict.UNKNOWN),
    WithdrawalVerdict.INSUFFICIENT_BALANCE: (WithdrawalVerdict.INSUFFICIENT_BALANCE, WithdrawalVerdict.UNKNOWN),
    WithdrawalVerdict.NOT_SENT: (WithdrawalVerdict.UNKNOWN, WithdrawalVerdict.UNKNOWN),
    WithdrawalVerdict.CREDENTIAL_ERROR: (WithdrawalVerdict.UNKNOWN, WithdrawalVerdict.UNKNOWN),
}

_FAILURES: Final = {
    WithdrawalStatus.FAILED: FailureCode.PROVIDER_REFUSED,
    WithdrawalStatus.UNKNOWN: FailureCode.OUTCOME_UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Where an answer moves a withdrawal that is being sent.

    Attributes:
        to_status: where to.
        cause: the answer.
        changes: columns that change with it; the same ones for all that are accepted.
    """

    to_status: WithdrawalStatus
    cause: Cause
    changes: Mapping[str, Any]


def outcome_of(withdrawal: Withdrawal, answer: Answer, attempts: int) -> Outcome:
    """What an answer makes of a withdrawal.

    Args:
        withdrawal: locked, and being sent.
        answer: what the call came to.
        attempts: how often it was tried, this time included.
    """
    verdict = _verdict(withdrawal, answer)
    to_status, delays = _OUTCOMES[verdict]
    # A new wait begins: its ladder starts from the first step, but attempts to send go on counting.
    attempts = attempts if to_status in {WithdrawalStatus.QUEUED, WithdrawalStatus.WAITING_FUNDS} else 1
    return Outcome(
        to_status=to_status,
        cause=Cause(kind=CauseKind.PROVIDER_ANSWER, detail=answer.note),
        changes={
            "failure_code": _FAILURES.get(to_status, ""),
            "refused_unproven": verdict is WithdrawalVerdict.REFUSED_UNPROVEN,
            "refused_unread": verdict is WithdrawalVerdict.CREDENTIAL_ERROR and calls.was_not_read(answer),
            "next_at": None if delays is None else due_work.after(delays, attempts),
            "attempts": attempts,
            "token": None,
            **({"sent_at": None} if verdict is WithdrawalVerdict.NOT_SENT else {}),
        },
    )


def _verdict(withdrawal: Withdrawal, answer: Answer) -> WithdrawalVerdict:
    verdict = classify_withdrawal(answer)
    if not withdrawal.resends:
        return verdict
    where_unique, elsewhere = _OF_A_SECOND_SENDING.get(verdict, (verdict, verdict))
    return where_unique if withdrawal.account.ids_proven_unique else elsewhere
