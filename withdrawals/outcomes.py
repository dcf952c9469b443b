"""The provider's word on a withdrawal, taken only where it was asked for; a letter alone never comes here."""

import re
from decimal import Decimal
from typing import Any, Final

import structlog
from django.db import transaction
from django.utils import timezone

from gateway import due_work, ids
from gateway.lifecycles import Cause
from gateway.paykassma.messages import FOUND_TWICE, PostbackItem, PullEntry, PullState
from gateway.providers.models import ProviderAccount
from withdrawals.failures import FailureCode
from withdrawals.frozen_requests import frozen_request
from withdrawals.last_words import in_a_word
from withdrawals.models import Withdrawal
from withdrawals.moves import lock_withdrawal, move_withdrawal
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

#: C§2.1: the two numbers that end a withdrawal. Any other number, known or not, is not final.
PAID_NUMBER: Final = 1
_ENDINGS: Final = {PAID_NUMBER: WithdrawalStatus.PAID, 5: WithdrawalStatus.REJECTED}


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
    if withdrawal.status == WithdrawalStatus.QUEUED and entry.state in {PullState.FOUND, PullState.NO_POSTBACK}:
        _unqueue(withdrawal, cause)
    match entry.state:
        case PullState.FOUND:
            _weigh(withdrawal, entry, cause)
        case PullState.NO_POSTBACK:
            # "No result yet" is said only of what the provider knows (C§1.12).
            if withdrawal.status in {WithdrawalStatus.UNKNOWN, WithdrawalStatus.WAITING_FUNDS}:
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
    has_it = entry.state in {PullState.FOUND, PullState.NO_POSTBACK}
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
            next_at=None,
            token=None,
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
    if (other := _another_of_ours(withdrawal, item)) is not None:
        _review(withdrawal, f"the provider's answer speaks of {other}", cause)
        return
    doubts = [*entry.postback.disagreements(), *differences(frozen_request(withdrawal), item)]
    if doubts:
        _review(withdrawal, f"the provider's answer differs in {', '.join(doubts)}", cause)
        return
    ending = _ENDINGS.get(item.withdrawal_status or 0)
    if ending is None:
        if withdrawal.status in {WithdrawalStatus.UNKNOWN, WithdrawalStatus.WAITING_FUNDS}:
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
            next_at=None,
            token=None,
        )
    else:
        _contradict(withdrawal, f"it is {withdrawal.status}, and the provider now says {ending}")


def _another_of_ours(withdrawal: Withdrawal, item: PostbackItem) -> str | None:
    """The id inside of an answer, where it is one of our other withdrawals. Samples have foreign ones."""
    inner = ids.decode(ids.WITHDRAWAL, item.withdrawal_id) if item.withdrawal_id else None
    if inner is None or inner == withdrawal.pk or not Withdrawal.objects.filter(pk=inner).exists():
        return None
    return ids.encode(ids.WITHDRAWAL, inner)


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
        contradiction=what[:200],
        next_at=due_work.after(REVIEW_DELAYS_SECONDS, 1),
        attempts=0,
        token=None,
    )


def _contradict(withdrawal: Withdrawal, what: str) -> None:
    """Something final contradicts itself: write it down and call a person; money moves for nobody."""
    if withdrawal.contradiction != what[:200]:
        log.error("withdrawal_contradicted", withdrawal=withdrawal.public_id, what=what)
        withdrawal.contradiction = what[:200]
        withdrawal.save(update_fields=["contradiction"])


def differences(request: dict[str, Any], item: PostbackItem) -> list[str]:
    """Names of what the provider says differently from the frozen request. What it leaves out differs in nothing."""
    pairs = {
        "account_number": (request.get("account_number", ""), item.account_number),
        "account_name": (request.get("account_name", ""), item.account_name),
        "account_email": (request.get("account_email", ""), item.account_email),
        "bank_code": (request.get("bank_details", {}).get("bank_code", ""), item.bank_code),
        "branch_code": (request.get("bank_details", {}).get("branch_code", ""), item.branch_code),
    }
    found = [name for name, (ours, theirs) in pairs.items() if ours and theirs and not fits_mask(ours, theirs)]
    if item.amount != Decimal(request["amount"]):
        found.append("amount")
    if item.currency != request["currency_code"]:
        found.append("currency")
    if item.wallet_type != request["payment_system"]:
        found.append("payment_system")
    if item.label and item.label != request["label"]:
        found.append("label")
    return found


def fits_mask(ours: str, theirs: str) -> bool:
    """True where the provider's text is ours, with stars standing for any characters (``63*****8``).

    Case and blanks do not count: names come back as banks write them.
    """
    text = _folded(ours)
    head, *rest = re.split(r"\*+", _folded(theirs))
    if not rest:
        return text == head
    *middle, tail = rest
    if len(text) < len(head) + len(tail) or not text.startswith(head) or not text.endswith(tail):
        return False
    text = text[len(head) : len(text) - len(tail)]
    for part in middle:
        # The leftmost place leaves the most for the rest, so one pass is enough; a regular expression would try
        # every way to spread the stars, and a long mask would hold a worker for hours.
        _, found, text = text.partition(part)
        if not found:
            return False
    return True


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()
