"""The pages of the API itself: health, its document with two viewers, and the problem codes ``type`` points to."""

from functools import cache
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView

from gateway.api.problems import TITLES


@csrf_exempt  # nobody's form: another method is 405, not a page about cookies
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 while this process answers and its database does."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (OperationalError, InterfaceError):
        return JsonResponse({"status": "database unavailable"}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return JsonResponse({"status": "ok"})


@csrf_exempt  # as above
@require_safe
def openapi_document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document. It is made once in a process: that takes a second, and anybody may ask for it."""
    return HttpResponse(_document(), content_type="application/yaml")


@cache
def _document() -> bytes:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    rendered: bytes = OpenApiYamlRenderer().render(document, renderer_context={})  # type: ignore[no-untyped-call]
    return rendered


class OperationsPage(SpectacularSwaggerView):
    """The document to try out."""

    template_name = "docs/operations.html"
    url_name = "schema"


class ReferencePage(SpectacularRedocView):
    """The document to read."""

    template_name = "docs/reference.html"
    url_name = "schema"


class ProblemsPage(TemplateView):
    """Every code with its title."""

    template_name = "problems.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The codes in alphabetical order."""
        return {**super().get_context_data(**kwargs), "titles": sorted(TITLES.items())}
