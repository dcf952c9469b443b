"""The book of savings: what the provider reports is posted by its change, and taken off again as it is released."""

from decimal import Decimal
from typing import Final

import structlog
from django.utils import timezone

from balances import journals
from balances.posting import NewJournal, post
from gateway.lifecycles import Cause
from gateway.webhooks.actions import owe
from gateway.webhooks.event_types import EventType
from payments.models import Deposit, Receipt, Savings
from payments.shapes import customer_savings_shape
from payments.states import DepositStatus, ReceiptStatus

log = structlog.get_logger(__name__)

_NOTHING: Final = Decimal(0)


def lock_or_begin(deposit: Deposit, *, minimum: Decimal) -> Savings:
    """The row of the savings that the deposit may be among, locked until the transaction ends."""
    key = {
        "account_id": deposit.account_id,
        "customer_id": deposit.customer_id,
        "payment_system_id": deposit.payment_system_id,
        "currency": deposit.currency,
    }
    begun = Savings(**key, saved=_NOTHING, lacking=minimum, minimum=minimum, observed_at=timezone.now())
    Savings.objects.bulk_create([begun], ignore_conflicts=True)
    rows = Savings.objects.select_for_update(of=("self",)).select_related("customer__product")
    return rows.get(**key)


def observe(row: Savings, saved: Decimal, *, lacking: Decimal, minimum: Decimal, cause: Cause) -> list[NewJournal]:
    """Take down what the provider says now, of a locked row. The change is to be posted, at the end of the transaction.

    A fall without a release is nothing that the contract knows: the ledger follows, and a person has to ask.
    """
    change = saved - row.saved
    row.saved, row.lacking, row.minimum = saved, lacking, minimum
    row.is_reported, row.observed_at = True, timezone.now()
    if change < 0:
        row.missing -= change
        log.error("savings_fell_without_release", savings=row.public_id, by=f"{-change:f}", currency=row.currency)
    if change:
        row.sequence += 1
    row.save(update_fields=["saved", "lacking", "minimum", "is_reported", "observed_at", "missing", "sequence"])
    if change > 0:
        _tell(row, EventType.SAVINGS_INCREASED, change)
    if not change:
        return []
    name, product = f"{row.public_id}/{row.sequence}", row.customer.product_id
    return [journals.savings_observed(name, row.money(abs(change)), product, change, cause)]


def lock_for(deposit: Deposit, receipt: Receipt) -> Savings | None:
    """The savings that a receipt comes out of, locked; None where it comes out of none.

    It does where the provider says so by the number of a release, or where its deposit was known to be among them and
    it came through their system. What is in review came out of them when it was attached.
    """
    if receipt.status == ReceiptStatus.IN_REVIEW:
        return None
    was_among_them = deposit.status == DepositStatus.ACCUMULATING and deposit.payment_system_id == receipt.wallet_type
    if receipt.stockpiling_id == "" and not was_among_them:
        return None
    rows = Savings.objects.select_for_update(of=("self",)).select_related("customer__product")
    return rows.filter(
        account=deposit.account_id,
        customer=deposit.customer_id,
        payment_system=receipt.wallet_type,
        currency=receipt.currency,
    ).first()


def release(row: Savings, receipt: Receipt, cause: Cause) -> None:
    """Take off what became this receipt, which is posted by its own journal; no more than was ever observed."""
    released = min(row.saved, receipt.amount)
    if released <= 0:
        return
    row.saved -= released
    if not row.saved:
        row.lacking = _NOTHING  # what lacked, came: nothing has to come until nothing is credited
    row.sequence += 1
    row.save(update_fields=["saved", "lacking", "sequence"])
    _tell(row, EventType.SAVINGS_RELEASED, released)
    money, product = row.money(released), row.customer.product_id
    subject = "" if receipt.deposit is None else receipt.deposit.public_id
    post(journals.savings_released(receipt.public_id, money, product, released, cause, subject=subject))


def _tell(row: Savings, event: EventType, change: Decimal) -> None:
    owe(
        product=row.customer.product,
        mode=row.customer.mode,
        type=event,
        subject=row.public_id,
        sequence=row.sequence,
        data=customer_savings_shape(row, change=change),
    )
