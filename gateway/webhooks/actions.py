"""What can happen in the outbox: an event is owed; an endpoint is added, given a new secret, disabled."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from gateway import prepared_sql
from gateway.products.models import Product
from gateway.webhooks import outbox
from gateway.webhooks.event_types import EventType
from gateway.webhooks.models import Delivery, Event, WebhookEndpoint
from gateway.webhooks.signing import new_secret
from gateway.webhooks.states import DELIVERY_LIFE, DeliveryStatus, DisabledReason

#: Enabled endpoints of one product and mode: each event is a row and a call for each of them.
ENDPOINTS_MAX: Final = 16

#: How long the former secret still signs after a rotation: a working day of the integrator and a night's sleep.
FORMER_SECRET_LIVES_HOURS: Final = 24
#: Live secrets at once; each adds a signature to a header that servers limit to a few kilobytes.
LIVE_SECRETS_MAX: Final = 4

#: Deliveries of one replay: a quarter of an hour's work at one a second, and a lock of a moment. More are replayed by
#: asking again.
REPLAYED_MAX: Final = 1000

_OWE: Final = prepared_sql.one_line(f"WITH {outbox.news_after('(SELECT) AS happened')} SELECT id FROM delivery")  # noqa: S608 - our own


class TooManyEndpoints(Exception):  # noqa: N818 - reads as the fact it reports
    """The product has `ENDPOINTS_MAX` enabled endpoints in this mode."""


class AlreadyAnEndpoint(Exception):  # noqa: N818 - as above
    """An enabled endpoint of this product and mode has the address."""

    def __init__(self, endpoint: WebhookEndpoint) -> None:
        self.endpoint = endpoint
        super().__init__(str(endpoint))


@transaction.atomic(savepoint=False)
def owe(
    *,
    product: Product,
    mode: str,
    type: str,  # noqa: A002 - the word of Standard Webhooks
    subject: str,
    sequence: int,
    data: Mapping[str, Any],
) -> Event:
    """Write down that the product has to be told, in the transaction in which it happened.

    One delivery for each enabled endpoint of the product and mode whose filter takes the type; the workers are rung
    after the commit. A rollback of the caller takes all of it back.

    Args:
        product: whose endpoints.
        mode: ``live`` or ``test``.
        type: one of `EventType`; another word is a ValueError.
        subject: TypeID of the object (``dep_…``).
        sequence: counts the moves of that object; the same pair twice is an IntegrityError.
        data: the object as the API shows it; JSON, amounts as strings.
    """
    event = Event(product=product, mode=mode, type=EventType(type), subject=subject, sequence=sequence, data=dict(data))
    owed = prepared_sql.run(
        _OWE,
        outbox.parameters_of(
            id=event.id,
            product_id=event.product_id,
            mode=event.mode,
            type=event.type,
            subject=event.subject,
            sequence=event.sequence,
            data=event.data,
            created_at=event.created_at,
        ),
    )
    outbox.ring_for(delivery for (delivery,) in owed)
    return event


@transaction.atomic(durable=True)
def add_endpoint(*, product: Product, mode: str, url: str, event_types: list[str]) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint.

    Returns:
        The endpoint and its secret, to be shown this once.

    Raises:
        AlreadyAnEndpoint: the address is told already.
        TooManyEndpoints: there are `ENDPOINTS_MAX`.
    """
    # The product's row is the gate: two requests at once count one after the other.
    Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    mine = WebhookEndpoint.objects.filter(product=product, mode=mode, is_enabled=True)
    if (known := mine.filter(url=url).first()) is not None:
        raise AlreadyAnEndpoint(known)
    if mine.count() >= ENDPOINTS_MAX:
        raise TooManyEndpoints
    secret = new_secret()
    endpoint = WebhookEndpoint.objects.create(
        product=product,
        mode=mode,
        url=url,
        secrets=[{"secret": secret, "until": None}],
        event_types=sorted(set(event_types)),
    )
    return endpoint, secret


def _make_room(endpoint: WebhookEndpoint, *, url: str) -> None:
    """Under the product's gate: one more enabled endpoint at this address, beside the others than this one.

    Raises:
        AlreadyAnEndpoint: the address is told already.
        TooManyEndpoints: there are `ENDPOINTS_MAX`.
    """
    Product.objects.select_for_update(no_key=True).get(pk=endpoint.product_id)
    others = WebhookEndpoint.objects.filter(product=endpoint.product_id, mode=endpoint.mode, is_enabled=True)
    others = others.exclude(pk=endpoint.pk)
    if (known := others.filter(url=url).first()) is not None:
        raise AlreadyAnEndpoint(known)
    if others.count() >= ENDPOINTS_MAX:
        raise TooManyEndpoints


@transaction.atomic(durable=True)
def change_endpoint(endpoint: WebhookEndpoint, *, url: str, event_types: list[str]) -> WebhookEndpoint:
    """Tell another address, or other kinds of events. What is owed already goes to the new address.

    Raises:
        AlreadyAnEndpoint: the address is told already.
        TooManyEndpoints: never, as long as it was enabled before.
    """
    _make_room(endpoint, url=url)
    locked = locked_endpoint(endpoint.pk)
    locked.url, locked.event_types = url, sorted(set(event_types))
    locked.save(update_fields=["url", "event_types"])
    return locked


@transaction.atomic(durable=True)
def enable_endpoint(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Tell an endpoint again what happens from now on. What was cancelled meanwhile stays so until it is replayed.

    Raises:
        AlreadyAnEndpoint: another one tells its address meanwhile.
        TooManyEndpoints: there are `ENDPOINTS_MAX`.
    """
    _make_room(endpoint, url=endpoint.url)
    locked = locked_endpoint(endpoint.pk)
    if not locked.is_enabled:
        locked.is_enabled, locked.disabled_at, locked.disabled_reason, locked.failing_since = True, None, "", None
        locked.save(update_fields=["is_enabled", "disabled_at", "disabled_reason", "failing_since"])
    return locked


class IsDisabled(Exception):  # noqa: N818 - reads as the fact it reports
    """Nothing is sent to the endpoint while it is disabled."""


@transaction.atomic(durable=True)
def send_test(endpoint: WebhookEndpoint) -> Event:
    """Owe this endpoint, and no other one, an event that says nothing but that somebody tries it.

    Raises:
        IsDisabled: it is.
    """
    locked = locked_endpoint(endpoint.pk)
    if not locked.is_enabled:
        raise IsDisabled
    subject, now = str(locked), timezone.now()
    told = Event.objects.filter(subject=subject).count()
    event = Event.objects.create(
        product_id=locked.product_id,
        mode=locked.mode,
        type=EventType.ENDPOINT_TEST,
        subject=subject,
        sequence=told + 1,
        data={"id": subject, "object": "webhook_endpoint", "url": locked.url, "mode": locked.mode},
        created_at=now,
    )
    delivery = Delivery.objects.create(event=event, endpoint=locked, next_at=now, created_at=now)
    outbox.ring_for([delivery.pk])
    return event


@transaction.atomic(durable=True)
def replay(endpoint: WebhookEndpoint, *, since: datetime) -> int:
    """Begin a new round of attempts of what failed or was cancelled, oldest first, at most `REPLAYED_MAX` at once.

    Args:
        endpoint: whose deliveries.
        since: of what was owed from then on.

    Returns:
        How many there are.

    Raises:
        IsDisabled: the endpoint is.
    """
    locked = locked_endpoint(endpoint.pk)
    if not locked.is_enabled:
        raise IsDisabled
    ended = (DeliveryStatus.EXHAUSTED, DeliveryStatus.CANCELLED)
    failed = Delivery.objects.filter(endpoint=locked, status__in=ended, created_at__gte=since)
    chosen = list(failed.order_by("created_at", "pk").values_list("pk", flat=True)[:REPLAYED_MAX])
    for status in ended:
        DELIVERY_LIFE.check(status, DeliveryStatus.PENDING)
    Delivery.objects.filter(pk__in=chosen).update(
        status=DeliveryStatus.PENDING, next_at=timezone.now(), finished_at=None, former_attempts=F("attempts")
    )
    outbox.ring_for(chosen[:1])  # one finds out whether it is well; whoever ends rings for the next
    return len(chosen)


def live_secrets(endpoint: WebhookEndpoint, *, at: datetime) -> list[str]:
    """The secrets that sign at that time, newest first."""
    return [
        entry["secret"]
        for entry in endpoint.secrets
        if entry["until"] is None or datetime.fromisoformat(entry["until"]) > at
    ]


@transaction.atomic(durable=True)
def rotate_secret(endpoint: WebhookEndpoint) -> tuple[WebhookEndpoint, str]:
    """Give the endpoint a new secret; the former ones sign for `FORMER_SECRET_LIVES_HOURS` more.

    Returns:
        The endpoint and its new secret, to be shown this once.
    """
    locked = locked_endpoint(endpoint.pk)
    now = timezone.now()
    until = (now + timedelta(hours=FORMER_SECRET_LIVES_HOURS)).isoformat()
    former = [
        {"secret": entry["secret"], "until": entry["until"] or until}
        for entry in locked.secrets
        if entry["secret"] in live_secrets(locked, at=now)
    ]
    secret = new_secret()
    locked.secrets = [{"secret": secret, "until": None}, *former][:LIVE_SECRETS_MAX]
    locked.save(update_fields=["secrets"])
    return locked, secret


@transaction.atomic(durable=True)
def disable_endpoint(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Stop telling an endpoint, at its product's wish. Safe to repeat."""
    locked = locked_endpoint(endpoint.pk)
    stop(locked, reason=DisabledReason.PRODUCT)
    return locked


def locked_endpoint(pk: Any) -> WebhookEndpoint:
    """The endpoint's row, locked. Always before any of its deliveries, or two workers wait for each other.

    Not against foreign keys: `owe` must not wait for a worker.
    """
    return WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def stop(endpoint: WebhookEndpoint, *, reason: DisabledReason) -> None:
    """Disable a locked endpoint and cancel what it is still owed.

    A delivery that is under way right now ends by its own answer, or is cancelled when that was a failure.
    """
    if not endpoint.is_enabled:
        return
    now = timezone.now()
    endpoint.is_enabled, endpoint.disabled_at, endpoint.disabled_reason = False, now, reason
    endpoint.save(update_fields=["is_enabled", "disabled_at", "disabled_reason"])
    DELIVERY_LIFE.check(DeliveryStatus.PENDING, DeliveryStatus.CANCELLED)
    Delivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.PENDING).exclude(sending_until__gt=now).update(
        status=DeliveryStatus.CANCELLED, next_at=None, token=None, sending_until=None, finished_at=now
    )
