"""Sending a customer's confirmation to the provider (C§1.4), once. Its answer never credits anything."""

import uuid
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from gateway import due_work
from gateway.after_commit import ring
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Answer, Outcome
from gateway.paykassma.messages import Screenshot
from gateway.providers import calls
from gateway.providers.calls import was_not_read
from gateway.providers.models import not_paused
from gateway.providers.pace import take_place
from payments.calling_off import call_off_where_paid, lock_sessions_of
from payments.failures import FailureCode
from payments.models import Confirmation, Deposit
from payments.moves import move_confirmation, move_deposit
from payments.receipts import ask_again_soon
from payments.states import OPEN_CONFIRMATIONS, ConfirmationStatus, DepositStatus

#: Only where nothing reached the provider: the customer has paid, so this is never given up while the deposit lives.
RESEND_DELAYS_SECONDS: Final = (2, 5, 15, 60, 300, 900, 3600)


def send_confirmation(confirmation_id: uuid.UUID) -> None:
    """Send a confirmation that is due; does nothing where another worker has it or it has moved on."""
    waiting = Confirmation.objects.filter(
        not_paused("deposit__account__"),
        pk=confirmation_id,
        status__in=[ConfirmationStatus.CREATED, ConfirmationStatus.SENDING],
    ).select_related("deposit__account", "deposit__payment_system", "deposit__customer", "deposit__product")
    for confirmation in due_work.claim(waiting, limit=1, lease_seconds=calls.LEASE_SECONDS):
        if confirmation.status == ConfirmationStatus.SENDING:
            # Its lease ran out while it was being sent: it may have arrived. Ask; never send it again.
            _settle(confirmation, Outcome.UNKNOWN, Cause(kind=CauseKind.CLOCK, detail="no answer was recorded"))
        elif not take_place(confirmation.deposit.account):
            due_work.put_back(confirmation)
        elif _mark_sending(confirmation):
            answer = _activate(confirmation)
            cause = Cause(kind=CauseKind.PROVIDER_ANSWER, detail=answer.note)
            if was_not_read(answer):
                _put_back(confirmation, cause)
            else:
                _settle(confirmation, answer.outcome, cause)


@transaction.atomic(durable=True)
def _mark_sending(claimed: Confirmation) -> bool:
    # Committed before the first byte leaves; see `send_confirmation` for what its loss would cost.
    confirmation = _lock(claimed)
    if not confirmation.holds(claimed.token) or confirmation.status != ConfirmationStatus.CREATED:
        return False
    move_confirmation(
        confirmation,
        ConfirmationStatus.SENDING,
        Cause(kind=CauseKind.CLOCK, detail="due"),
        sent_at=timezone.now(),
    )
    return True


def _activate(confirmation: Confirmation) -> Answer:
    deposit = confirmation.deposit
    common: dict[str, Any] = {
        "wallet_type": deposit.payment_system_id,
        "currency": deposit.currency,
        "label": deposit.customer.label,
        "key1": confirmation.provider_reference,
        "amount": confirmation.amount,
        "custom_transaction_id": confirmation.public_id,
    }
    # A deposit that ended before it was opened has nothing frozen; its late reference goes by the row.
    manual = deposit.payment_system.is_manual if deposit.is_manual is None else deposit.is_manual
    if not manual:
        return calls.call(
            deposit.account,
            "transaction/activate",
            lambda client: client.activate(**common),
            subject=confirmation.public_id,
            request=common,
            has_place=True,
        )
    if common["amount"] is None:
        common["amount"] = deposit.amount  # the manual endpoint requires one (C§1.4b)
    screenshot = _screenshot_of(confirmation)
    return calls.call(
        deposit.account,
        "possible-transaction/activate",
        lambda client: client.activate_manually(**common, screenshot=screenshot),
        subject=confirmation.public_id,
        request={**common, "screenshot": screenshot is not None},
        system=deposit.payment_system,
        has_place=True,
    )


def _screenshot_of(confirmation: Confirmation) -> Screenshot | None:
    row = getattr(confirmation, "screenshot", None)
    if row is None:
        return None
    return Screenshot(filename=f"{confirmation.public_id}.jpg", content_type="image/jpeg", content=row.picture)


@transaction.atomic(durable=True)
def _put_back(claimed: Confirmation, cause: Cause) -> None:
    """No byte left us, or our credentials were refused unread: it is as if it had never been sent."""
    confirmation = _lock(claimed)
    if confirmation.holds(claimed.token) and confirmation.status == ConfirmationStatus.SENDING:
        again = due_work.after(RESEND_DELAYS_SECONDS, confirmation.attempts)
        move_confirmation(confirmation, ConfirmationStatus.CREATED, cause, next_at=again, token=None, sent_at=None)


@transaction.atomic(durable=True)
def _settle(claimed: Confirmation, outcome: Outcome, cause: Cause) -> None:
    lock_sessions_of(claimed.deposit_id)
    deposit: Deposit = due_work.lock(
        Deposit.objects.select_related("product", "customer", "payment_system"), claimed.deposit_id
    )
    confirmation = _lock(claimed)
    if not confirmation.holds(claimed.token) or confirmation.status != ConfirmationStatus.SENDING:
        return
    if outcome is Outcome.REFUSED:
        move_confirmation(
            confirmation,
            ConfirmationStatus.REFUSED,
            cause,
            failure_code=FailureCode.REFERENCE_REFUSED,
            provider_word=outcome,
            next_at=None,
            token=None,
        )
        release(deposit, cause)
        call_off_where_paid(deposit, cause)
        return
    move_confirmation(
        confirmation, ConfirmationStatus.VERIFYING, cause, provider_word=outcome, next_at=None, token=None
    )
    # Whatever was answered, only the provider's book counts: ask for it now, and go on asking.
    ask_again_soon(deposit)
    ring("payments.tasks.ask_deposits", str(deposit.account_id))


def release(deposit: Deposit, cause: Cause) -> None:
    """Let a locked deposit wait for payment again once its last open confirmation has ended."""
    if deposit.status != DepositStatus.VERIFYING:
        return
    if deposit.confirmations.filter(status__in=OPEN_CONFIRMATIONS).exists() or deposit.payment_created_at is not None:
        return
    move_deposit(
        deposit,
        DepositStatus.AWAITING_PAYMENT,
        cause,
        deadline_at=timezone.now() + timedelta(seconds=OPEN_SECONDS),
    )


#: How long a customer may take to pay; the details of a wallet may change after a day.
OPEN_SECONDS: Final = 24 * 3600


def _lock(claimed: Confirmation) -> Confirmation:
    found: Confirmation = due_work.lock(
        Confirmation.objects.select_related(
            "deposit__product", "deposit__customer", "deposit__payment_system", "deposit__account"
        ),
        claimed.pk,
    )
    return found
