"""Payment systems, to edit by rules; and what the provider says of them, to look at."""

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action

from gateway.history_page import HistoryAdmin
from gateway.providers import discovery
from gateway.providers.forms import PaymentSystemForm
from gateway.providers.models import MediaFile, MediaHint, PaymentSystem, PaymentSystemHistory, SystemObservation
from gateway.providers.models.system_guards import NO_LIMIT, PAYOUT_COLUMNS, PAYOUTS_CHANGED
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.shown_columns import column


@admin.register(PaymentSystem)
class PaymentSystemAdmin(HistoryAdmin):
    """The catalogue: finance edits it, by a form with rules; nobody deletes what orders belong to.

    It has some dozens of rows, as many as the provider has systems, so its list may be counted and sorted.

    Adding is for systems that only pay out: the provider lists what takes deposits (C§1.1). How money leaves through a
    system is said by two persons (`gateway.backoffice.master_data.system_verbs`).
    """

    history = PaymentSystemHistory
    form = PaymentSystemForm
    list_display = [
        "code",
        "name",
        "flow",
        "currencies",
        "pays_out",
        "is_manual",
        "screenshot",
        "is_complete",
        "is_enabled",
        "news",
    ]
    list_filter = ["is_complete", "is_enabled", "flow", "pays_out"]
    search_fields = ["code", "name"]
    search_help_text = "A part of a code or a name."
    actions = None
    actions_detail = ["propose_payouts"]
    change_form_before_template = "admin/providers/paymentsystem/two_persons.html"
    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The code is what orders and the provider know a system by; it is written once. Payouts take two persons."""
        return [*PAYOUT_COLUMNS] if obj is None else ["code", *PAYOUT_COLUMNS, "news", "provider_says"]

    def save_model(self, request: HttpRequest, obj: PaymentSystem, form: Any, change: bool) -> None:  # noqa: FBT001 - the base class's signature
        """Write what was changed and nothing else: two persons may be writing the other columns."""
        obj.save(update_fields=form.changed_data if change else None)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns of the list: a choice as its word."""
        return [column(self.model, name) for name in self.list_display]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The page's rows, each with what the provider lately said of it."""
        page = super().get_changelist_instance(request)
        words = discovery.recent_words([system.code for system in page.result_list])
        for system in page.result_list:
            system.words = words[system.code]
        return page

    @action(description="Change payouts with a second person", permissions=["propose"], url_path="propose")  # type: ignore[untyped-decorator]
    def propose_payouts(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form by which one person asks for another way in which money leaves, filled in with the present one."""
        system = self.get_object(request, unquote(object_id))
        if system is None:
            raise Http404
        form = reverse("admin:balances_instruction_propose_verb", args=[PAYOUTS_CHANGED])
        return HttpResponseRedirect(f"{form}?{urlencode(_payouts_of(system))}")

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever may ask for what takes two persons."""
        return request.user.has_perm("balances.propose_instruction")

    @admin.display(description="differs from the provider")
    def news(self, system: PaymentSystem) -> str:
        """What the provider says otherwise; nothing of it is taken over by itself."""
        return "; ".join(discovery.differences(system, _words_of(system))) or "-"

    @admin.display(description="provider says")
    def provider_says(self, system: PaymentSystem) -> str:
        """Its words of the last days."""
        said = [
            f"{word.account}: {word.name or word.code} in {word.currency}, "
            f"{_tell(word.is_manual, 'manual', 'not manual')}, "
            f"{_tell(word.wants_screenshot, 'with screenshot', 'without screenshot')}, "
            f"{word.seen_at:%Y-%m-%d %H:%M} UTC"
            for word in _words_of(system)
        ]
        return "; ".join(said) or "nothing lately"


def _payouts_of(system: PaymentSystem) -> dict[str, str]:
    """What an instruction would say that leaves it all as it is."""
    limits = {"withdrawal_minimum": system.withdrawal_minimum, "withdrawal_maximum": system.withdrawal_maximum}
    return {
        "code": system.code,
        "pays_out": "yes" if system.pays_out else "no",
        **{name: NO_LIMIT if value is None else f"{value.normalize():f}" for name, value in limits.items()},
        "recipient_fields": json.dumps(system.recipient_fields),
    }


def _words_of(system: Any) -> list[SystemObservation]:
    if not hasattr(system, "words"):
        system.words = discovery.recent_words([system.code])[system.code]
    words: list[SystemObservation] = system.words
    return words


def _tell(said: bool | None, yes: str, no: str) -> str:  # noqa: FBT001 - the provider's word
    return "-" if said is None else yes if said else no


@admin.register(SystemObservation)
class SystemObservationAdmin(ReadOnlyAdmin):
    """What the provider offers."""

    list_display = ["code", "currency", "account", "is_manual", "wants_screenshot", "seen_at"]
    list_filter = ["account"]


@admin.register(MediaHint)
class MediaHintAdmin(ReadOnlyAdmin):
    """What the provider shows of how to pay."""

    list_display = ["code", "account", "url", "seen_at"]
    list_filter = ["account"]


@admin.register(MediaFile)
class MediaFileAdmin(ReadOnlyAdmin):
    """Our copies of what the provider shows, and why there is none of some."""

    list_display = ["kind", "url", "content_type", "size", "fetched_at", "failure"]
    list_filter = ["kind", "failure"]
    hidden_columns = ("content",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the bytes: a page of films would be a hundred megabytes."""
        return super().get_queryset(request).defer("content")
