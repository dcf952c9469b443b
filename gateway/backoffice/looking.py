"""Who looks at which mode: what a person may see of the figures, and the rows that stand behind one of them."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from gateway.shown_mode import PARAMETER, shown_mode
from gateway.who_sees import may_see

#: RFC 3339, as the lists' filters of times take it.
_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """A person and the mode that is shown to them.

    Attributes:
        request: theirs.
        mode: ``live`` or ``test``.
    """

    request: HttpRequest
    mode: str

    def sees(self, *models: type[Model]) -> bool:
        """Whether they may look at the rows of all of these models."""
        return all(may_see(self.request, one) for one in models)

    def rows(self, model: type[Model], **lookups: Any) -> str:
        """The list of a model's rows in this mode, by Django's lookups; "" for whoever may not see them.

        Times are given as `datetime` of UTC, several values as a list.
        """
        if not self.sees(model):
            return ""
        said = {name: _said(value) for name, value in lookups.items()}
        return f"{list_of(model)}?{urlencode({PARAMETER: self.mode, **said}, safe=',:')}"


def looking(request: HttpRequest) -> Looking:
    """Whoever asks, at the mode that the page shows."""
    return Looking(request=request, mode=shown_mode(request))


def list_of(model: type[Model]) -> str:
    """Where the rows of a model are listed."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")  # noqa: SLF001 - Django's documented model API


def _said(value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ",".join(sorted(str(one) for one in value))
    return value.strftime(_INSTANT) if hasattr(value, "strftime") else str(value)
