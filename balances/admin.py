"""The ledger, to look at; and the instructions by which two persons move money."""

import uuid
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST
from unfold.decorators import action

from balances import instruction_pages, reading
from balances.instruction_models import Instruction, InstructionMove
from balances.instructions import APPROVE, PROPOSE
from balances.models import Account, Entry, Hold, Journal
from gateway import ids
from gateway.money import format_amount
from gateway.readonly_admin import HistoryInline, ReadOnlyAdmin, ReadOnlyInline

#: The pages of the orders that money may belong to, by the prefix of their ids. Their apps stand above this one.
_ORDER_PAGES: Final = {
    ids.DEPOSIT: "admin:payments_deposit_change",
    ids.WITHDRAWAL: "admin:withdrawals_withdrawal_change",
}


def _link(address: str, text: object) -> str:
    return format_html('<a class="underline" href="{}">{}</a>', address, text)


class InstructionMoveInline(HistoryInline):
    """The life of an instruction."""

    model = InstructionMove

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the instruction."""
        return True


@admin.register(Instruction)
class InstructionAdmin(ReadOnlyAdmin):
    """What people asked for, newest first, and the pages to ask and to decide."""

    id_prefix = ids.INSTRUCTION
    change_form_template = "admin/balances/instruction/change_form.html"
    list_display = ["public_id", "verb", "mode", "status", "reason", "requested_by", "requested_at", "decided_by"]
    list_filter = ["status", "verb", "mode"]
    search_fields = ["reason", "document"]
    list_select_related = ["requested_by", "decided_by"]
    ordering = ["-requested_at", "-id"]
    hidden_columns = ("id", "parameters", "preview", "digest", "sequence", "decided_xact")
    readonly_fields = ["public_id", "posted"]
    inlines = [InstructionMoveInline]
    actions_list = ["propose"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may ask or decide may look, too."""
        may_look: bool = super().has_view_permission(request, obj)
        return may_look or request.user.has_perm(PROPOSE) or request.user.has_perm(APPROVE)

    def has_propose_permission(self, request: HttpRequest) -> bool:
        """Whoever may ask. A method, for the name of a permission would be looked up before there are any tables."""
        return request.user.has_perm(PROPOSE)

    @admin.display(description="journals")
    def posted(self, instruction: Instruction) -> str:
        """What was posted for it."""
        journals = instruction.journals.order_by("id")
        links = [(_link(reverse("admin:balances_journal_change", args=[one.pk]), one.kind),) for one in journals]
        return format_html_join(", ", "{}", links) or "-"

    @action(description="Propose", url_path="propose", permissions=["propose"])  # type: ignore[untyped-decorator]
    def propose(self, request: HttpRequest) -> HttpResponse:
        """The list of verbs."""
        return instruction_pages.choose(request, self._context(request))

    def propose_verb(self, request: HttpRequest, verb: str) -> HttpResponse:
        """The form of one verb."""
        return instruction_pages.propose(request, self._context(request), verb)

    def decide(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The buttons of an instruction's page."""
        return instruction_pages.decide(request, pk)

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and those of the pages here."""
        wrap = self.admin_site.admin_view
        return [
            path("propose/<slug:verb>/", wrap(self.propose_verb), name="balances_instruction_propose_verb"),
            path("<uuid:pk>/decide/", wrap(require_POST(self.decide)), name="balances_instruction_decide"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of an instruction with what would be posted and what is open to whoever looks."""
        context |= instruction_pages.shown(request, options["obj"])
        return super().render_change_form(request, context, *args, **options)

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts}


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
        return _link(reverse("admin:balances_account_change", args=[row.account_id]), _named(row.account))

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
        return _link(reverse(_ORDER_PAGES[prefix], args=[pk]), journal.subject)

    @admin.display(description="instruction")
    def instructed(self, journal: Journal) -> str:
        """By which two persons decided it."""
        if journal.instruction is None:
            return "-"
        page = reverse("admin:balances_instruction_change", args=[journal.instruction.pk])
        return _link(page, journal.instruction.public_id)


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
