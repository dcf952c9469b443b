"""What waits for a person, in figures: how much of each sort, of how much money, and since when. Never row by row.

The sorts are those of the work queues. Each is found by a partial index that holds only what waits, so it costs what
waits, however many orders there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Min, Model, Q, QuerySet, Sum
from django.utils import timezone

import payments.waiting
from balances.instruction_models import Instruction
from balances.states import InstructionStatus
from gateway.backoffice.looking import Looking
from payments.models import Deposit, Receipt
from payments.states import DepositStatus, ReceiptStatus
from postbacks.models import LetterItem
from postbacks.states import ItemStatus
from withdrawals.models import Withdrawal
from withdrawals.states import (
    ACCEPTED_IS_LATE_SECONDS,
    FINAL,
    PEOPLE_DECIDE_AFTER_SECONDS,
    UNDER_WAY_AFTER_SENDING,
    WithdrawalStatus,
)

W = WithdrawalStatus

#: A letter that the provider does not know is asked about again by itself; after a quarter of an hour it is people's.
UNCONFIRMED_WAITS_SECONDS: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencySum:
    """So many of one currency, and how much they are together; None where nobody knows."""

    currency: str
    count: int
    amount: Decimal | None
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """One sort of what waits.

    Attributes:
        key: by which it is known: ``unknown``, ``manual_review``, ``suspense``, ``unconfirmed``, ``waiting_funds`` …
        title: in words.
        meaning: a sentence: what it is, and what a person does about it.
        sums: by currency.
        rows: the list of them, "" for whoever may not see it.
        for_people: how many of them a person has to do something about now; the others are looked after by themselves.
        people_since: when the oldest of those began to wait.
    """

    key: str
    title: str
    meaning: str
    sums: Sequence[CurrencySum]
    rows: str
    for_people: int
    people_since: datetime | None

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(one.count for one in self.sums)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest began to wait."""
        return min((one.oldest for one in self.sums if one.oldest), default=None)


def summaries(looking: Looking) -> list[Waits]:
    """Every sort that this person may see, what presses most first; those without any are among them."""
    found: list[Waits] = []
    if looking.sees(Withdrawal):
        found += _of_withdrawals(looking)
    if looking.sees(Receipt):
        found += _of_receipts(looking)
    if looking.sees(Deposit):
        found += _of_deposits(looking)
    if looking.sees(LetterItem):
        found += _of_letters(looking)
    if looking.sees(Instruction):
        found += _of_instructions(looking)
    order = list(_ORDER)
    return sorted(found, key=lambda one: order.index(one.key))


#: In the order in which they are shown: title, and what it means.
_ORDER: Final[Mapping[str, tuple[str, str]]] = {
    "unknown": (
        "Payouts of unknown outcome",
        "They may have arrived. The provider is being asked; after an hour two persons may decide.",
    ),
    "manual_review": ("Payouts in manual review", "A person has to find out whether they were paid."),
    "contradicted": ("Ended payouts that are contradicted", "They ended, and the provider now says otherwise."),
    "waiting_funds": ("Payouts waiting for funds", "The provider has too little money: its account is topped up."),
    "late": ("Payouts accepted over a day ago", "The provider has had them for a day and neither paid nor rejected."),
    "approval": ("Payouts to approve", "Another person says yes or no before they are sent."),
    "suspense": ("Money in suspense", "It arrived, and we know no order for it."),
    "review": ("Money in review", "It arrived for an order and does not settle it by itself."),
    "disputed": ("Credited money that is disputed", "It is credited, and the provider now says otherwise."),
    "deposit_review": ("Deposits in review without money", "No money counts for them, and a person was called."),
    "unconfirmed": (
        "Letters the provider does not confirm",
        "They are well signed, and the provider, asked, does not know them; nothing is credited meanwhile.",
    ),
    "instructions": ("Instructions to decide", "One person asked for them, and another one decides."),
}


def _waits(
    key: str,
    sums: Iterable[CurrencySum],
    rows: str,
    *,
    for_people: int | None = None,
    people_since: datetime | None = None,
) -> Waits:
    title, meaning = _ORDER[key]
    kept = sorted((one for one in sums if one.count), key=lambda one: (-one.count, one.currency))
    if for_people is None:  # all of them are
        for_people = sum(one.count for one in kept)
        people_since = min((one.oldest for one in kept if one.oldest), default=None)
    return Waits(
        key=key,
        title=title,
        meaning=meaning,
        sums=kept,
        rows=rows,
        for_people=for_people,
        people_since=people_since if for_people else None,
    )


def _summed(rows: "QuerySet[Any]", since: str, *by: str, **more: Any) -> list[dict[str, Any]]:
    groups = rows.order_by().values(*by, "currency")
    return list(groups.annotate(count=Count("pk"), sum=Sum("amount"), oldest=Min(since), **more))


def _sums(groups: Iterable[Mapping[str, Any]]) -> list[CurrencySum]:
    return [
        CurrencySum(currency=one["currency"], count=one["count"], amount=one["sum"], oldest=one["oldest"])
        for one in groups
    ]


def _of_withdrawals(looking: Looking) -> Iterable[Waits]:
    now = timezone.now()
    mine = Withdrawal.objects.filter(mode=looking.mode)
    decided_from = Q(sent_at__lte=now - timedelta(seconds=PEOPLE_DECIDE_AFTER_SECONDS))
    is_late = Q(updated_at__lte=now - timedelta(seconds=ACCEPTED_IS_LATE_SECONDS))
    # Written so that the index `withdrawals_for_a_person` serves both.
    under_way = _summed(
        mine.filter(Q(status__in=sorted(UNDER_WAY_AFTER_SENDING - {W.ACCEPTED})) | (Q(status=W.ACCEPTED) & is_late)),
        "updated_at",
        "status",
        decidable=Count("pk", filter=decided_from),
        decidable_since=Min("updated_at", filter=decided_from),
    )
    ended = _summed(mine.filter(~Q(contradiction=""), status__in=sorted(FINAL)), "updated_at")
    by_status = {status: [one for one in under_way if one["status"] == status] for status in UNDER_WAY_AFTER_SENDING}
    for key, status in (("manual_review", W.MANUAL_REVIEW), ("waiting_funds", W.WAITING_FUNDS), ("late", W.ACCEPTED)):
        lookups = {"updated_at__lt": now - timedelta(seconds=ACCEPTED_IS_LATE_SECONDS)} if key == "late" else {}
        rows = looking.rows(Withdrawal, status__exact=status.value, **lookups)
        yield _waits(key, _sums(by_status[status]), rows)
    unknown = by_status[W.UNKNOWN]
    yield _waits(
        "unknown",
        _sums(unknown),
        looking.rows(Withdrawal, status__exact=W.UNKNOWN.value),
        for_people=sum(one["decidable"] for one in unknown),
        people_since=min((one["decidable_since"] for one in unknown if one["decidable_since"]), default=None),
    )
    # Django's lists know no "not empty" of a text; the queue behind this figure is the page of what needs a person.
    yield _waits("contradicted", _sums(ended), looking.rows(Withdrawal, status__in=FINAL, contradiction__gt=""))
    pending = _summed(mine.filter(status=W.PENDING_APPROVAL), "created_at")
    yield _waits("approval", _sums(pending), looking.rows(Withdrawal, status__exact=W.PENDING_APPROVAL.value))


def _of_receipts(looking: Looking) -> Iterable[Waits]:
    groups = _summed(payments.waiting.receipts().filter(account__mode=looking.mode), "received_at", "status")
    for key, status, lookups in (
        ("suspense", ReceiptStatus.SUSPENSE, {}),
        ("review", ReceiptStatus.IN_REVIEW, {}),
        ("disputed", ReceiptStatus.CREDITED, {"contradiction__gt": ""}),
    ):
        rows = looking.rows(Receipt, status__exact=status.value, **lookups)
        yield _waits(key, _sums(one for one in groups if one["status"] == status), rows)


def _of_deposits(looking: Looking) -> Iterable[Waits]:
    groups = _summed(payments.waiting.deposits().filter(mode=looking.mode), "updated_at")
    rows = looking.rows(Deposit, status__exact=DepositStatus.IN_REVIEW.value, received_amount__isnull=1)
    yield _waits("deposit_review", _sums(groups), rows)


def _of_letters(looking: Looking) -> Iterable[Waits]:
    is_old = Q(created_at__lte=timezone.now() - timedelta(seconds=UNCONFIRMED_WAITS_SECONDS))
    groups = _summed(
        LetterItem.objects.filter(account__mode=looking.mode, status=ItemStatus.UNCONFIRMED),
        "created_at",
        old=Count("pk", filter=is_old),
        old_since=Min("created_at", filter=is_old),
    )
    yield _waits(
        "unconfirmed",
        _sums(groups),
        looking.rows(LetterItem, status__exact=ItemStatus.UNCONFIRMED.value),
        for_people=sum(one["old"] for one in groups),
        people_since=min((one["old_since"] for one in groups if one["old_since"]), default=None),
    )


def _of_instructions(looking: Looking) -> Iterable[Waits]:
    undecided = Instruction.objects.filter(status=InstructionStatus.PROPOSED, mode=looking.mode)
    found = undecided.aggregate(count=Count("pk"), oldest=Min("requested_at"))
    one = CurrencySum(currency="", count=found["count"], amount=None, oldest=found["oldest"])
    yield _waits("instructions", [one], looking.rows(Instruction, status__exact=InstructionStatus.PROPOSED.value))


#: Whose rows this file counts: whoever may see none of them is told so.
MODELS: Final[tuple[type[Model], ...]] = (Withdrawal, Receipt, Deposit, LetterItem, Instruction)
