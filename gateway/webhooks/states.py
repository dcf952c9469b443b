"""How a delivery may move, how one attempt can end, and when the next one is due."""

from typing import Final

from django.db import models

from gateway.lifecycles import Lifecycle

#: Waits between the attempts of one delivery: the list of the Standard Webhooks operational guide, which products
#: know from other senders. The first attempt is made at once; 5 s and 5 min bridge a deploy or a restart, the hours
#: an outage, the days a weekend. Ten attempts in a little over three days.
DELIVERY_DELAYS_SECONDS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)

#: Longest ``Retry-After`` that is honoured, the longest wait of our own list: an endpoint may slow us down, but not
#: park our rows for ever.
RETRY_AFTER_MAX_SECONDS: Final = 86_400


class DeliveryStatus(models.TextChoices):
    """The life of one event on its way to one endpoint."""

    PENDING = "pending", "owed; the next attempt has its time"
    DELIVERED = "delivered", "the endpoint answered 2xx"
    EXHAUSTED = "exhausted", "every attempt failed; no more are made"
    CANCELLED = "cancelled", "the endpoint was disabled before it took the event"


class AttemptOutcome(models.TextChoices):
    """How one attempt ended."""

    DELIVERED = "delivered", "answered 2xx"
    REFUSED = "refused", "answered with another code"
    GONE = "gone", "answered 410: the endpoint wants no more"
    REDIRECTED = "redirected", "answered 3xx, which is never followed"
    TIMED_OUT = "timed_out", "no status line within the time limit; it may have been received"
    BROKEN = "broken", "the connection broke or the answer was not HTTP; it may have been received"
    UNREACHABLE = "unreachable", "no name, no connection or no TLS; nothing was sent"
    FORBIDDEN_ADDRESS = (
        "forbidden_address",
        "the name leads to an address that is not public; nothing was sent",
    )


class DisabledReason(models.TextChoices):
    """Why an endpoint gets nothing more."""

    PRODUCT = "product", "the product disabled it"
    GONE = "gone", "it answered 410"


DELIVERY_LIFE: Final = Lifecycle(
    name="webhook delivery",
    initial=frozenset({DeliveryStatus.PENDING}),
    moves={
        DeliveryStatus.PENDING: frozenset(
            {DeliveryStatus.DELIVERED, DeliveryStatus.EXHAUSTED, DeliveryStatus.CANCELLED}
        ),
        # A person replays it: a new round of attempts begins.
        DeliveryStatus.EXHAUSTED: frozenset({DeliveryStatus.PENDING}),
        DeliveryStatus.CANCELLED: frozenset({DeliveryStatus.PENDING}),
    },
)
