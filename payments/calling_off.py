"""A deposit is called off: by its product, by its customer for another way to pay, or as money came another way."""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from gateway.lifecycles import Cause
from payments.models import CheckoutSession, Deposit
from payments.moves import move_deposit
from payments.states import CANCELLABLE, DepositStatus

_ROWS: Final = Deposit.objects.select_related("product", "customer", "payment_system")


def call_off(deposit: Deposit, cause: Cause) -> None:
    """Cancel a locked deposit that is `CANCELLABLE`; late money is watched for where the provider was asked for it."""
    changes: dict[str, Any] = {"deadline_at": None}
    if deposit.payment_created_at is None:
        # Nothing was asked of the provider, so there is nothing to ask about.
        changes |= {"next_at": None, "token": None}
    move_deposit(deposit, DepositStatus.CANCELLED, cause, **changes)


def lock_sessions_of(*deposits: uuid.UUID) -> None:
    """Lock the checkout sessions whose attempts some deposits are; before the deposits, always.

    So whoever begins another attempt at this moment sees what becomes of these.
    """
    theirs = Deposit.objects.filter(pk__in=deposits).values("checkout_session")
    list(CheckoutSession.objects.filter(pk__in=theirs).order_by("id").select_for_update().values_list("id"))


def open_siblings(deposits: Iterable[Deposit]) -> list[Deposit]:
    """The other attempts of the sessions of some deposits that nobody says to have paid; locked."""
    mine = list(deposits)
    sessions = {one.checkout_session_id for one in mine if one.checkout_session_id is not None}
    if not sessions:
        return []
    others = _ROWS.filter(checkout_session__in=sessions, status__in=CANCELLABLE)
    return list(others.exclude(pk__in=[one.pk for one in mine]).order_by("id").select_for_update(of=("self",)))


def call_off_siblings(deposit: Deposit, cause: Cause) -> None:
    """Call off what else is open of a session of which money was credited: else its customer might pay twice.

    Money that is on its way all the same is credited as late. The session is locked, so none begins meanwhile.
    """
    for one in open_siblings([deposit]):
        call_off(one, _came_for(deposit, cause))


def call_off_where_paid(deposit: Deposit, cause: Cause) -> None:
    """The same for one that is open again, as the reference that was named for it was refused."""
    if deposit.checkout_session_id is None or deposit.status not in CANCELLABLE:
        return
    others = Deposit.objects.filter(checkout_session=deposit.checkout_session_id).exclude(pk=deposit.pk)
    paid = others.filter(status=DepositStatus.CREDITED).first()
    if paid is not None:
        call_off(deposit, _came_for(paid, cause))


def _came_for(deposit: Deposit, cause: Cause) -> Cause:
    return replace(cause, detail=f"money came for {deposit.public_id}, of the same checkout session")
