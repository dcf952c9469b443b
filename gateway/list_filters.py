"""By what the rows of a list can be narrowed, read from the address.

A list names its columns (`list_filter`); what a column can be asked follows from its type. Addresses are Django's own:
``status__in=a,b``, ``product__id__exact=…``, ``amount__gte=5``, ``created_at__lt=2026-11-26T00:00:00Z``.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import EmptyFieldListFilter, SimpleListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.http import HttpRequest

from gateway.asked_of_lists import Asked, Choice, Filter, NotUnderstood
from gateway.range_filters import Period, Range
from gateway.value_filters import Among, Empty, Text, YesNo


class Own(Filter):
    """A filter that a list wrote itself, as Django's simple ones."""

    kind = "one"

    def __init__(self, simple: type[SimpleListFilter], request: HttpRequest, pages: Any) -> None:
        super().__init__(str(simple.parameter_name), pages.model._meta.pk, str(simple.title))  # noqa: SLF001 - as above
        self.simple, self.request, self.pages = simple, request, pages
        self.parameters = (str(simple.parameter_name),)
        self.value = ""

    def add(self, asked: Asked) -> None:
        """The rows that it finds."""
        self.value = self.texts[self.path][-1]
        words = dict(self._lookups())
        if self.value not in words:
            raise NotUnderstood("there is no such value.")
        rows = self.pages.model._default_manager.all()  # noqa: SLF001 - as above
        found = self._with({self.path: [self.value]}).queryset(self.request, rows)
        if found is not None:
            asked.where &= Q(pk__in=found.values("pk"))
        self._chip(asked, words[self.value])

    def _with(self, parameters: dict[str, list[str]]) -> SimpleListFilter:
        return self.simple(self.request, parameters, self.pages.model, self.pages)

    def _lookups(self) -> list[tuple[str, str]]:
        return [(str(value), str(text)) for value, text in self._with({}).lookup_choices]

    @property
    def choices(self) -> list[Choice]:
        """What the form offers."""
        return [Choice(value=value, text=text, is_chosen=value == self.value) for value, text in self._lookups()]


def filters_of(request: HttpRequest, pages: Any, made_at: str) -> Iterator[Filter]:
    """The filters of a list.

    Args:
        request: of the page.
        pages: the list's admin. Its `list_filter` holds paths of columns, pairs of one and Django's filter for empty
            ones, and simple ones of its own.
        made_at: the column of the time in its rows' ids; empty where they have none.
    """
    for one in pages.get_list_filter(request):
        if isinstance(one, type):
            yield Own(one, request, pages)
            continue
        path, wants = (one, None) if isinstance(one, str) else one
        if path == pages.mode_lookup:
            continue  # the list shows one mode anyway
        column = get_fields_from_path(pages.model, path)[-1]
        if wants is EmptyFieldListFilter:
            yield Empty(path, column)
        elif column.remote_field is not None or column.choices or isinstance(column, ArrayField):
            yield Among(path, column)
        elif isinstance(column, models.BooleanField):
            yield YesNo(path, column)
        elif isinstance(column, models.DateTimeField):
            yield Period(path, column, is_in_key=path == made_at)
        elif isinstance(column, models.DecimalField):
            yield Range(path, column)
        else:
            yield Text(path, column)
