"""How a product looks to its customers: what payment pages ask, and the two files that they load for it."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from gateway.products import colours
from gateway.products.models import Branding, Product

#: Of a style sheet's digest in its address: what a browser keeps for ever is never mistaken for another one.
_VERSION_CHARS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a page shows of a product.

    Attributes:
        name: as customers know it.
        logo_url: path of a PNG; None where there is none.
        logo_size: its width and height in pixels.
        stylesheet_url: path of a sheet that defines ``--brand``, ``--on-brand`` and ``--accent``, on dark pages, too;
            None where the pages' own colours are meant.
        frame_origins: whose pages may show ours in a frame, fit for a policy's `frame-ancestors`; none: nobody's.
        support_address: where customers ask for help, an https URL or ``mailto:``; None where there is no such place.
    """

    name: str
    logo_url: str | None = None
    logo_size: tuple[int, int] | None = None
    stylesheet_url: str | None = None
    frame_origins: tuple[str, ...] = ()
    support_address: str | None = None


def of(product: Product) -> Look:
    """The product's look, with one query."""
    branding = Branding.objects.defer("logo").filter(product=product).first()
    if branding is None:
        return Look(name=product.name)
    return Look(
        name=branding.display_name or product.name,
        logo_url=reverse("brand-logo", args=[product.pk, branding.logo_digest]) if branding.logo_digest else None,
        logo_size=(branding.logo_width, branding.logo_height) if branding.logo_digest else None,
        stylesheet_url=_address_of_sheet(product.pk, branding.colour) if branding.colour else None,
        frame_origins=tuple(branding.frame_origins),
        support_address=branding.support_address or None,
    )


def _address_of_sheet(product_id: uuid.UUID, colour: str) -> str:
    return reverse("brand-sheet", args=[product_id, version_of(stylesheet(colour))])


def stylesheet(colour: str) -> str:
    """The style sheet of a colour: custom properties and nothing else."""
    read = colours.read(colour)
    day, night = _properties(colours.by_day(read)), _properties(colours.by_night(read))
    return f":root{{{day}}}\n@media (prefers-color-scheme:dark){{:root{{{night}}}}}\n"


def _properties(palette: colours.Palette) -> str:
    return f"--brand:{palette.brand};--on-brand:{palette.on_brand};--accent:{palette.accent}"


def version_of(sheet: str) -> str:
    """What stands for the sheet's text in its address."""
    return hashlib.sha256(sheet.encode()).hexdigest()[:_VERSION_CHARS]


def sheet_of(product_id: uuid.UUID, version: str) -> str | None:
    """The product's sheet, where it is of this version."""
    colour = Branding.objects.filter(pk=product_id).exclude(colour="").values_list("colour", flat=True).first()
    if colour is None:
        return None
    sheet = stylesheet(colour)
    return sheet if version_of(sheet) == version else None


def logo_of(product_id: uuid.UUID, digest: str) -> bytes | None:
    """The bytes of the product's logo, where it has this digest."""
    kept = Branding.objects.filter(pk=product_id, logo_digest=digest).exclude(logo_digest="")
    logo = kept.values_list("logo", flat=True).first()
    return None if logo is None else bytes(logo)
