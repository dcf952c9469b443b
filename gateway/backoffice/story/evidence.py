"""What stands beside money that came in, and has no place of its own in its story."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from gateway.backoffice.story.sections import ROWS_MAX, Part, Section, as_far_as_seen, link
from gateway.in_words import status_with_meaning
from gateway.money import format_amount, shown_amount
from payments.models import Deposit, Receipt
from withdrawals.models import Withdrawal


def of_receipt(receipt: Receipt, request: HttpRequest) -> list[Section]:
    """What stands beside a receipt, as far as whoever asks may see it. The number of queries is fixed."""
    parts: list[Part] = [
        ("Deposit and customer", Deposit, lambda title: _about_deposit(title, _deposit(receipt.deposit_id))),
        ("Other receipts of the same transaction id", Receipt, lambda title: _receipts(title, _same_money(receipt))),
    ]
    return [as_far_as_seen(request, *part) for part in parts]


def of_deposit(deposit: Deposit, request: HttpRequest) -> list[Section]:
    """The money of a deposit: what came, and what was sent back."""
    parts: list[Part] = [
        ("Receipts", Receipt, lambda title: _receipts(title, deposit.receipts.order_by("id"))),
        ("Refunds", Withdrawal, lambda title: _refunds(title, deposit)),
    ]
    return [as_far_as_seen(request, *part) for part in parts]


def _deposit(deposit_id: Any) -> Deposit | None:
    rows = Deposit.objects.select_related("customer", "product").defer("details", "shown")
    return rows.filter(pk=deposit_id).first()


def _about_deposit(title: str, deposit: Deposit | None) -> Section:
    rows = []
    if deposit is not None:
        arrived = "-" if deposit.received_amount is None else format_amount(deposit.received_amount, deposit.currency)
        rows = [
            (
                link("payments_deposit", deposit.pk, deposit.public_id),
                status_with_meaning(deposit),
                shown_amount(deposit.amount, deposit.currency),
                arrived,
                deposit.get_amount_check_display() or "-",
                "yes" if deposit.late else "no",
                deposit.product,
                deposit.customer.external_id,
                deposit.reference,
                deposit.created_at,
            )
        ]
    columns = (
        *("deposit", "status", "expected", "received", "check", "late"),
        *("product", "customer", "product's reference", "created"),
    )
    return Section(title=title, columns=columns, rows=rows, nothing="No deposit is known for it.")


def _same_money(receipt: Receipt) -> "QuerySet[Receipt]":
    # However its letters are spelled; the index by upper letters serves it.
    same = Receipt.objects.filter(transaction_id__iexact=receipt.transaction_id).exclude(pk=receipt.pk).order_by("id")
    return same if receipt.transaction_id else Receipt.objects.none()


def _receipts(title: str, receipts: "QuerySet[Receipt]") -> Section:
    return Section(
        title=title,
        columns=("receipt", "status", "amount", "system", "transaction id", "what speaks against it", "received"),
        rows=[
            (
                link("payments_receipt", one.pk, one.public_id),
                status_with_meaning(one),
                shown_amount(one.amount, one.currency),
                one.wallet_type,
                one.transaction_id or "-",
                one.contradiction or "-",
                one.received_at,
            )
            for one in receipts[:ROWS_MAX]
        ],
        nothing="There are none.",
    )


def _refunds(title: str, deposit: Deposit) -> Section:
    rows = Withdrawal.objects.filter(refund_of=deposit.pk).defer("recipient", "body").order_by("-id")
    return Section(
        title=title,
        columns=("withdrawal", "status", "amount", "reference", "made"),
        rows=[
            (
                link("withdrawals_withdrawal", row.pk, row.public_id),
                status_with_meaning(row),
                shown_amount(row.amount, row.currency),
                row.reference,
                row.created_at,
            )
            for row in rows[:ROWS_MAX]
        ],
        nothing="None of its money was sent back.",
    )
