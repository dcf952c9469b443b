"""A journal that two persons had posted, taken back leg by leg."""

from typing import Final

from balances import corrections, verb_fields
from balances.kinds import JournalKind
from balances.models import Journal
from balances.posting import Leg
from balances.reading import key_of
from balances.verb_fields import Refused, Values
from balances.verbs import Plan, PlannedJournal, Verb
from gateway import ids
from gateway.in_words import in_words

#: What belongs to an order is taken back by the order's own verbs: they move the order, too.
_REVERSIBLE: Final = (
    JournalKind.PRODUCT_FUNDED,
    JournalKind.PRODUCT_SETTLED,
    JournalKind.PROVIDER_TOPPED_UP,
    JournalKind.MOVED_TO_SETTLEMENT,
    JournalKind.SETTLED_TO_BANK,
    JournalKind.PROVIDER_FEE,
    JournalKind.PRODUCT_FEE,
    JournalKind.EXCHANGED,
    JournalKind.ADJUSTED,
    JournalKind.WRITTEN_OFF,
)


def _plan(values: Values) -> Plan:
    journal = Journal.objects.filter(pk=values["journal"]).first()
    if journal is None:
        raise Refused("There is no such journal.", field="journal")
    if journal.instruction_id is None or journal.kind not in _REVERSIBLE:
        raise Refused(f"A journal “{in_words(journal.kind)}” is not reversed by hand.", field="journal")
    if Journal.objects.filter(reverses=journal).exists():
        raise Refused("This journal was reversed already.", field="journal")
    entries = journal.entries.select_related("account").order_by("id")
    back = [Leg(account=key_of(one.account), amount=-one.amount) for one in entries]
    legs = corrections.within_what_is_there(back)
    planned = PlannedJournal(kind=JournalKind.REVERSED, legs=legs, subject=journal.subject, reverses=journal.pk)
    note = f"This takes back the journal “{in_words(journal.kind)}” {journal.reference}."
    return Plan(mode=journal.mode, journals=(planned,), notes=(note,))


VERBS: Final = (
    Verb(
        name="reversed",
        sentence=(
            "A journal that two persons had posted was wrong: each of its legs is taken back, once. What the product"
            " no longer has, it owes."
        ),
        fields=(verb_fields.row_id("journal", "Journal", "The id of the journal, as its page shows it.", ids.JOURNAL),),
        plan=_plan,
    ),
)
