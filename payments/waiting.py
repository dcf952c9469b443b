"""Which money waits for a person, since when, and why: what finance works off, oldest first."""

from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from balances.waiting import Waiting, asked_for
from gateway.money import grouped, shown_amount
from payments.models import Deposit, DepositMove, Receipt
from payments.states import SUSPENDED, AmountCheck, DepositStatus, ReceiptStatus


def receipts() -> "QuerySet[Receipt]":
    """Money that waits, and credited money of which the provider now says something else; oldest first."""
    # Written so that the index `receipts_for_a_person` serves it.
    wait = Q(status__in=sorted(SUSPENDED)) | (~Q(contradiction="") & Q(status=ReceiptStatus.CREDITED))
    return Receipt.objects.filter(wait).order_by("id")


def deposits() -> "QuerySet[Deposit]":
    """Deposits in review without money of their own that is; oldest first."""
    own = Receipt.objects.filter(deposit=OuterRef("pk"), status=ReceiptStatus.IN_REVIEW)
    # The index `deposits_for_a_person` serves it.
    return Deposit.objects.filter(~Exists(own), status=DepositStatus.IN_REVIEW).order_by("id")


def unknown_money() -> "QuerySet[Receipt]":
    """Of those the ones that are no matter of a deposit in review; oldest first."""
    return receipts().exclude(status=ReceiptStatus.IN_REVIEW, deposit__status=DepositStatus.IN_REVIEW)


def differing_money() -> "QuerySet[Receipt]":
    """Of those the ones whose deposit is in review for them; oldest first."""
    return receipts().filter(status=ReceiptStatus.IN_REVIEW, deposit__status=DepositStatus.IN_REVIEW)


def shown_receipts(rows: "QuerySet[Receipt]") -> list[tuple[Receipt, Waiting]]:
    """Each with what a person has to know of it, in their order. Two queries."""
    asked = asked_for("receipt_", "receipt")
    # Without the columns that are encrypted: none of them is shown, and each would be opened.
    money = rows.select_related("account", "deposit").only(
        *("wallet_type", "transaction_id", "custom_id", "amount", "currency", "status", "contradiction"),
        *("received_at", "account__name", "account__mode"),
        *("deposit__amount", "deposit__currency", "deposit__received_amount", "deposit__amount_check"),
        *("deposit__status", "deposit__late"),
    )
    return [
        (
            one,
            Waiting(
                pk=one.pk,
                public_id=one.public_id,
                since=one.received_at,
                amount=one.amount,
                currency=one.currency,
                payment_system=one.wallet_type,
                account=one.account.name,
                mode=one.account.mode,
                order="" if one.deposit is None else one.deposit.public_id,
                why=why(one),
                asked_for=asked.get(one.public_id, ""),
            ),
        )
        for one in money
    ]


def shown_deposits(rows: "QuerySet[Deposit]") -> list[tuple[Deposit, Waiting]]:
    """Each with what a person has to know of it, in their order. One query."""
    last_word = DepositMove.objects.filter(subject=OuterRef("pk"), sequence=OuterRef("sequence")).values("detail")
    orders = (
        rows.select_related("account")
        .only(
            *("amount", "currency", "mode", "payment_system_id", "status", "updated_at"),
            *("account__name", "account__mode"),
        )
        .annotate(detail=Subquery(last_word))
    )
    return [
        (
            one,
            Waiting(
                pk=one.pk,
                public_id=one.public_id,
                since=one.updated_at,
                amount=one.amount,
                currency=one.currency,
                payment_system=one.payment_system_id,
                account=one.account.name,
                mode=one.mode,
                order=one.public_id,
                why=why_without_money(one.detail or ""),
            ),
        )
        for one in orders
    ]


def why(receipt: Receipt) -> str:
    """Why this money waits for a person, in a sentence; "" where it does not."""
    deposit = receipt.deposit
    if receipt.status == ReceiptStatus.CREDITED:
        return f"It is credited, and the provider now says otherwise: {receipt.contradiction}."
    if receipt.status not in SUSPENDED:
        return ""
    if receipt.contradiction:
        return f"Something speaks against it: {receipt.contradiction}."
    if deposit is None:
        return _without_order(receipt)
    if deposit.status == DepositStatus.REVERSED:
        return "It came for a deposit that had been reversed."
    after = ", and after the deposit had ended" if deposit.late else ""
    expected = shown_amount(deposit.amount, deposit.currency)
    if deposit.amount_check == AmountCheck.UNDER:
        arrived = grouped(deposit.received_amount or Decimal(0), deposit.currency)
        return f"Less arrived than was asked for: {arrived} of {expected}{after}."
    if deposit.amount_check == AmountCheck.OTHER_CURRENCY:
        return f"It is {receipt.currency}, and {expected} was asked for{after}."
    return f"It does not settle its deposit of {expected} by itself{after}."


def _without_order(receipt: Receipt) -> str:
    if receipt.custom_id:
        return "It names an order that is none of ours."
    return "It names no order, and no customer alone has claimed its reference."


def why_without_money(detail: str) -> str:
    """Why a deposit waits for a person that has no money of its own, by the last word of its history."""
    return f"No money counts for it, and a person was called: {detail or 'nothing was said of why'}."
