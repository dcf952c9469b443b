"""Calls about time and trouble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.sandbox.control_calls import ControlError, seconds
from gateway.sandbox.provider import Provider
from gateway.sandbox.weather import Outage


def release(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """Let all hanging answers go."""
    return {"released": provider.weather.release()}


def set_hang(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Set how long 9011 hangs. Fields: seconds."""
    provider.weather.hang_seconds = seconds(fields)
    return {"seconds": provider.weather.hang_seconds}


def set_outage(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Trouble every call. Fields: outage (none, down, revoked, slow), seconds (for slow)."""
    name = fields.get("outage")
    if not isinstance(name, str) or name not in set(Outage):
        raise ControlError("unknown outage")
    outage = Outage(name)
    provider.weather.pause_seconds = seconds(fields) if outage is Outage.SLOW else 0.0
    provider.weather.outage = outage
    return {"outage": outage.value, "seconds": provider.weather.pause_seconds}


def advance_clock(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Move the clock forward. Fields: seconds."""
    provider.clock.advance(seconds(fields))
    return {"now": provider.clock.now()}
