"""Who sees which part of a story: as far as they may view the rows that it is made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Model
from django.http import HttpRequest

from gateway.backoffice.story.entries import Entry, Kind
from gateway.who_sees import may_see


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the entries of a kind come from: whose rows they show, and how they are made.

    Attributes:
        kind: of what kind they are.
        model: its view permission is asked for.
        make: gives the entries; not called for whoever may not see them, so nothing is looked up.
        also_seen_with: permissions that let people see these rows, too, where the model has no page of its own.
    """

    kind: Kind
    model: type[Model]
    make: Callable[[], Iterable[Entry]]
    also_seen_with: tuple[str, ...] = ()


def entries_of(request: HttpRequest, sources: Iterable[Source]) -> tuple[list[Entry], list[str]]:
    """All entries that this person may see, in no order; and a sentence for each sort of rows that they may not."""
    told: list[Entry] = []
    unseen: list[str] = []
    for source in sources:
        if may_see(request, source.model, source.also_seen_with):
            told += source.make()
            continue
        rows = source.model._meta.verbose_name_plural  # noqa: SLF001 - Django's documented model API
        sentence = f"You may not see this: it takes the permission to view {rows}."
        if sentence not in unseen:
            unseen.append(sentence)
    return told, unseen
