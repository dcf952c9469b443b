"""Payouts and batches of them with everything that is known about them, and the way to their queues."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.decorators import action

from gateway import causes
from gateway.backoffice.models import LookKind
from gateway.backoffice.personal_data.masking import masked
from gateway.backoffice.story import glance_at_money_out, telling
from gateway.backoffice.story.glance import Glance
from gateway.backoffice.story.page import StoryPage
from gateway.backoffice.story.telling import Told
from withdrawals.admin import WithdrawalAdmin
from withdrawals.batch_admin import WithdrawalBatchAdmin
from withdrawals.models import Withdrawal, WithdrawalBatch
from withdrawals.waiting import why

# The pages of their own app know the doors; what only the apps above know is added here.
admin.site.unregister([Withdrawal, WithdrawalBatch])


@admin.register(Withdrawal)
class PayoutAdmin(StoryPage, WithdrawalAdmin):
    """Withdrawals, newest first, and the story of each."""

    actions_list = ["approvals", "waiting"]

    @action(description="Queue: Approvals", url_path="approvals")  # type: ignore[untyped-decorator]
    def approvals(self, request: HttpRequest) -> HttpResponse:
        """The queue of what other people have to say yes to."""
        return redirect("work:queue", "approvals")

    @action(description="Queue: Manual review", url_path="waiting")  # type: ignore[untyped-decorator]
    def waiting(self, request: HttpRequest) -> HttpResponse:
        """The queue of those in doubt."""
        return redirect("work:queue", "review")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a withdrawal with its recipient, and why a person has to look at it."""
        withdrawal: Withdrawal = options["obj"]
        context["why"] = why(withdrawal)
        context["personal_data"] = [masked(LookKind.RECIPIENT, withdrawal, request)]
        return super().render_change_form(request, context, *args, **options)

    def story_of(self, request: HttpRequest, row: Withdrawal) -> Told:
        """What happened to a payout."""
        return telling.of_withdrawal(row, request, self.also_seen_with)

    def glance_of(self, request: HttpRequest, row: Withdrawal, told: Told) -> Glance:
        """How it stands."""
        return glance_at_money_out.of_withdrawal(row, request)


@admin.register(WithdrawalBatch)
class BatchAdmin(StoryPage, WithdrawalBatchAdmin):
    """Batches, newest first, and the story of each."""

    def story_of(self, request: HttpRequest, row: WithdrawalBatch) -> Told:
        """What happened to a batch itself."""
        return telling.of_batch(row, request, self.also_seen_with)

    def glance_of(self, request: HttpRequest, row: WithdrawalBatch, told: Told) -> Glance:
        """How it stands."""
        asked_by = (row.asked_by, row.asked_by_id)
        return glance_at_money_out.of_batch(row, request, causes.named(request, [asked_by])[asked_by])
