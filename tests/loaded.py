"""What takes a second to load, loaded: the first module of the process that `tests.forked` forks others from."""

import importlib
from typing import Final

import django

django.setup()

from gateway.celery import app  # noqa: E402 - models exist only now

#: What is loaded late: at the first message, the first session of the database and the first call that is counted. A
#: child that is killed after some milliseconds would load them for itself alone, which takes longer than it lives.
_LATE: Final = ("kombu.transport.redis", "psycopg_pool", "valkey.asyncio")

app.loader.import_default_modules()
app.finalize()
assert app.amqp
for name in _LATE:
    importlib.import_module(name)
