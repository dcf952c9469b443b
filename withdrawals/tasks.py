"""Doorbells and sweeps of money out: load nothing, call the verb."""

import uuid

from celery import shared_task
from django.utils import timezone

from gateway.after_commit import ring
from gateway.providers.models import PauseKind, ProviderAccount, may_pay_out
from withdrawals import approvals, asking, batch_work, probing, redaction, sending, sending_together
from withdrawals.models import Withdrawal
from withdrawals.second_sendings import to_send_again
from withdrawals.states import WithdrawalStatus

#: Rings of one sweep for one account, and for what nobody approved; what is left is found by the next one.
_BATCH = 200


@shared_task
def send_withdrawal(withdrawal_id: str) -> None:
    """Send one withdrawal."""
    sending.send_withdrawal(uuid.UUID(withdrawal_id))


@shared_task
def send_withdrawals(account_id: str) -> None:
    """Send every withdrawal of an account that is due."""
    sending_together.send_withdrawals(uuid.UUID(account_id))


@shared_task
def probe_waiting(withdrawal_id: str) -> None:
    """Try one again that the provider had no money for."""
    probing.probe_waiting(uuid.UUID(withdrawal_id))


@shared_task
def send_again(withdrawal_id: str) -> None:
    """Send one of unknown outcome again, where that is allowed and the provider does not know it."""
    sending.send_again(uuid.UUID(withdrawal_id))


@shared_task
def ask_withdrawals(account_id: str) -> None:
    """Ask about every due withdrawal of an account."""
    asking.ask_withdrawals(uuid.UUID(account_id))


@shared_task
def expire_approval(withdrawal_id: str) -> None:
    """Call off one that was not approved in its time."""
    approvals.expire(uuid.UUID(withdrawal_id))


@shared_task
def sweep_withdrawals() -> None:
    """Ring for everything of money out that is due: the sweep alone would be enough."""
    for withdrawal_id in approvals.overdue().order_by("next_at").values_list("pk", flat=True)[:_BATCH]:
        ring("withdrawals.tasks.expire_approval", str(withdrawal_id))
    # Each account by itself: the backlog of one, worked off at its own pace, does not hide what is due for another.
    for account_id, pause in ProviderAccount.objects.values_list("pk", "pause_kind"):
        due, going = Withdrawal.objects.filter(account=account_id, next_at__lte=timezone.now()), may_pay_out()
        for withdrawal_id in due.filter(sending.lost()).order_by("next_at").values_list("pk", flat=True)[:_BATCH]:
            ring("withdrawals.tasks.send_withdrawal", str(withdrawal_id))
        if pause != PauseKind.NONE:
            continue
        if due.filter(going, status=WithdrawalStatus.QUEUED).exists():
            ring("withdrawals.tasks.send_withdrawals", str(account_id))
        waiting = due.filter(going, status=WithdrawalStatus.WAITING_FUNDS).order_by("pk")
        for withdrawal_id in waiting.values_list("pk", flat=True)[:_BATCH]:
            ring("withdrawals.tasks.probe_waiting", str(withdrawal_id))
        doubtful = due.filter(to_send_again()).order_by("next_at")
        for withdrawal_id in doubtful.values_list("pk", flat=True)[:_BATCH]:
            ring("withdrawals.tasks.send_again", str(withdrawal_id))
        if due.filter(asking.to_ask_about()).exists():
            ring("withdrawals.tasks.ask_withdrawals", str(account_id))


@shared_task
def work_on_batch(batch_id: str) -> None:
    """Make withdrawals of a batch."""
    batch_work.work_on_batch(uuid.UUID(batch_id))


@shared_task
def sweep_batches() -> None:
    """Ring for every batch that is due."""
    for batch_id in batch_work.due_batches():
        ring("withdrawals.tasks.work_on_batch", str(batch_id))


@shared_task
def forget_recipients() -> None:
    """Redact what ended long ago."""
    redaction.forget_recipients()
