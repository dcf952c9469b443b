"""The page of an order with its story, and the forms of its notes. Mixed into the pages of what has one."""

import uuid
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from gateway import ids
from gateway.backoffice.models import Note
from gateway.backoffice.models.notes import NOTE_MAX_LENGTH, STRIKE_MAX_LENGTH
from gateway.backoffice.story import notes
from gateway.backoffice.story.choices import chosen
from gateway.backoffice.story.entries import Kind, anchor
from gateway.backoffice.story.glance import Glance
from gateway.backoffice.story.sections import Section
from gateway.backoffice.story.telling import Told, tells_notes_about
from gateway.people import person_of
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.shown_mode import of_row


class StoryPage(ReadOnlyAdmin):
    """The page of one order: what it is, what people may do, and everything that happened, in time order.

    Subclasses say how the story is told (`story_of`) and what stands on top (`glance_of`).
    """

    change_form_template = "admin/story/page.html"
    #: The story tells what inlines told.
    inlines: ClassVar[list[Any]] = []

    def story_of(self, request: HttpRequest, row: Any) -> Told:
        """What happened."""
        raise NotImplementedError

    def glance_of(self, request: HttpRequest, row: Any, told: Told) -> Glance:
        """What stands on top."""
        raise NotImplementedError

    def related_to(self, request: HttpRequest, row: Any) -> list[Section]:
        """Tables of what stands beside it and has no time of its own."""
        return []

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page, with what was put into its context before."""
        row = options["obj"]
        told = self.story_of(request, row)
        may_note = request.user.has_perm(notes.ADD)
        glance = self.glance_of(request, row, told)
        context |= of_row(glance.mode) | {
            "title": row.public_id,
            "glance": glance,
            "evidence": self.related_to(request, row),
            "story": chosen(told.entries, request),
            "unseen": told.unseen,
            "note_address": self._address("note", row.pk) if may_note else "",
            "note_id": ids.new_id(),
            "note_max_length": NOTE_MAX_LENGTH,
            "strike_max_length": STRIKE_MAX_LENGTH,
            "strike_name": f"admin:{self._name('strike')}",
        }
        return super().render_change_form(request, context, *args, **options)

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and those of the notes."""
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:pk>/note/", wrap(require_POST(self.note)), name=self._name("note")),
            path("<uuid:pk>/note/<uuid:note>/strike/", wrap(require_POST(self.strike)), name=self._name("strike")),
            *super().get_urls(),
        ]

    def note(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Keep what was written in the form."""
        row = self._row(request, pk)
        text = request.POST.get("text", "")
        try:
            note_id = uuid.UUID(request.POST.get("note_id", ""))
        except ValueError:
            raise Http404 from None
        try:
            made = notes.add(row.public_id, text, person_of(request), note_id=note_id)
        except notes.Refused as error:
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "The note was not kept",
                "refusal": str(error),
                "text": text,
                "note_address": self._address("note", pk),
                "note_id": ids.new_id(),
                "note_max_length": NOTE_MAX_LENGTH,
            }
            return TemplateResponse(request, "admin/story/note_refused.html", context)
        return HttpResponseRedirect(f"{self._address('change', pk)}#{anchor(Kind.NOTE, made.pk)}")

    def strike(self, request: HttpRequest, pk: uuid.UUID, note: uuid.UUID) -> HttpResponse:
        """Strike a note out."""
        row = self._row(request, pk)
        # The page of an order shows the notes of what belongs to it, too: each says itself what it is about.
        subject = request.POST.get("subject", row.public_id)
        if not tells_notes_about(row, subject):
            raise Http404
        try:
            notes.strike(note, subject, request.POST.get("reason", ""), person_of(request))
        except Note.DoesNotExist:
            raise Http404 from None
        except notes.Refused as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(f"{self._address('change', pk)}#{anchor(Kind.NOTE, note)}")

    def _row(self, request: HttpRequest, pk: uuid.UUID) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        return row

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _address(self, page: str, pk: object) -> str:
        return reverse(f"admin:{self._name(page)}", args=[pk])
