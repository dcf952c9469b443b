"""One JSON line per fact, with the request id on each, and no secret in any.

The provider's secret is injected below logging (``gateway/paykassma``); the filter here is the second wall, on
the root logger, for whatever a library may print.
"""

import logging
import re
from contextvars import ContextVar
from typing import Any, Final

import structlog

#: The request that is being answered, or the one that caused the task; empty outside of both.
request_id: ContextVar[str] = ContextVar("request_id", default="")

_SECRETS: Final = re.compile(
    r"(?i)((?:secret|signature|access_key|password|token)=)[^&\s\"']+|(Bearer\s+)\S+|(\bpk_(?:test|live)_)[\w-]+"
)


def redact(text: str) -> str:
    """The text with every secret-looking value replaced."""
    return _SECRETS.sub(lambda found: f"{next(part for part in found.groups() if part)}[redacted]", text)


class RedactionFilter(logging.Filter):
    """Rewrites a record's finished message so that no secret leaves the process."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record, redacted."""
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        if record.exc_info:
            # The trace is rendered here and redacted, or a formatter would print it raw.
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def _add_request_id(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if current := request_id.get():
        event["request_id"] = current
    return event


def configure() -> None:
    """Send structlog through the standard logging, one JSON line an event."""
    structlog.configure(
        processors=[
            _add_request_id,
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
