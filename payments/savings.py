"""Savings: sums below a system's minimum, collected by the provider and credited together (C§1.6).

The provider writes no letter before it releases them, so until then the one witness is ``deposit-info``, a sum for
each customer and system on an address that is being retired. What it says is posted as savings, which nobody may
spend; the money comes by the pull, each item by its own key, when it is released.
"""

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import structlog
from django.db import DataError, transaction
from django.db.models import Exists, OuterRef, Sum

from balances.posting import post
from gateway import money
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma import messages
from gateway.paykassma.answers import Answer, Outcome
from gateway.providers import calls
from gateway.providers.models import ProviderAccount
from payments import saved_up
from payments.models import Confirmation, Deposit, Savings
from payments.moves import lock_deposit, move_deposit
from payments.states import SAVING, ConfirmationStatus, DepositStatus

log = structlog.get_logger(__name__)

#: Nobody's money waits for this answer, but the next batch of pulls does.
_READ_SECONDS: Final = 10.0


def ask_savings(account: ProviderAccount, deposits: Iterable[Deposit]) -> None:
    """Ask for the savings that these deposits may be among; they were just asked about, and the pull knew no money.

    One question for each customer, system and currency. No transaction may be open.
    """
    named = Confirmation.objects.filter(deposit=OuterRef("pk"), status=ConfirmationStatus.VERIFYING)
    # Read again: the pull may have credited some of them.
    waiting = (
        Deposit.objects.filter(
            Exists(named), pk__in=[one.pk for one in deposits], status__in=SAVING, payment_system__saves_up=True
        )
        .select_related("customer")
        .order_by("id")
    )
    together: dict[tuple[uuid.UUID, str, str], list[Deposit]] = {}
    for deposit in waiting:
        together.setdefault((deposit.customer_id, deposit.payment_system_id, deposit.currency), []).append(deposit)
    for alike in together.values():
        if not _ask(account, alike):
            log.warning("savings_not_reported", account=str(account.pk), deposits=len(together))
            return  # a provider that is down, or has no such address any more, is so for the others, too


def _ask(account: ProviderAccount, alike: list[Deposit]) -> bool:
    """False where the question is not worth being repeated for other customers just now."""
    one = alike[0]
    parameters = {"wallet_type": one.payment_system_id, "currency": one.currency, "label": one.customer.label}
    answer = calls.call(
        account,
        "deposit-info",
        lambda client: client.savings(**parameters),
        subject=one.public_id,
        request=parameters,
        read_seconds=_READ_SECONDS,
        optional=True,
    )
    if answer.outcome is Outcome.UNKNOWN:
        return False  # nothing was said: what is known stays, with its time
    said = _read(answer)
    if said is None or not _has_room(account, alike, said):
        Savings.objects.filter(
            account=account, customer=one.customer_id, payment_system=one.payment_system_id, currency=one.currency
        ).update(is_reported=False)
    return answer.outcome is not Outcome.CREDENTIAL_ERROR


def _read(answer: Answer) -> messages.Savings | None:
    if answer.outcome is not Outcome.ACCEPTED:
        return None
    said = messages.parse_savings(answer.payload)
    if not isinstance(said, messages.Savings):
        return None
    sums = (said.stockpiling_sum, said.lacks_sum, said.minimum_deposit)
    return said if all(0 <= one < money.BEYOND_ORDERS and money.fits_column(one) for one in sums) else None


def _has_room(account: ProviderAccount, alike: list[Deposit], said: messages.Savings) -> bool:
    """Keep what was said; False where a balance has no room for it, and nothing was written.

    It would fail again at each asking, and the savings of other customers must not wait for it.
    """
    try:
        _keep(account, alike, said)
    except DataError:
        log.exception("balance_has_no_room", account=str(account.pk), customer=alike[0].customer.label)
        return False
    return True


@transaction.atomic(durable=True)
def _keep(account: ProviderAccount, alike: list[Deposit], said: messages.Savings) -> None:
    # The deposits first, in the order of their ids, then the row of their savings: every writer takes them so.
    locked = [lock_deposit(one.pk) for one in alike]
    row = saved_up.lock_or_begin(locked[0], minimum=said.minimum_deposit)
    unexplained = said.stockpiling_sum - _explained(locked[0])
    cause = Cause(kind=CauseKind.PULL, detail="the provider reports savings")
    change = saved_up.observe(
        row, said.stockpiling_sum, lacking=said.lacks_sum, minimum=said.minimum_deposit, cause=cause
    )
    for deposit in locked:
        deposit.savings = row
        # Looked at again under the lock: the money may have come while the question was on its way.
        if deposit.status == DepositStatus.VERIFYING and unexplained > 0 and said.lacks_sum > 0:
            move_deposit(deposit, DepositStatus.ACCUMULATING, cause, savings=row, deadline_at=None)
            unexplained -= deposit.amount
        else:
            deposit.save(update_fields=["savings"])
    post(*change)


def _explained(deposit: Deposit) -> Decimal:
    """What this customer's other deposits account for that are known to be among the savings.

    The provider tells one sum for all of them. Without this, a reference that was mistyped, and never confirmed,
    would count as saved for as long as anything else is.
    """
    known = Deposit.objects.filter(
        account=deposit.account_id,
        customer=deposit.customer_id,
        payment_system=deposit.payment_system_id,
        currency=deposit.currency,
        status=DepositStatus.ACCUMULATING,
    )
    return known.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
