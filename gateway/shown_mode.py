"""Which money a page of the admin shows: live or test, and never both at once."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest

#: By this name addresses of pages carry it (`?mode=test`), and the session remembers what was chosen last.
PARAMETER: Final = "mode"
#: The same in Django's own words, in which addresses of lists may say it as well.
EXACT: Final = f"{PARAMETER}__exact"
#: Values of `gateway.products.models.Mode`, which stands above the admin's floor; real money comes first.
MODES: Final = ("live", "test")


def shown_mode(request: HttpRequest) -> str:
    """What the address says; else what this person chose last; else live, which is what matters."""
    asked = next((said for name in (EXACT, PARAMETER) if (said := request.GET.get(name)) in MODES), None)
    if asked is not None:
        if request.session.get(PARAMETER) != asked:
            request.session[PARAMETER] = asked
        return asked
    remembered = request.session.get(PARAMETER)
    return remembered if remembered in MODES else MODES[0]


def of_row(mode: str) -> dict[str, Any]:
    """What a page about one row says of its mode, whichever one lists show; in place of what each page has."""
    return {"mode": mode, "environment": badge(mode), "environment_title_prefix": title_prefix(mode)}


def badge(mode: str) -> tuple[str, str]:
    """Which money a page shows, at its top: a word and a colour."""
    return ("Live: real money", "success") if mode == "live" else ("Test: play money", "warning")


def title_prefix(mode: str) -> str:
    """In the browser's tab, so that a test page is known among many."""
    return "" if mode == "live" else "[Test] "


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A mode that a page may show.

    Attributes:
        mode: ``live`` or ``test``.
        address: of the page that shows it.
        is_shown: this one does.
    """

    mode: str
    address: str
    is_shown: bool


def choices(request: HttpRequest, *dropped: str) -> list[Choice]:
    """Both modes of a page, each with what else its address says.

    Args:
        request: of the page.
        dropped: what has no meaning in the other mode: where its rows go on, by names of the address.
    """
    shown = shown_mode(request)
    kept = request.GET.copy()
    for name in (EXACT, *dropped):
        kept.pop(name, None)
    found = []
    for mode in MODES:
        kept[PARAMETER] = mode
        found.append(Choice(mode=mode, address=f"?{kept.urlencode()}", is_shown=mode == shown))
    return found
