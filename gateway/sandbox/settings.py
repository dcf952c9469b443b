"""What the sandbox is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

# Long enough for a client to have stored the answer first, short enough that nobody waits for it.
POSTBACK_DELAY_DEFAULT_SECONDS: Final = "0.5"


class SettingsError(ValueError):
    """An environment variable is missing or unusable; the text names it and never repeats its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One sandbox.

    Attributes:
        host: address to listen on (`SANDBOX_HOST`).
        port: TCP port, 0 for any free one (`SANDBOX_PORT`).
        api_secret: query parameter `secret` of every `/api/v1` call (`SANDBOX_API_SECRET`).
        withdrawal_key: private key of withdrawal requests (`SANDBOX_WITHDRAWAL_KEY`).
        postback_access_key: public half of the postback keys (`SANDBOX_POSTBACK_ACCESS_KEY`).
        postback_private_key: private half (`SANDBOX_POSTBACK_PRIVATE_KEY`).
        postback_url: where letters are posted, an http or https URL (`SANDBOX_POSTBACK_URL`).
        control_key: header `X-Control-Key` of the control API (`SANDBOX_CONTROL_KEY`).
        postback_delay_seconds: from acceptance to outcome (`SANDBOX_POSTBACK_DELAY_SECONDS`).
        public_url: where customers reach the pay pages, ending in a slash; None for the address that the
            client used (`SANDBOX_PUBLIC_URL`).
        state_file: JSON snapshot of the memory, or None (`SANDBOX_STATE_FILE`).
    """

    host: str
    port: int
    api_secret: str = field(repr=False)
    withdrawal_key: str = field(repr=False)
    postback_access_key: str = field(repr=False)
    postback_private_key: str = field(repr=False)
    postback_url: str = field(repr=False)
    control_key: str = field(repr=False)
    postback_delay_seconds: float
    public_url: str | None
    state_file: Path | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a variable is missing, empty or not what it should be.
        """
        return cls(
            host=environment.get("SANDBOX_HOST") or "127.0.0.1",
            port=_port(environment),
            api_secret=_required(environment, "SANDBOX_API_SECRET"),
            withdrawal_key=_required(environment, "SANDBOX_WITHDRAWAL_KEY"),
            postback_access_key=_required(environment, "SANDBOX_POSTBACK_ACCESS_KEY"),
            postback_private_key=_required(environment, "SANDBOX_POSTBACK_PRIVATE_KEY"),
            postback_url=_url(environment, "SANDBOX_POSTBACK_URL"),
            control_key=_required(environment, "SANDBOX_CONTROL_KEY"),
            postback_delay_seconds=_delay(environment),
            public_url=_public_url(environment),
            state_file=Path(path) if (path := environment.get("SANDBOX_STATE_FILE")) else None,
        )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _port(environment: Mapping[str, str]) -> int:
    value = _required(environment, "SANDBOX_PORT")
    if not (value.isascii() and value.isdigit() and int(value) <= 65535):  # noqa: PLR2004 - the last TCP port
        raise SettingsError("SANDBOX_PORT is not a port")
    return int(value)


def _url(environment: Mapping[str, str], name: str) -> str:
    value = _required(environment, name)
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{name} is not an http URL")
    return value


def _public_url(environment: Mapping[str, str]) -> str | None:
    if not environment.get("SANDBOX_PUBLIC_URL"):
        return None
    return _url(environment, "SANDBOX_PUBLIC_URL").rstrip("/") + "/"


def _delay(environment: Mapping[str, str]) -> float:
    value = environment.get("SANDBOX_POSTBACK_DELAY_SECONDS") or POSTBACK_DELAY_DEFAULT_SECONDS
    try:
        delay = Decimal(value)
    except InvalidOperation:
        raise SettingsError("SANDBOX_POSTBACK_DELAY_SECONDS is not a number") from None
    if not (delay.is_finite() and delay >= 0):
        raise SettingsError("SANDBOX_POSTBACK_DELAY_SECONDS is not a duration")
    return float(delay)
