"""What a second person approved, done: the verb's own way, or by posting what was planned."""

from collections.abc import Iterable

from balances import accounts, corrections
from balances.accounts import AccountKey
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
    touched = _to_be_repaid(planned)
    # Before the posting, which may lock what a product owes: everybody locks its available money first.
    for key in touched:
        corrections.locked_balance(key)
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
    for key in touched:
        assert key.product is not None
        corrections.repay(key.product, key.mode, key.currency, cause)


def _to_be_repaid(planned: Iterable[PlannedJournal]) -> list[AccountKey]:
    """The available money of products that get some, or owe more, in the order of its locks: debts are repaid first."""
    keys = set()
    for leg in (leg for one in planned for leg in one.legs):
        key = leg.account
        gets = key.kind == AccountKind.AVAILABLE and leg.amount < 0
        owes = key.kind == AccountKind.PRODUCT_RECEIVABLE and leg.amount > 0
        if key.product is not None and (gets or owes):
            keys.add(accounts.available(key.product, key.mode, key.currency))
    return sorted(keys, key=lambda key: key.lock_rank)
