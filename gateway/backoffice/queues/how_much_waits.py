"""How much waits for a person, of how much money, and since when: of each work queue, and of what is in none.

Of each sort so much is read as a person may take in, by an index that holds nothing else: it costs the same however
many orders there are, and however many of them wait.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import BooleanField, DecimalField, ExpressionWrapper, F, Value

import withdrawals.waiting
from balances.instruction_models import Instruction
from balances.states import InstructionStatus
from gateway.backoffice import readable
from gateway.backoffice.looking import Looking
from gateway.backoffice.queues.catalogue import QUEUES, Queue, Rows
from gateway.money import shown_amount
from gateway.shown_mode import PARAMETER
from withdrawals.models import Withdrawal
from withdrawals.states import WithdrawalStatus

#: Of what waits, so much is counted: who has more waiting looks for a cause, not at a number.
COUNTED_MAX: Final = 100
#: And so much is summed up: reading so many rows of an index takes milliseconds, and each queue is asked on each
#: first page.
SUMMED_MAX: Final = 1000
#: The name of the sort that is within a queue, too.
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How much waits for the same answer.

    Attributes:
        title: of what waits.
        holds: what it is, in a sentence.
        count: at most `COUNTED_MAX`.
        is_more: there are more.
        oldest: since when the one waits that has waited longest; None: nothing waits.
        url: of the rows, in the same mode.
        sums: how much they are together, for people, by currency.
        is_partial: there are more than `SUMMED_MAX` of a sort: oldest, sums and what presses are of those made first.
        pressing: how many of them a person has to do something about now, at most `COUNTED_MAX`.
        presses_more: likewise there are more.
        pressing_since: when the oldest of those began to wait.
    """

    name: str
    title: str
    holds: str
    count: int
    is_more: bool
    oldest: datetime | None
    url: str
    sums: list[str] = field(default_factory=list)
    is_partial: bool = False
    pressing: int = 0
    presses_more: bool = False
    pressing_since: datetime | None = None

    @property
    def number(self) -> str:
        """The count, for people."""
        return f"{self.count}+" if self.is_more else str(self.count)

    @property
    def of_which(self) -> str:
        """What the sums and the oldest are of, where they are not of everything that is counted."""
        return f"of the {SUMMED_MAX:,} of each sort that were made first" if self.is_partial else ""

    @property
    def age(self) -> str:
        """How long the oldest has waited."""
        return readable.age(self.oldest)

    @property
    def since(self) -> str:
        """When it began to wait."""
        return readable.moment(self.oldest)


def summaries(mode: str, person: AbstractUser | AnonymousUser) -> list[Summary]:
    """How much waits in each queue that this person may see; one query for each source of rows.

    Args:
        mode: ``live`` or ``test``.
        person: who looks.
    """
    return [_summary(one, mode) for one in QUEUES if one.may_look(person)]


def _summary(queue: Queue, mode: str) -> Summary:
    url = f"{queue.address}?{urlencode({PARAMETER: mode})}"
    return _summed(queue.sources, mode, name=queue.name, title=queue.title, holds=queue.holds, url=url)


def _summed(sorts: Iterable[Rows], mode: str, *, name: str, title: str, holds: str, url: str) -> Summary:
    """How much of these waits in this mode; one query for each sort."""
    count, is_partial, since, pressing = 0, False, [], []
    sums: dict[str, Decimal] = {}
    for one in sorts:
        found = _counted(one, mode)
        count += len(found)
        is_partial |= len(found) > SUMMED_MAX
        del found[SUMMED_MAX:]
        since += [at for at, _, _, _ in found]
        pressing += [at for at, is_looked_after, _, _ in found if not is_looked_after]
        for _, _, amount, currency in found:
            if amount is not None:
                sums[currency] = sums.get(currency, Decimal(0)) + amount
    return Summary(
        name=name,
        title=title,
        holds=holds,
        count=min(count, COUNTED_MAX),
        is_more=count > COUNTED_MAX,
        oldest=min(since, default=None),
        url=url,
        sums=[shown_amount(total, currency) for currency, total in sorted(sums.items())],
        is_partial=is_partial,
        pressing=min(len(pressing), COUNTED_MAX),
        presses_more=len(pressing) > COUNTED_MAX,
        pressing_since=min(pressing, default=None),
    )


def _counted(waits: Rows, mode: str) -> list[tuple[datetime, bool, Decimal | None, str]]:
    """Since when each row waits, whether by itself, and how much it is; of the rows made first, and one more."""
    by_itself: Any = Value(value=False)
    if waits.looked_after is not None:
        by_itself = ExpressionWrapper(waits.looked_after(), output_field=BooleanField())
    rows = waits.rows().filter(**{waits.mode: mode})
    found = rows.values_list(
        F(waits.since),
        by_itself,
        F(waits.amount) if waits.amount else Value(None, output_field=DecimalField()),
        F(waits.currency) if waits.currency else Value(""),
    )
    return list(found[: SUMMED_MAX + 1])


def in_no_queue(looking: Looking) -> list[Summary]:
    """Likewise what people ask for by itself, as far as this person may see it; the latter waits for a second person.

    Payouts of unknown outcome are within the queue of manual review, too.
    """
    found = []
    if looking.sees(Withdrawal):
        found.append(
            _summed(
                [_UNKNOWN],
                looking.mode,
                name=UNKNOWN,
                title="Payouts of unknown outcome",
                holds="They may have arrived. The provider is being asked; after an hour two persons may decide.",
                url=looking.rows(Withdrawal, status__in=[WithdrawalStatus.UNKNOWN.value]),
            )
        )
    if looking.sees(Instruction):
        found.append(
            _summed(
                [_INSTRUCTIONS],
                looking.mode,
                name="instructions",
                title="Instructions to decide",
                holds="One person asked for them, and another one decides.",
                url=looking.rows(Instruction, status__in=[InstructionStatus.PROPOSED.value]),
            )
        )
    return found


_UNKNOWN: Final = Rows(
    rows=withdrawals.waiting.of_unknown_outcome,
    mode="mode",
    since="updated_at",
    looked_after=withdrawals.waiting.looked_after,
)
_INSTRUCTIONS: Final = Rows(
    rows=lambda: Instruction.objects.filter(status=InstructionStatus.PROPOSED).order_by("requested_at"),
    mode="mode",
    since="requested_at",
    amount="",
    currency="",
)
