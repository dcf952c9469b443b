"""How a status is to be taken, whatever it is of: the one table from which lists and pages take their colours."""

from typing import Final

from django.db import models


class Tone(models.TextChoices):
    """How something is to be taken; its words say so, too."""

    PLAIN = "plain", "something happened"
    GOOD = "good", "as hoped for"
    WARN = "warn", "not known, or waiting"
    BAD = "bad", "refused, failed or contradicted"


#: Statuses that are not here ended as they may end, and nobody has to look: expired, cancelled, taken back, spent.
TONES: Final = {
    **dict.fromkeys(("created", "queued", "sending", "accepted", "verifying", "awaiting_payment"), Tone.PLAIN),
    **dict.fromkeys(("accumulating", "pending", "working", "running", "waiting", "received", "open"), Tone.PLAIN),
    **dict.fromkeys(("credited", "paid", "confirmed", "delivered", "done", "made", "posted"), Tone.GOOD),
    **dict.fromkeys(("in_review", "manual_review", "unknown", "suspense", "unconfirmed"), Tone.WARN),
    **dict.fromkeys(("pending_approval", "waiting_funds", "proposed", "checked"), Tone.WARN),
    **dict.fromkeys(("failed", "rejected", "refused", "unusable", "contradicted", "exhausted"), Tone.BAD),
    **dict.fromkeys(("reversed", "returned", "written_off"), Tone.BAD),
}


def tone_of(status: str) -> Tone:
    """The tone of a status."""
    return TONES.get(status, Tone.PLAIN)
