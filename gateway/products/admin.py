"""Callers, to look at."""

from django.contrib import admin

from gateway.products.models import Customer, Product
from gateway.readonly_admin import ReadOnlyAdmin


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    """Products."""

    list_display = ["name", "is_active", "underpayment", "created_at"]
    search_fields = ["name"]


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """Customers."""

    list_display = ["label", "external_id", "product", "mode", "created_at"]
    list_filter = ["mode"]
    search_fields = ["external_id"]
