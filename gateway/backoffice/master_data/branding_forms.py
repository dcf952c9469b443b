"""The form by which people say how a product looks on payment pages."""

import hashlib
import io
from typing import Any, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from gateway import pictures
from gateway.api.fields import is_plain
from gateway.products import brand_rules, colours
from gateway.products.models import NAME_MAX_LENGTH, ORIGIN_MAX_LENGTH, SUPPORT_MAX_LENGTH, Branding

_LOGO_COLUMNS: Final = ("logo", "logo_digest", "logo_width", "logo_height")


class BrandingForm(forms.ModelForm):  # type: ignore[type-arg]
    """What customers see of a product."""

    display_name = forms.CharField(
        required=False,
        max_length=NAME_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text="What customers know it as, at the head of every payment page. Empty: the product's name.",
    )
    colour = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "#rrggbb"}),
        help_text=(
            "Of buttons and links, as #rrggbb. Where text could not be read, it is made darker or lighter by itself; "
            "the preview shows what becomes of it. Empty: the pages' own colours."
        ),
    )
    new_logo = forms.FileField(
        required=False,
        label="Logo",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=(
            "JPEG, PNG or WebP, best with a transparent background. It is made anew, at most "
            f"{brand_rules.LOGO_MAX_SIDES[0]} pixels wide and {brand_rules.LOGO_MAX_SIDES[1]} high."
        ),
    )
    no_logo = forms.BooleanField(required=False, label="Take the logo away", widget=UnfoldBooleanSwitchWidget())
    frame_origins = forms.CharField(
        required=False,
        max_length=brand_rules.ORIGINS_MAX * (ORIGIN_MAX_LENGTH + 2),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "https://shop.example"}),
        help_text=(
            "Whose pages may show payment pages in a frame: origins such as https://shop.example, one a line, each by "
            "its full name. Empty: nobody's; customers are then sent to the page itself."
        ),
    )
    support_address = forms.CharField(
        required=False,
        max_length=SUPPORT_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text="What follows “Questions? Support:”, an https URL or an e-mail address. Empty: nothing is said.",
    )

    class Meta:
        model = Branding
        fields = ("product", "display_name", "colour", "frame_origins", "support_address")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # As browsers send lines, or each saving would look like a change; none is an empty field.
        self.initial["frame_origins"] = "\r\n".join(self.instance.frame_origins)

    def clean_display_name(self) -> str:
        """In one line of visible letters."""
        name = " ".join(str(self.cleaned_data["display_name"]).split())
        if name and not is_plain(name):
            raise forms.ValidationError("Write visible characters only.")
        return name

    def clean_colour(self) -> str:
        """In small letters, as it is written into a style sheet."""
        colour = str(self.cleaned_data["colour"]).strip().lower()
        if colour:
            try:
                colours.read(colour)
            except ValueError:
                raise forms.ValidationError("Write a colour as #rrggbb, such as #1a5fb4.") from None
        return colour

    def clean_frame_origins(self) -> list[str]:
        """One by one."""
        origins = str(self.cleaned_data["frame_origins"]).split()
        if len(origins) > brand_rules.ORIGINS_MAX:
            raise forms.ValidationError(f"At most {brand_rules.ORIGINS_MAX} origins.")
        if objections := [said for one in origins if (said := brand_rules.origin_objection(one)) is not None]:
            raise forms.ValidationError(objections)
        return list(dict.fromkeys(origins))

    def clean_support_address(self) -> str:
        """As a link has it."""
        text = str(self.cleaned_data["support_address"]).strip()
        try:
            return brand_rules.support_address(text) if text else ""
        except ValueError as objection:
            raise forms.ValidationError(str(objection)) from None

    def clean_new_logo(self) -> bytes | None:
        """The picture made anew; None where there is no new one."""
        file = self.cleaned_data["new_logo"]
        if file is None:
            return None
        try:
            with pictures.decoded(file, file.size, max_bytes=brand_rules.UPLOAD_MAX_BYTES) as picture:
                return pictures.as_png(picture, within=brand_rules.LOGO_MAX_SIDES, max_bytes=brand_rules.LOGO_MAX_BYTES)
        except pictures.BadPicture as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def clean(self) -> dict[str, Any]:
        """The logo's columns follow the file."""
        cleaned: dict[str, Any] = super().clean() or {}
        logo = cleaned.get("new_logo")
        if logo and cleaned.get("no_logo"):
            self.add_error("no_logo", "Send a new logo or take the old one away, not both.")
        elif logo:
            self._put_logo(logo)
        elif cleaned.get("no_logo"):
            self._put_logo(b"")
        return cleaned

    def _put_logo(self, png: bytes) -> None:
        width, height = pictures.size_of(io.BytesIO(png), formats=["PNG"]) if png else (0, 0)
        self.instance.logo, self.instance.logo_width, self.instance.logo_height = png, width, height
        self.instance.logo_digest = hashlib.sha256(png).hexdigest() if png else ""

    def changed_columns(self) -> list[str]:
        """Columns that saving has to write."""
        fields = [name for name in self.changed_data if name not in {"new_logo", "no_logo"}]
        return [*fields, *(_LOGO_COLUMNS if len(fields) < len(self.changed_data) else ())]
