"""Limits, windows of duplicates and caps, each with who said so and why; two persons change them (`limit_verbs`)."""

from django.contrib import admin

from balances.instruction_rights import TAKES_LOOKING
from gateway.readonly_admin import ReadOnlyAdmin
from withdrawals.models import DuplicateWindow, OutflowCap, WithdrawalLimit


@admin.register(WithdrawalLimit)
class WithdrawalLimitAdmin(ReadOnlyAdmin):
    """Limits, with every version there was; of one and the same the highest counts."""

    also_seen_with = TAKES_LOOKING
    list_display = [
        *("mode", "currency", "product", "per", "payment_system", "period", "on_excess"),
        *("maximum_amount", "maximum_count", "version", "created_by", "created_at"),
    ]
    list_filter = ["mode", "currency", "product", "per", "period", "on_excess"]
    list_select_related = ["product", "payment_system", "created_by"]
    search_fields = ["reason"]
    search_help_text = "A part of a reason."
    empty_value_display = "any"


@admin.register(DuplicateWindow)
class DuplicateWindowAdmin(ReadOnlyAdmin):
    """Windows of duplicates, with every version there was."""

    also_seen_with = TAKES_LOOKING
    list_display = ["product", "mode", "minutes", "version", "created_by", "created_at"]
    list_filter = ["mode", "product"]
    list_select_related = ["product", "created_by"]
    search_fields = ["reason"]
    search_help_text = "A part of a reason."


@admin.register(OutflowCap)
class OutflowCapAdmin(ReadOnlyAdmin):
    """Caps on what leaves in a day, with every version there was."""

    also_seen_with = TAKES_LOOKING
    list_display = ["product", "account", "mode", "currency", "maximum", "version", "created_by", "created_at"]
    list_filter = ["mode", "currency", "product", "account"]
    list_select_related = ["product", "account", "created_by"]
    search_fields = ["reason"]
    search_help_text = "A part of a reason."
