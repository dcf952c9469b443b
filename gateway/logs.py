"""One JSON line per fact, with the request id on each, and no secret in any.

The provider's secret is injected below logging (``gateway/paykassma``); the filter here is the second wall, on
the root logger, for whatever a library may print.
"""

import logging
import re
import traceback
from contextvars import ContextVar
from typing import Any, Final

import structlog

#: The request that is being answered, or the one that caused the task; empty outside of both.
request_id: ContextVar[str] = ContextVar("request_id", default="")
#: Who sent that request, by address; empty outside of one.
client: ContextVar[str] = ContextVar("client", default="")

_SECRETS: Final = re.compile(
    r"(?i)(/postbacks/paykassma/)[^/\s\"']+"
    r"|((?:secret|signature|access_key|password|token)=)[^&\s\"']+"
    r"|(Bearer\s+)\S+"
    r"|(\b(?:pk_(?:test|live)|whsec)_)[\w+/=-]+"
)


def redact(text: str) -> str:
    """The text with every secret-looking value replaced."""
    return _SECRETS.sub(lambda found: f"{next(part for part in found.groups() if part)}[redacted]", text)


def trace(error: BaseException) -> str:
    """Where an error came from and of which kinds it is, without a word of its message.

    The message may quote a row (a database's DETAIL) or a request: customers' accounts and secrets among them.
    """
    kinds = []
    current: BaseException | None = error
    while current is not None:
        kinds.append(type(current).__name__)
        current = current.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([" <- ".join(kinds), *places])


class RedactionFilter(logging.Filter):
    """Rewrites a record's finished message so that no secret leaves the process."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record, redacted."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a library's own mistake must not become its caller's error
            message = f"a message that cannot be put together, from {record.name}"
        record.msg, record.args = redact(message), ()
        if record.exc_info and record.exc_info[1] is not None:
            # Rendered here, for a formatter would print the exception's own text.
            record.exc_text, record.exc_info = trace(record.exc_info[1]), None
        return True


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
    structlog.configure(
        processors=[
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


LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "gateway.logs.RedactionFilter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["redact"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Every outgoing URL at INFO is noise at best; the calls are rows (providers.ProviderCall).
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # The sweeps tick every few seconds; what they move says so itself.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
