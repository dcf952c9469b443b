"""Deposits and receipts with everything that is known about them, and the queue of what waits for a person."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from balances import doors
from balances.instruction_rights import TAKES_LOOKING
from gateway import ids
from gateway.backoffice import evidence
from gateway.backoffice.export_admin import ExportAdmin
from gateway.backoffice.key_admin import ApiKeyAdmin
from gateway.backoffice.payouts import PayoutAdmin
from gateway.backoffice.people_admin import PeopleGroupAdmin, PersonAdmin
from gateway.backoffice.waiting_page import waiting_page
from gateway.people import person_of
from gateway.readonly_admin import HistoryInline, ReadOnlyAdmin
from payments.models import Deposit, DepositMove, Receipt, ReceiptMove
from payments.verbs import open_to
from payments.waiting import waiting, why

#: Some have their pages in files of their own; here Django finds them.
__all__ = [
    "ApiKeyAdmin",
    "DepositAdmin",
    "ExportAdmin",
    "PayoutAdmin",
    "PeopleGroupAdmin",
    "PersonAdmin",
    "ReceiptAdmin",
]


class DepositMoveInline(HistoryInline):
    """The life of a deposit."""

    model = DepositMove
    also_seen_with = TAKES_LOOKING


class ReceiptMoveInline(HistoryInline):
    """The life of a receipt."""

    model = ReceiptMove
    also_seen_with = TAKES_LOOKING


@admin.register(Deposit)
class DepositAdmin(ReadOnlyAdmin):
    """Deposits, newest first."""

    id_prefix = ids.DEPOSIT
    also_seen_with = TAKES_LOOKING
    change_form_template = "admin/order.html"
    list_display = [
        "public_id",
        "mode",
        "status",
        "payment_system",
        "amount",
        "currency",
        "received_amount",
        "amount_check",
        "late",
        "reference",
        "customer",
        "created_at",
    ]
    list_filter = ["mode", "status", "payment_system", "amount_check", "late"]
    search_fields = ["reference", "customer__external_id", "confirmations__provider_reference"]
    list_select_related = ["customer", "payment_system"]
    inlines = [DepositMoveInline]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a deposit with what is known about its money."""
        context["evidence"] = evidence.of_deposit(options["obj"], request)
        return super().render_change_form(request, context, *args, **options)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    """Receipts, newest first; those in suspense have no deposit."""

    id_prefix = ids.RECEIPT
    also_seen_with = TAKES_LOOKING
    change_form_template = "admin/order.html"
    list_display = [
        "__str__",
        "status",
        "amount",
        "currency",
        "wallet_type",
        "transaction_id",
        "deposit",
        "contradiction",
        "provider_at",
        "received_at",
    ]
    list_filter = ["status", "currency", "account"]
    list_select_related = ["deposit"]
    search_fields = ["transaction_id", "custom_id"]
    inlines = [ReceiptMoveInline]
    actions_list = ["waiting"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """The rows, without what the customer of each deposit entered and was shown."""
        return super().get_queryset(request).defer("deposit__details", "deposit__shown")

    @action(description="Money that waits for a person", url_path="waiting")  # type: ignore[untyped-decorator]
    def waiting(self, request: HttpRequest) -> HttpResponse:
        """The queue."""
        return waiting_page(request, self, "Money that waits for a person", waiting)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a receipt with what people may do with it, and everything that helps them decide."""
        receipt = options["obj"]
        context |= {
            "why": why(receipt),
            "doors": doors.of("receipt", evidence.known(receipt), open_to(receipt), person_of(request)),
            "evidence": evidence.of_receipt(receipt, request),
        }
        return super().render_change_form(request, context, *args, **options)
