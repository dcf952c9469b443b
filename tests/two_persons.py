"""Money that people move takes two of them: the tests' own, and what they decided."""

from collections.abc import Mapping, Sequence

from django.contrib.auth.models import User

from balances import instructions
from balances.instruction_models import Instruction
from balances.instruction_moves import begin_instruction, move_instruction
from balances.kinds import FEE_VERB
from balances.states import InstructionStatus
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product


def persons() -> tuple[User, User]:
    """Who asks, and who approves: made where a test first needs them, with passwords that nobody has."""
    names = ("requester", "approver")
    known = {one.username: one for one in User.objects.filter(username__in=names)}
    for name in names:
        if name not in known:
            known[name] = User.objects.create(username=name, password="!", is_staff=True, is_superuser=True)
    return known["requester"], known["approver"]


def by_two_persons(verb: str, parameters: Mapping[str, str]) -> Instruction:
    """Asked for by one and approved by the other."""
    requester, approver = persons()
    asked = instructions.propose(verb, parameters, "the tests' own money", "a test", requester)
    return instructions.approve(asked.pk, approver, asked.digest)


def settle(product: Product, amount: str, currency: str = "INR") -> None:
    """Pay a product's available money out to it."""
    by_two_persons(
        "product_settled", {"product": str(product.pk), "mode": "test", "currency": currency, "amount": amount}
    )


def overdraft(product: Product, limit: str, currency: str = "INR") -> None:
    """Let a product's available money go so far below zero."""
    parameters = {"product": str(product.pk), "mode": "test", "currency": currency, "limit": limit}
    by_two_persons("overdraft_limit", parameters)


def decided(detail: str = "two persons decided", mode: str = "test") -> Cause:
    """The cause of journals past every verb: an instruction that two persons decided in the present transaction.

    It says that it showed journals, so at least one has to be posted with it before the transaction ends.
    """
    return _decided("tested", {}, mode, detail, [{"kind": "adjusted", "legs": []}])


def agreed(parameters: Mapping[str, str]) -> None:
    """The same for rows of fees, which move nothing yet."""
    _decided(FEE_VERB, parameters, parameters["mode"], "two persons agreed", [])


def _decided(verb: str, parameters: Mapping[str, str], mode: str, detail: str, shown: Sequence[object]) -> Cause:
    requester, approver = persons()
    instruction = Instruction(
        verb=verb,
        mode=mode,
        parameters=parameters,
        reason=detail,
        preview={"mode": mode, "notes": [], "journals": shown},
        digest="0" * 64,
        requested_by=requester,
    )
    by_person = Cause(kind=CauseKind.PERSON, id=str(approver.pk), detail=detail, instruction=instruction.pk)
    begin_instruction(instruction, by_person)
    move_instruction(instruction, InstructionStatus.POSTED, by_person, decided_by_id=approver.pk)
    return by_person
