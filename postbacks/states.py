"""What becomes of one item of a letter, and how often the provider is asked whether it is true."""

from typing import Final

from django.db import models

from gateway.lifecycles import Lifecycle


class ItemStatus(models.TextChoices):
    """Where an item of a letter is."""

    RECEIVED = "received", "kept; the provider is being asked"
    UNCONFIRMED = "unconfirmed", "well signed, but the provider, asked, does not know it (yet)"
    CONFIRMED = "confirmed", "the provider, asked, says the same"
    CONTRADICTED = "contradicted", "the provider, asked, says something else; a person decides"
    UNUSABLE = "unusable", "it cannot be read"


I = ItemStatus  # noqa: E741 - reads as a column in the table below

ITEM: Final = Lifecycle(
    name="letter item",
    initial=frozenset({I.RECEIVED, I.UNUSABLE, I.CONTRADICTED}),
    moves={
        I.RECEIVED: frozenset({I.UNCONFIRMED, I.CONFIRMED, I.CONTRADICTED}),
        I.UNCONFIRMED: frozenset({I.CONFIRMED, I.CONTRADICTED}),
        I.CONFIRMED: frozenset(),
        I.CONTRADICTED: frozenset(),
        I.UNUSABLE: frozenset(),
    },
)

#: Seconds between questions about an item that the provider does not know: its own book may lag for seconds, its
#: API may be down for hours; after a week the item stays unconfirmed until a person decides.
CONFIRM_DELAYS_SECONDS: Final = (5, 15, 30, 60, 120, 300, 600, *(3600,) * 24, *(86400,) * 6)
