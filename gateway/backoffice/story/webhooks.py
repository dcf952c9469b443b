"""What the product was told: each event with its deliveries, and every attempt with how it ended."""

from collections.abc import Collection
from urllib.parse import urlsplit

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest
from django.urls import reverse

from gateway.backoffice.story.bounded import first_and_last, with_gap
from gateway.backoffice.story.entries import Entry, Kind, Line, Rank
from gateway.causes import page
from gateway.in_words import in_words
from gateway.status_tones import Tone, tone_of
from gateway.webhooks.models import Delivery, DeliveryAttempt, Event
from gateway.webhooks.states import AttemptOutcome, DeliveryStatus
from gateway.who_sees import may_see


def events(subjects: Collection[str], request: HttpRequest) -> list[Entry]:
    """The events about these ids; their deliveries for whoever may see those."""
    rows = first_and_last(Event.objects.filter(subject__in=sorted(subjects)).defer("data"), "created_at", "id")
    sees = may_see(request, Delivery)
    if sees:
        tries = Prefetch("tries", DeliveryAttempt.objects.defer("answer").order_by("number"))
        owed = Delivery.objects.select_related("endpoint").defer("endpoint__secrets").prefetch_related(tries)
        prefetch_related_objects(rows, Prefetch("deliveries", owed.order_by("id")))
    where = reverse("admin:webhooks_event_changelist")
    return with_gap(Kind.WEBHOOK, rows, lambda row: _event(row, sees=sees), where=where)


def _event(row: Event, *, sees: bool) -> Entry:
    deliveries = list(row.deliveries.all()) if sees else []
    status, tone = _together(deliveries) if sees else ("", Tone.PLAIN)
    return Entry(
        kind=Kind.WEBHOOK,
        at=row.created_at,
        rank=Rank.TOLD,
        tie=(row.sequence, str(row.pk)),
        title=row.type,
        address=page(Event, row.pk),
        status=status,
        tone=tone,
        said=[] if sees else ["Whether it was delivered takes the permission to view deliveries."],
        facts=[("Event", str(row))],
        lines=[line for one in deliveries for line in _lines(one)],
    )


def _together(deliveries: list[Delivery]) -> tuple[str, str]:
    if not deliveries:
        return "no endpoint wants it", Tone.PLAIN
    for status in (DeliveryStatus.EXHAUSTED, DeliveryStatus.CANCELLED, DeliveryStatus.PENDING):
        if any(one.status == status for one in deliveries):
            return status.value, tone_of(status)
    return DeliveryStatus.DELIVERED.value, tone_of(DeliveryStatus.DELIVERED)


def _lines(delivery: Delivery) -> list[Line]:
    address = page(Delivery, delivery.pk)
    host = urlsplit(delivery.endpoint.url).netloc
    tries = list(delivery.tries.all())
    head = Line(
        text=f"to {host}: {delivery.status}, {len(tries)} {'attempt' if len(tries) == 1 else 'attempts'}",
        tone=tone_of(delivery.status),
        address=address,
    )
    return [
        head,
        *(
            Line(
                text=f"attempt {one.number}: {in_words(one.outcome)}"
                + (f", HTTP {one.http_status}" if one.http_status else "")
                + f", {one.duration_ms:,} ms",
                tone=Tone.GOOD if one.outcome == AttemptOutcome.DELIVERED else Tone.BAD,
                at=one.started_at,
            )
            for one in tries
        ),
    ]
