"""What a product can do with a deposit: create it and cancel it (`confirming` is for naming its reference)."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from gateway import due_work, ids
from gateway.after_commit import ring
from gateway.api.idempotency import Claim
from gateway.api.problems import Problem, reference_taken
from gateway.lifecycles import Cause, CauseKind
from gateway.products.actions import Caller
from gateway.providers.actions import account_for
from gateway.providers.models import PaymentSystem
from gateway.remembered import doubt
from payments.activation import OPEN_SECONDS
from payments.beginning import NotBegun, begin_deposit
from payments.calling_off import call_off
from payments.models import Deposit
from payments.states import (
    CANCELLABLE,
    DepositStatus,
)

#: Tries to make an order whose customer another request meets at the same moment. The second one knows the customer,
#: unless whoever met it has failed and yet another one was quicker; that often in a row it does not happen.
_MEETINGS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeposit:
    """A product's wish, checked by the serializer."""

    payment_system: PaymentSystem
    currency: str
    amount: Decimal
    customer: str
    reference: str
    return_urls: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    details: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


def create_deposit(caller: Caller, wish: NewDeposit, claim: Claim) -> Deposit:
    """Keep a new order and owe its opening to a worker.

    Raises:
        AlreadyAnswered: the same request was answered before.
        Doubtful: with remembered rows it is not done.
        Problem: 409 where the product used the reference before; 409 where no account serves the mode; 400 where the
            account's payment window cannot take the amount.
    """
    for _ in range(_MEETINGS):
        try:
            return _create(caller, wish, claim)
        except NotBegun:
            doubt()
            account = account_for(caller.mode)  # says so where there is none
            if account.prefers_widget:
                refuse_fraction(wish.amount)
        except IntegrityError:
            # Looked up only now, after the rollback: two requests with one reference may both find none before.
            mine = Deposit.objects.filter(product=caller.product, mode=caller.mode)
            existing = mine.filter(reference=wish.reference).first()
            if existing is None:
                raise
            raise reference_taken(existing.public_id) from None
    raise NotBegun


def _create(caller: Caller, wish: NewDeposit, claim: Claim) -> Deposit:
    deposit = new_deposit(caller, wish)
    begin_deposit(deposit, caller=caller, customer=wish.customer, cause=_by(caller), claim=claim)
    ring("payments.tasks.open_deposit", str(deposit.pk))
    return deposit


def new_deposit(caller: Caller, wish: NewDeposit) -> Deposit:
    """The row of a deposit that begins now, for `begin_deposit`; nothing is written."""
    now = timezone.now()
    return Deposit(
        id=ids.new_id(),
        product=caller.product,
        mode=caller.mode,
        payment_system=wish.payment_system,
        flow=wish.payment_system.flow,
        reference=wish.reference,
        currency=wish.currency,
        amount=wish.amount,
        return_urls=wish.return_urls,
        language=wish.language,
        details=wish.details,
        metadata=wish.metadata,
        next_at=now,
        deadline_at=now + timedelta(seconds=OPEN_SECONDS),
        created_at=now,
        updated_at=now,
    )


@transaction.atomic(durable=True)
def cancel_deposit(caller: Caller, deposit_id: Any) -> Deposit:
    """Call an order off, as long as nobody has said that money is under way. Cancelling twice is one cancelling.

    Raises:
        Problem: 409 in every status in which money may be under way or has arrived.
    """
    deposit: Deposit = due_work.lock(
        Deposit.objects.select_related("product", "customer", "payment_system"), deposit_id
    )
    if deposit.status == DepositStatus.CANCELLED:
        return deposit
    if deposit.status not in CANCELLABLE:
        raise Problem(
            status=409,
            code="conflict",
            detail=f"The deposit is {deposit.status}; only one that nobody has paid yet can be cancelled.",
            extra={"current_status": deposit.status},
        )
    call_off(deposit, _by(caller))
    return deposit


def refuse_fraction(amount: Decimal) -> None:
    """Refuse what the provider's payment window does not take; a serializer checks an order without its account.

    Raises:
        Problem: 400.
    """
    if amount != amount.to_integral_value():
        raise Problem(
            status=400,
            code="amount_not_whole",
            detail=f'The payment window takes whole units only; send for example "{amount:.0f}".',
            pointer="/amount",
        )


def _by(caller: Caller) -> Cause:
    return Cause(kind=CauseKind.API_KEY, id=str(caller.key_id))
