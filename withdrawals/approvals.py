"""People, and keys of a product, decide about withdrawals that wait: never who asked for it, and each only once.

The row lock is the one gate: whoever has it first, of those who approve, reject, cancel or let it expire, writes its
status, and all others read it.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import structlog
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from balances import wording
from balances.verb_fields import Refused
from gateway.after_commit import ring
from gateway.in_words import in_words
from gateway.lifecycles import Cause, CauseKind
from gateway.people import check_permission
from gateway.products.actions import Caller
from gateway.products.models import ApiKey, Scope
from withdrawals.batch_states import BatchStatus
from withdrawals.failures import FailureCode
from withdrawals.models import Approval, BatchRow, Withdrawal, WithdrawalMove
from withdrawals.moves import NoRoom, lock_withdrawal, move_withdrawal, no_room_is_said
from withdrawals.states import APPROVAL_DAYS, ApproverRole, Decision, WithdrawalStatus

log = structlog.get_logger(__name__)

APPROVE: Final = "withdrawals.approve_withdrawal"
APPROVE_LARGE: Final = "withdrawals.approve_large_withdrawal"
#: With any of these people see withdrawals and the queue of those that wait.
TAKES_LOOKING: Final = (APPROVE, APPROVE_LARGE)

_LEAD, _APPROVER = ApproverRole.FINANCE_LEAD, ApproverRole.APPROVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Who decides, as they were found.

    Attributes:
        cause: as which their moves are written down.
        roles: what they may decide as, the rarest first.
        person: id of the person, or None.
        key: id of the key, or None.
    """

    cause: Cause
    roles: tuple[ApproverRole, ...]
    person: int | None = None
    key: uuid.UUID | None = None


def approve(withdrawal_id: uuid.UUID, by: AbstractUser | Caller, reason: str) -> Withdrawal:
    """Say yes. With the last approval that it takes it is to be sent. Saying so twice is one approval.

    Raises:
        Refused: it waits for no approval, for none of theirs, or they decided otherwise or asked for it.
        PermissionDenied: they may not decide.
    """
    return _decide(withdrawal_id, by, Decision.APPROVE, reason)


def reject(withdrawal_id: uuid.UUID, by: AbstractUser | Caller, reason: str) -> Withdrawal:
    """Say no: it is never sent, and its money is available again. Saying so twice is one rejection.

    Raises:
        Refused: it waits for no approval, or they decided otherwise or asked for it; or the product's balance has no
            room for the amount.
        PermissionDenied: they may not decide.
    """
    try:
        with no_room_is_said(withdrawal_id):
            return _decide(withdrawal_id, by, Decision.REJECT, reason)
    except NoRoom as error:
        raise Refused(str(error)) from None


@transaction.atomic(durable=True)
def _decide(withdrawal_id: uuid.UUID, by: AbstractUser | Caller, decision: Decision, reason: str) -> Withdrawal:
    reason = wording.reason(reason)
    decider = _person(by) if isinstance(by, AbstractUser) else _key(by)
    withdrawal = lock_withdrawal(withdrawal_id)
    given = list(Approval.objects.filter(withdrawal=withdrawal))
    if any(_is_of(one, decider) and one.decision == decision for one in given):
        return withdrawal
    role = decider.roles[0]
    if objection := _objection(withdrawal, given, decider, of_batches_accepted_by(decider.person, [withdrawal])):
        raise Refused(objection)
    if decision is Decision.APPROVE:
        role = _role(withdrawal, given, decider)
    Approval.objects.create(
        withdrawal=withdrawal,
        decision=decision,
        role=role,
        person_id=decider.person,
        key_id=decider.key,
        reason=reason,
        held_for=withdrawal.held_for,
    )
    cause = Cause(kind=decider.cause.kind, id=decider.cause.id, detail=f"{decision} as {role}")
    if decision is Decision.REJECT:
        _call_off(withdrawal, FailureCode.APPROVAL_REFUSED, cause)
    elif len(_approvals(given)) + 1 < len(withdrawal.approvals_needed):
        move_withdrawal(withdrawal, WithdrawalStatus.PENDING_APPROVAL, cause)
    else:
        move_withdrawal(withdrawal, WithdrawalStatus.QUEUED, cause, next_at=timezone.now())
        ring("withdrawals.tasks.send_withdrawals", str(withdrawal.account_id))
    return withdrawal


def expire(withdrawal_id: uuid.UUID) -> bool:
    """Call off what nobody approved in its time; false where that is not so, not any more, or not possible yet.

    Where the product's balance has no room for the amount it stays due, and the next sweep tries again.
    """
    try:
        with no_room_is_said(withdrawal_id):
            return _expire(withdrawal_id)
    except NoRoom:
        return False


@transaction.atomic(durable=True)
def _expire(withdrawal_id: uuid.UUID) -> bool:
    withdrawal = lock_withdrawal(withdrawal_id)
    if withdrawal.status != WithdrawalStatus.PENDING_APPROVAL or not _is_over(withdrawal):
        return False
    detail = f"not approved in {APPROVAL_DAYS} days"
    _call_off(withdrawal, FailureCode.APPROVAL_EXPIRED, Cause(kind=CauseKind.CLOCK, detail=detail))
    return True


def overdue() -> "QuerySet[Withdrawal]":
    """What was not approved in its time."""
    return Withdrawal.objects.filter(status=WithdrawalStatus.PENDING_APPROVAL, next_at__lte=timezone.now())


def objection_to(withdrawal: Withdrawal, by: AbstractUser, decision: Decision, accepted: Collection[uuid.UUID]) -> str:
    """Why this person may not decide so about it, as things are; "" where they may.

    Looks, and locks nothing: what `approve` and `reject` say counts. No query, where its moves and approvals are known.

    Args:
        withdrawal: the one that waits.
        by: who looks.
        decision: what they would say.
        accepted: what `of_batches_accepted_by` says of this person.
    """
    if not (roles := _roles(by)):
        return "You may not decide about withdrawals."
    decider = Decider(cause=Cause(kind=CauseKind.PERSON, id=str(by.pk)), roles=roles, person=by.pk)
    given = list(withdrawal.approvals.all())
    if objection := _objection(withdrawal, given, decider, accepted):
        return objection
    if decision is Decision.APPROVE:
        try:
            _role(withdrawal, given, decider)
        except Refused as error:
            return str(error)
    return ""


def of_batches_accepted_by(person: int | None, withdrawals: Iterable[Withdrawal]) -> set[uuid.UUID]:
    """The ids of those whose batch this person, if it is one, said yes to. One query at most, where moves are known."""
    from_batches = [one.pk for one in withdrawals if _asked(one).detail] if person is not None else []
    if not from_batches:
        return set()
    rows = BatchRow.objects.filter(
        withdrawal__in=from_batches,
        batch__moves__to_status=BatchStatus.ACCEPTED,
        batch__moves__cause=CauseKind.PERSON,
        batch__moves__cause_id=str(person),
    )
    return {key for key in rows.values_list("withdrawal", flat=True) if key is not None}


def _person(by: AbstractUser) -> Decider:
    """The person, locked, and looked up anew."""
    now = check_permission(by, *TAKES_LOOKING, lock=True)
    return Decider(cause=Cause(kind=CauseKind.PERSON, id=str(by.pk)), roles=_roles(now), person=by.pk)


def _roles(person: AbstractUser) -> tuple[ApproverRole, ...]:
    if not (person.is_active and person.is_staff):
        return ()
    if person.has_perm(APPROVE_LARGE):
        return (_LEAD, _APPROVER)
    return (_APPROVER,) if person.has_perm(APPROVE) else ()


def _key(by: Caller) -> Decider:
    """The key, locked, and looked up anew as well."""
    now = ApiKey.objects.select_for_update(of=("self",), no_key=True).select_related("product").get(pk=by.key_id)
    if not now.is_usable() or Scope.WITHDRAWALS_APPROVE not in now.scopes:
        raise PermissionDenied("This API key may not decide about withdrawals.")
    return Decider(cause=Cause(kind=CauseKind.API_KEY, id=str(now.pk)), roles=(_APPROVER,), key=now.pk)


def _objection(withdrawal: Withdrawal, given: list[Approval], decider: Decider, accepted: Collection[uuid.UUID]) -> str:
    """Why they may not decide about it at all, or ""."""
    if withdrawal.status != WithdrawalStatus.PENDING_APPROVAL:
        return f"The withdrawal is {in_words(withdrawal.status)}; it waits for no approval."
    if _is_over(withdrawal):
        return f"It was not approved in {APPROVAL_DAYS} days, and is about to be called off."
    asked = _asked(withdrawal)
    if (asked.cause, asked.cause_id) == (decider.cause.kind, decider.cause.id):
        return "Whoever asked for a withdrawal does not decide about it: another one has to."
    if withdrawal.pk in accepted:
        return "Whoever said yes to its batch has asked for it, too: another one has to decide."
    if any(_is_of(one, decider) for one in given):
        return "They have decided about it already; it takes another one."
    return ""


def _asked(withdrawal: Withdrawal) -> WithdrawalMove:
    return next(move for move in withdrawal.moves.all() if move.sequence == 1)


def _role(withdrawal: Withdrawal, given: list[Approval], decider: Decider) -> ApproverRole:
    """As which of the needed approvals theirs counts: a finance lead's as that one's, as long as it is needed."""
    approvals = _approvals(given)
    if decider.key is not None and any(one.key_id is not None for one in approvals):
        raise Refused("An API key has approved it already; a person has to.")
    missing = Counter(withdrawal.approvals_needed) - Counter(one.role for one in approvals)
    for role in decider.roles:
        if missing[role]:
            return role
    raise Refused("What it still takes is the approval of a finance lead.")


def _approvals(given: list[Approval]) -> list[Approval]:
    return [one for one in given if one.decision == Decision.APPROVE]


def _is_of(one: Approval, decider: Decider) -> bool:
    return (one.person_id, one.key_id) == (decider.person, decider.key)


def _is_over(withdrawal: Withdrawal) -> bool:
    return withdrawal.next_at is not None and withdrawal.next_at <= timezone.now()


def _call_off(withdrawal: Withdrawal, failure: FailureCode, cause: Cause) -> None:
    move_withdrawal(withdrawal, WithdrawalStatus.CANCELLED, cause, failure_code=failure)
