"""How a product looks on payment pages: set by whoever sets up products, with a preview by day and by night."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from gateway.backoffice.master_data.branding_forms import BrandingForm
from gateway.history_page import HistoryAdmin
from gateway.products import branding, colours
from gateway.products.models import Branding, BrandingHistory
from gateway.readonly_admin import ListAdmin


@admin.register(Branding)
class BrandingAdmin(HistoryAdmin, ListAdmin):
    """One for each product that has a look of its own. Emptied fields give it back the pages' own."""

    history = BrandingHistory
    form = BrandingForm
    fields = (
        *("product", "display_name", "colour", "preview", "new_logo", "no_logo", "frame_origins", "support_address"),
    )
    list_display = ["product", "display_name", "colour", "support_address"]
    list_select_related = ["product"]
    search_fields = ["product__name", "display_name"]
    search_help_text = "A part of a name."
    ordering = ["product__name"]
    is_exported = False

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the pictures."""
        return super().get_queryset(request).defer("logo")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The product is whose it is, for ever."""
        return ["preview"] if obj is None else ["product", "preview"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def save_model(self, request: HttpRequest, obj: Branding, form: Any, change: bool) -> None:  # noqa: FBT001 - the base class's signature
        """Write what was changed and nothing else: two people may have the form open."""
        obj.save(update_fields=form.changed_columns() if change else None)

    @admin.display(description="preview")
    def preview(self, row: Branding) -> SafeString:
        """Button, link and logo as customers see them, on light and on dark pages, and what became of the colour."""
        if not row.pk:
            return mark_safe("Save, and it is shown here.")
        read = colours.read(row.colour) if row.colour else None
        looks = [
            ("By day", colours.written(colours.LIGHT_SURFACE), "#000000", read and colours.by_day(read)),
            ("By night", colours.written(colours.DARK_SURFACE), "#ffffff", read and colours.by_night(read)),
        ]
        shown = {
            "looks": looks,
            "look": branding.of(row.product),
            "sentences": _changes(row.colour) if row.colour else ["It has no colour of its own: pages use theirs."],
        }
        return render_to_string("admin/products/branding/preview.html", shown)


def _changes(colour: str) -> list[str]:
    """What the guard of contrasts made of a colour, in sentences."""
    read = colours.read(colour)
    found = []
    for palette, pages, surface in (
        (colours.by_day(read), "light", colours.LIGHT_SURFACE),
        (colours.by_night(read), "dark", colours.DARK_SURFACE),
    ):
        if palette.accent != colour:
            found.append(
                f"On {pages} pages links are {palette.accent}: {colour} has a contrast of "
                f"{colours.contrast(read, surface):.1f}:1 there, and text needs {colours.TEXT_CONTRAST}:1 to be read."
            )
        if palette.brand != colour:
            found.append(f"On {pages} pages buttons are {palette.brand}: {colour} could not be told from the page.")
    return found or ["It is used as it is: it can be read on light and on dark pages."]
