"""The page "What counts now"."""

import uuid
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from balances.instruction_rights import PROPOSE
from gateway.backoffice.master_data.what_counts import MODELS, sections
from gateway.products.models import Product
from gateway.shown_mode import choices, shown_mode
from gateway.who_sees import may_see


def what_counts(request: HttpRequest, pages: "ModelAdmin[Any]") -> HttpResponse:
    """Every rule of one mode, of one product or of all, as far as this person may see such rows."""
    product = _product_of(request)
    mode = shown_mode(request)
    site = pages.admin_site
    seen = [one for one in MODELS if may_see(request, one)]
    if not seen:
        raise PermissionDenied
    context = {
        **site.each_context(request),
        "opts": pages.opts,
        "title": f"What counts now: {mode}" + (f", {product}" if product else ""),
        "sections": sections(mode, product, seen),
        "product": product,
        "products": Product.objects.order_by("name"),
        "mode": mode,
        "modes": choices(request),
        "may_propose": request.user.has_perm(PROPOSE),
    }
    return TemplateResponse(request, "admin/products/product/what_counts.html", context)


def _product_of(request: HttpRequest) -> Product | None:
    if not (asked := request.GET.get("product")):
        return None
    try:
        return Product.objects.get(pk=uuid.UUID(asked))
    except (ValueError, Product.DoesNotExist):
        raise Http404 from None
