"""What ends by itself: deposits nobody paid, confirmations nobody confirmed."""

import uuid
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Value
from django.utils import timezone

from gateway import due_work
from gateway.lifecycles import Cause, CauseKind
from payments.failures import FailureCode
from payments.models import Confirmation, Deposit
from payments.moves import move_confirmation, move_deposit
from payments.states import SAVING, ConfirmationStatus, DepositStatus

#: Rows ended in one run of the sweep; the next run comes in seconds.
_BATCH: Final = 200
_CLOCK: Final = Cause(kind=CauseKind.CLOCK, detail="its time is over")
_ENDING: Final = (DepositStatus.CREATED, DepositStatus.AWAITING_PAYMENT, DepositStatus.VERIFYING)


def expire_deposits() -> int:
    """End every deposit whose deadline has passed; how many."""
    overdue = Deposit.objects.filter(status__in=_ENDING, deadline_at__lte=timezone.now()).values_list("pk", flat=True)
    return sum(_expire(deposit_id) for deposit_id in overdue[:_BATCH])


@transaction.atomic(durable=True)
def _expire(deposit_id: uuid.UUID) -> bool:
    deposit: Deposit = due_work.lock(Deposit.objects.select_related("product", "customer"), deposit_id)
    if deposit.status not in _ENDING or deposit.deadline_at is None or deposit.deadline_at > timezone.now():
        return False
    if deposit.status == DepositStatus.VERIFYING:
        for confirmation in deposit.confirmations.select_for_update(of=("self",)).filter(
            status=ConfirmationStatus.VERIFYING
        ):
            move_confirmation(confirmation, ConfirmationStatus.EXPIRED, _CLOCK, failure_code=FailureCode.NOT_CONFIRMED)
        code = FailureCode.NOT_CONFIRMED
    else:
        code = FailureCode.NOT_PAID_IN_TIME
    move_deposit(deposit, DepositStatus.EXPIRED, _CLOCK, failure_code=code, deadline_at=None)
    return True


def expire_late_confirmations() -> int:
    """End confirmations of deposits that had already ended, once the provider had its days; how many."""
    days = F("deposit__payment_system__confirm_days") * Value(timedelta(days=1))
    # Chosen by the database: a batch of young ones would hide the overdue ones behind it.
    overdue = (
        Confirmation.objects.alias(over_at=ExpressionWrapper(F("created_at") + days, DateTimeField()))
        .filter(status=ConfirmationStatus.VERIFYING, over_at__lte=timezone.now())
        # Savings have no deadline: their confirmation is credited when they are released.
        .exclude(deposit__status__in=[*SAVING, DepositStatus.IN_REVIEW])
        .values_list("pk", flat=True)
    )
    return sum(_expire_confirmation(confirmation_id) for confirmation_id in overdue[:_BATCH])


@transaction.atomic(durable=True)
def _expire_confirmation(confirmation_id: uuid.UUID) -> bool:
    confirmation: Confirmation = due_work.lock(Confirmation.objects.select_related("deposit"), confirmation_id)
    if confirmation.status != ConfirmationStatus.VERIFYING:
        return False
    move_confirmation(confirmation, ConfirmationStatus.EXPIRED, _CLOCK, failure_code=FailureCode.NOT_CONFIRMED)
    return True
