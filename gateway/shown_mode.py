"""Which money a page of the admin shows: live or test, and never both at once."""

from typing import Final

from django.http import HttpRequest

#: By this name addresses of pages carry it (`?mode=test`), and the session remembers what was chosen last.
PARAMETER: Final = "mode"
#: Values of `gateway.products.models.Mode`, which stands above the admin's floor; real money comes first.
MODES: Final = ("live", "test")


def shown_mode(request: HttpRequest) -> str:
    """What the address says; else what this person chose last; else live, which is what matters."""
    asked = request.GET.get(PARAMETER, "")
    if asked in MODES:
        if request.session.get(PARAMETER) != asked:
            request.session[PARAMETER] = asked
        return asked
    remembered = request.session.get(PARAMETER)
    return remembered if remembered in MODES else MODES[0]
