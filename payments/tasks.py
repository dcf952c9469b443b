"""Doorbells and sweeps of money in: load nothing, call the verb."""

import uuid

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from gateway.after_commit import ring
from gateway.providers.models import ProviderAccount, not_paused
from payments import activation, asking, deadlines, opening, redaction
from payments.models import Confirmation, Deposit
from payments.states import ConfirmationStatus, DepositStatus

#: Rings of one sweep for one account; what is left is found by the next one.
_BATCH = 200


@shared_task
def open_deposit(deposit_id: str) -> None:
    """Open one deposit at the provider."""
    opening.open_deposit(uuid.UUID(deposit_id))


@shared_task
def send_confirmation(confirmation_id: str) -> None:
    """Send one confirmation."""
    activation.send_confirmation(uuid.UUID(confirmation_id))


@shared_task
def ask_deposits(account_id: str) -> None:
    """Ask about every due deposit of an account."""
    asking.ask_deposits(uuid.UUID(account_id))


@shared_task
def sweep_deposits() -> None:
    """Ring for everything of money in that is due: the sweep alone would be enough."""
    now = timezone.now()
    created = Q(status=DepositStatus.CREATED)
    # Each account by itself: the backlog of one, worked off at its own pace, does not hide what is due for another.
    for account_id in ProviderAccount.objects.filter(not_paused("")).values_list("pk", flat=True):
        due = Deposit.objects.filter(account=account_id, next_at__lte=now)
        for deposit_id in due.filter(created).order_by("next_at").values_list("pk", flat=True)[:_BATCH]:
            ring("payments.tasks.open_deposit", str(deposit_id))
        sendable = Confirmation.objects.filter(
            deposit__account=account_id,
            next_at__lte=now,
            status__in=[ConfirmationStatus.CREATED, ConfirmationStatus.SENDING],
        )
        for confirmation_id in sendable.order_by("next_at").values_list("pk", flat=True)[:_BATCH]:
            ring("payments.tasks.send_confirmation", str(confirmation_id))
        if due.exclude(created).exists():
            ring("payments.tasks.ask_deposits", str(account_id))


@shared_task
def end_overdue() -> None:
    """End what nobody paid or confirmed in time."""
    deadlines.expire_deposits()
    deadlines.expire_late_confirmations()


@shared_task
def forget_payers() -> None:
    """Redact what ended long ago: deposits first, then the links to them."""
    redaction.forget_payers()
    redaction.forget_links()
