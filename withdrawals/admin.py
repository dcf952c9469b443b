"""Money out, to look at. The recipient and the frozen request are encrypted and not shown."""

import uuid
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from balances import doors, instruction_rights
from gateway import ids
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.walking_by_key import WalkById
from withdrawals import approval_pages, approvals, finding
from withdrawals.batch_admin import BatchRowAdmin, WithdrawalBatchAdmin
from withdrawals.block_admin import BlockedRecipientAdmin
from withdrawals.limit_admin import DuplicateWindowAdmin, OutflowCapAdmin, WithdrawalLimitAdmin
from withdrawals.models import SlabSet, Withdrawal
from withdrawals.states import UNDER_WAY_AFTER_SENDING
from withdrawals.verbs import open_to

__all__ = [
    "BatchRowAdmin",
    "BlockedRecipientAdmin",
    "DuplicateWindowAdmin",
    "OutflowCapAdmin",
    "WithdrawalAdmin",
    "WithdrawalBatchAdmin",
    "WithdrawalLimitAdmin",
]

#: Whoever decides about money, or about its leaving, has to look first.
TAKES_LOOKING: Final = (*instruction_rights.TAKES_LOOKING, *approvals.TAKES_LOOKING)


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """Withdrawals, newest first."""

    id_prefix = ids.WITHDRAWAL
    also_seen_with = TAKES_LOOKING
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
    list_filter = [
        *("status", "payment_system", "product", "account", "currency", "amount"),
        *(("contradiction", admin.EmptyFieldListFilter), "held_for", "failure_code", "created_at", "updated_at"),
        *("sent_at", "customer"),
    ]
    search_help_text = "An id, a reference, a customer, or the recipient's account, in full."
    walks_by_id = (
        WalkById(among={"status": frozenset({"pending_approval"})}, are_few=True),
        WalkById(among={"status": frozenset(UNDER_WAY_AFTER_SENDING)}, are_few=True),
        WalkById(among={"contradiction__isempty": frozenset({False})}, are_few=True),
        WalkById(one_of_each=("product", "mode")),
        WalkById(among={"mode": frozenset({"test"})}),
    )
    views = (
        ("Unknown for over an hour", "status__in=unknown&updated_at__lt=now-1h"),
        ("In review", "status__in=manual_review"),
        ("Waiting for approval", "status__in=pending_approval"),
        ("Waiting for funds", "status__in=waiting_funds"),
        ("Contradicted", "contradiction__isempty=0"),
        ("Paid today", "status__in=paid&created_at__gte=today"),
    )
    list_select_related = ["customer", "payment_system"]
    hidden_columns = ("recipient_hashes", "refund_of")
    readonly_fields = ["refunded_deposit"]

    def decide(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The buttons of a withdrawal's page."""
        return approval_pages.decide(request, pk)

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and that of the buttons."""
        decide = self.admin_site.admin_view(require_POST(self.decide))
        return [path("<uuid:pk>/decide/", decide, name="withdrawals_withdrawal_decide"), *super().get_urls()]

    @admin.display(description="refund of")
    def refunded_deposit(self, row: Withdrawal) -> str:
        """The deposit whose money goes back, with its page."""
        if row.refund_of is None:
            return "-"
        page = reverse("admin:payments_deposit_change", args=[row.refund_of])
        return format_html('<a class="underline" href="{}">{}</a>', page, ids.encode(ids.DEPOSIT, row.refund_of))

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By everything a withdrawal is called by, its recipient's account included."""
        return finding.withdrawals(term)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a withdrawal with what people may decide about it, and correct of its end."""
        withdrawal: Withdrawal = options["obj"]
        told = {"withdrawal": withdrawal.public_id}
        context["doors"] = doors.of("withdrawal", told, open_to(withdrawal), request.user)
        context["approval"] = approval_pages.shown(request, withdrawal)
        return super().render_change_form(request, context, *args, **options)


@admin.register(SlabSet)
class SlabSetAdmin(ReadOnlyAdmin):
    """Slabs of approval, to look at; the latest version of each counts. Two persons agree on another one."""

    also_seen_with = TAKES_LOOKING
    list_display = ["product", "mode", "currency", "version", "slabs", "reason", "created_by", "created_at"]
    list_filter = ["mode", "currency", "product"]
    list_select_related = ["product", "created_by"]
