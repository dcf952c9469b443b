"""Whether the workers work: the oldest row that is due and that nobody has taken, and when figures were last counted.

A worker that takes a row moves its due time ahead, and a sweep rings for what is due every three seconds. So a row that
has been due for minutes is one that nobody takes: no worker runs, or beat does not, or there are too few of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from gateway.backoffice.models import Counted
from gateway.providers.models import not_paused
from payments.models import Confirmation, Deposit
from postbacks.models import LetterItem
from withdrawals.models import Withdrawal
from withdrawals.states import WithdrawalStatus

#: Sweeps ring every three seconds, and a provider that hangs holds a worker for a minute: twice that is no accident.
OVERDUE_AFTER: Final = timedelta(minutes=2)
#: Figures are counted every minute; a few rounds may take longer, or fall into a restart.
UNCOUNTED_AFTER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """The truth about the workers of one mode.

    Attributes:
        waiting: what has been due for too long, by the name of its work, with the time at which it was due.
        counted_at: when figures were last counted; None: never.
        is_counting: that is lately enough.
    """

    waiting: dict[str, datetime]
    counted_at: datetime | None
    is_counting: bool


def overdue(mode: str) -> Overdue:
    """Five queries, each of the first row of an index of what is due; what is paused is not due."""
    now = timezone.now()
    before = now - OVERDUE_AFTER
    # What is to be sent may wait on purpose: for a pause of payouts, for funds. It is not asked here.
    asked = Withdrawal.objects.exclude(status__in=[WithdrawalStatus.QUEUED, WithdrawalStatus.WAITING_FUNDS])
    kinds = {
        "deposits": Deposit.objects.filter(not_paused(), mode=mode),
        "confirmations": Confirmation.objects.filter(not_paused("deposit__account__"), deposit__mode=mode),
        "letters": LetterItem.objects.filter(not_paused(), account__mode=mode),
        "questions about payouts": asked.filter(not_paused(), mode=mode),
    }
    waiting = {}
    for name, rows in kinds.items():
        due_at = rows.filter(next_at__lt=before).order_by("next_at").values_list("next_at", flat=True).first()
        if due_at is not None:
            waiting[name] = due_at
    counted_at = Counted.objects.order_by("-counted_at").values_list("counted_at", flat=True).first()
    return Overdue(
        waiting=waiting,
        counted_at=counted_at,
        is_counting=counted_at is not None and counted_at > now - UNCOUNTED_AFTER,
    )
