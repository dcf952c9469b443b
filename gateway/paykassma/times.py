"""The provider's times (C§0): `YYYY-MM-DD HH:MM:SS` on the clocks of a zone that no message names."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


def zone(name: str) -> ZoneInfo:
    """Find a zone of the IANA database, for example Asia/Manila.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # none of this name, a directory of the database, or no name at all
        raise ValueError("not a time zone") from None


def read_time(text: str, name_of_zone: str) -> datetime | None:
    """Read a time of the provider, for people to look at: no decision may hang on it.

    Args:
        text: as the provider wrote it.
        name_of_zone: whose clocks it was read from.

    Returns:
        The moment in UTC. Where clocks are put back a time comes twice: the first of the two. None for a text of
        any other form, for a time that clocks put forward have left out, and for a zone that there is not.
    """
    if not _WRITTEN.fullmatch(text):
        return None
    try:
        clocks = zone(name_of_zone)
        moment = datetime.strptime(text, _FORMAT).replace(tzinfo=clocks).astimezone(UTC)
        # Back on the same clocks a time that never was reads differently.
        return moment if moment.astimezone(clocks).strftime(_FORMAT) == text else None
    except (ValueError, OverflowError):
        return None
