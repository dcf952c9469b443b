"""Money out, to look at. The recipient and the frozen request are encrypted and not shown."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from balances import doors
from balances.instructions import TAKES_LOOKING
from gateway import ids
from gateway.readonly_admin import HistoryInline, ReadOnlyAdmin
from withdrawals.batch_admin import BatchRowAdmin, WithdrawalBatchAdmin
from withdrawals.models import Withdrawal, WithdrawalMove
from withdrawals.verbs import open_to

__all__ = ["BatchRowAdmin", "WithdrawalAdmin", "WithdrawalBatchAdmin"]


class WithdrawalMoveInline(HistoryInline):
    """The life of a withdrawal."""

    model = WithdrawalMove
    also_seen_with = TAKES_LOOKING


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """Withdrawals, newest first."""

    id_prefix = ids.WITHDRAWAL
    also_seen_with = TAKES_LOOKING
    change_form_template = "admin/order.html"
    list_display = [
        "public_id",
        "mode",
        "status",
        "payment_system",
        "amount",
        "currency",
        "reference",
        "customer",
        "contradiction",
        "created_at",
    ]
    list_filter = ["mode", "status", "payment_system"]
    search_fields = ["reference", "customer__external_id"]
    search_help_text = "An id of ours, a reference, a customer, or the recipient's account in full."
    list_select_related = ["customer", "payment_system"]
    hidden_columns = ("recipient_hashes", "refund_of")
    readonly_fields = ["refunded_deposit"]
    inlines = [WithdrawalMoveInline]

    @admin.display(description="refund of")
    def refunded_deposit(self, row: Withdrawal) -> str:
        """The deposit whose money goes back, with its page."""
        if row.refund_of is None:
            return "-"
        page = reverse("admin:payments_deposit_change", args=[row.refund_of])
        return format_html('<a class="underline" href="{}">{}</a>', page, ids.encode(ids.DEPOSIT, row.refund_of))

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """As always, and by the recipient's account, which no column holds in plain text."""
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if not search_term.strip():
            return found, may_have_duplicates
        return found | queryset.filter(Withdrawal.with_account(search_term)), may_have_duplicates

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a withdrawal with what people may correct of its end."""
        withdrawal: Withdrawal = options["obj"]
        told = {"withdrawal": withdrawal.public_id}
        context["doors"] = doors.of("withdrawal", told, open_to(withdrawal), request.user)
        return super().render_change_form(request, context, *args, **options)
