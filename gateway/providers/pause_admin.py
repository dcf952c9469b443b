"""The page on which people pause payouts and let them go on, and the list of all pauses there ever were."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from gateway.people import person_of
from gateway.products.models import Mode
from gateway.providers.models import PAUSE_REASON_MAX_LENGTH, PauseScope, PayoutPause, PayoutPauseKind
from gateway.providers.pause_targets import name_of, targets
from gateway.providers.pauses import PAUSE, RESUME, CannotPause, pause_payouts, resume_payouts
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.shown_mode import Choice, of_row


class PauseForm(forms.Form):
    """Why, for whichever button is pressed."""

    reason = forms.CharField(
        max_length=PAUSE_REASON_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Why, in your words; kept plain. It counts for the button that you press.",
    )


@admin.register(PayoutPause)
class PayoutPauseAdmin(ReadOnlyAdmin):
    """What is paused now with its buttons; behind it, everything that ever was."""

    also_seen_with = (PAUSE, RESUME)
    list_display = ["since", "what", "mode", "kind", "reason", "by", "ended_at", "ended_by", "end_reason"]
    list_filter = ["mode", "scope", "kind"]
    search_fields = ["reason", "end_reason"]
    search_help_text = "A part of a reason."
    list_select_related = ["by", "ended_by"]
    ordering = ["-since"]
    readonly_fields = ["what"]
    hidden_columns = ("id",)

    @admin.display
    def what(self, pause: PayoutPause) -> str:
        """What it stops, by its name."""
        return name_of(pause)

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and that of the list behind the page."""
        everything = self.admin_site.admin_view(self.history)
        return [path("all/", everything, name="providers_payoutpause_all"), *super().get_urls()]

    def history(self, request: HttpRequest) -> HttpResponse:
        """All pauses, ended or not."""
        return super().changelist_view(request)  # type: ignore[no-any-return]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """What is paused now, and a button for everything that could be."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = PauseForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                messages.success(request, self._press(request, form.cleaned_data["reason"]))
            except CannotPause as error:
                messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())
        return TemplateResponse(request, "admin/providers/payoutpause/board.html", self._shown(request, form))

    def _press(self, request: HttpRequest, reason: str) -> str:
        """What the pressed button says, done; a sentence about it."""
        by = person_of(request)
        if "resume" in request.POST:
            try:
                done = resume_payouts(uuid.UUID(request.POST["resume"]), reason, by)
            except ValueError:
                raise Http404 from None
            return "They go on." if done else "That pause had ended before."
        scope, _, key = request.POST.get("pause", "").partition(":")
        made = pause_payouts(scope, key, PayoutPauseKind.PERSON, reason, by, mode=_mode(request))
        return f"Paused: {made.mode} payouts of {name_of(made)}."

    def _shown(self, request: HttpRequest, form: PauseForm) -> dict[str, Any]:
        mode = _mode(request)
        pauses = list(PayoutPause.objects.filter(ended_at=None).select_related("by").order_by("-since"))
        by_hand = {(one.scope, one.key, one.mode) for one in pauses if one.kind == PayoutPauseKind.PERSON}
        buttons: dict[PauseScope, list[dict[str, Any]]] = {scope: [] for scope in PauseScope}
        for one in targets(mode):
            is_paused = (one.scope, one.key, mode) in by_hand
            buttons[one.scope].append({"value": f"{one.scope}:{one.key}", "name": one.name, "is_paused": is_paused})
        return {
            **self.admin_site.each_context(request),
            **of_row(mode),
            "title": "Payout pauses",
            "opts": self.opts,
            "form": form,
            "modes": [Choice(mode=one.value, address=f"?mode={one}", is_shown=one == mode) for one in Mode],
            "pauses": [{"row": one, "what": name_of(one)} for one in pauses],
            "sections": [{"title": scope.label.capitalize(), "targets": buttons[scope]} for scope in PauseScope],
            "may_pause": request.user.has_perm(PAUSE),
            "may_resume": request.user.has_perm(RESUME),
            "all": reverse("admin:providers_payoutpause_all"),
        }


def _mode(request: HttpRequest) -> str:
    """Of the page: what is paused in a hurry is real money."""
    return Mode.TEST if request.GET.get("mode") == Mode.TEST else Mode.LIVE
