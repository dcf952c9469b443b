"""The rows of fees: to look at, and to follow by another one."""

from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest

from balances import fees
from balances.instructions import TAKES_LOOKING
from balances.models import Fee
from gateway import ids
from gateway.readonly_admin import ReadOnlyAdmin

#: What a person says of a new row; all else the service knows.
_ASKED: Final = [
    "kind",
    "direction",
    "mode",
    "currency",
    "payment_system",
    "product",
    "provider_account",
    "percent",
    "fixed",
    "valid_from",
    "reason",
]


@admin.register(Fee)
class FeeAdmin(ReadOnlyAdmin):
    """Fees. Who may add one adds one; nobody changes or deletes what was charged by."""

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
    list_filter = ["direction", "kind", "mode", "currency"]
    list_select_related = ["product", "provider_account", "payment_system", "created_by"]
    search_fields = ["reason"]
    search_help_text = "A reason, or an id, as the document of a fee's journal shows it."
    empty_value_display = "any"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As it was granted."""
        return super(ReadOnlyAdmin, self).has_add_permission(request)  # type: ignore[no-any-return]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All of a row that is there; of a new one what a person says."""
        return super().get_fields(request, obj) if obj is not None else _ASKED

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All of a row that is there; none of a new one."""
        return super().get_readonly_fields(request, obj) if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Fee, form: Any, change: bool) -> None:  # noqa: FBT001 - the base class's signature
        """Add it."""
        assert request.user.is_authenticated  # or the page would not have been shown
        fees.add(obj, by=request.user)
