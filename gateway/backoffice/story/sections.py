"""Tables beside the story of an order, each as far as it may be seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from gateway.who_sees import may_see

#: Most rows of one section: an order has a handful of each.
ROWS_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table of evidence: ``rows`` of cells that fit ``columns``; ``nothing`` is said where there are none.

    It is of one model, and whoever may not see that model's rows is told so in its place.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    nothing: str


#: A section that may be shown: its title, whose rows it shows, and how it is made.
Part = tuple[str, type[Model], Callable[[str], Section]]


def as_far_as_seen(request: HttpRequest, title: str, model: type[Model], make: Callable[[str], Section]) -> Section:
    """The section for whoever may see its model's rows, and for others a sentence, without looking any up."""
    if may_see(request, model):
        return make(title)
    rows = model._meta.verbose_name_plural  # noqa: SLF001 - Django's documented model API
    sentence = f"You may not see this: it takes the permission to view {rows}."
    return Section(title=title, columns=(), rows=(), nothing=sentence)


def link(page: str, key: object, text: object) -> str:
    """To the page of a row."""
    return format_html('<a class="underline" href="{}">{}</a>', reverse(f"admin:{page}_change", args=[key]), text)
