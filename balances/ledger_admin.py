"""The ledger, to look at: journals with their entries, accounts, holds."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from balances import reading
from balances.models import Account, Entry, Hold, Journal
from gateway import ids
from gateway.money import format_amount
from gateway.readonly_admin import ReadOnlyAdmin, ReadOnlyInline

#: The pages of the orders that money may belong to, by the prefix of their ids. Their apps stand above this one.
_ORDER_PAGES: Final = {
    ids.DEPOSIT: "admin:payments_deposit_change",
    ids.WITHDRAWAL: "admin:withdrawals_withdrawal_change",
}


def link(address: str, text: object) -> str:
    """A link of the admin's look."""
    return format_html('<a class="underline" href="{}">{}</a>', address, text)


class EntryInline(ReadOnlyInline):
    """The legs of a journal."""

    model = Entry
    fields = readonly_fields = ["place", "debit", "credit", "currency", "balance"]
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
        return format_amount(row.amount, row.currency) if row.amount > 0 else ""

    @admin.display
    def credit(self, row: Entry) -> str:
        """What stands on the right."""
        return format_amount(-row.amount, row.currency) if row.amount < 0 else ""

    @admin.display(description="balance after")
    def balance(self, row: Entry) -> str:
        """What the account held from then on, where it keeps a balance."""
        return "-" if row.balance_after is None else format_amount(row.balance_after, row.currency)


@admin.register(Journal)
class JournalAdmin(ReadOnlyAdmin):
    """Every move of money, newest first."""

    list_display = ["created_at", "kind", "mode", "reference", "order", "instructed", "detail"]
    list_filter = ["kind", "mode"]
    search_fields = ["=reference", "=subject"]
    list_select_related = ["instruction"]
    ordering = ["-id"]
    hidden_columns = ("xact", "begun_at", "subject", "instruction")
    readonly_fields = ["order", "instructed"]
    inlines = [EntryInline]

    @admin.display
    def order(self, journal: Journal) -> str:
        """The order that the money belongs to."""
        prefix = journal.subject.partition("_")[0]
        pk = ids.decode(prefix, journal.subject) if prefix in _ORDER_PAGES else None
        if pk is None:
            return journal.subject or "-"
        return link(reverse(_ORDER_PAGES[prefix], args=[pk]), journal.subject)

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
    return f"{account.kind} of {named}" if named else account.kind


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """The accounts of the ledger."""

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
    list_filter = ["kind", "mode", "currency"]
    search_fields = ["product__name", "provider_account__name", "payment_system"]
    list_select_related = ["product", "provider_account"]
    ordering = ["kind", "mode", "currency", "id"]
    readonly_fields = ["holds_now"]

    @admin.display(description="holds now")
    def holds_now(self, account: Account) -> str:
        """The balance, also of an account that keeps none."""
        return format_amount(reading.balance(account), account.currency)


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """What is reserved for withdrawals, newest first."""

    list_display = ["order_id", "mode", "product", "amount", "currency", "status", "created_at", "closed_at"]
    list_filter = ["status", "mode"]
    search_fields = ["=order_id"]
    list_select_related = ["product"]
    ordering = ["-id"]
