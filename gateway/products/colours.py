"""A product's colour made readable: no text on a payment page has less than the contrast that WCAG asks for.

Contrast and luminance are those of WCAG 2.2 (definitions of "contrast ratio" and "relative luminance").
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

Colour: TypeAlias = tuple[int, int, int]

#: Of text on what lies behind it (WCAG 2.2, success criterion 1.4.3).
TEXT_CONTRAST: Final = 4.5
#: Of a button on the page around it. WCAG asks for none where the text says what it is (Understanding 1.4.11), and the
#: 3:1 of icons would turn every yellow into a brown; this much keeps a white button from being no button.
SHAPE_CONTRAST: Final = 1.3
#: The pages' backgrounds are nowhere darker than the first by day, nor lighter than the second by night, so what can be
#: read on these can be read everywhere.
LIGHT_SURFACE: Final[Colour] = (0xF3, 0xF4, 0xF6)
DARK_SURFACE: Final[Colour] = (0x1F, 0x24, 0x30)

_BLACK: Final[Colour] = (0, 0, 0)
_WHITE: Final[Colour] = (255, 255, 255)
#: A colour is changed by hundredths of the way to black or white, the fewest that are enough.
_STEPS: Final = 100
_HEX: Final = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of a page, as a style sheet writes them.

    Attributes:
        brand: of a button.
        on_brand: of the text on it.
        accent: of links and marks on the page.
    """

    brand: str
    on_brand: str
    accent: str


def read(text: str) -> Colour:
    """The colour that is written ``#rrggbb``, in small letters.

    Raises:
        ValueError: it is written otherwise.
    """
    found = _HEX.fullmatch(text)
    if found is None:
        raise ValueError(text)
    red, green, blue = (int(one, 16) for one in found.groups())
    return red, green, blue


def written(colour: Colour) -> str:
    """As `read` takes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def by_day(colour: Colour) -> Palette:
    """The palette on light pages."""
    return _palette(colour, LIGHT_SURFACE, _BLACK)


def by_night(colour: Colour) -> Palette:
    """The palette on dark pages."""
    return _palette(colour, DARK_SURFACE, _WHITE)


def _palette(colour: Colour, surface: Colour, towards: Colour) -> Palette:
    brand = _until(SHAPE_CONTRAST, colour, surface, towards)
    # One of them always is enough: no colour has less than 4.58 to both.
    on_brand = _WHITE if contrast(_WHITE, brand) >= TEXT_CONTRAST else _BLACK
    accent = _until(TEXT_CONTRAST, colour, surface, towards)
    return Palette(brand=written(brand), on_brand=written(on_brand), accent=written(accent))


def _until(least: float, colour: Colour, surface: Colour, towards: Colour) -> Colour:
    for step in range(_STEPS):
        mixed = _mixed(colour, towards, step)
        if contrast(mixed, surface) >= least:
            return mixed
    return towards


def _mixed(colour: Colour, towards: Colour, step: int) -> Colour:
    red, green, blue = (one + round((end - one) * step / _STEPS) for one, end in zip(colour, towards, strict=True))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(one / 255) for one in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB's own
