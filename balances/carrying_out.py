"""What a second person approved, done: the verb's own way, or by posting what was planned."""

from balances import corrections
from balances.instruction_models import Instruction
from balances.kinds import AccountKind
from balances.posting import NewJournal, post
from balances.verb_fields import Values
from balances.verbs import Plan, PlannedJournal, Verb
from gateway.lifecycles import Cause


def carry_out(verb: Verb, values: Values, plan: Plan, cause: Cause, instruction: Instruction) -> None:
    """Carry out a verb in the transaction of its approval.

    Args:
        verb: which.
        values: what it was told.
        plan: what was shown, made under the present locks.
        cause: of the approval, with its instruction.
        instruction: that one.
    """
    if verb.execute is not None:
        verb.execute(values, cause, instruction)
        return
    planned = [one for one in plan.journals if isinstance(one, PlannedJournal)]
    post(
        *(
            NewJournal(
                kind=one.kind,
                reference=f"{instruction.public_id}/{place}" if place else instruction.public_id,
                legs=one.legs,
                cause=cause,
                subject=one.subject,
                document=instruction.document,
                reverses=one.reverses,
            )
            for place, one in enumerate(planned)
        )
    )
    credited = {leg.account for one in planned for leg in one.legs if leg.amount < 0}
    # In the order of their locks, as every posting takes them.
    for key in sorted(credited, key=lambda key: key.lock_rank):
        if key.kind == AccountKind.AVAILABLE and key.product is not None:
            corrections.repay(key.product, key.mode, key.currency, cause)
