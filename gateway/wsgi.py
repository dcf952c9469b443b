"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from gateway.after_commit import ring_in_background
from gateway.api.charsets import Request
from gateway.api.chunked import with_length
from gateway.api.slow_bodies import with_places
from gateway.celery import app as celery_app

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")

_handler = get_wsgi_application()
_handler.request_class = Request
application = with_places(with_length(_handler))
__all__ = ["application", "celery_app"]  # the doorbell needs to know its broker

ring_in_background()
_ = get_resolver().url_patterns  # else the first request would import every view
# What the start has made lives as long as the process: the garbage collector need not walk through it again and again.
gc.collect()
gc.freeze()
# And what a request makes is nearly all gone when it is answered: it looks for the rest after some dozens of requests,
# not several times in each (Python's own 700).
gc.set_threshold(10_000)
