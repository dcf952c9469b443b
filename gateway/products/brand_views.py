"""Doors to a product's style sheet and logo. They belong to everybody: no key, no session, no token."""

import uuid
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gateway.products import branding

#: A year, the most that caches heed. Another look has another address.
FOR_EVER: Final = "public, max-age=31536000, immutable"


@require_safe
def brand_sheet(request: HttpRequest, product_id: uuid.UUID, version: str) -> HttpResponse:
    """The style sheet of this version, while it is the product's."""
    sheet = branding.sheet_of(product_id, version)
    if sheet is None:
        raise Http404
    return HttpResponse(sheet, content_type="text/css; charset=utf-8", headers={"Cache-Control": FOR_EVER})


@require_safe
def brand_logo(request: HttpRequest, product_id: uuid.UUID, digest: str) -> HttpResponse:
    """The logo with this digest, while it is the product's."""
    logo = branding.logo_of(product_id, digest)
    if logo is None:
        raise Http404
    return HttpResponse(logo, content_type="image/png", headers={"Cache-Control": FOR_EVER})
