"""Payouts with everything that is known about them, and the queue of those that need a person."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from gateway.backoffice import payout_evidence
from gateway.backoffice.models import LookKind
from gateway.backoffice.personal_data import masked
from gateway.backoffice.waiting_page import waiting_page
from withdrawals.admin import WithdrawalAdmin
from withdrawals.models import Withdrawal
from withdrawals.waiting import waiting, why

# The page of its own app knows the doors; what only the apps above know is added here.
admin.site.unregister(Withdrawal)


@admin.register(Withdrawal)
class PayoutAdmin(WithdrawalAdmin):
    """Withdrawals, newest first."""

    actions_list = [*WithdrawalAdmin.actions_list, "waiting"]

    @action(description="Payouts that need a person", url_path="waiting")  # type: ignore[untyped-decorator]
    def waiting(self, request: HttpRequest) -> HttpResponse:
        """The queue."""
        return waiting_page(request, self, "Payouts that need a person", waiting)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a withdrawal with everything that helps people decide about it."""
        withdrawal: Withdrawal = options["obj"]
        context |= {"why": why(withdrawal), "evidence": payout_evidence.of_withdrawal(withdrawal, request)}
        context["personal_data"] = [masked(LookKind.RECIPIENT, withdrawal, request)]
        return super().render_change_form(request, context, *args, **options)
