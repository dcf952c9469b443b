"""Addresses of the work queues, below those of the admin."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_http_methods

from gateway.backoffice.queues import act_pages, confirm_pages
from gateway.backoffice.queues import pages as queue_pages

app_name: Final = "work"


def _page(view: Callable[..., HttpResponse], *methods: str) -> Any:
    """A page for whoever is signed in to the admin; by which methods, else by looking alone."""
    allowed = require_http_methods(["GET", "HEAD", *methods])(view)

    def signed_in(request: HttpRequest, *args: Any, **known: Any) -> HttpResponse:
        # Looked up when it is asked for: the site is chosen after this file was read.
        answer: HttpResponse = admin.site.admin_view(allowed)(request, *args, **known)
        return answer

    return signed_in


urlpatterns = [
    path("", _page(queue_pages.home), name="home"),
    path("suspense/<uuid:receipt_id>/", _page(queue_pages.suspense), name="suspense"),
    path("screenshots/<int:key>/", _page(act_pages.screenshot), name="screenshot"),
    path("confirm/<uuid:deposit_id>/", _page(confirm_pages.confirm, "POST"), name="confirm"),
    path("<slug:name>/", _page(queue_pages.queue, "POST"), name="queue"),
    path("<slug:name>/<slug:act_name>/<slug:key>/", _page(act_pages.act, "POST"), name="act"),
]
