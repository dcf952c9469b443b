"""Doorbells and sweeps of money out: load nothing, call the verb."""

import uuid

from celery import shared_task

from gateway.after_commit import ring
from withdrawals import approvals, asking, batch_work, probing, redaction, sending, sending_together, sweeping


@shared_task
def send_withdrawal(withdrawal_id: str) -> None:
    """See to one whose sending was cut off: it is asked about. What is to be sent is rung for by its account."""
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
    """Ring for everything of money out that is due."""
    sweeping.ring_for_all()


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
