"""The instructions by which two persons move money."""

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.views.decorators.http import require_POST
from unfold.decorators import action

from balances import finding, instruction_pages, summaries
from balances.instruction_models import Instruction, InstructionMove
from balances.instruction_rights import PROPOSE, TAKES_LOOKING
from balances.pages import link
from balances.states import InstructionStatus
from gateway import ids
from gateway.readonly_admin import HistoryInline, ReadOnlyAdmin
from gateway.walking_by_key import WalkById


class InstructionMoveInline(HistoryInline):
    """The life of an instruction."""

    model = InstructionMove

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the instruction."""
        return True


@admin.register(Instruction)
class InstructionAdmin(ReadOnlyAdmin):
    """What people asked for, the newest first, with a view of what waits; and the pages to ask and to decide."""

    id_prefix = ids.INSTRUCTION
    also_seen_with = TAKES_LOOKING
    change_form_template = "admin/balances/instruction/change_form.html"
    list_display = [
        *("public_id", "verb", "mode", "status", "posts", "reason"),
        *("requested_by", "requested_at", "decided_by"),
    ]
    list_filter = ["status", "verb", "requested_at", "decided_at", "requested_by"]
    views = (("Waiting for a second person", "status__in=proposed"),)
    search_help_text = "An id, that of what it is about, or a document, in full."
    walks_by_id = (WalkById(among={"status": frozenset({InstructionStatus.PROPOSED})}, are_few=True),)
    list_select_related = ["requested_by", "decided_by"]
    hidden_columns = ("id", "parameters", "preview", "digest", "sequence", "decided_xact")
    readonly_fields = ["public_id", "posted"]
    inlines = [InstructionMoveInline]
    actions_list = ["propose"]

    def has_propose_permission(self, request: HttpRequest) -> bool:
        """Whoever may ask. A method, for the name of a permission would be looked up before there are any tables."""
        return request.user.has_perm(PROPOSE)

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By their document, or by what they are about."""
        return finding.instructions(term)

    @admin.display
    def posts(self, instruction: Instruction) -> str:
        """What was shown last of what it posts."""
        return summaries.of_preview(instruction.preview)

    @admin.display(description="journals")
    def posted(self, instruction: Instruction) -> str:
        """What was posted for it."""
        journals = instruction.journals.order_by("id")
        links = [(link(reverse("admin:balances_journal_change", args=[one.pk]), one.kind),) for one in journals]
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
