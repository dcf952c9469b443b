"""Trying those again that the provider had no money for: of each currency the oldest alone, until there is money."""

import uuid
from typing import Final

from django.utils import timezone

from gateway import due_work
from gateway.after_commit import ring
from gateway.providers import calls
from gateway.providers.models import may_pay_out
from withdrawals.models import Withdrawal
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


def _is_oldest_waiting(withdrawal: Withdrawal) -> bool:
    # An older one that is just being sent counts, too: while it is the probe, nobody else is. One that could not be
    # sent itself, for it is paused or no key opens it, steps aside: the others would wait for it for ever.
    # Both have a due time, by which they are found among all that have ended.
    in_line = Withdrawal.objects.filter(
        next_at__isnull=False, account=withdrawal.account, currency=withdrawal.currency, pk__lt=withdrawal.pk
    )
    if in_line.filter(status=WithdrawalStatus.SENDING).exists():
        return False
    before_it = in_line.filter(may_pay_out(), status=WithdrawalStatus.WAITING_FUNDS).select_related("account")
    return not any(is_readable(older) for older in before_it.order_by("pk").iterator())


def _release_next(sent: Withdrawal) -> None:
    """Once one was sent, the next in order need not wait for its own clock: there may be money for it, too."""
    if Withdrawal.objects.filter(pk=sent.pk, status=WithdrawalStatus.WAITING_FUNDS).exists():
        return  # there was still no money
    waiting = Withdrawal.objects.filter(
        may_pay_out(),
        next_at__isnull=False,
        account=sent.account,
        currency=sent.currency,
        status=WithdrawalStatus.WAITING_FUNDS,
    )
    in_order = waiting.select_related("account").order_by("pk").iterator()
    following = next((one.pk for one in in_order if is_readable(one)), None)
    if following is not None and waiting.filter(pk=following, token__isnull=True).update(next_at=timezone.now()):
        ring("withdrawals.tasks.probe_waiting", str(following))
