"""Trying those again that the provider had no money for: of each currency the oldest alone, until there is money."""

import uuid
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from balances.verb_fields import Refused
from gateway import due_work
from gateway.after_commit import ring
from gateway.in_words import in_words
from gateway.paykassma.messages import PullState
from gateway.providers import calls
from gateway.providers.models import may_pay_out
from withdrawals.models import Withdrawal
from withdrawals.moves import lock_withdrawal
from withdrawals.sending import is_readable, sent_once_more, wait_longer
from withdrawals.states import FUNDS_DELAYS_SECONDS, WithdrawalStatus

#: How often one that is not the oldest of its currency looks whether its turn has come; the one before it rings.
_WAIT_FOR_TURN_SECONDS: Final = (60,)


def probe_waiting(withdrawal_id: uuid.UUID) -> None:
    """Try a withdrawal again that the provider had no money for: the oldest of its currency alone.

    Its last answer proved that it was not created, and a pull has to say "not found" before the same bytes go out
    once more.
    """
    due = Withdrawal.objects.filter(
        may_pay_out(), pk=withdrawal_id, status=WithdrawalStatus.WAITING_FUNDS
    ).select_related("account")
    for withdrawal in due_work.claim(due, limit=1, lease_seconds=calls.LEASE_SECONDS):
        if not _is_oldest_waiting(withdrawal):
            wait_longer(withdrawal, _WAIT_FOR_TURN_SECONDS)
            continue
        if sent_once_more(withdrawal, FUNDS_DELAYS_SECONDS):
            _release_next(withdrawal)


@transaction.atomic(savepoint=False)
def try_now(withdrawal_id: uuid.UUID) -> Withdrawal:
    """Have one tried again now, and not at its own time; what a worker does then is what it always does.

    Raises:
        Refused: it does not wait for the provider's money, or is being tried at this moment.
    """
    withdrawal = lock_withdrawal(withdrawal_id)
    if withdrawal.status != WithdrawalStatus.WAITING_FUNDS:
        raise Refused(f"The withdrawal is {in_words(withdrawal.status)}; it does not wait for the provider's money.")
    if withdrawal.token is not None and withdrawal.next_at is not None and withdrawal.next_at > timezone.now():
        raise Refused("A worker is trying it at this moment.")
    withdrawal.next_at, withdrawal.token = timezone.now(), None
    withdrawal.save(update_fields=["next_at", "token"])
    ring("withdrawals.tasks.probe_waiting", str(withdrawal.pk))
    return withdrawal


def _is_oldest_waiting(withdrawal: Withdrawal) -> bool:
    # An older one that is just being sent counts, too: while it is the probe, nobody else is.
    # Both have a due time, by which they are found among all that have ended.
    in_line = Withdrawal.objects.filter(
        next_at__isnull=False, account=withdrawal.account, currency=withdrawal.currency, pk__lt=withdrawal.pk
    )
    if in_line.filter(status=WithdrawalStatus.SENDING).exists():
        return False
    return not any(is_readable(older) for older in _waiting(in_line).iterator())


def _waiting(rows: "QuerySet[Withdrawal]") -> "QuerySet[Withdrawal]":
    """Those that wait, oldest first, without those that could not be sent themselves.

    One that is paused, or of which the provider says what nobody can read, steps aside, as does one that no key opens:
    the others would wait for it for ever. It is asked about at its own time.
    """
    waiting = rows.filter(may_pay_out(), status=WithdrawalStatus.WAITING_FUNDS)
    return waiting.exclude(last_answer=PullState.UNUSABLE).select_related("account").order_by("pk")


def _release_next(sent: Withdrawal) -> None:
    """Once one was sent, the next in order need not wait for its own clock: there may be money for it, too."""
    if Withdrawal.objects.filter(pk=sent.pk, status=WithdrawalStatus.WAITING_FUNDS).exists():
        return  # there was still no money
    waiting = _waiting(Withdrawal.objects.filter(next_at__isnull=False, account=sent.account, currency=sent.currency))
    following = next((one.pk for one in waiting.iterator() if is_readable(one)), None)
    if following is not None and waiting.filter(pk=following, token__isnull=True).update(next_at=timezone.now()):
        ring("withdrawals.tasks.probe_waiting", str(following))
