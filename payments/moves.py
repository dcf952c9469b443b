"""The one gate through which a deposit or a confirmation changes its status.

Checks the table, counts the sequence, writes the history row, owes the news: in the caller's transaction, with the
row locked by the caller. The database insists on each of these once more at COMMIT.
"""

from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from gateway import logs
from gateway.lifecycles import Cause, recorded
from gateway.webhooks.actions import owe
from payments.models import Confirmation, ConfirmationMove, Deposit, DepositMove
from payments.shapes import confirmation_shape, deposit_shape
from payments.states import CONFIRMATION, DEPOSIT, AmountCheck, ConfirmationStatus, DepositStatus

log = structlog.get_logger(__name__)


@transaction.atomic(savepoint=False)
def move_deposit(deposit: Deposit, to_status: DepositStatus, cause: Cause, **changes: Any) -> None:
    """Move a locked deposit, together with the columns that change with it.

    Raises:
        IllegalMove: the table does not allow it; nothing was written.
    """
    from_status = deposit.status
    DEPOSIT.check(from_status, to_status)
    deposit.status = to_status
    deposit.sequence += 1
    deposit.updated_at = timezone.now()
    for name, value in changes.items():
        setattr(deposit, name, value)
    deposit.save(update_fields=["status", "sequence", "updated_at", *changes])
    _write_history(DepositMove, deposit, from_status, cause)
    _owe_news(deposit)


@transaction.atomic(savepoint=False)
def begin_confirmation(confirmation: Confirmation, cause: Cause) -> None:
    """Insert a new confirmation with its first history row. The deposit's own move is the news."""
    confirmation.save(force_insert=True)
    _write_history(ConfirmationMove, confirmation, "", cause)


@transaction.atomic(savepoint=False)
def move_confirmation(confirmation: Confirmation, to_status: ConfirmationStatus, cause: Cause, **changes: Any) -> None:
    """Move a locked confirmation. Only a refusal is news of its own; the rest shows in the deposit."""
    from_status = confirmation.status
    CONFIRMATION.check(from_status, to_status)
    confirmation.status = to_status
    confirmation.sequence += 1
    confirmation.updated_at = timezone.now()
    for name, value in changes.items():
        setattr(confirmation, name, value)
    confirmation.save(update_fields=["status", "sequence", "updated_at", *changes])
    _write_history(ConfirmationMove, confirmation, from_status, cause)
    if to_status == ConfirmationStatus.REFUSED:
        deposit = confirmation.deposit
        owe(
            product=deposit.product,
            mode=deposit.mode,
            type="confirmation.refused",
            subject=confirmation.public_id,
            sequence=confirmation.sequence,
            data=confirmation_shape(confirmation),
        )


def _write_history(model: type[Any], subject: Any, from_status: str, cause: Cause) -> None:
    log.info(
        "moved", id=subject.public_id, before=from_status, now=subject.status, cause=cause.kind, detail=cause.detail
    )
    recorded(
        model,
        subject=subject,
        from_status=from_status,
        cause=cause,
        request_id=logs.request_id.get(),
        at=subject.updated_at,
    )


def _owe_news(deposit: Deposit) -> None:
    name = deposit.status
    # A product that serves its customer on "credited" must not do so for another amount than it asked for.
    if deposit.status == DepositStatus.CREDITED and deposit.amount_check != AmountCheck.EXACT:
        name = "credited_with_difference"
    owe(
        product=deposit.product,
        mode=deposit.mode,
        type=f"deposit.{name}",
        subject=deposit.public_id,
        sequence=deposit.sequence,
        data=deposit_shape(deposit),
    )
