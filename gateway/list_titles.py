"""What a list of the admin is called: by what it lists. On most of them there is nothing to select and to change."""

from typing import Any

from django.http import HttpRequest
from django.utils.text import capfirst


class TitledList:
    """An admin whose list has its rows' name as its title, as the sidebar does."""

    opts: Any

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list."""
        title = {"title": list_title(self.opts)}
        return super().changelist_view(request, {**title, **(extra_context or {})})  # type: ignore[misc]  # of an admin


def list_title(opts: Any) -> str:
    """How a list is called, by the options of its model."""
    return capfirst(str(opts.verbose_name_plural))
