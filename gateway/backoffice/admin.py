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
from gateway.backoffice.key_admin import ApiKeyAdmin
from gateway.backoffice.payouts import PayoutAdmin
from gateway.backoffice.people_admin import PeopleGroupAdmin, PersonAdmin
from gateway.backoffice.saved_view_admin import SavedViewAdmin
from gateway.backoffice.waiting_page import waiting_page
from gateway.keyset_lists import WalkById
from gateway.people import person_of
from gateway.readonly_admin import HistoryInline, ReadOnlyAdmin
from payments import finding
from payments.models import Deposit, DepositMove, Receipt, ReceiptMove
from payments.verbs import open_to
from payments.waiting import waiting, why

#: Some have their pages in files of their own; here Django finds them.
__all__ = [
    "ApiKeyAdmin",
    "DepositAdmin",
    "PayoutAdmin",
    "PeopleGroupAdmin",
    "PersonAdmin",
    "ReceiptAdmin",
    "SavedViewAdmin",
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
    list_filter = [
        *("status", "payment_system", "product", "account", "currency", "amount", "amount_check", "late"),
        *("failure_code", "created_at", "updated_at", "customer"),
    ]
    search_help_text = "An id, a reference, a customer, a bank's reference or a transaction, in full."
    walks_by_id = (
        WalkById(among={"status": frozenset({"in_review", "accumulating", "reversed"})}, are_few=True),
        WalkById(one_of_each=("product", "mode")),
        WalkById(among={"mode": frozenset({"test"})}),
    )
    views = (
        ("In review", "status__in=in_review"),
        ("Credited today", "status__in=credited&created_at__gte=today"),
        ("Other amounts, 7 days", "amount_check__in=over,under,other_currency&created_at__gte=today-6d"),
        ("Verifying for over an hour", "status__in=verifying&updated_at__lt=now-1h"),
        ("Failed or expired today", "status__in=failed,expired&created_at__gte=today"),
    )
    list_select_related = ["customer", "payment_system"]
    inlines = [DepositMoveInline]

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By everything a deposit is called by."""
        return finding.deposits(term)

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
    list_filter = [
        *("status", "wallet_type", "product", "account", "currency", "amount"),
        *(("contradiction", admin.EmptyFieldListFilter), ("deposit", admin.EmptyFieldListFilter)),
        *("received_at", "provider_at", "deposit"),
    ]
    list_select_related = ["deposit"]
    mode_lookup = "account__mode"
    search_help_text = "A transaction, an id, or a bank's or a product's reference, in full."
    walks_by_id = (
        WalkById(among={"status": frozenset({"in_review", "suspense"})}, are_few=True),
        WalkById(among={"contradiction__isempty": frozenset({False})}, are_few=True),
    )
    views = (
        ("In suspense", "status__in=in_review,suspense"),
        ("Contradicted", "contradiction__isempty=0"),
        ("Credited today", "status__in=credited&received_at__gte=today"),
    )
    inlines = [ReceiptMoveInline]
    actions_list = ["waiting"]

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By the provider's transaction, or by what it belongs to."""
        return finding.receipts(term)

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
