"""The ledger, to look at: journals with their entries, accounts, holds."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from balances import reading, summaries
from balances.instruction_rights import TAKES_LOOKING
from balances.kinds import BY_PEOPLE_ALONE, JournalKind
from balances.models import Account, Entry, Hold, Journal
from balances.pages import link, linked
from gateway import ids
from gateway.in_words import in_words
from gateway.money import grouped
from gateway.readonly_admin import ReadOnlyAdmin, ReadOnlyInline
from gateway.walking_by_key import WalkById


class EntryInline(ReadOnlyInline):
    """The legs of a journal."""

    model = Entry
    fields = readonly_fields = ["public_id", "place", "debit", "credit", "currency", "balance"]
    ordering = ["id"]
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the journal."""
        return True

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """The legs, each with its account and whose that is."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("account__product", "account__provider_account")

    @admin.display(description="account")
    def place(self, row: Entry) -> str:
        """Which account."""
        return link(reverse("admin:balances_account_change", args=[row.account_id]), _named(row.account))

    @admin.display
    def debit(self, row: Entry) -> str:
        """What stands on the left."""
        return grouped(row.amount, row.currency) if row.amount > 0 else ""

    @admin.display
    def credit(self, row: Entry) -> str:
        """What stands on the right."""
        return grouped(-row.amount, row.currency) if row.amount < 0 else ""

    @admin.display(description="balance after")
    def balance(self, row: Entry) -> str:
        """What the account held from then on, where it keeps a balance."""
        return "-" if row.balance_after is None else grouped(row.balance_after, row.currency)


class CurrencyFilter(admin.SimpleListFilter):
    """Journals in one currency, which stands in their entries alone."""

    title = "currency"
    parameter_name = "currency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those of the accounts, of which there are few beside the journals."""
        found = Account.objects.order_by("currency").values_list("currency", flat=True).distinct()
        return [(code, code) for code in found]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """The rows with an entry in it: an exchange is found by both of its currencies."""
        return queryset.filter(Exists(Entry.objects.filter(journal=OuterRef("pk"), currency=self.value())))


@admin.register(Journal)
class JournalAdmin(ReadOnlyAdmin):
    """Every move of money, newest first."""

    also_seen_with = TAKES_LOOKING
    id_prefix = ids.JOURNAL
    list_display = [
        *("public_id", "created_at", "kind", "mode", "amount", "owners"),
        *("reference", "order", "instructed", "detail"),
    ]
    list_filter = [
        *("kind", CurrencyFilter, "cause", "created_at"),
        *(("instruction", admin.EmptyFieldListFilter), "instruction", "subject"),
    ]
    search_help_text = "An id of a journal or of one of its entries, of an order, or a reference, in full."
    list_select_related = ["instruction"]
    ordering = ["-id"]
    hidden_columns = ("id", "xact", "begun_at", "subject", "instruction")
    readonly_fields = ["public_id", "order", "instructed"]
    inlines = [EntryInline]
    walks_by_id = (
        WalkById(among={"kind": frozenset(BY_PEOPLE_ALONE)}, are_few=True),
        WalkById(among={"mode": frozenset({"test"})}),
    )
    views = (
        ("Decided by people", "instruction__isempty=0"),
        ("Fees today", "kind__in=provider_fee,product_fee&created_at__gte=today"),
    )

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By its reference, its order, its instruction or an entry of it: products and statements name them."""
        rows = Journal.objects.all()
        ways = [rows.filter(kind__in=JournalKind.values, reference=term), rows.filter(subject=term).exclude(subject="")]
        if (key := ids.decode(ids.ENTRY, term)) is not None:
            ways.append(rows.filter(pk__in=Entry.objects.filter(pk=key).values("journal")))
        if (key := ids.decode(ids.INSTRUCTION, term)) is not None:
            ways.append(rows.filter(instruction=key))
        return ways

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """The journals with what their lines tell of their entries: four queries, however many lines there are."""
        owners = ("entries__account__product", "entries__account__provider_account")
        return super().get_queryset(request).prefetch_related(*owners)

    @admin.display
    def amount(self, journal: Journal) -> str:
        """How much was moved."""
        return summaries.amount_of(journal)

    @admin.display(description="whose")
    def owners(self, journal: Journal) -> str:
        """Whose accounts it moved."""
        return summaries.owners_of(journal)

    @admin.display
    def order(self, journal: Journal) -> str:
        """The order that the money belongs to."""
        return linked(journal.subject) or "-"

    @admin.display(description="instruction")
    def instructed(self, journal: Journal) -> str:
        """By which two persons decided it."""
        if journal.instruction is None:
            return "-"
        page = reverse("admin:balances_instruction_change", args=[journal.instruction.pk])
        return link(page, journal.instruction.public_id)


def _named(account: Account) -> str:
    owners = (account.product, account.provider_account, account.payment_system)
    named = ", ".join(str(one) for one in owners if one)
    kind = in_words(account.kind)
    return f"{kind} of {named}" if named else kind


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """The accounts of the ledger."""

    also_seen_with = TAKES_LOOKING
    list_display = [
        "kind",
        "mode",
        "currency",
        "product",
        "provider_account",
        "payment_system",
        "balance",
        "overdraft_limit",
    ]
    list_filter = ["kind", "currency", "product", "provider_account", "payment_system"]
    search_fields = ["product__name", "provider_account__name", "payment_system"]
    search_help_text = "A part of the name of a product, an account or a payment system."
    list_select_related = ["product", "provider_account"]
    ordering = ["kind", "mode", "currency", "id"]
    readonly_fields = ["holds_now"]

    @admin.display(description="holds now")
    def holds_now(self, account: Account) -> str:
        """The balance, also of an account that keeps none."""
        return grouped(reading.balance(account), account.currency)


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """What is reserved for withdrawals, newest first."""

    also_seen_with = TAKES_LOOKING
    list_display = ["order_id", "mode", "product", "amount", "currency", "status", "created_at", "closed_at"]
    id_prefix = ids.WITHDRAWAL  # a hold has the id of its withdrawal
    list_filter = ["status", "product", "currency", "amount", "created_at"]
    search_help_text = "The id of a withdrawal, in full."
    list_select_related = ["product"]
    ordering = ["-id"]

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By its withdrawal alone."""
        return [Hold.objects.filter(order_id=term)]
