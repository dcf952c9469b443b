"""What a product can do with a withdrawal: create it, cancel it."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from balances.posting import InsufficientFunds
from gateway import ids
from gateway.after_commit import ring
from gateway.api.idempotency import Claim
from gateway.api.problems import Problem, reference_taken
from gateway.lifecycles import Cause, CauseKind
from gateway.money import format_amount
from gateway.paykassma.messages import WithdrawalOrder, freeze_withdrawal, unsignable_fields
from gateway.products.actions import Caller, meet_customer
from gateway.products.models import Customer, Mode, Product
from gateway.providers.actions import account_for
from gateway.providers.models import PaymentSystem, ProviderAccount
from withdrawals import limits, slabs
from withdrawals.models import Withdrawal
from withdrawals.moves import NoRoom, begin_withdrawal, lock_withdrawal, move_withdrawal, no_room_is_said
from withdrawals.states import APPROVAL_DAYS, CANCELLABLE, WithdrawalStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWithdrawal:
    """A product's wish, checked by the serializer. The amount is a whole number of units."""

    payment_system: PaymentSystem
    currency: str
    amount: Decimal
    customer: str
    reference: str
    recipient: dict[str, str]
    comment: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    refund_of: uuid.UUID | None = None


def create_withdrawal(caller: Caller, wish: NewWithdrawal, claim: Claim) -> Withdrawal:
    """Keep a new order with its signed request, frozen, and owe its sending to a worker.

    Raises:
        AlreadyAnswered: the same request was answered before.
        Problem: 409 where the product used the reference before; 409 where no account serves the mode; 422 where the
            product has too little money.
    """
    with explained(caller.product, caller.mode, wish):
        return _create(caller, wish, claim)


@contextmanager
def explained(product: Product, mode: Mode, wish: NewWithdrawal) -> Iterator[None]:
    """Around the whole transaction of `open_withdrawal`: what ended it, as the problem that a product is told."""
    try:
        yield
    except InsufficientFunds:
        raise Problem(
            status=422,
            code="insufficient_funds",
            detail=f"Less than {format_amount(wish.amount, wish.currency)} {wish.currency} is available, or something "
            "is owed in this currency; GET /balances tells both.",
            pointer="/amount",
        ) from None
    except IntegrityError:
        # Looked up only now, after the rollback: two requests with one reference may both find none before.
        existing = Withdrawal.of_reference(product, mode, wish.reference).first()
        if existing is None:
            raise
        raise reference_taken(existing.public_id) from None


@transaction.atomic(durable=True)
def _create(caller: Caller, wish: NewWithdrawal, claim: Claim) -> Withdrawal:
    withdrawal_id = ids.new_id()
    claim.take(object_id=withdrawal_id)
    return open_withdrawal(caller.product, caller.mode, wish, caused_by(caller), withdrawal_id=withdrawal_id)


@transaction.atomic(savepoint=False)
def open_withdrawal(
    product: Product, mode: Mode, wish: NewWithdrawal, cause: Cause, *, withdrawal_id: uuid.UUID
) -> Withdrawal:
    """Keep a new order with its signed request, frozen, and owe its sending to a worker, or its approval to people.

    Whoever caused it is who asked for it, and approves nothing of it.

    Raises:
        InsufficientFunds: the product has too little; the transaction is lost.
        IntegrityError: the product used the reference before; the transaction is lost.
        Problem: 409 where no account serves the mode; 422 where a limit forbids it.
    """
    now = timezone.now()
    account = account_for(mode)
    customer = meet_customer(product=product, mode=mode, external_id=wish.customer)
    withdrawal = Withdrawal(
        id=withdrawal_id,
        product=product,
        mode=mode,
        customer=customer,
        account=account,
        payment_system=wish.payment_system,
        reference=wish.reference,
        currency=wish.currency,
        amount=wish.amount,
        recipient=wish.recipient,
        comment=wish.comment,
        metadata=wish.metadata,
        refund_of=wish.refund_of,
        next_at=now,
        created_at=now,
        updated_at=now,
    )
    withdrawal.body = _frozen(withdrawal, customer, account)
    withdrawal.body_digest = hashlib.sha256(withdrawal.body).hexdigest()
    withdrawal.held_for = limits.reasons_to_hold(withdrawal)
    withdrawal.approvals_needed = slabs.needed(withdrawal)
    if withdrawal.approvals_needed:
        withdrawal.status = WithdrawalStatus.PENDING_APPROVAL
        withdrawal.next_at = now + timedelta(days=APPROVAL_DAYS)
    begin_withdrawal(withdrawal, cause)
    if withdrawal.status == WithdrawalStatus.QUEUED:
        ring("withdrawals.tasks.send_withdrawals", str(withdrawal.account_id))
    return withdrawal


def _frozen(withdrawal: Withdrawal, customer: Customer, account: ProviderAccount) -> bytes:
    order = _order(withdrawal, customer.label)
    if unsignable := unsignable_fields(order):
        raise Problem(status=400, code="invalid_request", detail=_unsignable(unsignable), pointer="/recipient")
    return freeze_withdrawal(order, account.withdrawal_key)


def objection_to_sign(wish: NewWithdrawal, mode: Mode) -> str | None:
    """Why no request could be signed for a wish, if so: what `open_withdrawal` would say, before there is anything."""
    names = ("payment_system", "currency", "amount", "recipient", "comment")
    would_be = Withdrawal(mode=mode, **{name: getattr(wish, name) for name in names})
    unsignable = unsignable_fields(_order(would_be, ids.encode(ids.CUSTOMER, would_be.id)))
    return _unsignable(unsignable) if unsignable else None


def _unsignable(fields: Iterable[str]) -> str:
    return f"{', '.join(fields)}: leave out colons and control characters."


def _order(withdrawal: Withdrawal, label: str) -> WithdrawalOrder:
    flat: dict[str, str] = {}
    nested: dict[str, dict[str, str]] = {}
    for row in withdrawal.payment_system.recipient_fields:
        if (value := withdrawal.recipient.get(row["name"])) is None:
            continue
        group, _, name = (row["wire"] or row["name"]).rpartition(".")
        if group:
            nested.setdefault(group, {})[name] = value
        else:
            flat[name] = value
    named = {"account_number", "account_name", "account_email", "iban"}
    return WithdrawalOrder(
        withdrawal_id=withdrawal.public_id,
        payment_system=withdrawal.payment_system_id,
        amount=int(withdrawal.amount),
        currency_code=withdrawal.currency,
        label=label,
        is_test=withdrawal.mode == Mode.TEST,
        comment=withdrawal.comment or None,
        bank_details=nested.get("bank_details", {}),
        payments_details=nested.get("payments_details", {}),
        extra={name: value for name, value in flat.items() if name not in named},
        **{name: value for name, value in flat.items() if name in named},
    )


def cancel_withdrawal(caller: Caller, withdrawal_id: Any) -> Withdrawal:
    """Call a withdrawal off before it is sent. Cancelling twice is one cancelling.

    Raises:
        Problem: 409 once sending has begun, and where the product's balance has no room for the amount.
    """
    try:
        with no_room_is_said(withdrawal_id):
            return _cancel(caller, withdrawal_id)
    except NoRoom as error:
        raise Problem(status=409, code="conflict", detail=str(error)) from None


@transaction.atomic(durable=True)
def _cancel(caller: Caller, withdrawal_id: Any) -> Withdrawal:
    # The row lock decides the race with sending: whoever has it first writes its status, the other one reads it.
    withdrawal = lock_withdrawal(withdrawal_id)
    if withdrawal.status == WithdrawalStatus.CANCELLED:
        return withdrawal
    if withdrawal.status not in CANCELLABLE:
        raise Problem(
            status=409,
            code="conflict",
            detail=f"The withdrawal is {withdrawal.status}; only one that was not sent yet can be cancelled.",
            extra={"current_status": withdrawal.status},
        )
    move_withdrawal(withdrawal, WithdrawalStatus.CANCELLED, caused_by(caller))
    return withdrawal


def caused_by(caller: Caller) -> Cause:
    """A call of a product, as the cause of a move."""
    return Cause(kind=CauseKind.API_KEY, id=str(caller.key_id))
