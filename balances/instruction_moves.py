"""The one gate through which an instruction changes its status: table, sequence, history."""

import uuid
from datetime import timedelta
from typing import Any

import structlog
from django.utils import timezone

from balances.instruction_models import Instruction, InstructionMove
from balances.states import EXPIRY_DAYS, INSTRUCTION, InstructionStatus
from balances.verb_fields import Refused
from gateway import logs
from gateway.lifecycles import Cause, recorded

log = structlog.get_logger(__name__)


def begin_instruction(instruction: Instruction, cause: Cause) -> bool:
    """Insert an instruction with its first move; gives False where there is one of its id.

    It waits for whoever inserts the same at this moment.
    """
    Instruction.objects.bulk_create([instruction], ignore_conflicts=True)
    if InstructionMove.objects.filter(subject=instruction.pk).exists():
        return False
    _write_history(instruction, "", cause)
    return True


def lock_undecided(instruction_id: uuid.UUID) -> Instruction:
    """The instruction, locked until the transaction ends.

    Raises:
        Refused: it was decided already, or is too old to be.
    """
    instruction = Instruction.objects.select_for_update(of=("self",)).get(pk=instruction_id)
    if instruction.status != InstructionStatus.PROPOSED:
        raise Refused(f"It is {instruction.status} already.")
    if instruction.requested_at < timezone.now() - timedelta(days=EXPIRY_DAYS):
        raise Refused(f"Nobody decided in {EXPIRY_DAYS} days; it has to be asked for anew.")
    return instruction


def move_instruction(instruction: Instruction, to_status: InstructionStatus, cause: Cause, **changes: Any) -> None:
    """Move a locked instruction, together with the columns that change with it.

    Raises:
        IllegalMove: the table does not allow it; nothing was written.
    """
    from_status = instruction.status
    INSTRUCTION.check(from_status, to_status)
    instruction.status = to_status
    instruction.sequence += 1
    instruction.decided_at = timezone.now()  # the database writes its own
    instruction.secrets = None  # decided is decided: nobody needs them any more
    for name, value in changes.items():
        setattr(instruction, name, value)
    columns = [name.removesuffix("_id") for name in changes]
    instruction.save(update_fields=["status", "sequence", "decided_at", "secrets", *columns])
    _write_history(instruction, from_status, cause)


def _write_history(instruction: Instruction, from_status: str, cause: Cause) -> None:
    log.info("moved", id=instruction.public_id, before=from_status, now=instruction.status, cause=cause.kind)
    recorded(
        InstructionMove,
        subject=instruction,
        from_status=from_status,
        cause=cause,
        request_id=logs.request_id.get(),
        at=timezone.now(),
    )
