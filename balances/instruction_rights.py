"""Who may ask for what takes two persons, who may decide, and who may take it back."""

from typing import Final

from django.contrib.auth.models import AbstractUser

from balances.instruction_models import Instruction
from balances.states import InstructionStatus
from balances.verb_fields import Refused

PROPOSE: Final = "balances.propose_instruction"
APPROVE: Final = "balances.approve_instruction"
#: Whoever asks or decides has to look first: with any of these people see instructions, the ledger and the orders.
TAKES_LOOKING: Final = (PROPOSE, APPROVE)


def may_decide(instruction: Instruction, by: AbstractUser) -> bool:
    """Whether approving and rejecting are open to this person."""
    is_open = instruction.status == InstructionStatus.PROPOSED and instruction.requested_by_id != by.pk
    return is_open and by.is_active and by.is_staff and by.has_perm(APPROVE)


def may_withdraw(instruction: Instruction, by: AbstractUser) -> bool:
    """Whether taking it back is open to this person."""
    is_open = instruction.status == InstructionStatus.PROPOSED and instruction.requested_by_id == by.pk
    return is_open and by.is_active and by.is_staff and by.has_perm(PROPOSE)


def check_second(instruction: Instruction, by: AbstractUser) -> None:
    """Refuse whoever asked for it."""
    if instruction.requested_by_id == by.pk:
        raise Refused("You asked for it yourself: another person has to decide.")
