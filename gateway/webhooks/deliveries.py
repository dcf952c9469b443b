"""The gate of a delivery: claim, take a place, call with empty hands, write down what came of it.

Each delivery is claimed by itself and each endpoint has few places, so a product whose server hangs fills its own
places and nobody else's.
"""

import uuid
from datetime import timedelta
from typing import Final

import structlog
from django.db import connection, transaction
from django.utils import timezone

from gateway import ids
from gateway.after_commit import ring
from gateway.due_work import after, claim, lock
from gateway.encryption import UnreadableColumn
from gateway.public_addresses import Resolver, system_resolver
from gateway.webhooks.actions import live_secrets, locked_endpoint, stop
from gateway.webhooks.models import Delivery, DeliveryAttempt, WebhookEndpoint
from gateway.webhooks.outbox import DELIVER
from gateway.webhooks.sending import ATTEMPT_MAX_SECONDS, Attempt, body_of, post, unsent
from gateway.webhooks.signing import signature_headers
from gateway.webhooks.states import (
    DELIVERY_DELAYS_SECONDS,
    DELIVERY_LIFE,
    RETRY_AFTER_MAX_SECONDS,
    AttemptOutcome,
    DeliveryStatus,
    DisabledReason,
)

log = structlog.get_logger(__name__)

#: One at once and one after each wait. Counted when claimed, so a delivery that kills its worker ends as well.
ATTEMPTS_MAX: Final = 1 + len(DELIVERY_DELAYS_SECONDS)

#: A worker is killed after this; the call itself ends earlier.
TASK_MAX_SECONDS: Final = 3 * int(ATTEMPT_MAX_SECONDS)
#: Longer than a worker can live with a claim, so that nobody sends the same delivery twice at once.
LEASE_SECONDS: Final = 60

#: Calls to one endpoint at once: enough for 80 events a second at 50 ms each.
PLACES: Final = 4
#: While its last attempt failed, one call at a time finds out whether it is back; a server that hangs then holds one
#: worker, not four.
PLACES_WHILE_FAILING: Final = 1


def attempt(delivery_id: uuid.UUID, *, resolver: Resolver = system_resolver) -> None:
    """Make one attempt of a delivery that is due; nothing where it is not, or where its endpoint has no place.

    Args:
        delivery_id: of the `Delivery`.
        resolver: of host names.
    """
    # The lease is committed before the first byte: whoever dies after it leaves a row that becomes due again.
    due = Delivery.objects.filter(pk=delivery_id, status=DeliveryStatus.PENDING)
    for claimed in claim(due, limit=1, lease_seconds=LEASE_SECONDS):
        delivery = _take_place(claimed)
        if delivery is not None:
            _record(delivery, _send(delivery, resolver))


@transaction.atomic(durable=True)
def _take_place(claimed: Delivery) -> Delivery | None:
    # Under the endpoint's lock, so that the count is true: workers that count at once all see a free place.
    endpoint = locked_endpoint(claimed.endpoint_id)
    delivery: Delivery = lock(Delivery.objects.select_related("event"), claimed.pk)
    if not delivery.holds(claimed.token):
        return None
    if not endpoint.is_enabled:
        _finish(delivery, DeliveryStatus.CANCELLED)
        return None
    if delivery.attempts_of_round > ATTEMPTS_MAX:
        _finish(delivery, DeliveryStatus.EXHAUSTED)
        return None
    now = timezone.now()
    places = PLACES if endpoint.failing_since is None else PLACES_WHILE_FAILING
    if Delivery.objects.filter(endpoint=endpoint, sending_until__gt=now).count() >= places:
        # Given back as it was: due, and no attempt made. Whoever leaves a place rings for the next.
        delivery.token, delivery.sending_until = None, None
        delivery.attempts -= 1
        delivery.next_at = now
        delivery.save(update_fields=["token", "sending_until", "attempts", "next_at"])
        return None
    delivery.sending_until = delivery.next_at
    delivery.save(update_fields=["sending_until"])
    delivery.endpoint = endpoint
    return delivery


def _send(delivery: Delivery, resolver: Resolver) -> Attempt:
    try:
        return _post(delivery, resolver)
    except UnreadableColumn as unreadable:
        # As a receiver that cannot be reached: the ladder of days leaves time to bring the lost key back.
        log.error("column_unreadable", place=unreadable.place)  # noqa: TRY400 - it has no trace worth reading
        return unsent()


def _post(delivery: Delivery, resolver: Resolver) -> Attempt:
    event, now = delivery.event, timezone.now()
    event_id = ids.encode(ids.EVENT, event.pk)
    body = body_of(
        event_id=event_id,
        type_=event.type,
        created_at=event.created_at,
        sequence=event.sequence,
        mode=event.mode,
        data=event.data,
    )
    headers = signature_headers(
        message_id=event_id, at=now, body=body, live_secrets=live_secrets(delivery.endpoint, at=now)
    )
    return post(url=delivery.endpoint.url, body=body, headers=headers, resolver=resolver)


@transaction.atomic(durable=True)
def _record(mine: Delivery, made: Attempt) -> None:
    endpoint = locked_endpoint(mine.endpoint_id)
    delivery: Delivery = lock(Delivery.objects.all(), mine.pk)
    if not delivery.holds(mine.token):
        # Somebody else has the row since our lease ended; what they write is the truth.
        log.warning("webhook_lease_lost", delivery=str(mine.pk))
        return
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=delivery.attempts,
        outcome=made.outcome,
        http_status=made.http_status,
        started_at=made.started_at,
        duration_ms=made.duration_ms,
        answer=made.answer,
    )
    delivery.token, delivery.sending_until = None, None
    if made.outcome == AttemptOutcome.DELIVERED:
        _finish(delivery, DeliveryStatus.DELIVERED)
        _note_health(endpoint, failed=None)
    else:
        _note_health(endpoint, failed=made)
        _go_on(endpoint, delivery, made)
    log.info(
        "webhook_attempt",
        event_id=ids.encode(ids.EVENT, delivery.event_id),
        endpoint=str(endpoint),
        attempt=delivery.attempts,
        outcome=made.outcome.value,
        http_status=made.http_status,
        status=delivery.status,
    )
    waiting = Delivery.objects.filter(endpoint=endpoint, next_at__lte=timezone.now()).order_by("next_at")
    for next_id in waiting.values_list("pk", flat=True)[:1]:
        ring(DELIVER, str(next_id))


def _go_on(endpoint: WebhookEndpoint, delivery: Delivery, made: Attempt) -> None:
    if made.outcome == AttemptOutcome.GONE:
        # First this row, then the others: `stop` leaves alone what looks as if it were under way.
        _finish(delivery, DeliveryStatus.CANCELLED)
        stop(endpoint, reason=DisabledReason.GONE)
        return
    if not endpoint.is_enabled:
        _finish(delivery, DeliveryStatus.CANCELLED)
        return
    next_at = after(DELIVERY_DELAYS_SECONDS, delivery.attempts_of_round, repeat_last=False)
    if next_at is None:
        _finish(delivery, DeliveryStatus.EXHAUSTED)
        return
    # Retry-After makes us later than our own list, never earlier.
    asked = min(made.retry_after_seconds or 0, RETRY_AFTER_MAX_SECONDS)
    delivery.next_at = max(next_at, timezone.now() + timedelta(seconds=asked))
    delivery.save(update_fields=["token", "sending_until", "next_at"])


def _finish(delivery: Delivery, status: DeliveryStatus) -> None:
    DELIVERY_LIFE.check(delivery.status, status)
    delivery.status, delivery.finished_at = status, timezone.now()
    delivery.next_at, delivery.token, delivery.sending_until = None, None, None
    delivery.save(update_fields=["status", "finished_at", "next_at", "token", "sending_until"])


def _note_health(endpoint: WebhookEndpoint, *, failed: Attempt | None) -> None:
    # Written only when it changes: the row is read by every event of the product.
    if (endpoint.failing_since is None) == (failed is None):
        return
    endpoint.failing_since = failed.started_at if failed else None
    endpoint.save(update_fields=["failing_since"])


def ring_for_due() -> int:
    """Ring for what is due, at most `PLACES` for each endpoint, oldest first. Safe to run twice.

    Returns:
        For how many deliveries.
    """
    with connection.cursor() as cursor:
        # LATERAL reads a few index entries of each endpoint, however many rows one of them has piled up.
        cursor.execute(
            """
            SELECT due.id
            FROM webhooks_webhookendpoint AS endpoint
            CROSS JOIN LATERAL (
                SELECT id FROM webhooks_delivery
                WHERE endpoint_id = endpoint.id AND next_at <= %s
                ORDER BY next_at
                LIMIT %s
            ) AS due
            """,
            [timezone.now(), PLACES],
        )
        found = [str(row[0]) for row in cursor.fetchall()]
    for delivery_id in found:
        ring(DELIVER, delivery_id)
    return len(found)
