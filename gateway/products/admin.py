"""Customers of callers, to look at. Products and their keys are edited in `gateway.backoffice.master_data`."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from gateway import ids
from gateway.products import finding
from gateway.products.models import Customer
from gateway.readonly_admin import ReadOnlyAdmin


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """Customers."""

    id_prefix = ids.CUSTOMER
    list_display = ["label", "external_id", "product", "mode", "created_at"]
    list_filter = ["product", "created_at"]
    list_select_related = ["product"]
    search_help_text = "A customer's id, ours or the product's, in full."

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """Whom a product calls so."""
        return [finding.customers(term)]
