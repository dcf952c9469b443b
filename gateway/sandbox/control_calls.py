"""What the calls of the control API have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.sandbox.provider import Provider
from gateway.sandbox.rows import OrderRef
from gateway.sandbox.validation import Complaints


class ControlError(Exception):
    """A call that cannot be done; its text goes to the caller."""


def find(provider: Provider, fields: Mapping[str, Any]) -> OrderRef:
    """The order of a call, by our id or the provider's."""
    ref = provider.find(str(fields.get("order_id", "")))
    if ref is None:
        raise ControlError("no such order")
    return ref


def seconds(fields: Mapping[str, Any]) -> float:
    """So many seconds as the call says."""
    complaints = Complaints(fields)
    given = complaints.amount("seconds", is_required=True)
    refuse(complaints)
    return float(given or 0)


def refuse(complaints: Complaints) -> None:
    """Say all that is wrong with a call, if anything is."""
    if complaints:
        raise ControlError("; ".join(text for texts in complaints.messages.values() for text in texts))
