"""How events may be looked for."""

from typing import Final

import django_filters

from gateway.api.query import WordFilter
from gateway.webhooks.event_types import EventType
from gateway.webhooks.models import Event

#: Longest TypeID: three letters, an underscore, 26 characters.
_TYPE_ID_MAX_LENGTH: Final = 30


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """Query parameters of GET /events."""

    type = WordFilter(choices=EventType.choices, help_text="Of this kind; of every kind by default.")
    subject = django_filters.CharFilter(max_length=_TYPE_ID_MAX_LENGTH, help_text="Id of the object it is about.")

    class Meta:
        model = Event
        fields: list[str] = []
