"""The provider's word on a withdrawal, taken only where it was asked for; a letter alone never comes here."""

from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from gateway import due_work, ids
from gateway.lifecycles import Cause
from gateway.paykassma.messages import FOUND_TWICE, PostbackItem, PullEntry, PullState
from gateway.providers.models import ProviderAccount
from withdrawals.failures import FailureCode
from withdrawals.last_words import PAID_NUMBER, REJECTED_NUMBER, in_a_word
from withdrawals.models import Withdrawal, kept_contradiction
from withdrawals.moves import lock_withdrawal, move_withdrawal
from withdrawals.same_order import another_of_ours, answer_differs_in
from withdrawals.second_sendings import Next, after_not_found, people_allow_it, was_asked_late_enough
from withdrawals.states import (
    ACCEPTED_DELAYS_SECONDS,
    FINAL,
    REVIEW_DELAYS_SECONDS,
    UNKNOWN_DELAYS_SECONDS,
    WITHDRAWAL,
    WithdrawalStatus,
)

log = structlog.get_logger(__name__)

_ENDINGS: Final = {PAID_NUMBER: WithdrawalStatus.PAID, REJECTED_NUMBER: WithdrawalStatus.REJECTED}
#: What is said only of an order that the provider has: "no result yet", too (C§1.12).
_KNOWN_THERE: Final = frozenset({PullState.FOUND, PullState.NO_POSTBACK})
#: Where a word that the provider has it, and that it has not ended, is news.
_NOT_KNOWN_TO_BE_THERE: Final = frozenset({WithdrawalStatus.UNKNOWN, WithdrawalStatus.WAITING_FUNDS})


@transaction.atomic(durable=True)
def record_word(account: ProviderAccount, withdrawal_id: str, entry: PullEntry, cause: Cause) -> None:
    """Move a withdrawal by what the provider answered when asked for this id. Safe to repeat."""
    found = ids.decode(ids.WITHDRAWAL, withdrawal_id)
    if found is None or not Withdrawal.objects.filter(pk=found, account=account).exists():
        log.error("outcome_of_unknown_withdrawal", account=str(account.pk))
        return
    withdrawal = lock_withdrawal(found)
    withdrawal.last_answer, withdrawal.last_asked_at = in_a_word(entry), timezone.now()
    withdrawal.save(update_fields=["last_answer", "last_asked_at"])
    if withdrawal.status == WithdrawalStatus.QUEUED and entry.state in _KNOWN_THERE:
        _unqueue(withdrawal, cause)
    match entry.state:
        case PullState.FOUND:
            _weigh(withdrawal, entry, cause)
        case PullState.NO_POSTBACK:
            if withdrawal.status in _NOT_KNOWN_TO_BE_THERE:
                _accept(withdrawal, cause)
        case PullState.NOT_FOUND:
            # Alone it is no proof, for it may lag. Together with an explicit refusal, and after the lag, it is.
            if withdrawal.status == WithdrawalStatus.UNKNOWN:
                _weigh_not_found(withdrawal, cause)
        case PullState.UNUSABLE:
            log.error("withdrawal_word_unusable", withdrawal=withdrawal_id, reason=entry.reason)
            if entry.reason == FOUND_TWICE:
                _review(withdrawal, "the provider answered twice in one breath", cause)
    _end_permission(withdrawal, entry)


def _end_permission(withdrawal: Withdrawal, entry: PullEntry) -> None:
    """What was to be sent again is not, once the provider has it, nor an hour after two persons said so.

    Whatever moved has lost its permission by that (`move_withdrawal`).
    """
    has_it = entry.state in _KNOWN_THERE
    was_allowed = withdrawal.resend_allowed_by is not None
    is_over = has_it or (was_allowed and not people_allow_it(withdrawal))
    if not is_over or not (withdrawal.send_again or was_allowed):
        return
    withdrawal.send_again, withdrawal.resend_allowed_by = False, None
    withdrawal.save(update_fields=["send_again", "resend_allowed_by"])
    if was_allowed:
        ended = f'the provider said "{withdrawal.last_answer}"' if has_it else "it was not sent within an hour"
        before = f"; before that: {withdrawal.contradiction}" if withdrawal.contradiction else ""
        _contradict(withdrawal, f"two persons had it sent again, and that was called off, for {ended}{before}")


def _weigh_not_found(withdrawal: Withdrawal, cause: Cause) -> None:
    if not (withdrawal.refused_unproven or withdrawal.refused_unread):
        _send_again_or_give_up(withdrawal, cause)
    elif was_asked_late_enough(withdrawal):
        _believe_refusal(withdrawal, cause)


def _believe_refusal(withdrawal: Withdrawal, cause: Cause) -> None:
    """Two words of the provider agree that the order was never created."""
    if withdrawal.refused_unproven:
        move_withdrawal(
            withdrawal,
            WithdrawalStatus.FAILED,
            cause,
            failure_code=FailureCode.PROVIDER_REFUSED,
        )
    else:
        # It was the account's fault, so the order takes its old place in the line: it was due when it was made.
        move_withdrawal(
            withdrawal,
            WithdrawalStatus.QUEUED,
            cause,
            failure_code="",
            refused_unread=False,
            sent_at=None,
            next_at=withdrawal.created_at,
            attempts=0,
            token=None,
        )


def _send_again_or_give_up(withdrawal: Withdrawal, cause: Cause) -> None:
    """The provider does not know what was sent into the unknown: no proof, but where it pays an id once, no danger."""
    match after_not_found(withdrawal):
        case Next.SEND_AGAIN:
            withdrawal.send_again = True
            withdrawal.save(update_fields=["send_again"])
        case Next.GIVE_UP:
            times = withdrawal.resends + 1
            _review(withdrawal, f"it was sent {times} times, and the provider knows nothing of it", cause)


def _unqueue(withdrawal: Withdrawal, cause: Cause) -> None:
    """The provider knows what our book says was never sent (a restored backup, say): it must not be sent any more."""
    log.error("withdrawal_known_before_it_was_sent", withdrawal=withdrawal.public_id)
    move_withdrawal(withdrawal, WithdrawalStatus.SENDING, cause, sent_at=timezone.now(), token=None)
    move_withdrawal(
        withdrawal,
        WithdrawalStatus.UNKNOWN,
        cause,
        failure_code=FailureCode.OUTCOME_UNKNOWN,
        next_at=due_work.after(UNKNOWN_DELAYS_SECONDS, 1),
        attempts=1,
    )


def _weigh(withdrawal: Withdrawal, entry: PullEntry, cause: Cause) -> None:
    assert entry.postback is not None
    if withdrawal.status == WithdrawalStatus.MANUAL_REVIEW and withdrawal.sent_at is None:
        # Its request was not its own, so it stayed here (`withdrawals.gate`): whose order that is, people find out.
        _contradict(withdrawal, "it was never sent, and the provider has it")
        return
    items = entry.postback.items
    if len(items) != 1 or not isinstance(items[0], PostbackItem):
        _review(withdrawal, "the provider's answer cannot be read as one withdrawal", cause)
        return
    item = items[0]
    if (other := another_of_ours(withdrawal, item)) is not None:
        _review(withdrawal, f"the provider's answer speaks of {other}", cause)
        return
    doubts = [*entry.postback.disagreements(), *answer_differs_in(withdrawal, item)]
    if doubts:
        _review(withdrawal, f"the provider's answer differs in {', '.join(doubts)}", cause)
        return
    ending = _ENDINGS.get(item.withdrawal_status or 0)
    if ending is None:
        if withdrawal.status in _NOT_KNOWN_TO_BE_THERE:
            _accept(withdrawal, cause)
    elif withdrawal.status == ending:
        return
    elif withdrawal.status not in FINAL and WITHDRAWAL.may(withdrawal.status, ending):
        rejected = ending is WithdrawalStatus.REJECTED
        if rejected and withdrawal.resends and not withdrawal.account.ids_proven_unique:
            # Which of them it speaks of, nobody knows: the other one may be paid yet.
            times = withdrawal.resends + 1
            _review(withdrawal, f"it was sent {times} times, and the provider says that one was rejected", cause)
            return
        move_withdrawal(
            withdrawal,
            ending,
            cause,
            failure_code=FailureCode.PROVIDER_REJECTED if rejected else "",
            contradiction="",
        )
    else:
        _contradict(withdrawal, f"it is {withdrawal.status}, and the provider now says {ending}")


def _accept(withdrawal: Withdrawal, cause: Cause) -> None:
    move_withdrawal(
        withdrawal,
        WithdrawalStatus.ACCEPTED,
        cause,
        failure_code="",
        refused_unproven=False,
        refused_unread=False,
        next_at=due_work.after(ACCEPTED_DELAYS_SECONDS, 1),
        attempts=1,
        token=None,
    )


def _review(withdrawal: Withdrawal, what: str, cause: Cause) -> None:
    if withdrawal.status in FINAL or not WITHDRAWAL.may(withdrawal.status, WithdrawalStatus.MANUAL_REVIEW):
        _contradict(withdrawal, what)
        return
    log.error("withdrawal_needs_a_person", withdrawal=withdrawal.public_id, what=what)
    move_withdrawal(
        withdrawal,
        WithdrawalStatus.MANUAL_REVIEW,
        cause,
        failure_code=FailureCode.OUTCOME_UNKNOWN,
        contradiction=kept_contradiction(what),
        next_at=due_work.after(REVIEW_DELAYS_SECONDS, 1),
        attempts=0,
        token=None,
    )


def _contradict(withdrawal: Withdrawal, what: str) -> None:
    """Something final contradicts itself: write it down and call a person; money moves for nobody."""
    kept = kept_contradiction(what)
    if withdrawal.contradiction != kept:
        log.error("withdrawal_contradicted", withdrawal=withdrawal.public_id, what=what)
        withdrawal.contradiction = kept
        withdrawal.save(update_fields=["contradiction"])
