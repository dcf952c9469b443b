"""How two persons move money: what one asked for (`balances.proposing`) another one looks at, and decides.

The database holds the rules once more (`balances.instruction_guards`, and the journals' own): it takes no journal of a
kind that people post without an instruction that a second person approved in the same transaction.
"""

import uuid
from datetime import timedelta

import structlog
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from balances import previews, verb_fields, verb_secrets, verbs, wording
from balances.carrying_out import carry_out
from balances.instruction_models import Instruction
from balances.instruction_moves import lock_undecided, move_instruction
from balances.instruction_rights import APPROVE, PROPOSE, check_second
from balances.proposing import Changed, ask_outside, sentences
from balances.states import EXPIRY_DAYS, InstructionStatus
from balances.verb_fields import Refused
from balances.verbs import Verb
from gateway.kept_history import decided_by
from gateway.lifecycles import Cause, CauseKind
from gateway.people import check_permission

log = structlog.get_logger(__name__)


def approve(instruction_id: uuid.UUID, by: AbstractUser, digest_seen: str) -> Instruction:
    """Agree to it: what the person saw is posted, in one transaction with the decision, or nothing is.

    Args:
        instruction_id: which one.
        by: who decides; never who asked for it.
        digest_seen: of the preview that the person saw (`proposing.current_preview`).

    Raises:
        Refused: it cannot be done; `Changed` where it is not what the person saw.
        PermissionDenied: the person may not decide.
    """
    check_permission(by, APPROVE, lock=False)  # before the provider is asked for somebody who may not
    name, parameters = Instruction.objects.values_list("verb", "parameters").get(pk=instruction_id)
    verb = verbs.named(name)
    ask_outside(verb, parameters)
    with sentences(verb):
        return _approve(instruction_id, verb, by, digest_seen)


@transaction.atomic(durable=True)
def _approve(instruction_id: uuid.UUID, verb: Verb, by: AbstractUser, digest_seen: str) -> Instruction:
    check_permission(by, APPROVE, lock=True)
    instruction = lock_undecided(instruction_id)
    check_second(instruction, by)
    values = verb_fields.read(verb.fields, verb_secrets.texts_of(verb.fields, instruction))
    # From here on the accounts that the plan looked at stay as they are until the commit.
    plan = verb.plan(values)
    shown = previews.preview(verb.name, instruction.parameters, plan)
    if digest_seen != shown.digest:
        raise Changed(shown)
    cause = Cause(kind=CauseKind.PERSON, id=str(by.pk), detail=instruction.reason, instruction=instruction.pk)
    changes = {"preview": shown.content, "digest": shown.digest, "decided_by_id": by.pk}
    move_instruction(instruction, InstructionStatus.POSTED, cause, **changes)
    asked_by = instruction.requested_by.get_username()
    # Last: from here to the commit everybody waits who posts to the same accounts.
    with decided_by(by, instruction.reason, instruction=instruction.public_id, asked_by=asked_by):
        carry_out(verb, values, plan, cause, instruction)
    if previews.posted_sums(instruction) != previews.sums(plan):
        # A row of fees began to count in between, say. Nothing of it stays, and the next look shows what is now.
        log.error("posted_otherwise_than_planned", id=instruction.public_id, verb=verb.name)
        raise Changed(shown)
    return instruction


@transaction.atomic(durable=True)
def reject(instruction_id: uuid.UUID, by: AbstractUser, reason: str) -> Instruction:
    """Refuse it, with a reason; only another person than the requester may.

    Raises:
        Refused: it was decided already, or by the requester.
        PermissionDenied: the person may not decide.
    """
    check_permission(by, APPROVE, lock=True)
    instruction = lock_undecided(instruction_id)
    check_second(instruction, by)
    return _decide(instruction, InstructionStatus.REJECTED, by, reason)


@transaction.atomic(durable=True)
def withdraw(instruction_id: uuid.UUID, by: AbstractUser, reason: str) -> Instruction:
    """Take it back; only the requester may.

    Raises:
        Refused: it was decided already, or somebody else asked for it.
        PermissionDenied: the person may not ask for anything any more.
    """
    check_permission(by, PROPOSE, lock=True)
    instruction = lock_undecided(instruction_id)
    if instruction.requested_by_id != by.pk:
        raise Refused("Only whoever asked for it can withdraw it; you can reject it.")
    return _decide(instruction, InstructionStatus.WITHDRAWN, by, reason)


def expire_undecided() -> int:
    """End what nobody decided in `EXPIRY_DAYS`; gives how many that were."""
    old = timezone.now() - timedelta(days=EXPIRY_DAYS)
    ended = 0
    undecided = Instruction.objects.filter(status=InstructionStatus.PROPOSED, requested_at__lt=old)
    for instruction_id in undecided.order_by("requested_at").values_list("pk", flat=True):
        with transaction.atomic():
            found = Instruction.objects.select_for_update(of=("self",)).get(pk=instruction_id)
            if found.status == InstructionStatus.PROPOSED:
                detail = f"nobody decided in {EXPIRY_DAYS} days"
                move_instruction(found, InstructionStatus.EXPIRED, Cause(kind=CauseKind.CLOCK, detail=detail))
                ended += 1
    return ended


def _decide(instruction: Instruction, status: InstructionStatus, by: AbstractUser, reason: str) -> Instruction:
    reason = wording.reason(reason)
    cause = Cause(kind=CauseKind.PERSON, id=str(by.pk), detail=reason)
    move_instruction(instruction, status, cause, decided_by_id=by.pk, decision_reason=reason)
    return instruction
