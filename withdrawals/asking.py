"""Asking the provider what became of withdrawals (C§1.12), many at once."""

import uuid
from typing import Final

import structlog
from django.db import DataError, transaction
from django.db.models import Q
from django.utils import timezone

from balances.posting import is_no_room
from gateway import due_work, ids
from gateway.after_commit import ring
from gateway.encryption import UnreadableColumn
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Outcome
from gateway.paykassma.messages import PullState, parse_pull
from gateway.providers import calls
from gateway.providers.models import ProviderAccount, not_paused
from gateway.providers.pace import take_place
from withdrawals.models import Withdrawal
from withdrawals.moves import lock_withdrawal, move_withdrawal
from withdrawals.outcomes import record_word
from withdrawals.outcomes_together import record_paid
from withdrawals.second_sendings import to_send_again
from withdrawals.states import (
    ACCEPTED_DELAYS_SECONDS,
    ASKED_ABOUT,
    REVIEW_DELAYS_SECONDS,
    UNKNOWN_DELAYS_SECONDS,
    WithdrawalStatus,
)

log = structlog.get_logger(__name__)

#: Most ids in one call: the provider names no limit; a query of 25 ids stays below 2 KB.
ASKED_AT_ONCE: Final = 25

_DELAYS: Final = {
    WithdrawalStatus.ACCEPTED: ACCEPTED_DELAYS_SECONDS,
    WithdrawalStatus.UNKNOWN: UNKNOWN_DELAYS_SECONDS,
    WithdrawalStatus.MANUAL_REVIEW: REVIEW_DELAYS_SECONDS,
}


def to_ask_about() -> Q:
    """Filter: withdrawals that a pull may move. What is sent again, its sender asks about."""
    return Q(status__in=sorted(ASKED_ABOUT)) & ~to_send_again()


def ask_withdrawals(account_id: uuid.UUID) -> None:
    """Ask about every withdrawal of the account that is due, `ASKED_AT_ONCE` at a time."""
    account = ProviderAccount.objects.filter(not_paused(""), pk=account_id).first()
    if account is None:
        return
    due = Withdrawal.objects.filter(to_ask_about(), account=account)
    for claimed in due_work.batches(due, limit=ASKED_AT_ONCE, lease_seconds=calls.LEASE_SECONDS):
        if not take_place(account):
            for withdrawal in claimed:
                due_work.put_back(withdrawal)
            return
        ask(account, [withdrawal.public_id for withdrawal in claimed], has_place=True)
        mine = Withdrawal.objects.filter(pk__in=[one.pk for one in claimed], token=claimed[0].token)
        still_asked_about = set(mine.filter(status__in=sorted(ASKED_ABOUT)).values_list("pk", flat=True))
        for withdrawal in claimed:
            if withdrawal.pk in still_asked_about:
                _schedule(withdrawal)


def ask(
    account: ProviderAccount,
    withdrawal_ids: list[str],
    *,
    because: str = "",
    has_place: bool = False,
    read_seconds: float = calls.READ_SECONDS,
) -> dict[str, PullState]:
    """Pull the given ids and record what the provider says; its word on each id that it spoke of."""
    answer = calls.call(
        account,
        "pullpostbacks",
        lambda client: client.pull(kind="withdrawal", ids=withdrawal_ids),
        subject=withdrawal_ids[0],
        also_about=withdrawal_ids[1:],
        request={"type": "withdrawal", "ids": withdrawal_ids},
        read_seconds=read_seconds,
        has_place=has_place,
    )
    if answer.outcome is not Outcome.ACCEPTED:
        return {}
    said = parse_pull("withdrawal", answer.payload)
    entries = {one: entry for one, entry in said.items() if one in withdrawal_ids}  # whatever else nobody asked
    states = {withdrawal_id: entry.state for withdrawal_id, entry in entries.items()}
    for withdrawal_id, entry in entries.items():
        if not entry.inner_id_agrees:
            log.warning("pull_inner_id_differs", withdrawal=withdrawal_id)
    paid = record_paid(account, entries, Cause(kind=CauseKind.PULL, id=because, detail=PullState.FOUND))
    for withdrawal_id, entry in entries.items():
        if withdrawal_id in paid:
            continue
        try:
            record_word(account, withdrawal_id, entry, Cause(kind=CauseKind.PULL, id=because, detail=entry.state))
        except UnreadableColumn as unreadable:
            # Nothing of it was written; it is asked about again. The others of this answer must not wait for its key.
            log.error("column_unreadable", place=unreadable.place)  # noqa: TRY400 - it has no trace worth reading
        except DataError as error:
            # As above: the hold stays, the alert says whose balance it is about, and the others go on.
            event = "balance_has_no_room" if is_no_room(error) else "outcome_cannot_be_kept"
            log.exception(event, account=str(account.pk), withdrawal=withdrawal_id)
    return states


@transaction.atomic(durable=True)
def _schedule(claimed: Withdrawal) -> None:
    withdrawal = lock_withdrawal(claimed.pk)
    if not withdrawal.holds(claimed.token) or withdrawal.status not in ASKED_ABOUT:
        return  # it came to an end, or is due for another reason meanwhile
    if withdrawal.send_again and Withdrawal.objects.filter(to_send_again(), pk=withdrawal.pk).exists():
        withdrawal.next_at, withdrawal.token = timezone.now(), None
        withdrawal.save(update_fields=["next_at", "token"])
        ring("withdrawals.tasks.send_again", str(withdrawal.pk))
        return
    status = WithdrawalStatus(withdrawal.status)
    is_unknown = status is WithdrawalStatus.UNKNOWN
    attempts = withdrawal.attempts if status == claimed.status else 1
    again = due_work.after(_DELAYS[status], attempts, repeat_last=not is_unknown)
    if again is None:
        move_withdrawal(
            withdrawal,
            WithdrawalStatus.MANUAL_REVIEW,
            Cause(kind=CauseKind.CLOCK, detail="asked for a week without an outcome"),
            contradiction="the provider never said what became of it",
            next_at=due_work.after(REVIEW_DELAYS_SECONDS, 1),
            attempts=0,
            token=None,
        )
        return
    withdrawal.next_at, withdrawal.token, withdrawal.attempts = again, None, attempts
    withdrawal.save(update_fields=["next_at", "token", "attempts"])


def hint(account: ProviderAccount, withdrawal_id: str) -> None:
    """Somebody says that there is news of an order: ask soon, believe nothing."""
    found = ids.decode(ids.WITHDRAWAL, withdrawal_id)
    if found and due_work.hint(Withdrawal.objects.filter(account=account, pk=found, status__in=ASKED_ABOUT)):
        ring("withdrawals.tasks.ask_withdrawals", str(account.pk))
