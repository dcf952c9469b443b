"""How a checkout session stands: its attempts, which of them counts, and whether another one may begin."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from payments.failures import SAFE_TO_RETRY
from payments.models import CheckoutSession, Confirmation, Deposit
from payments.states import CANCELLABLE, OPEN_CONFIRMATIONS, ConfirmationStatus, DepositStatus

#: An expired attempt takes a reference for 30 days, and the provider is asked about that for 30 more
#: (`payments.asking`); then nothing can happen any more, and the link has ended.
LINK_ENDS_AFTER: Final = timedelta(days=60)
#: Ended without money, so far.
OVER: Final = frozenset({DepositStatus.FAILED, DepositStatus.EXPIRED, DepositStatus.CANCELLED})
#: Money may be on its way, or waits for a person or for more of it.
_UNDER_WAY: Final = frozenset({DepositStatus.VERIFYING, DepositStatus.ACCUMULATING, DepositStatus.IN_REVIEW})
#: Money was seen: whatever was begun afterwards, this is what the customer has to know.
_WITH_MONEY: Final = (
    DepositStatus.CREDITED,
    DepositStatus.IN_REVIEW,
    DepositStatus.ACCUMULATING,
    DepositStatus.REVERSED,
)


class NextAttempt(StrEnum):
    """Whether the customer may begin another attempt, and what has to be said before."""

    ALLOWED = "allowed"
    """Nothing was begun, or what was begun can have taken no money."""
    INSTEAD = "instead"
    """One is open that nobody says to have paid: it is called off for another, after the customer was told that it
    may still arrive."""
    REFUSED = "refused"
    """Money may be under way, or has come, or the session is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A deposit of a session with the references that were named for it.

    Attributes:
        deposit: with payment system, savings and account.
        confirmations: newest first.
    """

    deposit: Deposit
    confirmations: tuple[Confirmation, ...] = ()

    @property
    def number(self) -> int:
        """Which attempt it is, from 1."""
        assert self.deposit.checkout_attempt is not None
        return self.deposit.checkout_attempt

    @property
    def open_confirmation(self) -> Confirmation | None:
        """The newest reference that the provider may still find."""
        return next((one for one in self.confirmations if one.status in OPEN_CONFIRMATIONS), None)

    @property
    def refused_confirmation(self) -> Confirmation | None:
        """The newest reference, where the provider has refused it."""
        newest = self.confirmations[0] if self.confirmations else None
        return newest if newest is not None and newest.status == ConfirmationStatus.REFUSED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A session as it is now.

    Attributes:
        session: with product and customer.
        attempts: oldest first.
        current: the one that counts: where money was seen, else the newest; None before the customer has chosen.
        is_expired: its time is over; a reference is still taken.
        is_cancelled: the product called it off.
        is_over: so old that its link has ended.
        is_elsewhere: nothing was begun here, and its product has begun the order in another way meanwhile.
    """

    session: CheckoutSession
    attempts: tuple[Attempt, ...]
    current: Attempt | None
    is_expired: bool
    is_cancelled: bool
    is_over: bool
    is_elsewhere: bool = False

    @property
    def shown(self) -> Attempt | None:
        """The one that the page is about: `current`, or an earlier one whose reference is being looked for."""
        if self.current is None or self.current.deposit.status in _WITH_MONEY:
            return self.current
        named = (one for one in reversed(self.attempts) if one.open_confirmation is not None)
        return next(named, self.current)

    @property
    def has_money(self) -> bool:
        """Money was seen for it, wherever it is now."""
        return self.current is not None and self.current.deposit.status in _WITH_MONEY

    @property
    def is_paid(self) -> bool:
        """Money was credited for it."""
        return self.current is not None and self.current.deposit.status == DepositStatus.CREDITED

    @property
    def is_under_way(self) -> bool:
        """Somebody says to have paid, or money waits: begun anew, the order might be paid twice."""
        if self.current is None or self.shown is None:
            return False
        return self.current.deposit.status in _UNDER_WAY or self.shown.open_confirmation is not None

    @property
    def is_stopped(self) -> bool:
        """Its product is switched off: nobody is shown how to pay it."""
        return not self.session.product.is_active

    @property
    def next_attempt(self) -> NextAttempt:
        """Whether another attempt may begin. The verb asks again under its lock, and then the database."""
        if self.is_expired or self.is_cancelled or self.is_stopped or self.is_elsewhere:
            return NextAttempt.REFUSED
        if self.shown is None or self.current is None:
            return NextAttempt.ALLOWED
        # Whichever attempt a reference was named for: until it is found or refused, money may be under way.
        if self.shown.open_confirmation is not None:
            return NextAttempt.REFUSED
        deposit = self.current.deposit
        if deposit.status == DepositStatus.FAILED and deposit.failure_code in SAFE_TO_RETRY:
            return NextAttempt.ALLOWED
        if deposit.status in CANCELLABLE and not self.current.confirmations:
            return NextAttempt.INSTEAD
        return NextAttempt.REFUSED


def of(session: CheckoutSession) -> Standing:
    """Read how a session stands now, in three queries at most."""
    standing = _standing(session, _ATTEMPTS.filter(checkout_session=session))
    if standing.attempts:
        return standing
    order = Deposit.objects.filter(product=session.product_id, mode=session.mode, reference=session.reference)
    return replace(standing, is_elsewhere=order.exists())


def of_listed(session: CheckoutSession) -> Standing:
    """The same of one of many, which were read together with `LISTED`; that it was begun elsewhere is not looked up."""
    return _standing(session, session.deposits.all())


_ATTEMPTS: Final = (
    Deposit.objects.select_related("payment_system", "savings", "account", "customer", "product")
    .prefetch_related("receipts", Prefetch("confirmations", Confirmation.objects.order_by("-id")))
    .order_by("checkout_attempt")
)
#: What `of_listed` looks at, for ``prefetch_related``.
LISTED: Final = Prefetch("deposits", _ATTEMPTS)


def _standing(session: CheckoutSession, deposits: "QuerySet[Deposit]") -> Standing:
    attempts = tuple(Attempt(deposit=one, confirmations=tuple(one.confirmations.all())) for one in deposits)
    now = timezone.now()
    return Standing(
        session=session,
        attempts=attempts,
        current=_current(attempts),
        is_expired=session.expires_at <= now,
        is_cancelled=session.cancelled_at is not None,
        is_over=session.expires_at + LINK_ENDS_AFTER <= now,
    )


def _current(attempts: tuple[Attempt, ...]) -> Attempt | None:
    for status in _WITH_MONEY:
        for one in reversed(attempts):
            if one.deposit.status == status:
                return one
    return attempts[-1] if attempts else None
