"""Money that arrived: an item of the provider's book becomes a receipt, and the receipt moves its deposit.

Only what the provider said when *asked* comes here (a pull, never a letter). Safe to repeat: the receipt's key is
unique, and the same item again changes nothing.
"""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from gateway import due_work, ids, money
from gateway.lifecycles import Cause
from gateway.paykassma.messages import PostbackItem, UnusableItem
from gateway.paykassma.times import read_time
from gateway.providers.models import ProviderAccount
from payments.calling_off import lock_sessions_of
from payments.crediting import settle
from payments.failures import FailureCode
from payments.models import Confirmation, Deposit, Receipt
from payments.moves import begin_receipt, lock_deposit, move_confirmation, move_deposit, move_receipt
from payments.states import CONFIRMATION, DEPOSIT, LATE, ConfirmationStatus, DepositStatus, ReceiptStatus

log = structlog.get_logger(__name__)

#: A point in time as the provider writes it (C§0), or by ISO 8601; the column holds nothing else.
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]{5,15}([Zz]|[+-][0-9:]{4,5})?", re.ASCII)


class Recorded(StrEnum):
    """What became of an item."""

    CREDITED = "credited"
    IN_REVIEW = "in_review"
    SUSPENSE = "suspense"
    KNOWN = "known"
    CONTRADICTED = "contradicted"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """The order that an item belongs to, as far as we can tell."""

    deposit_id: uuid.UUID | None = None
    confirmation_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    doubt: str = ""


@transaction.atomic(durable=True)
def record_receipt(
    account: ProviderAccount, item: PostbackItem, *, asked_for: str, cause: Cause, doubt: str = ""
) -> Recorded:
    """Take one item of money into the book.

    Args:
        account: whose book it stands in.
        item: the item, as the provider's answer to a pull carries it.
        asked_for: the custom id under which the provider returned it; empty where it was found by transaction id.
        cause: the pull.
        doubt: what already speaks against the item: fields of the answer that contradict it.
    """
    amount = item.amount
    # Without any key of its own, two items could not be told from one item seen twice.
    has_key = bool(item.transaction_id or item.custom_id or asked_for)
    if amount <= 0 or not money.fits_column(amount) or not has_key:
        mark_unreadable(account, asked_for, "an amount that no money has", cause)
        return Recorded.UNUSABLE
    order = _order_of(account, item, asked_for)
    # The session first, then the deposit, then the receipt: every path to a receipt takes the locks in this order.
    if order.deposit_id:
        lock_sessions_of(order.deposit_id)
    deposit = lock_deposit(order.deposit_id) if order.deposit_id else None
    receipt, is_new = _keep(account, item, asked_for)
    if is_new:
        begin_receipt(receipt, cause)
        doubt = doubt or _spelled_otherwise(receipt)
    else:
        if contradiction := _contradiction(receipt, item, order):
            if receipt.contradiction != contradiction[:200]:
                Receipt.objects.filter(pk=receipt.pk).update(contradiction=contradiction[:200])
                log.error("receipt_contradicted", receipt=str(receipt), what=contradiction)
            if deposit is not None and receipt.deposit_id != deposit.pk:
                # Somebody else's order has this money; whose it is, a person finds out, for both of them.
                _call_a_person(deposit, "the provider names money that another order has", cause)
            return Recorded.CONTRADICTED
        # Only what lies in suspense without an order may still find one. What a person gave to a product, gave back or
        # wrote off has none either, and is over: were it attached, the same money would count twice.
        if receipt.status != ReceiptStatus.SUSPENSE or deposit is None:
            return Recorded.KNOWN
    if deposit is None:
        move_receipt(receipt, ReceiptStatus.SUSPENSE, cause)
        return Recorded.SUSPENSE
    return _attach(deposit, receipt, order, item, cause, order.doubt or doubt)


def _order_of(account: ProviderAccount, item: PostbackItem, asked_for: str) -> _Order:
    """The order that the item belongs to: the one it was returned for (C§1.12: match on the outer id).

    An item may name another order inside, for savings release several orders of one customer together (C§2.1). It
    is believed where both orders are the same customer's; else the money stays with the order that was asked about,
    and a person looks.
    """
    asked, named = _known_order(account, asked_for), _known_order(account, item.custom_id)
    if asked is None:
        return named or _order_by_reference(account, item)
    if named is None or named.customer_id != asked.customer_id:
        doubt = "" if named is None else "the provider names another customer's order inside"
        return replace(asked, doubt=doubt)
    return named


def _known_order(account: ProviderAccount, custom_id: str) -> _Order | None:
    if (found := ids.decode(ids.CONFIRMATION, custom_id)) is not None:
        row = Confirmation.objects.filter(pk=found, deposit__account=account).select_related("deposit").first()
        if row is not None:
            return _Order(deposit_id=row.deposit_id, confirmation_id=row.pk, customer_id=row.deposit.customer_id)
    if (found := ids.decode(ids.DEPOSIT, custom_id)) is not None:
        deposit = Deposit.objects.filter(pk=found, account=account).only("pk", "customer").first()
        if deposit is not None:
            return _Order(deposit_id=deposit.pk, customer_id=deposit.customer_id)
    return None


def _order_by_reference(account: ProviderAccount, item: PostbackItem) -> _Order:
    """No order is named: the customer's own reference may name it, but only exactly one. Never by amount."""
    if item.custom_id or not item.transaction_id:
        return _Order()
    claims = list(
        Confirmation.objects.filter(
            deposit__account=account,
            deposit__payment_system_id=item.wallet_type,
            provider_reference=item.transaction_id,
        ).select_related("deposit__customer")[:2]
    )
    if len(claims) == 1 and claims[0].deposit.customer.label == item.label:
        return _Order(deposit_id=claims[0].deposit_id, confirmation_id=claims[0].pk)
    return _Order()


def _keep(account: ProviderAccount, item: PostbackItem, asked_for: str) -> tuple[Receipt, bool]:
    custom_id = item.custom_id or asked_for
    fresh = Receipt(
        account=account,
        wallet_type=item.wallet_type,
        transaction_id=item.transaction_id,
        custom_id=custom_id,
        label=item.label,
        amount=item.amount,
        currency=item.currency,
        stockpiling_id=item.stockpiling_id[:40],  # identifies nothing by itself
        provider_time=item.activated_datetime if _TIME.fullmatch(item.activated_datetime) else "",
        provider_at=read_time(item.activated_datetime, account.time_zone),
    )
    # ON CONFLICT DO NOTHING waits for a concurrent writer of the same key: one of the two sees the other's row.
    Receipt.objects.bulk_create([fresh], ignore_conflicts=True)
    if item.transaction_id:
        key = {"wallet_type": item.wallet_type, "transaction_id": item.transaction_id}
    else:
        key = {"transaction_id": "", "custom_id": custom_id}
    kept = Receipt.objects.select_for_update(of=("self",)).select_related("account").get(account=account, **key)
    return kept, kept.pk == fresh.pk


def _spelled_otherwise(receipt: Receipt) -> str:
    """Why a new receipt may be one that is known: its number in other letters; empty where nothing speaks for it."""
    same = Receipt.objects.filter(
        account=receipt.account_id,
        wallet_type__iexact=receipt.wallet_type,
        transaction_id__iexact=receipt.transaction_id,
    ).exclude(pk=receipt.pk)
    if receipt.transaction_id and same.exists():
        return "the same number in other letters is known already"
    return ""


def missing_from(account: ProviderAccount, asked_for: str, items: Iterable[PostbackItem | UnusableItem]) -> str:
    """Why the answer for an order may name a payment that was counted before, under another number now.

    The provider answers for an order with all of its money (C§1.12). Where a receipt of the order is not among it any
    more, what came in its place may be the same money: its number filled in later, or corrected.
    """
    if not asked_for:
        return ""
    named = {item.transaction_id for item in items if isinstance(item, PostbackItem)}
    known = Receipt.objects.filter(account=account, custom_id=asked_for).exclude(transaction_id__in=named)
    return "an earlier payment is gone from the provider's answer" if known.exists() else ""


def _contradiction(receipt: Receipt, item: PostbackItem, order: _Order) -> str:
    if (receipt.amount, receipt.currency) != (item.amount, item.currency):
        now = money.shown_amount(item.amount, item.currency)
        return f"now {now}, before {money.shown_amount(receipt.amount, receipt.currency)}"
    if receipt.label and item.label and receipt.label != item.label:
        return "now for another label"
    if receipt.deposit_id is not None and order.deposit_id is not None and receipt.deposit_id != order.deposit_id:
        named_first = _known_order(receipt.account, receipt.custom_id)
        if named_first is not None and named_first.deposit_id == order.deposit_id:
            return ""  # nothing new: people found out since that it was paid for another deposit
        return f"now for order {ids.encode(ids.DEPOSIT, order.deposit_id)}"
    return ""


def _attach(  # noqa: PLR0917 - one gate, all of its evidence
    deposit: Deposit, receipt: Receipt, order: _Order, item: PostbackItem, cause: Cause, doubt: str
) -> Recorded:
    # What contradicted itself while it lay in suspense stays doubtful once its order is known.
    doubt = receipt.contradiction or _doubt(deposit, item) or doubt
    confirmation = (
        due_work.lock(Confirmation.objects.select_related("deposit"), order.confirmation_id)
        if order.confirmation_id
        else None
    )
    receipt.deposit, receipt.confirmation = deposit, confirmation
    receipt.contradiction = doubt[:200]
    if confirmation is not None and not doubt and CONFIRMATION.may(confirmation.status, ConfirmationStatus.CREDITED):
        move_confirmation(confirmation, ConfirmationStatus.CREDITED, cause, next_at=None, token=None, failure_code="")
    settle(deposit, receipt, cause)
    return Recorded.CREDITED if receipt.status == ReceiptStatus.CREDITED else Recorded.IN_REVIEW


def _doubt(deposit: Deposit, item: PostbackItem) -> str:
    """Why the item may not simply be credited to this deposit; empty where nothing speaks against it."""
    if item.amount >= money.BEYOND_ORDERS:
        return "it is more than any order may ask for"
    if item.label and item.label != deposit.customer.label:
        return "the provider names another customer"
    if item.wallet_type != deposit.payment_system_id:
        return f"it came through {item.wallet_type}, not {deposit.payment_system_id}"[:200]
    if item.currency != deposit.currency and not deposit.payment_system.takes_receipts_in(item.currency):
        return f"it is {item.currency}, no listed currency of this system"
    return ""


def _call_a_person(deposit: Deposit, what: str, cause: Cause) -> None:
    """A locked deposit that waits for money waits for a person from now on."""
    if deposit.status in {DepositStatus.VERIFYING, DepositStatus.ACCUMULATING}:
        move_deposit(deposit, DepositStatus.IN_REVIEW, replace(cause, detail=what), deadline_at=None)


@transaction.atomic(savepoint=False)
def mark_unreadable(account: ProviderAccount, asked_for: str, what: str, cause: Cause) -> None:
    """The provider answered for an order with something that is no money: a person has to read the raw answer.

    The answer is kept with its call (`gateway.providers.models.ProviderCall`); the order goes on being asked about.
    """
    log.error("receipt_unreadable", account=str(account.pk), custom_id=asked_for, what=what)
    order = _known_order(account, asked_for)
    if order is None or order.deposit_id is None:
        return
    lock_sessions_of(order.deposit_id)
    deposit = lock_deposit(order.deposit_id)
    if deposit.status != DepositStatus.IN_REVIEW and DEPOSIT.may(deposit.status, DepositStatus.IN_REVIEW):
        move_deposit(
            deposit,
            DepositStatus.IN_REVIEW,
            replace(cause, detail=what),
            failure_code=FailureCode.PROVIDER_ANSWER_UNUSABLE,
            late=deposit.late or deposit.status in LATE,
            deadline_at=None,
        )


def ask_again_soon(deposit: Deposit) -> None:
    """Make a locked deposit due for a pull now, with the ladder of delays from its start."""
    deposit.next_at, deposit.attempts, deposit.token = timezone.now(), 0, None
    deposit.save(update_fields=["next_at", "attempts", "token"])
