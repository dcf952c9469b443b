"""The list of what runs: each process of the stack, in the order it starts."""

import json
import os
import platform
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from gateway.stack.credentials import ADMIN_USER, APPROVER_USER, Credentials
from gateway.stack.leftovers import MARK_VARIABLE
from gateway.stack.processes import Command
from gateway.stack.settings import PROVIDER_PREFIX, ProviderCredentials, Settings

PROJECT_DIRECTORY: Final = Path(__file__).resolve().parents[2]
SANDBOX_HOST: Final = "127.0.0.1"  # it moves money on demand: nobody outside this machine may reach it

#: Two processes use both cores of a small machine; a request that waits for news holds a thread, hence many.
_WEB_WORKERS: Final = 2
_WEB_THREADS: Final = 32
#: HTTP/1 only: the server has no limits for HTTP/2, nor for a connection of which it does not know yet which of both it
#: will be. A request's head arrives within ten seconds, and the same ten seconds end a connection that is idle; it has
#: up to 64 KB or so, where nobody's has four. Bodies: gateway/api/slow_bodies.py.
WEB_LIMITS: Final = (
    *("--http", "1", "--no-ws"),
    *("--http1-header-read-timeout", "10000", "--http1-buffer-size", "65536"),
)
#: Money tasks wait for the provider most of their time.
_MONEY_PROCESSES: Final = 6
#: Money out has workers of its own, so that a provider that hangs on deposits holds up no payout.
_PAYOUT_PROCESSES: Final = 3
#: A delivery waits for its receiver, 15 s at most: threads, each with its connection, and enough of them
#: that some dead receivers leave room for the living.
_NEWS_THREADS: Final = 32
#: Files are written by two threads of one process: what takes minutes keeps nobody waiting but who else wants a file.
#: Threads, for no task is killed there by its time (settings.CELERY_TASK_TIME_LIMIT), and memory is shared.
_EXPORT_THREADS: Final = 2
#: A request or task in progress may end in this time; later it is cut off, which every step here survives.
GRACE_SECONDS: Final = 10.0
#: One look at a server on this machine.
_LOOK_SECONDS: Final = 5.0

#: Set by make for its children, or for one process only: neither may reach the services.
_NOT_INHERITED: Final = frozenset(
    {
        "MAKEFLAGS",
        "MFLAGS",
        "MAKELEVEL",
        "MAKEOVERRIDES",
        "MAKE_TERMOUT",
        "MAKE_TERMERR",
        "DATABASE_URL",
        "MIGRATION_DATABASE_URL",
        "REDIS_URL",
    },
)

#: How the database is spoken to: as the stack was told when it started, whatever a later shell says.
ABOUT_THE_DATABASE: Final = frozenset({"MIGRATION_DATABASE_URL", "DATABASE_APPLICATION_ROLE", "DATABASE_PREPARE"})

#: True here and of no use to the reader: static files are served from the packages, and root is root.
_EXPECTED_WARNINGS: Final = "ignore:No directory at,ignore:You're running the worker with superuser"

# A proxy of this machine's user is not on the way to 127.0.0.1.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is known once the databases run."""

    settings: Settings
    credentials: Credentials
    sandbox_port: int
    database_url: str = field(repr=False)
    migration_database_url: str | None = field(repr=False)
    redis_url: str = field(repr=False)

    @property
    def sandbox_url(self) -> str:
        """Where the simulated provider answers."""
        return f"http://{SANDBOX_HOST}:{self.sandbox_port}"

    @property
    def sandbox_account(self) -> ProviderCredentials:
        """The simulated provider's account, as the gateway knows it."""
        keys = self.credentials
        return ProviderCredentials(
            base_url=self.sandbox_url,
            api_secret=keys.sandbox_api_secret,
            withdrawal_key=keys.sandbox_withdrawal_key,
            postback_access_key=keys.sandbox_postback_access_key,
            postback_private_key=keys.sandbox_postback_private_key,
            postback_token=keys.sandbox_postback_token,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command that runs to its end before anything else starts."""

    name: str
    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A command that runs until the stack stops.

    Attributes:
        name: The word before its lines.
        command: What to run.
        answers: Whether it does its work now; None where that cannot be asked from outside.
    """

    name: str
    command: Command
    answers: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A command asked again and again until its output satisfies."""

    command: Command
    satisfied: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run on top of the databases: the steps in order, then all services, then the last check.

    Attributes:
        steps: In this order.
        services: All at once, after the steps.
        last_check: Satisfied when everything works.
        for_people: What ``manage.py`` is told to speak to this stack (``gateway/stack/manage.py``).
    """

    steps: tuple[Step, ...]
    services: tuple[Service, ...]
    last_check: Check | None = None
    for_people: Mapping[str, str] = field(default_factory=dict, repr=False)


def make_plan(facts: Facts) -> Plan:
    """The gateway's own plan."""
    inherited = base_environment(facts.credentials)
    if facts.settings.database_url is None:
        inherited.pop("DATABASE_APPLICATION_ROLE", None)  # that of our own has its usual name
    told = _django_environment(facts)
    django = inherited | told
    # The owner's address is for the one step that needs it. Where there is none, whoever logs in is the owner.
    as_owner = django | ({"MIGRATION_DATABASE_URL": url} if (url := facts.migration_database_url) else {})
    settings = facts.settings

    def run(*arguments: str, environment: Mapping[str, str] = django, given: bytes | None = None) -> Command:
        return Command(
            arguments=[sys.executable, *arguments],
            environment=environment,
            directory=PROJECT_DIRECTORY,
            standard_input=given,
        )

    def worker(name: str, queues: str, pool: str, size: int) -> Command:
        # Two workers have nothing to gossip about, and mingling costs a second at each start.
        return run(
            *("-m", "celery", "-q", "-A", "gateway.celery", "worker", "-Q", queues, "-P", pool, "-c", str(size)),
            *("-n", f"{name}@%h", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
        )

    return Plan(
        steps=(
            Step(
                name="migrate",
                command=run("manage.py", "migrate", "--noinput", "--verbosity", "0", environment=as_owner),
            ),
            Step(name="seed", command=run("manage.py", "seed", "--local", given=_seed(facts))),
        ),
        services=(
            Service(
                name="sandbox",
                command=run("-m", "gateway.sandbox", environment=_sandbox_environment(facts)),
                answers=lambda: answers_ok(f"{facts.sandbox_url}/health"),
            ),
            Service(
                name="web",
                command=run(
                    *("-m", "granian", "--interface", "wsgi", "gateway.wsgi:application"),
                    *("--workers", str(_WEB_WORKERS), "--blocking-threads", str(_WEB_THREADS)),
                    *WEB_LIMITS,
                    "--respawn-failed-workers",
                    *("--host", settings.host, "--port", str(settings.port)),
                ),
                answers=lambda: answers_ok(f"{settings.public_url}/health/"),
            ),
            Service(name="payouts", command=worker("payouts", "money-out", "prefork", _PAYOUT_PROCESSES)),
            Service(name="money", command=worker("money", "money-in,pulls", "prefork", _MONEY_PROCESSES)),
            Service(name="news", command=worker("news", "webhooks,reports", "threads", _NEWS_THREADS)),
            Service(name="exports", command=worker("exports", "exports", "threads", _EXPORT_THREADS)),
            Service(
                name="beat",
                command=run(
                    *("-m", "celery", "-q", "-A", "gateway.celery", "beat", "--loglevel", "WARNING"),
                    *("-s", str(settings.directory / "beat-schedule"), "--pidfile="),
                ),
            ),
        ),
        last_check=Check(
            command=run("-m", "celery", "-A", "gateway.celery", "inspect", "ping", "--json", "--timeout", "2"),
            satisfied=lambda output: all(
                f'"{name}@{platform.node()}"' in output for name in ("payouts", "money", "news", "exports")
            ),
        ),
        # Without the mark of the stack, by which its own processes are found and ended.
        for_people=told | {name: inherited[name] for name in ABOUT_THE_DATABASE & inherited.keys()},
    )


def base_environment(credentials: Credentials) -> dict[str, str]:
    """What every process of the stack is given: ours, without the live account's credentials.

    Those go to ``seed`` alone, by standard input: an environment is read by whoever reads ``/proc``, crash
    reports and debug pages.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PROVIDER_PREFIX) and name not in _NOT_INHERITED
    }
    direct = ",".join(filter(None, [inherited.get("NO_PROXY") or inherited.get("no_proxy"), "127.0.0.1,localhost"]))
    return inherited | {
        MARK_VARIABLE: credentials.stack_mark,
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def _django_environment(facts: Facts) -> dict[str, str]:
    """What Django is told beyond what it inherits."""
    return {
        "DJANGO_SETTINGS_MODULE": "gateway.settings",
        "DATABASE_URL": facts.database_url,
        "REDIS_URL": facts.redis_url,
        "SECRET_KEY": facts.credentials.django_secret_key,
        "FIELD_ENCRYPTION_KEYS": facts.credentials.field_encryption_key,
        "SEARCH_HASH_KEYS": facts.credentials.search_hash_key,
        "ALLOWED_HOSTS": facts.settings.allowed_hosts,
        "LOCAL_STACK": "1",
        "PYTHONWARNINGS": _EXPECTED_WARNINGS,
        "PUBLIC_URL": facts.settings.public_url,
    }


def _sandbox_environment(facts: Facts) -> dict[str, str]:
    account = facts.sandbox_account
    return base_environment(facts.credentials) | {
        "SANDBOX_HOST": SANDBOX_HOST,
        "SANDBOX_PORT": str(facts.sandbox_port),
        "SANDBOX_API_SECRET": account.api_secret,
        "SANDBOX_WITHDRAWAL_KEY": account.withdrawal_key,
        "SANDBOX_POSTBACK_ACCESS_KEY": account.postback_access_key,
        "SANDBOX_POSTBACK_PRIVATE_KEY": account.postback_private_key,
        "SANDBOX_POSTBACK_URL": facts.settings.postback_url(account.postback_token),
        "SANDBOX_CONTROL_KEY": facts.credentials.sandbox_control_key,
        "SANDBOX_STATE_FILE": str(facts.settings.directory / "sandbox.json"),
    }


def _seed(facts: Facts) -> bytes:
    live = facts.settings.live
    document = {
        "admin_user": ADMIN_USER,
        "admin_password": facts.credentials.admin_password,
        "admin_totp_secret": facts.credentials.admin_totp_secret,
        "approver_user": APPROVER_USER,
        "approver_password": facts.credentials.approver_password,
        "approver_totp_secret": facts.credentials.approver_totp_secret,
        "test_api_key": facts.credentials.test_api_key,
        "live_api_key": facts.credentials.live_api_key,
        "test_approval_key": facts.credentials.test_approval_key,
        "live_approval_key": facts.credentials.live_approval_key,
        "sandbox": {**asdict(facts.sandbox_account), "widget_url": f"{facts.sandbox_url}/widget"},
        "live": asdict(live) if live else None,
    }
    return json.dumps(document).encode()


def answers_ok(url: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        with _direct.open(url, timeout=_LOOK_SECONDS) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP OK
    except (OSError, urllib.error.URLError, ValueError):
        return False
