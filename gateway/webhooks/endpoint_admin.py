"""Webhook endpoints: whether they work, what they were set to, and what staff may do with them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import BadRequest
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action

from gateway import ids
from gateway.history_page import HistoryAdmin
from gateway.people import person_of
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.shown_mode import of_row
from gateway.webhooks import actions, by_people
from gateway.webhooks.endpoint_forms import ChangeForm, NewEndpointForm, ReasonForm, ReplayForm
from gateway.webhooks.models import Delivery, WebhookEndpoint, WebhookEndpointHistory
from gateway.webhooks.states import DeliveryStatus

#: What is looked through to say how an endpoint is: of all its deliveries there may be millions.
_LATELY_DAYS: Final = 7
#: What the button of the switch sends.
_ON, _OFF = "on", "off"
_FORM: Final = "admin/webhooks/webhookendpoint/form.html"


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(HistoryAdmin, ReadOnlyAdmin):
    """Who is told, and whether it works. Secrets are shown once, to whoever asked for them."""

    history = WebhookEndpointHistory
    also_noted = True  # tests and replays
    id_prefix = ids.WEBHOOK_ENDPOINT
    list_display = ["__str__", "product", "mode", "url", "is_enabled", "disabled_reason", "failing_since"]
    list_filter = ["is_enabled", ("failing_since", admin.EmptyFieldListFilter), "failing_since", "product"]
    search_fields = ["url"]
    search_help_text = "A part of an address, or an id in full."
    list_select_related = ["product"]
    readonly_fields = ["last_success", "owed"]
    ordering = ["-id"]
    views = (("Failing", "failing_since__isempty=0"), ("Disabled", "is_enabled__exact=0"))
    actions_list = ["add_endpoint"]
    actions_detail = ["edit", "switch", "rotate", "test", "replay"]

    @admin.display(description="last success")
    def last_success(self, endpoint: WebhookEndpoint) -> str:
        """When it last took an event, of the last days."""
        taken = _lately(endpoint).filter(status=DeliveryStatus.DELIVERED).aggregate(at=models.Max("finished_at"))["at"]
        return f"none in the last {_LATELY_DAYS} days" if taken is None else f"{taken:%Y-%m-%d %H:%M:%S} UTC"

    @admin.display(description="deliveries")
    def owed(self, endpoint: WebhookEndpoint) -> str:
        """How many there are of each kind, of the last days."""
        counted = dict(_lately(endpoint).order_by().values_list("status").annotate(models.Count("pk")))
        said = ", ".join(f"{counted[status]} {status}" for status in DeliveryStatus.values if status in counted)
        return f"in the last {_LATELY_DAYS} days: {said or 'none'}"

    def has_open_permission(self, request: HttpRequest) -> bool:
        """As it was granted."""
        return request.user.has_perm(by_people.ADD)

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """As it was granted."""
        return request.user.has_perm(by_people.CHANGES)

    @action(description="Add an endpoint", permissions=["open"], url_path="add-endpoint")  # type: ignore[untyped-decorator]
    def add_endpoint(self, request: HttpRequest) -> HttpResponse:
        """A new endpoint; its secret, on the page that follows."""
        form = NewEndpointForm(request.POST or None)
        sentence = "It is told what happens from now on. Its secret is shown once, on the next page."
        if form.is_valid():
            told = form.cleaned_data
            made = _tried(
                form,
                lambda: by_people.add(
                    told["product"],
                    told["mode"],
                    told["url"],
                    told["event_types"],
                    by=person_of(request),
                    reason=told["reason"],
                ),
            )
            if made is not None:
                return self._secret(request, *made)
        return self._form(request, None, form, "Add an endpoint", sentence)

    @action(description="Change", permissions=["manage"], url_path="edit")  # type: ignore[untyped-decorator]
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Another address, or other kinds of events."""
        endpoint = self._one(request, object_id)
        form = ChangeForm(request.POST or None, initial={"url": endpoint.url, "event_types": endpoint.event_types})
        sentence = "What is owed already goes to the new address. The secret stays: whoever has the address needs it."

        def do() -> bool:
            told = form.cleaned_data
            by_people.change(endpoint, told["url"], told["event_types"], by=person_of(request), reason=told["reason"])
            return True

        return self._done(request, endpoint, form, do=do, title="Change the endpoint", sentence=sentence)

    @action(description="Switch on or off", permissions=["manage"], url_path="switch")  # type: ignore[untyped-decorator]
    def switch(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enable it, or disable it, as the button said: sent twice, or after it went off by itself, it is done once."""
        endpoint = self._one(request, object_id)
        form = ReasonForm(request.POST or None)
        wish = request.POST.get("wish") if request.method == "POST" else _OFF if endpoint.is_enabled else _ON
        if wish not in {_ON, _OFF}:
            raise BadRequest("It takes what the button says: on or off.")
        on = wish == _ON
        sentence = (
            "It is told what happens from now on; what was cancelled meanwhile can be replayed."
            if on
            else "It is told nothing more, and what it is still owed is cancelled. It can be switched on and replayed."
        )

        def do() -> bool:
            by_people.switch(endpoint, on=on, by=person_of(request), reason=form.cleaned_data["reason"])
            return True

        return self._done(request, endpoint, form, do=do, title=f"Switch it {wish}", sentence=sentence, wish=wish)

    @action(description="Rotate the secret", permissions=["manage"], url_path="rotate")  # type: ignore[untyped-decorator]
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new secret, on the page that follows."""
        endpoint = self._one(request, object_id)
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            secret = by_people.rotate(endpoint, by=person_of(request), reason=form.cleaned_data["reason"])
            return self._secret(request, endpoint, secret)
        hours = actions.FORMER_SECRET_LIVES_HOURS
        sentence = f"The new secret is shown once, on the next page. The former one signs as well for {hours} hours."
        return self._form(request, endpoint, form, "Rotate the secret", sentence)

    @action(description="Send a test event", permissions=["manage"], url_path="test")  # type: ignore[untyped-decorator]
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """An event that says nothing."""
        endpoint = self._one(request, object_id)
        form = ReasonForm(request.POST or None)
        sentence = "It gets one event of type webhook_endpoint.test, whatever it is told otherwise; no other one does."

        def do() -> bool:
            event = by_people.send_test(endpoint, by=person_of(request), reason=form.cleaned_data["reason"])
            messages.info(request, f"{event} is on its way: its page shows each attempt with the answer.")
            return True

        return self._done(request, endpoint, form, do=do, title="Send a test event", sentence=sentence)

    @action(description="Replay what failed", permissions=["manage"], url_path="replay")  # type: ignore[untyped-decorator]
    def replay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new round of attempts."""
        endpoint = self._one(request, object_id)
        since = endpoint.failing_since or timezone.now() - timedelta(days=_LATELY_DAYS)
        form = ReplayForm(request.POST or None, initial={"since": f"{since:%Y-%m-%d %H:%M}"})
        failed = Delivery.objects.filter(endpoint=endpoint, status__in=["exhausted", "cancelled"]).count()
        of_it = "1 delivery of it" if failed == 1 else f"{failed or 'No'} deliveries of it"
        sentence = (
            f"{of_it} failed for good or {'was' if failed == 1 else 'were'} cancelled. Those since the time below are "
            f"tried anew, oldest first, at most {actions.REPLAYED_MAX:,} at once. Receivers know repetitions by the id "
            "of the event."
        )

        def do() -> bool:
            told = form.cleaned_data
            count = by_people.replay(endpoint, since=told["since"], by=person_of(request), reason=told["reason"])
            messages.info(request, f"{count} deliveries are tried anew.")
            return True

        return self._done(request, endpoint, form, do=do, title="Replay what failed", sentence=sentence)

    def _one(self, request: HttpRequest, object_id: str) -> WebhookEndpoint:
        endpoint: WebhookEndpoint | None = self.get_object(request, object_id)
        if endpoint is None:
            raise Http404
        return endpoint

    def _done(
        self,
        request: HttpRequest,
        endpoint: WebhookEndpoint,
        form: forms.Form,
        *,
        do: Callable[[], bool],
        title: str,
        sentence: str,
        wish: str = "",
    ) -> HttpResponse:
        if form.is_valid() and _tried(form, do):
            messages.success(request, f"{title}: done, {endpoint}.")
            return HttpResponseRedirect(reverse("admin:webhooks_webhookendpoint_change", args=[endpoint.pk]))
        return self._form(request, endpoint, form, title, sentence, wish=wish)

    def _form(
        self,
        request: HttpRequest,
        endpoint: WebhookEndpoint | None,
        form: forms.Form,
        title: str,
        sentence: str,
        *,
        wish: str = "",
    ) -> HttpResponse:
        told = {"title": title, "sentence": sentence, "form": form, "wish": wish}
        context = {**self._context(request, endpoint), **told}
        return TemplateResponse(request, _FORM, context)

    def _secret(self, request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
        context = {
            **self._context(request, endpoint),
            "title": f"The secret of {endpoint}",
            "secret": secret,
        }
        shown = TemplateResponse(request, "admin/webhooks/webhookendpoint/secret.html", context)
        shown["Cache-Control"] = "no-store"
        return shown

    def _context(self, request: HttpRequest, endpoint: WebhookEndpoint | None) -> dict[str, Any]:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "endpoint": endpoint}
        return context if endpoint is None else context | of_row(endpoint.mode)


def _lately(endpoint: WebhookEndpoint) -> "models.QuerySet[Delivery]":
    """The deliveries of the last days, found by their ids, which begin with their time."""
    first = ids.first_at(timezone.now() - timedelta(days=_LATELY_DAYS))
    return Delivery.objects.filter(endpoint=endpoint, pk__gte=first)


def _tried(form: forms.Form, do: Callable[[], Any]) -> Any:
    """What it gives; None where it was refused, in words beside the field."""
    try:
        return do()
    except actions.AlreadyAnEndpoint as known:
        form.add_error("url" if "url" in form.fields else None, f"This address is told already, by {known.endpoint}.")
    except actions.TooManyEndpoints:
        form.add_error(None, f"There are {actions.ENDPOINTS_MAX} enabled endpoints already: switch one off first.")
    except actions.IsDisabled:
        form.add_error(None, "The endpoint is off: switch it on first.")
    return None
