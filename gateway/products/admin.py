"""Customers of callers, to look at. Products and their keys are edited in `gateway.backoffice`."""

from django.contrib import admin

from gateway.products.models import Customer
from gateway.readonly_admin import ReadOnlyAdmin


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """Customers."""

    list_display = ["label", "external_id", "product", "mode", "created_at"]
    list_filter = ["mode"]
    search_fields = ["external_id"]
