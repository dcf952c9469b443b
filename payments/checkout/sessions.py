"""What can happen to a checkout session: a product asks for it, and calls it off; its page is found by its token."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from gateway import due_work, ids
from gateway.api.idempotency import Claim
from gateway.api.problems import Problem, reference_taken
from gateway.lifecycles import Cause, CauseKind
from gateway.products.actions import Caller, meet_customer
from gateway.providers.actions import account_for
from gateway.webhooks.signing import new_secret
from payments.actions import refuse_fraction
from payments.calling_off import call_off
from payments.checkout import standing
from payments.models import CheckoutSession, Deposit
from payments.models.checkout_sessions import digest_of_token, new_token
from payments.moves import lock_deposit
from payments.states import CANCELLABLE

#: What a token looks like; anything else is not even looked for.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
#: A customer who chose at the last moment still has time to open the wallet.
OPEN_AT_LEAST: Final = timedelta(minutes=5)
#: The details of a wallet may change after a day (`payments.activation.OPEN_SECONDS`).
OPEN_AT_MOST: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A product's wish, checked by the serializer.

    Attributes:
        payment_systems: codes; none: every system that takes the amount.
        expires_at: None: in `OPEN_AT_MOST`.
    """

    currency: str
    amount: Decimal
    customer: str
    reference: str
    payment_systems: list[str] = field(default_factory=list)
    return_urls: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    expires_at: datetime | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def create_session(caller: Caller, wish: NewSession, claim: Claim) -> CheckoutSession:
    """Keep a new session. Nothing is asked of the provider before its customer has chosen a payment system.

    Raises:
        AlreadyAnswered: the same request was answered before.
        Problem: 409 where the product used the reference before, for a session or a deposit; 409 where no account
            serves the mode; 400 where the account's payment window cannot take the amount.
    """
    if account_for(caller.mode).prefers_widget:
        refuse_fraction(wish.amount)
    try:
        return _create(caller, wish, claim)
    except IntegrityError:
        # Looked up only now, after the rollback: two requests with one reference may both find none before.
        mine = CheckoutSession.objects.filter(product=caller.product, mode=caller.mode)
        existing = mine.filter(reference=wish.reference).first()
        if existing is None:
            raise
        raise reference_taken(existing.public_id) from None


@transaction.atomic(durable=True)
def _create(caller: Caller, wish: NewSession, claim: Claim) -> CheckoutSession:
    session_id = ids.new_id()
    claim.take(object_id=session_id)
    # A deposit of that name is the same order, begun in another way; paid in both it would be paid twice.
    paid = Deposit.objects.filter(product=caller.product, mode=caller.mode, reference=wish.reference).first()
    if paid is not None:
        raise reference_taken(paid.public_id)
    now = timezone.now()
    token = new_token()
    return CheckoutSession.objects.create(
        id=session_id,
        product=caller.product,
        mode=caller.mode,
        asked_by_id=caller.key_id,
        customer=meet_customer(product=caller.product, mode=caller.mode, external_id=wish.customer),
        reference=wish.reference,
        currency=wish.currency,
        amount=wish.amount,
        payment_systems=wish.payment_systems,
        return_urls=wish.return_urls,
        language=wish.language,
        metadata=wish.metadata,
        token=token,
        token_digest=digest_of_token(token),
        return_secret=new_secret(),
        expires_at=wish.expires_at or now + OPEN_AT_MOST,
        created_at=now,
    )


def find(token: str) -> CheckoutSession | None:
    """The session of a page's address; None where there is none."""
    if not _TOKEN.fullmatch(token):
        return None
    rows = CheckoutSession.objects.select_related("product", "customer")
    return rows.filter(token_digest=digest_of_token(token), redacted_at=None).first()


@transaction.atomic(durable=True)
def cancel_session(caller: Caller, session_id: uuid.UUID) -> None:
    """Call a session off, with its attempt where nobody has said that money is under way. Twice is once.

    Raises:
        Problem: 409 where an attempt may have been paid, or was.
    """
    session: CheckoutSession = due_work.lock(CheckoutSession.objects.all(), session_id)
    if session.cancelled_at is not None:
        return
    now = standing.of(session)
    current = now.current
    if now.shown is not None and now.shown.open_confirmation is not None and now.shown.deposit.status in standing.OVER:
        deposit = now.shown.deposit
        raise Problem(
            status=409,
            code="conflict",
            detail=f"A reference was named for its deposit {deposit.public_id}, and is still looked for.",
            extra={"current_status": deposit.status},
        )
    if current is not None and current.deposit.status not in standing.OVER:
        # Locked after its session, always; and looked at again, for it may have moved meanwhile.
        deposit = lock_deposit(current.deposit.pk)
        if deposit.status not in CANCELLABLE and deposit.status not in standing.OVER:
            raise Problem(
                status=409,
                code="conflict",
                detail=f"Its deposit {deposit.public_id} is {deposit.status}; only one that nobody has paid yet can be "
                "cancelled.",
                extra={"current_status": deposit.status},
            )
        if deposit.status in CANCELLABLE:
            call_off(deposit, Cause(kind=CauseKind.API_KEY, id=str(caller.key_id), detail="its session was cancelled"))
    session.cancelled_at = timezone.now()
    session.save(update_fields=["cancelled_at"])
