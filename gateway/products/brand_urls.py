"""Addresses of what payment pages load of a product, below ``/pay/``."""

from django.urls import path

from gateway.products import brand_views

urlpatterns = [
    path("brands/<uuid:product_id>/<slug:version>.css", brand_views.brand_sheet, name="brand-sheet"),
    path("brands/<uuid:product_id>/<slug:digest>.png", brand_views.brand_logo, name="brand-logo"),
]
