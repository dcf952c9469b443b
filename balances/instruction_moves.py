"""The one gate through which an instruction changes its status: table, sequence, history."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from balances.instruction_models import Instruction, InstructionMove
from balances.states import EXPIRY_DAYS, INSTRUCTION, InstructionStatus
from balances.verb_fields import Refused
from gateway.lifecycles import Cause
from gateway.moving import moved, record


def begin_instruction(instruction: Instruction, cause: Cause) -> bool:
    """Insert an instruction with its first move; gives False where there is one of its id.

    It waits for whoever inserts the same at this moment.
    """
    Instruction.objects.bulk_create([instruction], ignore_conflicts=True)
    if InstructionMove.objects.filter(subject=instruction.pk).exists():
        return False
    record(InstructionMove, instruction, "", cause)
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
    ended: dict[str, Any] = {
        "decided_at": timezone.now(),  # the database writes its own
        "secrets": None,  # decided is decided: nobody needs them any more
    }
    moved(INSTRUCTION, InstructionMove, instruction, to_status, cause, **ended, **changes)
