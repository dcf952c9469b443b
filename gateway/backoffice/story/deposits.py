"""Deposits and receipts with everything that is known about them, and the way to their queues."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.decorators import action

from balances import doors
from balances.instruction_rights import TAKES_LOOKING
from gateway import ids
from gateway.backoffice.models import LookKind
from gateway.backoffice.personal_data.masking import masked
from gateway.backoffice.queues import confirming
from gateway.backoffice.story import evidence, glance_at_money_in, telling
from gateway.backoffice.story.entries import Kind
from gateway.backoffice.story.glance import Glance
from gateway.backoffice.story.page import StoryPage
from gateway.backoffice.story.sections import Section
from gateway.backoffice.story.telling import Told
from gateway.people import person_of
from gateway.walking_by_key import WalkById
from payments import finding
from payments.models import Deposit, Receipt
from payments.verbs import open_to, told_of
from payments.waiting import why


@admin.register(Deposit)
class DepositAdmin(StoryPage):
    """Deposits, newest first, and the story of each."""

    id_prefix = ids.DEPOSIT
    also_seen_with = TAKES_LOOKING
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

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By everything a deposit is called by."""
        return finding.deposits(term)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a deposit, with what its customer entered and was shown."""
        deposit: Deposit = options["obj"]
        context["personal_data"] = [masked(one, deposit, request) for one in (LookKind.DETAILS, LookKind.SHOWN)]
        context["may_confirm_for_customer"] = confirming.may_begin(deposit, person_of(request))
        return super().render_change_form(request, context, *args, **options)

    def story_of(self, request: HttpRequest, row: Deposit) -> Told:
        """What happened to a deposit, its confirmations and its money."""
        return telling.of_deposit(row, request, self.also_seen_with)

    def glance_of(self, request: HttpRequest, row: Deposit, told: Told) -> Glance:
        """How it stands."""
        return glance_at_money_in.of_deposit(row, request)

    def related_to(self, request: HttpRequest, row: Deposit) -> list[Section]:
        """Its money, come and sent back."""
        return evidence.of_deposit(row, request)


@admin.register(Receipt)
class ReceiptAdmin(StoryPage):
    """Receipts, newest first; those in suspense have no deposit. And the story of each."""

    id_prefix = ids.RECEIPT
    also_seen_with = TAKES_LOOKING
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
    actions_list = ["waiting"]

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By the provider's transaction, or by what it belongs to."""
        return finding.receipts(term)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """The rows, without what the customer of each deposit entered and was shown."""
        return super().get_queryset(request).defer("deposit__details", "deposit__shown")

    @action(description="Queue: Suspense", url_path="waiting")  # type: ignore[untyped-decorator]
    def waiting(self, request: HttpRequest) -> HttpResponse:
        """The queue."""
        return redirect("work:queue", "suspense")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a receipt with what people may do with it."""
        receipt = options["obj"]
        context |= {
            "why": why(receipt),
            "doors": doors.of("receipt", told_of(receipt), open_to(receipt), person_of(request)),
        }
        return super().render_change_form(request, context, *args, **options)

    def story_of(self, request: HttpRequest, row: Receipt) -> Told:
        """What was said of this money, and done with it."""
        return telling.of_receipt(row, request, self.also_seen_with)

    def glance_of(self, request: HttpRequest, row: Receipt, told: Told) -> Glance:
        """How it stands, since its last move that may be seen."""
        since = max((one.at for one in told.entries if one.kind == Kind.MOVE), default=row.received_at)
        return glance_at_money_in.of_receipt(row, request, why(row), since)

    def related_to(self, request: HttpRequest, row: Receipt) -> list[Section]:
        """Its deposit, and other money of the same transaction id."""
        return evidence.of_receipt(row, request)
