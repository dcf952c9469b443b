"""Every address of the service."""

import sys

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView

from gateway.api import converters, problems
from gateway.api.pages import OperationsPage, ProblemsPage, ReferencePage, health, openapi_document
from gateway.backoffice import dead_ends
from gateway.backoffice.lists.find_page import find
from payments.checkout import page_ends

converters.register()

urlpatterns = [
    # First what is called most: they are tried in turn.
    path("", include("postbacks.urls")),
    path("api/v1/", include("payments.urls")),
    path("api/v1/", include("payments.checkout.urls")),
    path("api/v1/", include("gateway.refunds.urls")),
    path("", RedirectView.as_view(url="/docs/")),
    path("pay/", include("payments.checkout.page_urls")),
    path("health/", health),
    path("admin/queues/", include("gateway.backoffice.queues.urls")),
    path("admin/find/", admin.site.admin_view(find), name="find"),
    path("admin/", admin.site.urls),
    path("api/v1/openapi.yaml", openapi_document, name="schema"),
    path("docs/", OperationsPage.as_view(), name="docs"),
    path("docs/reference/", ReferencePage.as_view(), name="reference"),
    path("docs/problems/", ProblemsPage.as_view(), name="problems"),
    path("api/v1/", include("gateway.providers.urls")),
    path("api/v1/", include("withdrawals.urls")),
    path("api/v1/", include("balances.urls")),
    path("api/v1/", include("gateway.webhooks.urls")),
    path("pay/", include("gateway.products.brand_urls")),
    path("pay/", include("gateway.providers.media_urls")),
]


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing here: a problem document for callers, a page in the admin, a sentence for other browsers."""
    if _is_caller(request):
        return problems.respond(
            request,
            status=404,
            code="not_found",
            detail="There is nothing at this address, or it is not yours.",
        )
    if _is_customer(request):
        return page_ends.said(request, 404)
    return dead_ends.told(request, 404) or _sentence(404, "There is nothing at this address.")


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Somebody who may not; callers are refused by their own views."""
    return dead_ends.told(request, 403, exception) or _sentence(403, "You may not do this.")


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django refused before any view saw it."""
    if _is_caller(request):
        return problems.respond(request, status=400, code="invalid_request", detail="The request could not be read.")
    if _is_customer(request):
        return page_ends.said(request, 400)
    return dead_ends.told(request, 400, exception) or _sentence(400, "The request could not be read.")


def handler500(request: HttpRequest) -> HttpResponse:
    """Our own mistake, or a database that is away, without a word about its inside."""
    # Django calls this while it handles the exception, and hands it to nobody.
    answer = problems.respond_to(sys.exception())
    if _is_caller(request):
        return answer
    if _is_customer(request):
        plain = page_ends.said(request, answer.status_code)
    else:
        plain = dead_ends.broken(request, answer.status_code) or _sentence(
            answer.status_code, "Something went wrong here. Please try again in a moment."
        )
    if "Retry-After" in answer.headers:
        plain.headers["Retry-After"] = answer.headers["Retry-After"]
    return plain


def _is_caller(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _is_customer(request: HttpRequest) -> bool:
    return request.path_info.startswith(page_ends.PREFIX)


def _sentence(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
