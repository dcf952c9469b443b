"""What takes part: the simulated provider, the web that hears its letters, the workers, beat."""

import contextlib
import secrets
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from benchmarks.servers import PROJECT
from gateway.stack.processes import Child, Command

#: Without a delay: the outcome and its letter follow the acceptance at once.
_INSTANT: Final = "0"
_STOP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The simulated provider, as the service's account knows it."""

    url: str
    api_secret: str = field(repr=False)
    withdrawal_key: str = field(repr=False)
    postback_access_key: str = field(repr=False)
    postback_private_key: str = field(repr=False)
    postback_token: str = field(repr=False)


def new_provider(port: int) -> Provider:
    """A provider with secrets of its own."""
    return Provider(
        url=f"http://127.0.0.1:{port}",
        api_secret=secrets.token_hex(16),
        withdrawal_key=secrets.token_hex(16),
        postback_access_key=secrets.token_hex(16),
        postback_private_key=secrets.token_hex(16),
        postback_token=secrets.token_hex(16),
    )


@contextlib.contextmanager
def running(environment: Mapping[str, str], *arguments: str) -> Iterator[Child]:
    """A program of ours, until the block ends."""
    child = Child(
        Command(arguments=[sys.executable, *arguments], environment=environment, directory=PROJECT), hear=lambda _: None
    )
    try:
        yield child
    finally:
        child.stop((signal.SIGTERM, _STOP_SECONDS))


def sandbox_environment(provider: Provider, port: int, web_port: int) -> dict[str, str]:
    """What the simulated provider is told."""
    return {
        "SANDBOX_PORT": str(port),
        "SANDBOX_API_SECRET": provider.api_secret,
        "SANDBOX_WITHDRAWAL_KEY": provider.withdrawal_key,
        "SANDBOX_POSTBACK_ACCESS_KEY": provider.postback_access_key,
        "SANDBOX_POSTBACK_PRIVATE_KEY": provider.postback_private_key,
        "SANDBOX_POSTBACK_URL": f"http://127.0.0.1:{web_port}/postbacks/paykassma/{provider.postback_token}/",
        "SANDBOX_CONTROL_KEY": secrets.token_hex(16),
        "SANDBOX_POSTBACK_DELAY_SECONDS": _INSTANT,
    }


def worker(name: str, queues: str, processes: int) -> tuple[str, ...]:
    """The arguments of a worker, as `gateway.stack.services` runs it."""
    return (
        *("-m", "celery", "-q", "-A", "gateway.celery", "worker", "-Q", queues, "-P", "prefork", "-c", str(processes)),
        *("-n", f"{name}@%h", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
    )
