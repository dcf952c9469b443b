"""The ledger and what moves it. Each page is in the file of its noun; here Django finds them."""

from balances.fee_admin import FeeAdmin
from balances.instruction_admin import InstructionAdmin
from balances.ledger_admin import AccountAdmin, HoldAdmin, JournalAdmin

__all__ = ["AccountAdmin", "FeeAdmin", "HoldAdmin", "InstructionAdmin", "JournalAdmin"]
