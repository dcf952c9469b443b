"""Sending a withdrawal (C§1.9): at most once, whatever breaks on the way.

``sending`` is committed, with lease and token, before the first byte leaves. Only an error that proves that no byte
left puts it back; what the contract knows as a refusal ends it; everything else is ``unknown`` and is asked about.
Whether that may go out a second time, `withdrawals.second_sendings` says.
"""

import hashlib
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from gateway import due_work, ids
from gateway.after_commit import ring
from gateway.encryption import opens
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Answer
from gateway.paykassma.messages import PullState, sign_again
from gateway.providers import calls
from gateway.providers.health import PAYOUT
from gateway.providers.models import may_pay_out
from gateway.providers.pace import take_place
from gateway.providers.pauses import pass_gate
from withdrawals import gate
from withdrawals.asking import ask
from withdrawals.failures import FailureCode
from withdrawals.models import Withdrawal
from withdrawals.moves import lock_withdrawal, move_withdrawal
from withdrawals.second_sendings import may_be_sent_again, to_send_again
from withdrawals.sending_outcomes import outcome_of
from withdrawals.states import IN_DOUBT, UNKNOWN_DELAYS_SECONDS, WithdrawalStatus


def to_send() -> Q:
    """Filter: withdrawals that are to be sent, and those of which a worker never wrote what came of it."""
    return may_go() | lost()


def may_go() -> Q:
    """Filter: withdrawals that are to be sent, and may be as far as pauses go."""
    return Q(status=WithdrawalStatus.QUEUED) & may_pay_out()


def lost() -> Q:
    """Filter: withdrawals of which a worker never wrote what came of it.

    Of a paused account as well: to call one unknown takes no call, and people may only decide about it after that.
    """
    return Q(status=WithdrawalStatus.SENDING)


def send_withdrawal(withdrawal_id: uuid.UUID) -> None:
    """Send a withdrawal that is due; does nothing where another worker has it or it has moved on."""
    due = Withdrawal.objects.filter(to_send(), pk=withdrawal_id).select_related("account")
    for withdrawal in due_work.claim(due, limit=1, lease_seconds=calls.LEASE_SECONDS):
        if withdrawal.status == WithdrawalStatus.SENDING:
            # Its lease ran out while it was being sent: it may have arrived. Ask; never send it again by itself.
            _lose_answer(withdrawal)
        elif not is_readable(withdrawal):
            continue
        elif not take_place(withdrawal.account):
            due_work.put_back(withdrawal)
        elif _mark_sending(withdrawal, WithdrawalStatus.QUEUED):
            _send(withdrawal)


def send_again(withdrawal_id: uuid.UUID) -> None:
    """Send one of unknown outcome again, where that is allowed: the same id with the same bytes.

    A pull has to say "not found" once more before they go out.
    """
    due = Withdrawal.objects.filter(to_send_again(), pk=withdrawal_id).select_related("account")
    for withdrawal in due_work.claim(due, limit=1, lease_seconds=calls.LEASE_SECONDS):
        sent_once_more(withdrawal, UNKNOWN_DELAYS_SECONDS)


def sent_once_more(withdrawal: Withdrawal, delays: tuple[int, ...]) -> bool:
    """Ask about a claimed one, and send it where the provider does not know it; else it waits by the delays.

    True where it was sent.
    """
    state = ask(withdrawal.account, [withdrawal.public_id]).get(withdrawal.public_id)
    is_unknown_there = state is PullState.NOT_FOUND and is_readable(withdrawal)
    if is_unknown_there and not take_place(withdrawal.account):
        due_work.put_back(withdrawal)
    elif is_unknown_there and _mark_sending(withdrawal, WithdrawalStatus(withdrawal.status)):
        _send(withdrawal)
        return True
    else:
        wait_longer(withdrawal, delays)
    return False


def is_readable(withdrawal: Withdrawal) -> bool:
    """Whether keys open all that a sending needs."""
    # Looked at before the mark: found out after it, nobody would know whether something was sent. The row becomes due
    # again with the end of its lease, and goes out when its key is back.
    return opens(withdrawal, "body", "recipient") and opens(withdrawal.account, "withdrawal_key")


@transaction.atomic(durable=True)
def _mark_sending(claimed: Withdrawal, expected: WithdrawalStatus) -> bool:
    # Committed before the first byte leaves: were this line after the call, a crash between the two would leave a
    # row that looks unsent, and it would be paid twice.
    pass_gate()
    withdrawal = lock_withdrawal(claimed.pk)
    if not withdrawal.holds(claimed.token) or withdrawal.status != expected:
        return False
    if not Withdrawal.objects.filter(may_pay_out(), pk=claimed.pk).exists():
        due_work.put_back(claimed)  # a pause came after the claim: it waits in its place of the line
        return False
    is_in_doubt = expected in IN_DOUBT
    if is_in_doubt and not may_be_sent_again(withdrawal):
        return False
    if withdrawal.resends and not is_in_doubt and not withdrawal.account.ids_proven_unique:
        # It waits for money, an earlier sending of it may have arrived, and the provider no longer pays an id once.
        _call_unknown(withdrawal, "the provider no longer pays an id once")
        return False
    if not gate.may_leave(withdrawal, claimed):
        return False
    # With the key that signed it these are the very same bytes. Where the key was changed since, only the signature is
    # made anew, which says nothing but who asks. Kept before it is sent, like everything else.
    body = sign_again(bytes(withdrawal.body), withdrawal.account.withdrawal_key)
    claimed.body, claimed.body_digest = body, hashlib.sha256(body).hexdigest()
    move_withdrawal(
        withdrawal,
        WithdrawalStatus.SENDING,
        _why(withdrawal),
        resends=withdrawal.resends + is_in_doubt,
        **columns_of_a_mark(),
        **({} if body == withdrawal.body else {"body": body, "body_digest": claimed.body_digest}),
    )
    return True


def columns_of_a_mark() -> dict[str, Any]:
    """What changes together with a move to ``sending``, whether one is sent or many are."""
    now = timezone.now()
    return {
        "sent_at": now,
        "failure_code": "",
        "contradiction": "",
        # What was refused before was another sending: were this one lost, nothing of that would prove anything.
        "refused_unproven": False,
        "refused_unread": False,
        # What was asked before may have taken most of the lease: the call has a whole one.
        "next_at": now + timedelta(seconds=calls.LEASE_SECONDS),
    }


def _why(withdrawal: Withdrawal) -> Cause:
    if withdrawal.resend_allowed_by is not None:
        instruction = ids.encode(ids.INSTRUCTION, withdrawal.resend_allowed_by)
        return Cause(kind=CauseKind.PERSON, id=instruction, detail="two persons had it sent again")
    if withdrawal.status in IN_DOUBT:
        return Cause(kind=CauseKind.PULL, detail="not found: the same bytes once more")
    return Cause(kind=CauseKind.CLOCK, detail="due")


def _send(claimed: Withdrawal) -> None:
    answer = calls.call(
        claimed.account,
        PAYOUT,
        lambda client: client.send_withdrawal(bytes(claimed.body)),
        subject=claimed.public_id,
        request={"body_digest": claimed.body_digest},
        has_place=True,
    )
    settle(claimed, answer)


@transaction.atomic(durable=True)
def settle(claimed: Withdrawal, answer: Answer) -> None:
    """Record what the provider answered; nothing where the row is no longer the claim's, or has moved on."""
    withdrawal = lock_withdrawal(claimed.pk)
    if not withdrawal.holds(claimed.token) or withdrawal.status != WithdrawalStatus.SENDING:
        return  # a postback was quicker, or the lease was lost: the row already knows more than this answer
    outcome = outcome_of(withdrawal, answer, claimed.attempts)
    move_withdrawal(withdrawal, outcome.to_status, outcome.cause, **outcome.changes)


@transaction.atomic(durable=True)
def _lose_answer(claimed: Withdrawal) -> None:
    withdrawal = lock_withdrawal(claimed.pk)
    if not withdrawal.holds(claimed.token) or withdrawal.status != WithdrawalStatus.SENDING:
        return
    _call_unknown(withdrawal, "no answer was recorded")


def _call_unknown(withdrawal: Withdrawal, why: str) -> None:
    move_withdrawal(
        withdrawal,
        WithdrawalStatus.UNKNOWN,
        Cause(kind=CauseKind.CLOCK, detail=why),
        failure_code=FailureCode.OUTCOME_UNKNOWN,
        next_at=timezone.now(),
        attempts=0,
        token=None,
    )
    ring("withdrawals.tasks.ask_withdrawals", str(withdrawal.account_id))


@transaction.atomic(durable=True)
def wait_longer(claimed: Withdrawal, delays: tuple[int, ...]) -> None:
    """Give a claimed one back as it is, to be looked at again by the delays."""
    withdrawal = lock_withdrawal(claimed.pk)
    if withdrawal.holds(claimed.token) and withdrawal.status == claimed.status:
        withdrawal.next_at = due_work.after(delays, claimed.attempts)
        withdrawal.token = None
        # What would have gone out by itself waits for the next "not found"; what people allowed stays allowed.
        withdrawal.send_again = withdrawal.resend_allowed_by is not None
        withdrawal.save(update_fields=["next_at", "token", "send_again"])
