"""One JSON line per fact, with the request id on each, and no secret in any.

The provider's secret is injected below logging (``gateway/paykassma``); the filter here is the second wall, on
the root logger, for whatever a library may print.
"""

import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import structlog

#: The request that is being answered, or the one that caused the task; empty outside of both.
request_id: ContextVar[str] = ContextVar("request_id", default="")
#: Who sent that request, by address; empty outside of one.
client: ContextVar[str] = ContextVar("client", default="")
_is_rehearsal: ContextVar[bool] = ContextVar("is_rehearsal", default=False)

_SECRETS: Final = re.compile(
    # Whoever has a token may write its address with slashes too many.
    r"(?i)(/postbacks/paykassma/+)[^/\s\"']+"
    # The token of a payment page has 43 characters; one that was cut off says most of it.
    r"|(/pay(?:/|%2f)+)[\w%.~-]{20,}"
    r"|((?:secret|signature|access_key|password|token)=)[^&\s\"']+"
    r"|(Bearer\s+)\S+"
    r"|(\b(?:pk_(?:test|live)|whsec)_)[\w+/=-]+"
)


#: What an error says is looked for in a message from this length on: a shorter text stands in it by chance.
_WORDS_MIN_LENGTH: Final = 4


def redact(text: str) -> str:
    """The text with every secret-looking value replaced."""
    return _SECRETS.sub(lambda found: f"{next(part for part in found.groups() if part)}[redacted]", text)


def trace(error: BaseException) -> str:
    """Where an error came from and of which kinds it is, without a word of its message.

    The message may quote a row (a database's DETAIL) or a request: customers' accounts and secrets among them.
    """
    kinds = [type(one).__name__ for one in _causes(error)]
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([" <- ".join(kinds), *places])


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__


def _without_words(message: str, error: BaseException) -> str:
    """The message, with the kind of each error in place of what it says: Celery prints both in one sentence."""
    for one in _causes(error):
        for words in (repr(one), str(one)):
            if len(words) >= _WORDS_MIN_LENGTH:
                message = message.replace(words, type(one).__name__)
    return message


def _kind(value: Any) -> Any:
    return type(value).__name__ if isinstance(value, BaseException) else value


def _kinds_of(arguments: Any) -> Any:
    """The arguments of a record, errors among them by their kind."""
    if isinstance(arguments, Mapping):
        return {name: _kind(value) for name, value in arguments.items()}
    return tuple(_kind(value) for value in arguments) if isinstance(arguments, tuple) else arguments


class NothingBelowWarnings(logging.Filter):
    """For loggers that print contents at DEBUG: kept quiet even where somebody turns them up."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drops what is no warning."""
        return record.levelno >= logging.WARNING


class RedactionFilter(logging.Filter):
    """Rewrites a record's finished message so that no secret leaves the process."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record, redacted."""
        record.args = _kinds_of(record.args)
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a library's own mistake must not become its caller's error
            message = f"a message that cannot be put together, from {record.name}"
        if record.exc_info and record.exc_info[1] is not None:
            message = _without_words(message, record.exc_info[1])
            # Rendered here, for a formatter would print the exception's own text.
            record.exc_text, record.exc_info = trace(record.exc_info[1]), None
        record.msg, record.args = redact(message), ()
        # Celery's second copy of the error, for formatters that print such things.
        record.__dict__.pop("data", None)
        return True


@contextmanager
def rehearsal() -> Iterator[None]:
    """What happens meanwhile is undone, so no line tells of it."""
    token = _is_rehearsal.set(True)
    try:
        yield
    finally:
        _is_rehearsal.reset(token)


def _drop_rehearsed(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if _is_rehearsal.get():
        raise structlog.DropEvent
    return event


def _render_trace(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["trace"] = trace(error)
    return event


def _add_request(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if current := request_id.get():
        event["request_id"] = current
    if address := client.get():
        event["client"] = address
    return event


def configure() -> None:
    """Send structlog through the standard logging, one JSON line an event."""
    # Where a line was written, by which thread and process: found out for each line, and in none of ours. These are
    # the switches that Python's documentation names for that (Logging HOWTO, "Optimization").
    logging._srcfile = None  # noqa: SLF001 - its documented name
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    structlog.configure(
        processors=[
            _drop_rehearsed,
            _add_request,
            _render_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def warnings_alone() -> None:
    """For a process whose output a person reads: what is no warning stays out of it. Before Django is set up."""
    LOGGING["root"]["level"] = "WARNING"


LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {"()": "gateway.logs.RedactionFilter"},
        "warnings": {"()": "gateway.logs.NothingBelowWarnings"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["redact"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Every outgoing URL at INFO is noise at best; the calls are rows (providers.ProviderCall).
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # Pillow tells the metadata of a customer's picture: where it was taken, and by what telephone.
        "PIL.TiffImagePlugin": {"level": "WARNING", "filters": ["warnings"]},
        # The sweeps tick every few seconds; what they move says so itself.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
