"""Calls about time and trouble."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.sandbox.control_calls import ControlError, seconds
from gateway.sandbox.provider import Provider
from gateway.sandbox.storm import Storm
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


def begin_storm(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Let troubles befall the calls about withdrawals, drawn from a seed (`gateway.sandbox.storm`).

    Fields: seed (a whole number); ids_are_unique (optional, true): false pays a withdrawal_id each time it comes;
    hangs (optional, 0): which share of first sendings hangs for longer than a client waits.
    """
    seed = fields.get("seed")
    if type(seed) is not int:
        raise ControlError("seed is not a whole number")
    hangs = fields.get("hangs", 0)
    if isinstance(hangs, bool) or not isinstance(hangs, int | Decimal) or not 0 <= hangs <= 1:
        raise ControlError("hangs is not a share")
    are_unique = fields.get("ids_are_unique", True) is True
    provider.weather.storm = Storm(seed, ids_are_unique=are_unique, hangs=float(hangs))
    return {"seed": seed, "ids_are_unique": are_unique}


def end_storm(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """Leave all calls alone again, and let hanging answers go. What was drawn for an order stays."""
    if provider.weather.storm is None:
        raise ControlError("there is no storm")
    provider.weather.storm.end()
    return {"released": provider.weather.release()}
