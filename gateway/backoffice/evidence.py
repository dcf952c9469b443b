"""Everything that is known about money that came in, for one page."""

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from balances.kinds import JournalKind
from balances.models import Journal
from gateway import ids
from gateway.backoffice.sections import (
    CALLS,
    LETTERS,
    ROWS_MAX,
    Part,
    Section,
    as_far_as_seen,
    calls,
    journals,
    letters,
    link,
)
from gateway.money import format_amount
from gateway.providers.models import ProviderCall
from payments.models import Confirmation, Deposit, Receipt
from postbacks.models import LetterItem

J = JournalKind

#: What is ever posted with a receipt's id for its reference.
_KINDS: Final = (
    J.RECEIPT_CREDITED,
    J.RECEIPT_SUSPENDED,
    J.SUSPENSE_CREDITED,
    J.SUSPENSE_RETURNED,
    J.SUSPENSE_WRITTEN_OFF,
    J.RECEIPT_REVERSED,
    J.SAVINGS_RELEASED,
)


def of_receipt(receipt: Receipt, request: HttpRequest) -> list[Section]:
    """The evidence about a receipt, as far as whoever asks may see it. The number of queries is fixed."""
    deposit = _deposit(receipt.deposit_id)
    confirmations = _confirmations(deposit)
    names = _names(deposit, confirmations) | ({receipt.custom_id} - {""})
    subjects = names | ({receipt.transaction_id[:40]} - {""})
    parts: list[Part] = [
        ("Deposit and customer", Deposit, lambda title: _about_deposit(title, deposit)),
        ("What the customer said", Confirmation, lambda title: _about_confirmations(title, confirmations)),
        ("Journals", Journal, lambda title: journals(title, _KINDS, receipt.public_id)),
        ("Other receipts of the same transaction id", Receipt, lambda title: _receipts(title, _same_money(receipt))),
        (LETTERS, LetterItem, lambda title: _letters(title, names, receipt)),
        (CALLS, ProviderCall, lambda title: calls(title, subjects)),
    ]
    return [as_far_as_seen(request, *part) for part in parts]


def of_deposit(deposit: Deposit, request: HttpRequest) -> list[Section]:
    """The evidence about a deposit whose money, if any came, is no receipt yet."""
    confirmations = _confirmations(deposit)
    names = _names(deposit, confirmations)
    parts: list[Part] = [
        ("What the customer said", Confirmation, lambda title: _about_confirmations(title, confirmations)),
        ("Receipts", Receipt, lambda title: _receipts(title, deposit.receipts.order_by("id"))),
        (LETTERS, LetterItem, lambda title: _letters(title, names, None)),
        (CALLS, ProviderCall, lambda title: calls(title, names)),
    ]
    return [as_far_as_seen(request, *part) for part in parts]


def _deposit(deposit_id: Any) -> Deposit | None:
    rows = Deposit.objects.select_related("customer", "product").defer("details", "shown")
    return rows.filter(pk=deposit_id).first()


def _confirmations(deposit: Deposit | None) -> list[Confirmation]:
    return [] if deposit is None else list(deposit.confirmations.order_by("-id")[:ROWS_MAX])


def _names(deposit: Deposit | None, confirmations: Iterable[Confirmation]) -> set[str]:
    own = set() if deposit is None else {deposit.public_id}
    return own | {one.public_id for one in confirmations}


def _about_deposit(title: str, deposit: Deposit | None) -> Section:
    rows = []
    if deposit is not None:
        arrived = "-" if deposit.received_amount is None else format_amount(deposit.received_amount, deposit.currency)
        rows = [
            (
                link("payments_deposit", deposit.pk, deposit.public_id),
                f"{deposit.status}: {deposit.get_status_display()}",
                f"{format_amount(deposit.amount, deposit.currency)} {deposit.currency}",
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


def _about_confirmations(title: str, confirmations: Iterable[Confirmation]) -> Section:
    return Section(
        title=title,
        columns=("confirmation", "reference", "amount", "status", "provider's word", "contested", "sent"),
        rows=[
            (
                link("payments_confirmation", one.pk, one.public_id),
                one.provider_reference,
                "-" if one.amount is None else f"{one.amount.normalize():f}",
                f"{one.status}: {one.get_status_display()}",
                one.provider_word or "-",
                "yes" if one.is_contested else "no",
                one.sent_at or "-",
            )
            for one in confirmations
        ],
        nothing="No customer confirmed it.",
    )


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
                f"{one.status}: {one.get_status_display()}",
                f"{format_amount(one.amount, one.currency)} {one.currency}",
                one.wallet_type,
                one.transaction_id or "-",
                one.contradiction or "-",
                one.received_at,
            )
            for one in receipts[:ROWS_MAX]
        ],
        nothing="There are none.",
    )


def _letters(title: str, names: Iterable[str], receipt: Receipt | None) -> Section:
    # By what the index knows: the order that a letter names, or the one that it names wrongly, if any.
    about = Q(order_id__in=sorted(names))
    if receipt is not None and receipt.transaction_id:
        about |= Q(order_id=receipt.custom_id, transaction_id=receipt.transaction_id)
    return letters(title, about)


def known(receipt: Receipt) -> dict[str, str]:
    """What the form of a decision about a receipt begins with: itself, and its deposit where it has one."""
    own = {"receipt": receipt.public_id}
    if receipt.deposit_id is not None:
        own["deposit"] = ids.encode(ids.DEPOSIT, receipt.deposit_id)
    return own
