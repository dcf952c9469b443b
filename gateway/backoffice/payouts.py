"""Payouts with everything that is known about them, and the way to their queues."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.decorators import action

from gateway.backoffice import payout_evidence
from gateway.backoffice.models import LookKind
from gateway.backoffice.personal_data import masked
from withdrawals.admin import WithdrawalAdmin
from withdrawals.models import Withdrawal
from withdrawals.waiting import why

# The page of its own app knows the doors; what only the apps above know is added here.
admin.site.unregister(Withdrawal)


@admin.register(Withdrawal)
class PayoutAdmin(WithdrawalAdmin):
    """Withdrawals, newest first."""

    actions_list = ["approvals", "waiting"]

    @action(description="Waiting for approval", url_path="approvals")  # type: ignore[untyped-decorator]
    def approvals(self, request: HttpRequest) -> HttpResponse:
        """The queue of what other people have to say yes to."""
        return redirect("work:queue", "approvals")

    @action(description="Payouts that need a person", url_path="waiting")  # type: ignore[untyped-decorator]
    def waiting(self, request: HttpRequest) -> HttpResponse:
        """The queue of those in doubt."""
        return redirect("work:queue", "review")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a withdrawal with everything that helps people decide about it."""
        withdrawal: Withdrawal = options["obj"]
        context |= {"why": why(withdrawal), "evidence": payout_evidence.of_withdrawal(withdrawal, request)}
        context["personal_data"] = [masked(LookKind.RECIPIENT, withdrawal, request)]
        return super().render_change_form(request, context, *args, **options)
