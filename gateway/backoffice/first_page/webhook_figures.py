"""Whether products hear what they are owed: how much is owed, since when, and whose endpoint does not take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Min, Q
from django.urls import reverse

from gateway.backoffice.looking import Looking
from gateway.webhooks.models import Delivery, WebhookEndpoint
from gateway.webhooks.states import DeliveryStatus, DisabledReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint to which something is owed, or that does not work.

    Attributes:
        product: whose.
        url: where.
        owed: deliveries that it has not taken yet.
        oldest: when the oldest of them was owed.
        failing_since: its first failure since it last took something; None: it works.
        is_gone: it answered that it wants no more, and gets no more.
        page: of the endpoint.
        rows: what it is owed.
    """

    product: str
    url: str
    owed: int
    oldest: datetime | None
    failing_since: datetime | None
    is_gone: bool
    page: str
    rows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """All that is owed in one mode."""

    endpoints: Sequence[Endpoint]
    working: int
    rows: str

    @property
    def owed(self) -> int:
        """How many deliveries."""
        return sum(one.owed for one in self.endpoints)

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest of them is owed."""
        return min((one.oldest for one in self.endpoints if one.oldest), default=None)

    @property
    def failing(self) -> Sequence[Endpoint]:
        """Endpoints that a person should look at."""
        return [one for one in self.endpoints if one.failing_since or one.is_gone]


#: Of an endpoint that is owed nothing: how much, and since when.
_NOTHING: Final[tuple[int, datetime | None]] = (0, None)


def webhooks(looking: Looking) -> Webhooks:
    """Two queries: of the endpoints, and of what is owed, by an index of that alone."""
    owed = {
        one["endpoint"]: (one["count"], one["oldest"])
        for one in Delivery.objects.filter(next_at__isnull=False, endpoint__mode=looking.mode)
        .order_by()
        .values("endpoint")
        .annotate(count=Count("pk"), oldest=Min("created_at"))
    }
    gone = Q(is_enabled=False, disabled_reason=DisabledReason.GONE)
    known = WebhookEndpoint.objects.filter(Q(is_enabled=True) | gone, mode=looking.mode)
    endpoints = list(known.select_related("product").defer("secrets").order_by("product__name", "id"))
    shown = [one for one in endpoints if one.pk in owed or one.failing_since or not one.is_enabled]
    return Webhooks(
        endpoints=[
            Endpoint(
                product=one.product.name,
                url=one.url,
                owed=owed.get(one.pk, _NOTHING)[0],
                oldest=owed.get(one.pk, _NOTHING)[1],
                failing_since=one.failing_since if one.is_enabled else None,
                is_gone=not one.is_enabled,
                page=reverse("admin:webhooks_webhookendpoint_change", args=[one.pk]),
                rows=looking.rows(Delivery, status__exact=DeliveryStatus.PENDING.value, endpoint__id__exact=one.pk),
            )
            for one in shown
        ],
        working=sum(1 for one in endpoints if one.is_enabled and not one.failing_since),
        rows=looking.rows(Delivery, status__exact=DeliveryStatus.PENDING.value),
    )
