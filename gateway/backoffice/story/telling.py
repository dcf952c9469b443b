"""What the story of each kind of order consists of. The number of queries is fixed, whatever there is to tell."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q
from django.http import HttpRequest

from balances.kinds import JournalKind
from balances.models import Hold
from gateway import ids
from gateway.backoffice.story import customers, money, moves, people, sources
from gateway.backoffice.story.bounded import first_and_last
from gateway.backoffice.story.entries import Entry, Kind, in_order
from gateway.backoffice.story.seen import Source, entries_of
from gateway.causes import named
from payments.models import (
    ConfirmationMove,
    Deposit,
    DepositMove,
    Receipt,
    ReceiptMove,
    Savings,
)
from payments.states import DepositStatus, ReceiptStatus
from withdrawals.batch_states import BatchStatus
from withdrawals.models import Approval, Withdrawal, WithdrawalBatch, WithdrawalBatchMove, WithdrawalMove
from withdrawals.states import WithdrawalStatus

J = JournalKind

#: What is ever posted with a receipt's id for its reference.
_OF_RECEIPTS: Final = (
    J.RECEIPT_CREDITED,
    J.RECEIPT_SUSPENDED,
    J.SUSPENSE_CREDITED,
    J.SUSPENSE_RETURNED,
    J.SUSPENSE_WRITTEN_OFF,
    J.RECEIPT_REVERSED,
    J.SAVINGS_RELEASED,
    J.PROVIDER_FEE,
    J.PRODUCT_FEE,
)
#: What is ever posted with a withdrawal's id for its reference.
_OF_WITHDRAWALS: Final = (
    J.WITHDRAWAL_HELD,
    J.WITHDRAWAL_PAID,
    J.WITHDRAWAL_RELEASED,
    J.WITHDRAWAL_RETURNED,
    J.WITHDRAWAL_PROVED_PAID,
    J.PROVIDER_FEE,
    J.PRODUCT_FEE,
)
#: Changes of savings that are looked for: the last ones; a customer's savings change a few times in a week.
_CHANGES_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story: its entries, oldest first, and a sentence for each sort of rows that this person may not see."""

    entries: list[Entry]
    unseen: list[str]


def of_deposit(deposit: Deposit, request: HttpRequest, also: tuple[str, ...]) -> Told:
    """The story of a deposit, with that of its confirmations and its money.

    Args:
        deposit: the order.
        request: whoever looks sees as much of it as they may.
        also: permissions with which its moves may be seen, too.
    """
    own = deposit.public_id
    tried = sources.tried(deposit)
    came = first_and_last(Receipt.objects.filter(deposit=deposit), "received_at", "id")
    history = moves.rows_of(DepositMove, Q(subject=deposit.pk))
    tries = moves.rows_of(ConfirmationMove, _of(tried))
    arrivals = moves.rows_of(ReceiptMove, _of(came))
    names = {own, *(one.public_id for one in tried)}
    receipts = {one.public_id for one in came}
    made = {one.pk: ("customer's reference", one.created_at) for one in tried}
    parts = [
        sources.life(DepositMove, history, DepositStatus, also),
        sources.requests(deposit, "deposit", DepositMove, [*history, *tries], also, made=made),
        *sources.claims(tried, tries, deposit.currency),
        Source(kind=Kind.RECEIPT, model=Receipt, make=lambda: customers.receipts(came, arrivals)),
        sources.journals(_posted(own, _OF_RECEIPTS, receipts)),
        Source(kind=Kind.REFUND, model=Withdrawal, make=lambda: money.refunds(deposit)),
        *sources.outside(names, came),
        sources.instructions({"deposit": {own}, "receipt": receipts}),
        sources.notes({own, *receipts}, request),
        sources.news(names, request),
    ]
    return _told(parts, request)


def of_receipt(receipt: Receipt, request: HttpRequest, also: tuple[str, ...]) -> Told:
    """The story of provider money: what the customer said of it, what the provider said, and what was done with it."""
    own, deposit = receipt.public_id, receipt.deposit
    tried = [] if deposit is None else sources.tried(deposit)
    currency = receipt.currency if deposit is None else deposit.currency
    history = moves.rows_of(ReceiptMove, Q(subject=receipt.pk))
    tries = moves.rows_of(ConfirmationMove, _of(tried))
    order = set() if deposit is None else {deposit.public_id}
    names = {one.public_id for one in tried} | order | ({receipt.custom_id} - {""})
    parts = [
        sources.life(ReceiptMove, history, ReceiptStatus, also),
        Source(kind=Kind.RECEIPT, model=Receipt, make=lambda: customers.receipts([receipt], [])),
        *sources.claims(tried, tries, currency),
        sources.journals(_posted("", _OF_RECEIPTS, {own})),
        *sources.outside(names, [receipt]),
        sources.instructions({"receipt": {own}}),
        sources.notes({own} | order, request),
    ]
    return _told(parts, request)


def of_withdrawal(withdrawal: Withdrawal, request: HttpRequest, also: tuple[str, ...]) -> Told:
    """The story of a payout: who asked, who agreed, what was sent and said, and what was done with the money."""
    own = withdrawal.public_id
    history = moves.rows_of(WithdrawalMove, Q(subject=withdrawal.pk))
    parts = [
        sources.life(WithdrawalMove, history, WithdrawalStatus, also),
        sources.requests(withdrawal, "withdrawal", WithdrawalMove, history, also),
        Source(kind=Kind.APPROVAL, model=Approval, make=lambda: people.approvals(withdrawal), also_seen_with=also),
        Source(kind=Kind.HOLD, model=Hold, make=lambda: money.hold(withdrawal)),
        sources.journals(_posted(own, _OF_WITHDRAWALS, {own})),
        *sources.outside({own}, []),
        sources.instructions({"withdrawal": {own}}),
        sources.notes({own}, request),
        sources.news({own}, request),
    ]
    return _told(parts, request)


def of_batch(batch: WithdrawalBatch, request: HttpRequest, also: tuple[str, ...]) -> Told:
    """The story of a batch itself; each of its withdrawals has its own."""
    own = batch.public_id
    history = moves.rows_of(WithdrawalBatchMove, Q(subject=batch.pk))
    parts = [
        sources.life(WithdrawalBatchMove, history, BatchStatus, also),
        sources.requests(batch, "batch", WithdrawalBatchMove, history, also),
        sources.news({own}, request),
        sources.notes({own}, request),
    ]
    return _told(parts, request)


def of_savings(savings: Savings, request: HttpRequest) -> Told:
    """The story of a customer's savings: each change is a journal, and news."""
    own = savings.public_id
    changes = range(max(1, savings.sequence - _CHANGES_MAX + 1), savings.sequence + 1)
    observed = Q(kind=J.SAVINGS_OBSERVED, reference__in=[f"{own}/{number}" for number in changes])
    return _told([sources.journals(observed), sources.news({own}, request), sources.notes({own}, request)], request)


def tells_notes_about(row: Any, subject: str) -> bool:
    """Whether the page of an order tells what was written about this: about itself; a deposit and its receipts share.

    Args:
        row: the order.
        subject: TypeID, or whatever a form named.
    """
    if subject == row.public_id:
        return True
    if isinstance(row, Deposit):
        key = ids.decode(ids.RECEIPT, subject)
        return key is not None and Receipt.objects.filter(pk=key, deposit=row).exists()
    return isinstance(row, Receipt) and row.deposit is not None and subject == row.deposit.public_id


def _posted(subject: str, kinds: Collection[str], references: Collection[str]) -> Q:
    about = Q(kind__in=kinds, reference__in=sorted(references)) if references else Q(pk=None)
    return about | Q(subject=subject) if subject else about


def _of(rows: Iterable[Any]) -> Q:
    return Q(subject__in=[one.pk for one in rows])


def _told(parts: list[Source], request: HttpRequest) -> Told:
    entries, unseen = entries_of(request, parts)
    entries = in_order(entries)
    _lead_to_their_calls(entries)
    names = named(request, [one.cause for one in entries if one.cause is not None])
    for one in entries:
        if one.cause is not None:
            one.by = names[one.cause]
    return Told(entries=entries, unseen=unseen)


def _lead_to_their_calls(entries: Iterable[Entry]) -> None:
    """Whatever an answer caused leads to the call before it."""
    last = ""
    for one in entries:
        if one.kind == Kind.CALL and one.anchor:
            last = one.anchor
        elif one.answers_a_call:
            one.call = last
