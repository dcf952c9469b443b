"""The rows of fees, to look at. Two persons agree on another one (`balances.fee_verbs`)."""

from django.contrib import admin

from balances.instruction_rights import TAKES_LOOKING
from balances.models import Fee
from gateway import ids
from gateway.readonly_admin import ReadOnlyAdmin


@admin.register(Fee)
class FeeAdmin(ReadOnlyAdmin):
    """Fees. Nobody changes or deletes what was charged by."""

    id_prefix = ids.FEE
    also_seen_with = TAKES_LOOKING
    list_display = [
        "direction",
        "kind",
        "mode",
        "currency",
        "payment_system",
        "product",
        "provider_account",
        "percent",
        "fixed",
        "valid_from",
        "created_by",
    ]
    list_filter = ["direction", "kind", "mode", "currency", "product"]
    list_select_related = ["product", "provider_account", "payment_system", "created_by"]
    search_fields = ["reason"]
    search_help_text = "A reason, or an id, as the document of a fee's journal shows it."
    empty_value_display = "any"
