"""Points in time that a question is about."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
#: Nothing of ours is older, and the ends of the calendar lie too far away to be compared in every time zone.
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)


@extend_schema_field({"type": "string", "format": "date-time"})
class InstantField(serializers.Field):  # type: ignore[type-arg]
    """A point in time by RFC 3339, with its zone and at most six decimals of a second. It becomes UTC."""

    default_error_messages = {
        "invalid": 'Send a point in time with its zone, such as "2026-01-31T18:30:00Z"; a + is sent as %2B.',
    }

    def to_internal_value(self, data: Any) -> datetime:
        """The same point in time in UTC."""
        if not isinstance(data, str) or not _RFC_3339.fullmatch(data):
            self.fail("invalid")
        try:
            at = datetime.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not _FIRST <= at < _LAST:
            self.fail("invalid")
        return at.astimezone(UTC)

    def to_representation(self, value: datetime) -> str:
        """As it is told in answers."""
        return value.isoformat()
