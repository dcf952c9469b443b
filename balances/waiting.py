"""What waits for a person, as lists and commands show it; the apps above say what does (`payments`, `withdrawals`)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from balances.instruction_models import Instruction
from balances.states import InstructionStatus
from gateway import ids
from gateway.money import shown_amount

#: Most rows of one sort in one list. A person works through some dozens a day; whoever has more waiting has a cause to
#: look for, not a list to read.
LISTED_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One receipt, deposit, withdrawal, letter or picture that a person has to look at.

    Attributes:
        pk: its key.
        public_id: its TypeID; the prefix tells which of them it is. A letter has none and goes by its key, a picture
            by its confirmation.
        since: when it began to wait.
        amount: of the money that waits; of a deposit, what it expects; of a withdrawal, what it sends; None where
            nothing was said of it.
        currency: ISO 4217 code.
        payment_system: the provider's ``wallet_type``.
        account: name of the provider account.
        mode: ``live`` or ``test``.
        order: TypeID of its deposit or withdrawal, or "" where none is known.
        why: a sentence.
        asked_for: TypeID of an instruction about it that waits for a second person, or "".
    """

    pk: uuid.UUID | int
    public_id: str
    since: datetime
    amount: Decimal | None
    currency: str
    payment_system: str
    account: str
    mode: str
    order: str
    why: str
    asked_for: str = ""

    @property
    def sum(self) -> str:
        """The amount with its currency."""
        return "-" if self.amount is None else shown_amount(self.amount, self.currency)


def asked_for(verbs: str, field: str) -> dict[str, str]:
    """By the TypeID of a thing, the instruction about it that waits for a second person.

    Args:
        verbs: with what the names of the verbs begin.
        field: by which they are told the thing.
    """
    open_ones = Instruction.objects.filter(status=InstructionStatus.PROPOSED, verb__startswith=verbs)
    return {
        thing: ids.encode(ids.INSTRUCTION, pk)
        for pk, thing in open_ones.order_by("-requested_at").values_list("pk", f"parameters__{field}")
    }
