"""What somebody in the admin is told where there is no page for them: in words, and with a way on."""

from typing import Final

from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

_ADMIN: Final = "/admin/"
#: With each status: what the page is called, and what one may do about it.
_SAID: Final = {
    400: ("This could not be read", "Nothing was done. Go back, and begin again from the page that you came from."),
    403: (
        "You may not do this",
        "Nothing was done. What you may see and do comes from your roles, which a superuser gives to people.",
    ),
    404: (
        "There is nothing at this address",
        "The row may stand in another list, or be called otherwise. Look for its id or its reference.",
    ),
}
#: Of a form that is not from a page of this browser's session, which nearly always was open for too long.
_OUT_OF_DATE: Final = (
    "This form is out of date",
    (
        "Nothing was done. A form that lies open ends when you sign in anew. Go back, load its page again, and send it"
        " then. If it happens again, look whether your browser keeps cookies."
    ),
)
_WENT_WRONG: Final = (
    "Something went wrong here",
    "Please try again in a moment. If you sent a form, look first whether it was done: its page says so.",
)
#: Told without a template, the database and who asks: any of them may be what is broken.
_BARE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} | Payment gateway</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.6 system-ui, sans-serif; margin: 0 auto; max-width: 34rem; padding: 15vh 1rem 2rem; }}
</style></head>
<body><main>
<h1>{title}</h1>
<p>{words}</p>
<p><a href="{overview}">Overview</a></p>
</main></body>
</html>
"""


def told(request: HttpRequest, status: int, exception: Exception | None = None) -> HttpResponse | None:
    """The page of this status, for whoever is in the admin; None for everybody else.

    Args:
        request: what was asked for.
        status: 400, 403 or 404.
        exception: with a refusal in our own words, which are shown.
    """
    if not _is_in(request):
        return None
    why = str(exception) if isinstance(exception, BadRequest | PermissionDenied) else ""
    return _page(request, status, *_SAID[status], why=why)


def out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """In place of Django's page about a form without the token of its browser (CSRF).

    Args:
        request: what was sent.
        reason: in words for whoever programs; Django logs it.
    """
    return _page(request, 403, *_OUT_OF_DATE) if _is_in(request) else _bare(403, *_OUT_OF_DATE)


def broken(request: HttpRequest, status: int) -> HttpResponse | None:
    """Our own mistake, or a database that is away, for a browser in the admin; None for everybody else."""
    if not request.path_info.startswith(_ADMIN):
        return None
    return _bare(status, *_WENT_WRONG)


def _is_in(request: HttpRequest) -> bool:
    """Whether it is somebody in the admin."""
    is_there = request.path_info.startswith(_ADMIN) and hasattr(request, "user")
    return is_there and bool(admin.site.has_permission(request))


def _page(request: HttpRequest, status: int, title: str, way_on: str, *, why: str = "") -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, "why": why, "way_on": way_on}
    return TemplateResponse(request, "admin/dead_end.html", context, status=status).render()


def _bare(status: int, title: str, words: str) -> HttpResponse:
    return HttpResponse(_BARE.format(title=title, words=words, overview=reverse("admin:index")), status=status)
