"""Pictures of screenshots: each look is recorded as every look at personal data is."""

from django.contrib import admin
from django.http import HttpRequest

from gateway.backoffice.models import LookKind
from gateway.backoffice.personal_data import masking
from gateway.people import person_of
from payments.admin import ScreenshotAdmin
from payments.models import Screenshot

# The page of its own app shows the picture; how looks are recorded is known above the apps.
admin.site.unregister(Screenshot)


@admin.register(Screenshot)
class PictureAdmin(ScreenshotAdmin):
    """Screenshots, newest first."""

    def record_look(self, request: HttpRequest, screenshot: Screenshot) -> None:
        """Before the picture is shown."""
        masking.record(
            LookKind.PICTURE, f"screenshot of {screenshot.confirmation.public_id}", by_id=person_of(request).pk
        )
