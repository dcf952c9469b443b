"""What customers saved up, with its story."""

from django.contrib import admin
from django.http import HttpRequest

from gateway.backoffice.story import glance_at_money_in, telling
from gateway.backoffice.story.glance import Glance
from gateway.backoffice.story.page import StoryPage
from gateway.backoffice.story.telling import Told
from payments.admin import SavingsAdmin
from payments.models import Savings

# The page of its own app lists them; what only the apps above know is added here.
admin.site.unregister(Savings)


@admin.register(Savings)
class SavingsPage(StoryPage, SavingsAdmin):
    """Savings, and the story of each."""

    def story_of(self, request: HttpRequest, row: Savings) -> Told:
        """Each change."""
        return telling.of_savings(row, request)

    def glance_of(self, request: HttpRequest, row: Savings, told: Told) -> Glance:
        """How it stands."""
        return glance_at_money_in.of_savings(row, request)
