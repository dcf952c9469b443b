"""A customer names the reference of a payment: the product passes it on, our page does, or staff does it for them."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from gateway import due_work, ids, turns
from gateway.after_commit import ring
from gateway.api.idempotency import Claim
from gateway.api.problems import Problem
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Outcome
from gateway.people import check_permission
from gateway.products.actions import Caller
from gateway.products.models import Customer
from payments import duplicates
from payments.calling_off import lock_sessions_of
from payments.models import CheckoutSession, Confirmation, Deposit, Receipt, Screenshot
from payments.moves import begin_confirmation, move_deposit
from payments.screenshots import CleanPicture
from payments.states import (
    CONFIRMABLE,
    LATE,
    OPEN_CONFIRMATIONS,
    ConfirmationStatus,
    DepositStatus,
    ReceiptStatus,
)

#: How long a customer of an ended deposit may still name a reference: money that late is still money.
LATE_CONFIRMATION_DAYS: Final = 30
#: A customer mistypes a few times; a guesser of other people's references needs thousands.
_ATTEMPTS_PER_HOUR: Final = 10
#: Whoever of the staff may do what a customer could not.
CONFIRM_FOR_CUSTOMER: Final = "payments.confirm_for_customer"
#: So the history of what they did begins.
FOR_THE_CUSTOMER: Final = "for the customer: "

#: Who may name a reference.
Who = Caller | CheckoutSession | AbstractUser


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConfirmation:
    """A customer's reference, normalised, with what the payment system wants beside it."""

    provider_reference: str
    amount: Decimal | None = None
    screenshot: CleanPicture | None = None


def confirm_deposit(by: Who, deposit_id: Any, wish: NewConfirmation, claim: Claim, *, reason: str = "") -> Confirmation:
    """Keep the customer's reference and owe its sending to a worker.

    Args:
        by: the caller, the session on whose page the customer names it, or whom of the staff the customer told it.
        deposit_id: of the deposit.
        wish: what the customer says.
        claim: that it happens once.
        reason: why somebody of the staff does it in the customer's place.

    Raises:
        AlreadyAnswered: the same request was answered before.
        PermissionDenied: the person may not.
        Problem: 409 where the deposit takes no reference or the reference is taken; 429 after too many tries.
    """
    # Pictures are decoded and compared here: a transaction would hold its locks meanwhile.
    look_alike = None if wish.screenshot is None else duplicates.alike(deposit_id, wish.screenshot)
    return _confirm(by, deposit_id, wish, claim, look_alike=look_alike, reason=reason)


@transaction.atomic(durable=True)
def _confirm(
    by: Who,
    deposit_id: Any,
    wish: NewConfirmation,
    claim: Claim,
    *,
    look_alike: Screenshot | None,
    reason: str,
) -> Confirmation:
    cause = _cause(by, reason)
    confirmation_id = ids.new_id()
    claim.take(object_id=confirmation_id)
    # Who chooses another way to pay at this moment sees that a reference was named.
    lock_sessions_of(deposit_id)
    deposit: Deposit = due_work.lock(
        Deposit.objects.select_related("product", "customer", "payment_system", "account"), deposit_id
    )
    _refuse_unconfirmable(deposit)
    _one_at_a_time(deposit, wish.provider_reference)
    _refuse_used_reference(deposit, wish.provider_reference)
    _refuse_too_many(deposit)
    contested = Confirmation.objects.filter(
        deposit__account=deposit.account,
        deposit__payment_system=deposit.payment_system,
        provider_reference=wish.provider_reference,
        status__in=OPEN_CONFIRMATIONS,
    ).exclude(deposit__customer=deposit.customer)
    is_contested = contested.exists()
    if is_contested:
        contested.update(is_contested=True)
    now = timezone.now()
    confirmation = Confirmation(
        id=confirmation_id,
        deposit=deposit,
        provider_reference=wish.provider_reference,
        amount=wish.amount,
        is_contested=is_contested,
        next_at=now,
        created_at=now,
        updated_at=now,
    )
    begin_confirmation(confirmation, cause)
    if wish.screenshot is not None:
        digest = hashlib.sha256(wish.screenshot.jpeg).hexdigest()
        duplicates.keep(confirmation, wish.screenshot, digest=digest, look_alike=look_alike)
    if deposit.status == DepositStatus.AWAITING_PAYMENT:
        until = now + timedelta(days=deposit.payment_system.confirm_days)
        move_deposit(deposit, DepositStatus.VERIFYING, cause, deadline_at=until)
    ring("payments.tasks.send_confirmation", str(confirmation.pk))
    return confirmation


def _cause(by: Who, reason: str) -> Cause:
    if isinstance(by, AbstractUser):
        check_permission(by, CONFIRM_FOR_CUSTOMER, lock=True)
        return Cause(kind=CauseKind.PERSON, id=str(by.pk), detail=f"{FOR_THE_CUSTOMER}{reason}")
    if isinstance(by, CheckoutSession):
        return Cause(kind=CauseKind.CUSTOMER, id=by.public_id)
    return Cause(kind=CauseKind.API_KEY, id=str(by.key_id))


def _refuse_unconfirmable(deposit: Deposit) -> None:
    sentence = ""
    if deposit.in_widget:
        sentence = "It is paid in the provider's window, where the customer enters everything; its money is found."
    elif deposit.flow != "activation":
        sentence = f"{deposit.payment_system} needs no confirmation; its money is found by itself."
    elif deposit.status not in CONFIRMABLE:
        sentence = f"The deposit is {deposit.status} and takes no reference."
    elif deposit.status in LATE and deposit.updated_at < timezone.now() - timedelta(days=LATE_CONFIRMATION_DAYS):
        sentence = f"The deposit ended more than {LATE_CONFIRMATION_DAYS} days ago."
    if sentence:
        raise Problem(status=409, code="conflict", detail=sentence, extra={"current_status": deposit.status})


def _one_at_a_time(deposit: Deposit, reference: str) -> None:
    """Line up everybody who is about to look at the same customer's tries or at the same reference."""
    # The locked deposit is not enough: the customer may have others, and another customer may name the same
    # reference. Always in this order, after the deposit; whoever comes second sees what the first has written.
    Customer.objects.select_for_update(no_key=True).get(pk=deposit.customer_id)
    turns.take([f"reference/{deposit.account_id}/{deposit.payment_system_id}/{reference}"])


def _refuse_used_reference(deposit: Deposit, reference: str) -> None:
    same_system = {"deposit__account": deposit.account, "deposit__payment_system": deposit.payment_system}
    used = (
        Receipt.objects.filter(
            account=deposit.account,
            wallet_type=deposit.payment_system_id,
            transaction_id=reference,
        )
        .exclude(status=ReceiptStatus.SUSPENSE)
        .exists()
        or Confirmation.objects.filter(
            **same_system, provider_reference=reference, status=ConfirmationStatus.CREDITED
        ).exists()
        or Confirmation.objects.filter(
            **same_system,
            provider_reference=reference,
            status__in=OPEN_CONFIRMATIONS,
            deposit__customer=deposit.customer,
        )
        # Whose answer was lost may never have arrived: the customer may try again, under a new id.
        .exclude(provider_word=Outcome.UNKNOWN)
        .exists()
    )
    if used:
        raise Problem(
            status=409,
            code="reference_already_used",
            detail="This reference was used before; every payment has its own.",
            pointer="/provider_reference",
        )


def _refuse_too_many(deposit: Deposit) -> None:
    an_hour_ago = timezone.now() - timedelta(hours=1)
    tries = Confirmation.objects.filter(deposit__customer=deposit.customer, created_at__gt=an_hour_ago).count()
    if tries >= _ATTEMPTS_PER_HOUR:
        raise Problem(
            status=429,
            code="too_many_attempts",
            detail=f"At most {_ATTEMPTS_PER_HOUR} references an hour for one customer.",
            headers={"Retry-After": "3600"},
        )
