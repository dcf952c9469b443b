"""What waits for approval, and what whoever decides has to know of it; oldest first."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db.models import Prefetch, QuerySet, UUIDField, Value
from django.utils import timezone

from gateway.encryption import readable_or
from gateway.hidden import hidden
from gateway.lifecycles import CauseKind
from gateway.money import shown_amount
from gateway.products.models import ApiKey
from withdrawals import rules, slabs
from withdrawals.approvals import objection_to, of_batches_accepted_by
from withdrawals.limits import same_payments
from withdrawals.models import Approval, Withdrawal, WithdrawalLimit, WithdrawalMove
from withdrawals.slabs import Slab
from withdrawals.states import Decision, HoldReason, WithdrawalStatus

#: Earlier ones that are named beside a likely duplicate: the newest say whether it is one.
_SIMILAR_MAX: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One withdrawal that waits, for one person who looks.

    Attributes:
        withdrawal: itself, with product and payment system.
        asked_by: the name of the key or person that asked for it.
        recipient: its recipient's fields, masked as on every page.
        needed: whose approvals it still takes, in words.
        slab: what is agreed for its amount now, in a sentence.
        held_for: why a person has to look at it, in sentences.
        limits: of one beyond a limit, those that only hold up, in words.
        similar: of a likely duplicate, the same recipient's earlier ones of the same amount, newest first.
        time_left: until it is called off; zero where that is due.
        approve: why this person may not approve it, or "".
        reject: why this person may not reject it, or "".
    """

    withdrawal: Withdrawal
    asked_by: str
    recipient: list[tuple[str, str]]
    needed: str
    slab: str
    held_for: list[str]
    limits: list[str]
    similar: list[Withdrawal]
    time_left: timedelta
    approve: str
    reject: str

    @property
    def sum(self) -> str:
        """The amount with its currency."""
        return shown_amount(self.withdrawal.amount, self.withdrawal.currency)

    @property
    def hours_left(self) -> str:
        """The time left, for people: in days and hours, on the last day in hours and minutes."""
        hours, minutes = divmod(int(self.time_left.total_seconds()) // 60, 60)
        days, rest = divmod(hours, 24)
        return f"{days} d {rest} h" if days else f"{hours} h {minutes:02} min"

    @property
    def if_approved(self) -> str:
        """What leaves, and to where, once this person says yes."""
        to = ", ".join(f"{name} {value}" for name, value in self.recipient)
        leaves = f"{self.sum} of {self.withdrawal.product} through {self.withdrawal.payment_system} to {to}"
        if " and " in self.needed:
            return f"one of two. With the other one, {leaves} leave."
        return f"{leaves} leave at once."

    @property
    def if_rejected(self) -> str:
        """What becomes of the money once this person says no."""
        return f"nothing is sent, and {self.sum} are available to {self.withdrawal.product} again."

    @property
    def may_be_decided(self) -> bool:
        """Whether there is anything for this person to do."""
        return not (self.approve and self.reject)


def one(withdrawal_id: uuid.UUID, by: AbstractUser) -> Pending | None:
    """The same of one withdrawal; None where it does not wait."""
    found = shown(Withdrawal.objects.filter(status=WithdrawalStatus.PENDING_APPROVAL, pk=withdrawal_id), by)
    return found[0] if found else None


def shown(rows: "QuerySet[Withdrawal]", by: AbstractUser) -> list[Pending]:
    """Each of some that wait, for this person, in their order."""
    return _pending(
        rows.select_related("product", "payment_system")
        .prefetch_related("approvals", Prefetch("moves", WithdrawalMove.objects.filter(sequence=1)))
        .defer("body"),
        by,
    )


def _pending(rows: Iterable[Withdrawal], by: AbstractUser) -> list[Pending]:
    """Whatever is looked up is looked up for all of them at once: a page of fifty takes as many queries as one row."""
    rows = list(rows)
    known = _Known(
        names=_names(move for row in rows for move in row.moves.all()),
        agreed=slabs.in_force_together({_owner(row) for row in rows}),
        limits=rules.holding_limits([row for row in rows if HoldReason.LIMIT_EXCEEDED in row.held_for]),
        similar=_similar([row for row in rows if HoldReason.DUPLICATE_LIKELY in row.held_for]),
        accepted=of_batches_accepted_by(by.pk, rows),
    )
    return [_shown(row, known, by) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was looked up for all rows; limits and similar ones by the ids of those that are held for them."""

    names: dict[tuple[str, str], str]
    agreed: dict[slabs.Owner, tuple[Slab, ...]]
    limits: dict[uuid.UUID, list[WithdrawalLimit]]
    similar: dict[uuid.UUID, list[Withdrawal]]
    accepted: set[uuid.UUID]


def _owner(withdrawal: Withdrawal) -> slabs.Owner:
    return withdrawal.product_id, withdrawal.mode, withdrawal.currency


def _shown(withdrawal: Withdrawal, known: _Known, by: AbstractUser) -> Pending:
    [first] = withdrawal.moves.all()
    recipient: dict[str, str] = readable_or(withdrawal, "recipient", {})
    assert withdrawal.next_at is not None, "what waits has its end"
    return Pending(
        withdrawal=withdrawal,
        asked_by=known.names.get((first.cause, first.cause_id), f"{first.cause} {first.cause_id}"),
        recipient=[(name.replace("_", " "), hidden(value)) for name, value in recipient.items()],
        needed=_still_needed(withdrawal),
        slab=_slab(withdrawal, known.agreed[_owner(withdrawal)]),
        held_for=[HoldReason(reason).label for reason in withdrawal.held_for],
        limits=[f"{one.most} in {one.within} ({one.about})" for one in known.limits.get(withdrawal.pk, [])],
        similar=known.similar.get(withdrawal.pk, []),
        time_left=max(withdrawal.next_at - timezone.now(), timedelta()),
        approve=objection_to(withdrawal, by, Decision.APPROVE, known.accepted),
        reject=objection_to(withdrawal, by, Decision.REJECT, known.accepted),
    )


def _slab(withdrawal: Withdrawal, agreed: tuple[Slab, ...]) -> str:
    found = next(one for one in reversed(agreed) if one.beginning <= withdrawal.amount)
    return f"Slab from {shown_amount(found.beginning, withdrawal.currency)} on: {found.words.replace('_', ' ')}"


def _still_needed(withdrawal: Withdrawal) -> str:
    missing = list(withdrawal.approvals_needed)
    given: list[Approval] = list(withdrawal.approvals.all())
    for approval in given:
        missing.remove(approval.role)
    return " and ".join(role.replace("_", " ") for role in missing)


def _similar(rows: list[Withdrawal]) -> dict[uuid.UUID, list[Withdrawal]]:
    """By the ids of these, the earlier ones that look the same: two queries."""
    parts = [
        same_payments(row, row.recipient_hashes)
        .filter(pk__lt=row.pk)
        .order_by("-id")
        .values_list(Value(row.pk, UUIDField()), "pk")[:_SIMILAR_MAX]
        for row in rows
    ]
    if not parts:
        return {}
    # One part for each, so that each is planned by its own hashes, which the index of hashes knows.
    pairs = list(parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0])
    earlier = Withdrawal.objects.only("id", "status", "created_at", "reference").in_bulk([key for _, key in pairs])
    found: dict[uuid.UUID, list[Withdrawal]] = {row.pk: [] for row in rows}
    for of, key in sorted(pairs, reverse=True):
        found[of].append(earlier[key])
    return found


def _names(moves: Iterable[WithdrawalMove]) -> dict[tuple[str, str], str]:
    """The names of keys and persons, by cause and id."""
    asked = {(move.cause, move.cause_id) for move in moves}
    keys = ApiKey.objects.filter(pk__in=[one for cause, one in asked if cause == CauseKind.API_KEY])
    people = get_user_model().objects.filter(pk__in=[one for cause, one in asked if cause == CauseKind.PERSON])
    names: dict[tuple[str, str], str] = {(CauseKind.API_KEY, str(key.pk)): f"key {key}" for key in keys}
    return names | {(CauseKind.PERSON, str(person.pk)): person.get_username() for person in people}
