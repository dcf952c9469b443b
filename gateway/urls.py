"""Every address of the service."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from gateway.api import converters, problems
from gateway.api.pages import ProblemsPage, health

converters.register()

urlpatterns = [
    path("", RedirectView.as_view(url="/docs/")),
    path("health/", health),
    path("admin/", admin.site.urls),
    path("api/v1/openapi.yaml", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("docs/reference/", SpectacularRedocView.as_view(url_name="schema"), name="reference"),
    path("docs/problems/", ProblemsPage.as_view(), name="problems"),
    path("api/v1/", include("gateway.providers.urls")),
    path("api/v1/", include("payments.urls")),
    path("api/v1/", include("withdrawals.urls")),
    path("api/v1/", include("gateway.webhooks.urls")),
    path("", include("postbacks.urls")),
]


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing here: a problem document for callers, a sentence for browsers."""
    if request.path.startswith("/api/"):
        return problems.respond(
            request,
            status=404,
            code="not_found",
            detail="There is nothing at this address, or it is not yours.",
        )
    return HttpResponse("There is nothing at this address.\n", status=404, content_type="text/plain; charset=utf-8")


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django refused before any view saw it."""
    return problems.respond(request, status=400, code="invalid_request", detail="The request could not be read.")


def handler500(request: HttpRequest) -> JsonResponse:
    """Our own mistake, without a word about its inside."""
    return problems.respond(
        request,
        status=500,
        code="internal_error",
        detail="Something went wrong here; a repetition with the same Idempotency-Key does nothing twice.",
    )
