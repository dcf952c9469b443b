"""What the person who types ``make up`` may set, and what they set wrongly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final
from urllib.parse import quote

from gateway.stack.refusal import CannotStartError

PROVIDER_PREFIX: Final = "PAYKASSMA_"
_DEFAULT_PORT: Final = 8000
HIGHEST_PORT: Final = 65_535
#: Addresses that mean "all interfaces": something to listen on, nothing to call.
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCredentials:
    """A provider account's credentials, as the ``seed`` command reads them (C§1.1)."""

    base_url: str
    api_secret: str = field(repr=False)
    withdrawal_key: str = field(repr=False)
    postback_access_key: str = field(repr=False)
    postback_private_key: str = field(repr=False)
    postback_token: str = field(repr=False)

    def values(self) -> list[str]:
        """The bare secrets."""
        return [getattr(self, entry.name) for entry in fields(self) if not entry.repr]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One start of the stack.

    Attributes:
        host: Where the web server listens (``HOST``).
        port: Its port (``PORT``).
        sandbox_port: The simulated provider's (``SANDBOX_PORT``); None: any, the same each time if possible.
        directory: Where all data lives (``STACK_DIR``).
        database_url: A PostgreSQL to use instead of ours (``DATABASE_URL``).
        migration_database_url: The address of its owner, if that is another (``MIGRATION_DATABASE_URL``).
        redis_url: A Redis to use instead of ours (``REDIS_URL``).
        postgres_binaries: PostgreSQL's programs to use instead of the wheel's (``PG_BIN``).
        live: The live provider account (``PAYKASSMA_*``).
    """

    host: str
    port: int
    sandbox_port: int | None
    directory: Path
    database_url: str | None = field(repr=False)
    migration_database_url: str | None = field(repr=False)
    redis_url: str | None = field(repr=False)
    postgres_binaries: Path | None
    live: ProviderCredentials | None

    @property
    def public_url(self) -> str:
        """Where callers on this machine reach the web server."""
        host = "127.0.0.1" if self.host in _EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def allowed_hosts(self) -> str:
        """The names under which the web server answers, as a comma-separated list."""
        if self.host in _EVERYWHERE:
            return "*"
        return ",".join(dict.fromkeys(["127.0.0.1", "localhost", f"[{self.host}]" if ":" in self.host else self.host]))

    def postback_url(self, token: str) -> str:
        """Where the provider sends its letters for the account with this token."""
        return f"{self.public_url}/postbacks/paykassma/{quote(token, safe='')}/"


def stack_directory(environment: Mapping[str, str], working_directory: Path) -> Path:
    """Where the stack's data lives: ``STACK_DIR``, or ``.stack``."""
    return working_directory / Path(environment.get("STACK_DIR", "").strip() or ".stack").expanduser()


def read_settings(environment: Mapping[str, str], working_directory: Path) -> Settings:
    """Read them from the environment; an empty value counts as none.

    Raises:
        CannotStartError: Naming the variable that is wrong.
    """
    given = {name: value for name, value in environment.items() if value.strip()}
    port = _port(given, "PORT")
    if "MIGRATION_DATABASE_URL" in given and "DATABASE_URL" not in given:
        raise CannotStartError(
            "MIGRATION_DATABASE_URL names the owner of a database of yours: DATABASE_URL is missing."
        )
    binaries = given.get("PG_BIN")
    return Settings(
        host=given.get("HOST", "127.0.0.1"),
        port=_DEFAULT_PORT if port is None else port,
        sandbox_port=_port(given, "SANDBOX_PORT"),
        directory=stack_directory(given, working_directory),
        database_url=given.get("DATABASE_URL"),
        migration_database_url=given.get("MIGRATION_DATABASE_URL"),
        redis_url=given.get("REDIS_URL"),
        postgres_binaries=working_directory / Path(binaries).expanduser() if binaries else None,
        live=_live_credentials(given),
    )


def _port(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= HIGHEST_PORT:
        raise CannotStartError(f"{name} must be a number from 1 to {HIGHEST_PORT}, not {text!r}.")
    return int(text)


def _live_credentials(given: Mapping[str, str]) -> ProviderCredentials | None:
    variables = {entry.name: PROVIDER_PREFIX + entry.name.upper() for entry in fields(ProviderCredentials)}
    values = {name: given[variable].strip() for name, variable in variables.items() if variable in given}
    if not values:
        return None
    if missing := [variable for name, variable in variables.items() if name not in values]:
        raise CannotStartError(
            f"The live Paykassma account needs all of its settings or none; missing: {', '.join(missing)}.",
        )
    return ProviderCredentials(**values)
