"""The life of an instruction: one person asks for it, and another one decides."""

from typing import Final

from django.db import models

from gateway.lifecycles import Lifecycle


class InstructionStatus(models.TextChoices):
    """How far an instruction is."""

    PROPOSED = "proposed", "it waits for a second person"
    POSTED = "posted", "another person approved it, and it was carried out"
    REJECTED = "rejected", "another person refused it"
    WITHDRAWN = "withdrawn", "whoever asked for it took it back"
    EXPIRED = "expired", "nobody decided in time"


S = InstructionStatus

INSTRUCTION: Final = Lifecycle(
    name="instruction",
    initial=frozenset({S.PROPOSED}),
    moves={
        S.PROPOSED: frozenset({S.POSTED, S.REJECTED, S.WITHDRAWN, S.EXPIRED}),
        S.POSTED: frozenset(),
        S.REJECTED: frozenset(),
        S.WITHDRAWN: frozenset(),
        S.EXPIRED: frozenset(),
    },
)

#: Undecided for so long, an instruction ends by itself: the paper behind it is old, and so is what its requester saw.
#: Two weeks outlast a holiday of either person.
EXPIRY_DAYS: Final = 14
