"""One JSON line a fact, with its request id, and no secret whatever printed it."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway import logs

SECRET = "canary0123456789"


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What a logger with our filter prints, as the settings configure it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(logs.RedactionFilter())
    logger = logging.getLogger("tests.printed")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield stream
    logger.removeHandler(handler)


log = logging.getLogger("tests.printed")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"GET https://api.example/x?secret={SECRET}&label=1", "GET https://api.example/x?secret=[redacted]&label=1"),
        (f"https://api.example/?label=1&SECRET={SECRET}", "https://api.example/?label=1&SECRET=[redacted]"),
        (f"url 'https://api.example/?secret={SECRET}' failed", "url 'https://api.example/?secret=[redacted]' failed"),
        (f"signature={SECRET} access_key={SECRET}", "signature=[redacted] access_key=[redacted]"),
        (f"postgres://u:p@h?password={SECRET}", "postgres://u:p@h?password=[redacted]"),
        (f"api_secret={SECRET}", "api_secret=[redacted]"),
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer [redacted]"),
        (f"bearer {SECRET}", "bearer [redacted]"),
        (f"the key pk_test_{SECRET} is", "the key pk_test_[redacted] is"),
        (f"pk_live_{SECRET}-_x", "pk_live_[redacted]"),
        (f"secret={SECRET}&token={SECRET}", "secret=[redacted]&token=[redacted]"),
        (f"Forbidden: /postbacks/paykassma/{SECRET}/", "Forbidden: /postbacks/paykassma/[redacted]/"),
        (f"Forbidden: /postbacks/paykassma//{SECRET}/", "Forbidden: /postbacks/paykassma//[redacted]/"),
        (f"Not Found: /pay/{'a_-' * 14}b/live?x", "Not Found: /pay/[redacted]/live?x"),
        (f"Not Found: //pay///{'a_-' * 14}b", "Not Found: //pay///[redacted]"),
        (f"Not Found: /PAY%2F{'a_-' * 14}b", "Not Found: /PAY%2F[redacted]"),
        ("GET /static/pay/pay.css", None),
        ("secret=", "secret="),
        ("nothing to hide: 100% of dep_01h455vb4pex5vsknk084sn02q", None),
    ],
)
def test_secrets_are_replaced_and_the_rest_is_kept(text: str, clean: str | None) -> None:
    assert logs.redact(text) == (text if clean is None else clean)
    assert logs.redact(logs.redact(text)) == logs.redact(text)


def test_messages_arguments_and_traces_are_all_redacted(printed: io.StringIO) -> None:
    log.info("HTTP Request: GET %s", f"https://api.example/?secret={SECRET}")
    log.info("%(url)s", {"url": f"?secret={SECRET}"})
    try:
        int(f"?secret={SECRET}")
    except ValueError:
        log.exception("failed with secret=%s", SECRET)
    text = printed.getvalue()
    assert SECRET not in text
    assert text.count("[redacted]") == 3
    # Of the error itself only its kind and its place are told: its words may quote anything.
    assert "ValueError" in text
    assert "invalid literal" not in text
    assert f"{__file__}:" in text
    assert "ValueError" in text


def test_a_redacted_record_stays_so_for_every_handler(printed: io.StringIO) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "?secret=%s", (SECRET,), None)
    assert logs.RedactionFilter().filter(record) is True
    assert SECRET not in repr(vars(record))


def test_the_settings_filter_everything_that_reaches_the_root() -> None:
    (handler,) = logs.LOGGING["root"]["handlers"]
    assert logs.LOGGING["handlers"][handler]["filters"] == ["redact"]
    assert logs.LOGGING["filters"]["redact"] == {"()": "gateway.logs.RedactionFilter"}
    loggers: dict[str, Any] = logs.LOGGING["loggers"]
    assert not any("handlers" in one for one in loggers.values())
    assert all(one.get("propagate", True) for one in loggers.values())


def test_a_fact_is_one_json_line_with_its_request_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    token = logs.request_id.set("req-1")
    try:
        structlog.get_logger("tests.facts").info("moved", id="dep_1", note="ü\nline")
    finally:
        logs.request_id.reset(token)
    structlog.get_logger("tests.facts").warning("outside")
    first, second = (json.loads(record.getMessage()) for record in caplog.records)
    assert first.pop("timestamp").endswith("Z")
    assert first == {"event": "moved", "id": "dep_1", "note": "ü\nline", "level": "info", "request_id": "req-1"}
    assert "request_id" not in second
    assert all("\n" not in record.getMessage() for record in caplog.records)
