"""What waits for approval, and what whoever decides has to know of it; oldest first."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from gateway.encryption import readable_or
from gateway.hidden import hidden
from gateway.lifecycles import CauseKind
from gateway.money import shown_amount
from gateway.products.models import ApiKey
from withdrawals import rules, slabs
from withdrawals.approvals import objection_to
from withdrawals.limits import same_payments
from withdrawals.models import Approval, OnExcess, Withdrawal, WithdrawalMove
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
        leaves = f"{self.sum} of {self.withdrawal.product} through {self.withdrawal.payment_system_id} to {to}"
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
    rows = list(rows)
    names = _names(move for row in rows for move in row.moves.all())
    agreed = {owner: slabs.in_force(*owner) for owner in {_owner(row) for row in rows}}
    return [_shown(row, names, agreed[_owner(row)], by) for row in rows]


def _owner(withdrawal: Withdrawal) -> tuple[uuid.UUID, str, str]:
    return withdrawal.product_id, withdrawal.mode, withdrawal.currency


def _shown(
    withdrawal: Withdrawal, names: dict[tuple[str, str], str], agreed: tuple[Slab, ...], by: AbstractUser
) -> Pending:
    [first] = withdrawal.moves.all()
    recipient: dict[str, str] = readable_or(withdrawal, "recipient", {})
    assert withdrawal.next_at is not None, "what waits has its end"
    return Pending(
        withdrawal=withdrawal,
        asked_by=names.get((first.cause, first.cause_id), f"{first.cause} {first.cause_id}"),
        recipient=[(name.replace("_", " "), hidden(value)) for name, value in recipient.items()],
        needed=_still_needed(withdrawal),
        slab=_slab(withdrawal, agreed),
        held_for=[HoldReason(reason).label for reason in withdrawal.held_for],
        limits=_limits(withdrawal) if HoldReason.LIMIT_EXCEEDED in withdrawal.held_for else [],
        similar=_similar(withdrawal) if HoldReason.DUPLICATE_LIKELY in withdrawal.held_for else [],
        time_left=max(withdrawal.next_at - timezone.now(), timedelta()),
        approve=objection_to(withdrawal, by, Decision.APPROVE),
        reject=objection_to(withdrawal, by, Decision.REJECT),
    )


def _slab(withdrawal: Withdrawal, agreed: tuple[Slab, ...]) -> str:
    found = next(one for one in reversed(agreed) if one.beginning <= withdrawal.amount)
    return f"Slab from {shown_amount(found.beginning, withdrawal.currency)} on: {found.words.replace('_', ' ')}"


def _limits(withdrawal: Withdrawal) -> list[str]:
    found = rules.of(withdrawal, withdrawal.recipient_hashes).limits
    return [f"{one.most} in {one.within} ({one.about})" for one in found if one.on_excess == OnExcess.HOLD]


def _still_needed(withdrawal: Withdrawal) -> str:
    missing = list(withdrawal.approvals_needed)
    given: list[Approval] = list(withdrawal.approvals.all())
    for approval in given:
        missing.remove(approval.role)
    return " and ".join(role.replace("_", " ") for role in missing)


def _similar(withdrawal: Withdrawal) -> list[Withdrawal]:
    earlier = same_payments(withdrawal, withdrawal.recipient_hashes).filter(pk__lt=withdrawal.pk)
    return list(earlier.only("id", "status", "created_at", "reference").order_by("-id")[:_SIMILAR_MAX])


def _names(moves: Iterable[WithdrawalMove]) -> dict[tuple[str, str], str]:
    """The names of keys and persons, by cause and id."""
    asked = {(move.cause, move.cause_id) for move in moves}
    keys = ApiKey.objects.filter(pk__in=[one for cause, one in asked if cause == CauseKind.API_KEY])
    people = get_user_model().objects.filter(pk__in=[one for cause, one in asked if cause == CauseKind.PERSON])
    names: dict[tuple[str, str], str] = {(CauseKind.API_KEY, str(key.pk)): f"key {key}" for key in keys}
    return names | {(CauseKind.PERSON, str(person.pk)): person.get_username() for person in people}
