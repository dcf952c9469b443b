"""What an action would post: it is done, looked at and undone.

So what people are shown and what is then done for them come from the same lines of code, and no second reckoning can
drift away from the first.

The action runs in a savepoint that is always rolled back: its rows, its journals, the news it owes and the bells it
would ring are gone with it. A savepoint gives back its locks, too. So whoever plans takes the locks that the action
needs *before* the rehearsal, for then nothing can change between what is shown under them and what is done.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from django.db import transaction

from balances.kinds import AccountKind, JournalKind
from balances.models import Entry, Journal
from balances.posting import Leg
from balances.reading import key_of
from balances.verbs import PlannedJournal
from gateway import ids, logs
from gateway.lifecycles import Cause, CauseKind
from gateway.money import format_amount
from gateway.webhooks.models import Event

_Seen = TypeVar("_Seen")


def rehearsed(act: Callable[[Cause], object], look: Callable[[], _Seen]) -> tuple[tuple[PlannedJournal, ...], _Seen]:
    """The journals that an action posts, and what ``look`` sees once it is done; nothing of it stays.

    Args:
        act: takes the cause, which stands for an instruction that is not decided yet. What it raises goes on.
        look: reads whatever else is of interest.
    """
    # Nobody ever sees this instruction: the database asks for it at the commit, which does not come.
    cause = Cause(kind=CauseKind.PERSON, instruction=ids.new_id())
    with transaction.atomic(), logs.rehearsal():
        act(cause)
        seen = look()
        journals = _posted(cause)
        transaction.set_rollback(True)
    return journals, seen


def news(moved: Mapping[str, int]) -> tuple[str, ...]:
    """What products are told, a sentence for each event; for ``look``.

    Args:
        moved: by the TypeID of each thing that may have moved, its sequence before.
    """
    return tuple(
        f"{name} is sent the event {kind} of {subject}."
        for subject, sequence in sorted(moved.items())
        for kind, name in Event.objects.filter(subject=subject, sequence__gt=sequence)
        .order_by("sequence")
        .values_list("type", "product__name")
    )


def shortfalls(journals: Iterable[PlannedJournal]) -> tuple[str, ...]:
    """A sentence for each amount that a product does not have and owes from then on."""
    owed = [
        leg
        for one in journals
        for leg in one.legs
        if leg.account.kind == AccountKind.PRODUCT_RECEIVABLE and leg.amount > 0
    ]
    return tuple(
        f"The product has too little: it owes {format_amount(leg.amount, leg.account.currency)}"
        f" {leg.account.currency} from then on, and cannot pay out before that is repaid."
        for leg in owed
    )


def _posted(cause: Cause) -> tuple[PlannedJournal, ...]:
    # What a product repays comes on top of every plan (`balances.verbs`). The order is the same at each rehearsal.
    posted = Journal.objects.filter(instruction=cause.instruction).exclude(kind=JournalKind.RECEIVABLE_REPAID)
    return tuple(
        PlannedJournal(
            kind=JournalKind(one.kind),
            legs=tuple(
                Leg(account=key_of(entry.account), amount=entry.amount)
                for entry in sorted(one.entries.all(), key=_debits_first)
            ),
            subject=one.subject,
        )
        for one in posted.order_by("reference", "kind").prefetch_related("entries__account")
    )


def _debits_first(entry: Entry) -> tuple[bool, str, object]:
    return entry.amount < 0, entry.account.kind, entry.account_id
