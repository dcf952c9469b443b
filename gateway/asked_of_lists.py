"""What a list was asked for, as a database question and as chips in words: nothing in an address is ever an error page.

A filter reads its own parameters and adds to it (`gateway.list_filters` says which filters a list has).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import models
from django.db.models import Q

#: Longest text that a column without choices is compared with: the longest of our columns that are.
TEXT_MAX_LENGTH: Final = 190
#: The most values at once; more is no question of a person's.
VALUES_AT_MOST: Final = 100


class NotUnderstood(ValueError):  # noqa: N818 - reads as what it is
    """A value that the column cannot have. The message is a sentence for whoever asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One thing that was asked for, in words, and the parameters that go with it when it is taken away."""

    text: str
    parameters: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Asked:
    """What an address asks for.

    Attributes:
        where: all of it.
        key_range: as far as it bounds the primary key, by which the rows are walked.
        values: of the columns that are asked for single values, by their path.
        chips: what is shown of it.
        complaints: what was not understood; there are no rows then.
    """

    where: Q = field(default_factory=Q)
    key_range: Q = field(default_factory=Q)
    values: dict[str, frozenset[Any]] = field(default_factory=dict)
    chips: list[Chip] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value that a form offers."""

    value: str
    text: str
    is_chosen: bool


class Filter:
    """One column and what it can be asked.

    Attributes:
        kind: by which the template draws it.
        parameters: what addresses call it; of several the first is the form's.
    """

    kind: str = ""

    def __init__(self, path: str, column: "models.Field[Any, Any]", title: str = "") -> None:
        self.path, self.column = path, column
        self.title = title or path.removesuffix("__id").split("__")[-1].replace("_", " ")
        self.parameters: tuple[str, ...] = ()
        self.texts: dict[str, list[str]] = {}

    def read(self, given: Mapping[str, Sequence[str]], asked: Asked) -> None:
        """Add what the address says of this column."""
        self.texts = {
            name: texts for name in self.parameters if (texts := [one.strip() for one in given.get(name, ()) if one])
        }
        if not self.texts:
            return
        try:
            self.add(asked)
        except NotUnderstood as error:
            asked.complaints.append(f"{self.title.capitalize()}: {error}")
            asked.chips.append(Chip(text=f"{self.title}: ?", parameters=tuple(self.texts)))

    def add(self, asked: Asked) -> None:
        """Understand `texts`, of which there is at least one."""
        raise NotImplementedError

    @property
    def has_form(self) -> bool:
        """False: it is asked for by links alone."""
        return True

    def _chip(self, asked: Asked, text: str, *parameters: str) -> None:
        asked.chips.append(Chip(text=f"{self.title}: {text}", parameters=parameters or self.parameters))
