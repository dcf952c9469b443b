"""What takes a second to load, loaded: the first module of the process that `tests.forked` forks others from."""

import django

django.setup()

from gateway.celery import app  # noqa: E402

app.loader.import_default_modules()
