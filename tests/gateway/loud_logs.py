"""Every record of every logger, whatever the project's settings keep quiet."""

import logging

import pytest


def log_everything(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "httpx", "httpcore", *logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
