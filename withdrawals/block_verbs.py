"""The verb by which two persons end a block. Nothing moves by it."""

from typing import Final

from balances import verb_fields
from balances.instruction_models import Instruction
from balances.verb_fields import Refused, Values
from balances.verbs import Plan, Verb
from gateway import ids
from gateway.lifecycles import Cause
from gateway.products.models import Mode
from withdrawals.blocklist import unblock
from withdrawals.models import UNBLOCK_VERB, BlockedRecipient


def _open_block(values: Values) -> BlockedRecipient:
    blocked = BlockedRecipient.objects.select_for_update(of=("self",)).filter(pk=values["blocked"]).first()
    if blocked is None or blocked.ended_at is not None:
        raise Refused("There is no such block, or it has ended.", field="blocked")
    return blocked


def _plan_unblock(values: Values) -> Plan:
    blocked = _open_block(values)
    # A block is in both modes; that of the two with real money is what people decide about.
    return Plan(
        mode=Mode.LIVE,
        notes=(
            f"From the approval on {blocked.product or 'every product'} may pay to {blocked.hint} again.",
            f"Blocked by {blocked.created_by} on {blocked.created_at:%Y-%m-%d %H:%M:%S} UTC: {blocked.reason}",
        ),
    )


def _unblock(values: Values, _cause: Cause, instruction: Instruction) -> None:
    assert instruction.decided_by is not None
    unblock(_open_block(values), by=instruction.decided_by, reason=instruction.reason)


UNBLOCK: Final = Verb(
    name=UNBLOCK_VERB,
    sentence="A recipient that was blocked may be paid to again.",
    fields=(verb_fields.row_id("blocked", "Block", "The block that ends; its page names it.", ids.BLOCKED_RECIPIENT),),
    plan=_plan_unblock,
    execute=_unblock,
    wish="Ask to unblock the recipient",
)

VERBS: Final = (UNBLOCK,)
