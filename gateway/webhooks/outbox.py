"""News and who is owed them, as SQL: one statement of its own for `owe`, or the last parts of a larger one."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from gateway import ids, prepared_sql
from gateway.after_commit import ring, ring_each
from gateway.webhooks.event_types import EventType
from gateway.webhooks.models import Delivery, Event
from gateway.webhooks.states import DeliveryStatus

#: By name, because tasks import actions.
DELIVER: Final = "gateway.webhooks.tasks.deliver"

#: A UUIDv7 as `ids.new_id` makes them, for rows whose number only the database knows: a random UUID with the time of
#: the event's id in its first 48 bits, and with its version 4 (0100) made 7 (0111).
_DELIVERY_ID: Final = """encode(set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid()) PLACING substring(uuid_send(event.id) FROM 1 FOR 6) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid"""
_DELIVERIES: Final = prepared_sql.Insertion(
    Delivery,
    {
        "id": _DELIVERY_ID,
        "event_id": "event.id",
        "endpoint_id": "taker.id",
        "status": f"'{DeliveryStatus.PENDING}'",
        "next_at": "%(event_at)s::timestamptz",
        "created_at": "%(event_at)s::timestamptz",
    },
    source="event, taker",
)
_DATA: Final = prepared_sql.field_of(Event, "data")


def news_after(source: str) -> str:
    """Parts of a WITH: an ``event`` for each row of the source, and a ``delivery`` for each endpoint that takes it.

    Their parameters are those of `parameters_of`.
    """
    event = prepared_sql.Insertion(
        Event,
        {
            "id": "%(event_id)s::uuid",
            "product_id": "%(event_product)s::uuid",
            "mode": "%(event_mode)s::text",
            "type": "%(event_type)s::text",
            "subject": "%(event_subject)s::text",
            "sequence": "%(event_sequence)s::integer",
            "data": "%(event_data)s::bytea",
            "created_at": "%(event_at)s::timestamptz",
        },
        source=source,
    )
    return f"""
    event AS ({event.sql} RETURNING id),
    taker AS (
        SELECT id FROM webhooks_webhookendpoint
        WHERE product_id = %(event_product)s::uuid AND mode = %(event_mode)s::text AND is_enabled
            AND (event_types = '{{}}' OR %(event_type)s::text = ANY (event_types))
    ),
    delivery AS ({_DELIVERIES.sql} RETURNING id)
    """  # noqa: S608 - names of our own tables


def parameters_of(
    *,
    id: uuid.UUID,  # noqa: A002 - the columns of `Event`
    product_id: uuid.UUID,
    mode: str,
    type: str,  # noqa: A002 - as above
    subject: str,
    sequence: int,
    data: Mapping[str, Any],
    created_at: datetime,
) -> dict[str, Any]:
    """The values behind `news_after`: the columns of an `Event`."""
    return {
        "event_id": id,
        "event_product": product_id,
        "event_mode": mode,
        "event_type": EventType(type),
        "event_subject": subject,
        "event_sequence": sequence,
        "event_data": _DATA.get_prep_value(data),
        "event_at": created_at,
    }


#: The same for many events at once, each with its own product.
_COLUMNS_OF_MANY: Final = {
    "id": "uuid",
    "product_id": "uuid",
    "mode": "text",
    "type": "text",
    "subject": "text",
    "sequence": "integer",
    "data": "text",
    "created_at": "timestamptz",
}
_EVENTS: Final = prepared_sql.Insertion(
    Event,
    # What is encrypted is plain letters, which JSON carries as they are.
    {name: f"news.{name}" for name in _COLUMNS_OF_MANY} | {"data": "convert_to(news.data, 'UTF8')"},
    source="news",
)
_DELIVERIES_OF_MANY: Final = prepared_sql.Insertion(
    Delivery,
    {
        "id": _DELIVERY_ID,
        "event_id": "event.id",
        "endpoint_id": "taker.id",
        "status": f"'{DeliveryStatus.PENDING}'",
        "next_at": "event.created_at",
        "created_at": "event.created_at",
    },
    source="""event JOIN webhooks_webhookendpoint AS taker
        ON taker.product_id = event.product_id AND taker.mode = event.mode AND taker.is_enabled
        AND (taker.event_types = '{}' OR event.type = ANY (taker.event_types))""",
)
_OWE_MANY: Final = prepared_sql.one_line(f"""
    WITH news AS (
        SELECT * FROM jsonb_to_recordset(%(news)s::jsonb)
        AS news({", ".join(f"{name} {kind}" for name, kind in _COLUMNS_OF_MANY.items())})
    ),
    event AS ({_EVENTS.sql} RETURNING id, product_id, mode, type, created_at),
    delivery AS ({_DELIVERIES_OF_MANY.sql} RETURNING id)
    SELECT id FROM delivery
""")  # noqa: S608 - names of our own tables


def owe_many(news: Sequence[Mapping[str, Any]]) -> None:
    """What `gateway.webhooks.actions.owe` does, for many events in one statement, in the caller's transaction.

    Args:
        news: of each event the columns: ``product_id``, ``mode``, ``type``, ``subject``, ``sequence``, ``data``,
            ``created_at``.
    """
    if not news:
        return
    rows = [
        {
            **one,
            "id": ids.new_id(),
            "type": EventType(one["type"]),
            "data": _DATA.get_prep_value(dict(one["data"])).decode(),
        }
        for one in news
    ]
    owed = prepared_sql.run(_OWE_MANY, {"news": json.dumps(rows, default=str)})
    ring_each(DELIVER, [str(delivery) for (delivery,) in owed])


def ring_for(deliveries: Iterable[Any]) -> None:
    """Tell the workers of these deliveries, once they are committed."""
    for delivery in deliveries:
        ring(DELIVER, str(delivery))
