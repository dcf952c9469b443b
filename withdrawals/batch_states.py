"""How a batch of withdrawals may move, and what may become of each of its rows."""

from typing import Final

from django.db import models

from gateway.lifecycles import Lifecycle


class BatchStatus(models.TextChoices):
    """Where a batch is in its life."""

    CHECKED = "checked", "every row is valid; the person who sent it has not said yes yet"
    ACCEPTED = "accepted", "its withdrawals are to be made"
    WORKING = "working", "its withdrawals are being made, in the order of its rows"
    DONE = "done", "each row was made or refused"
    CANCELLED = "cancelled", "called off; the withdrawals that it had made go on"


class RowStatus(models.TextChoices):
    """What has become of a row."""

    WAITING = "waiting", "its withdrawal is to be made"
    MADE = "made", "there is its withdrawal"
    REFUSED = "refused", "no withdrawal could be made; its code says why"
    CANCELLED = "cancelled", "its batch was called off before"


class BatchSource(models.TextChoices):
    """As what the rows came."""

    JSON = "json", "the body of a call"
    CSV = "csv", "a CSV file"
    XLSX = "xlsx", "an XLSX file"


B = BatchStatus

WITHDRAWAL_BATCH: Final = Lifecycle(
    name="withdrawal batch",
    initial=frozenset({B.CHECKED, B.ACCEPTED}),
    moves={
        B.CHECKED: frozenset({B.ACCEPTED, B.CANCELLED}),
        B.ACCEPTED: frozenset({B.WORKING, B.CANCELLED}),
        B.WORKING: frozenset({B.DONE, B.CANCELLED}),
        B.DONE: frozenset(),
        B.CANCELLED: frozenset(),
    },
)

#: Batches whose rows are being made.
AT_WORK: Final = frozenset({B.ACCEPTED, B.WORKING})
#: Batches of which nothing more comes.
ENDED: Final = frozenset({B.DONE, B.CANCELLED})
#: What nobody says yes to in so many hours is called off: a working day, and it would be checked again anyway.
CONFIRM_HOURS: Final = 24
