"""Whatever colour a product has, its customers can read every word: all of a grid of colours, by WCAG's own figures."""

import itertools
from typing import Any

import pytest

from gateway.products import branding, colours
from gateway.products.colours import Colour, Palette, by_day, by_night, contrast, read, written

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
#: Every fifteenth shade of each channel, with both ends: 5,832 colours.
GRID: list[Colour] = [(red, green, blue) for red, green, blue in itertools.product(range(0, 256, 15), repeat=3)]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),  # the best known pair: just too little,
        ("#767676", "#ffffff", 4.54),  # and just enough
        ("#ff0000", "#ffffff", 4.0),
        ("#0000ff", "#ffffff", 8.59),
        ("#00ff00", "#ffffff", 1.37),
        ("#1a56db", "#1a56db", 1.0),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert round(contrast(read(one), read(other)), 2) == ratio
    assert contrast(read(one), read(other)) == contrast(read(other), read(one))


@pytest.mark.parametrize(
    "text", ["", "#fff", "#FFFFFF", "ffffff", "#ffffff ", "#gggggg", "#ffffff\n", "#٣٣٣٣٣٣", "red"]
)
def test_only_six_small_digits_are_a_colour(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read(text)


def judged(palette: Palette, surface: Colour, extreme: Colour) -> None:
    brand, on_brand, accent = read(palette.brand), read(palette.on_brand), read(palette.accent)
    assert on_brand in {BLACK, WHITE}
    assert contrast(on_brand, brand) >= 4.5
    assert contrast(brand, surface) >= 1.3
    # On the least and on the most of what the pages have behind it.
    assert contrast(accent, surface) >= 4.5
    assert contrast(accent, extreme) >= 4.5


def test_every_text_can_be_read_by_day_and_by_night() -> None:
    assert len(GRID) == 5832
    for colour in GRID:
        judged(by_day(colour), colours.LIGHT_SURFACE, WHITE)
        judged(by_night(colour), colours.DARK_SURFACE, BLACK)


def steps_of(colour: Colour, towards: Colour) -> list[Colour]:
    """From the colour itself to black or white, by hundredths."""
    found: list[Any] = [
        tuple(a + round((b - a) * step / 100) for a, b in zip(colour, towards, strict=True)) for step in range(101)
    ]
    return found


def test_a_colour_is_changed_no_more_than_it_takes() -> None:
    for colour in GRID[::7]:
        for palette, surface, towards in (
            (by_day(colour), colours.LIGHT_SURFACE, BLACK),
            (by_night(colour), colours.DARK_SURFACE, WHITE),
        ):
            steps = steps_of(colour, towards)
            for made, least in ((read(palette.accent), 4.5), (read(palette.brand), 1.3)):
                assert made == next(one for one in steps if contrast(one, surface) >= least)


def test_readable_colours_stay_as_they_are() -> None:
    assert by_day(read("#1a56db")) == Palette(brand="#1a56db", on_brand="#ffffff", accent="#1a56db")
    # A yellow button stays yellow; as a link it could not be read by day.
    assert by_day(read("#ffcc00")) == Palette(brand="#ffcc00", on_brand="#000000", accent="#876c00")
    assert by_night(read("#ffcc00")) == Palette(brand="#ffcc00", on_brand="#000000", accent="#ffcc00")
    assert by_day(WHITE) == Palette(brand="#d6d6d6", on_brand="#000000", accent="#6e6e6e")
    assert by_night(BLACK).on_brand == "#ffffff"


def test_a_sheet_defines_three_properties_twice_and_nothing_else() -> None:
    assert branding.stylesheet("#ffcc00") == (
        ":root{--brand:#ffcc00;--on-brand:#000000;--accent:#876c00}\n"
        "@media (prefers-color-scheme:dark){:root{--brand:#ffcc00;--on-brand:#000000;--accent:#ffcc00}}\n"
    )
    assert written(read("#0a1b2c")) == "#0a1b2c"
