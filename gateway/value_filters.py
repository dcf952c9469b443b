"""Filters of columns that have values: one of several known words or rows, yes or no, something or nothing, a text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from gateway.asked_of_lists import TEXT_MAX_LENGTH, VALUES_AT_MOST, Asked, Choice, Filter, NotUnderstood
from gateway.in_words import in_words

#: Parents of which there are a handful: they can be chosen from, and their names cost one question each.
_HANDFUL: Final = frozenset({"products.product", "providers.provideraccount", "providers.paymentsystem"})
#: Most of them that are offered; whoever has more comes by a link.
_OFFERED_AT_MOST: Final = 200
_YES: Final = frozenset({"1", "true", "yes"})
_NO: Final = frozenset({"0", "false", "no"})


class Among(Filter):
    """A column with known words, or the key of another row: one of several values."""

    kind = "among"

    def __init__(self, path: str, column: "models.Field[Any, Any]", title: str = "") -> None:
        super().__init__(path, column, title)
        target = column.remote_field.model if column.remote_field else None
        self.target: type[models.Model] | None = target if isinstance(target, type) else None
        lookups = ["__in", "", "__exact"]
        if self.target is not None:
            names = ("id", "pk", self.target._meta.pk.name)  # noqa: SLF001 - Django's documented model API
            lookups += [f"__{name}{lookup}" for name in dict.fromkeys(names) for lookup in ("", "__exact", "__in")]
        if isinstance(column, ArrayField):
            lookups.append("__contains")
        self.parameters = tuple(f"{path}{lookup}" for lookup in lookups)
        self.chosen: list[Any] = []
        self._named: dict[str, str] | None = None

    def add(self, asked: Asked) -> None:
        """Any of the values."""
        texts = [part for texts in self.texts.values() for text in texts for part in text.split(",") if part]
        if len(texts) > VALUES_AT_MOST:
            raise NotUnderstood("too many values.")
        self.chosen = [self._value(text) for text in dict.fromkeys(texts)]
        lookup = "overlap" if isinstance(self.column, ArrayField) else "in"
        asked.where &= Q(**{f"{self.path}__{lookup}": self.chosen})
        asked.values[self.path] = frozenset(self.chosen)
        self._chip(asked, ", ".join(self._word(one) for one in self.chosen))

    def _value(self, text: str) -> Any:
        if self.target is None:
            if text not in self._words():
                raise NotUnderstood("there is no such value.")
            return text
        try:
            return self.target._meta.pk.to_python(text[:TEXT_MAX_LENGTH])  # noqa: SLF001 - as above
        except (ValidationError, ValueError, OverflowError):
            raise NotUnderstood("that is no id.") from None

    def _words(self) -> dict[str, str]:
        if self._named is None:
            if self.target is None:
                column = self.column.base_field if isinstance(self.column, ArrayField) else self.column
                self._named = {str(value): in_words(value) for value, _ in column.choices or ()}
            elif self.has_form:
                rows = self.target._default_manager.order_by("pk")[:_OFFERED_AT_MOST]  # noqa: SLF001 - as above
                self._named = dict(sorted(((str(row.pk), str(row)) for row in rows), key=lambda pair: pair[1]))
            else:
                self._named = {}
        return self._named

    def _word(self, value: Any) -> str:
        return self._words().get(str(value), str(value))

    @property
    def has_form(self) -> bool:
        """Whether there are few enough to choose from."""
        return self.target is None or self.target._meta.label_lower in _HANDFUL  # noqa: SLF001 - as above

    @property
    def choices(self) -> list[Choice]:
        """What the form offers."""
        chosen = {str(one) for one in self.chosen}
        return [Choice(value=value, text=text, is_chosen=value in chosen) for value, text in self._words().items()]


class YesNo(Filter):
    """A column that is true or not."""

    kind = "one"

    def __init__(self, path: str, column: "models.Field[Any, Any]", title: str = "") -> None:
        super().__init__(path, column, title)
        self.parameters = (f"{path}__exact", path)
        self.says: bool | None = None

    def add(self, asked: Asked) -> None:
        """The one or the other."""
        self.says = _yes_or_no(self.texts)
        asked.where &= self.condition(is_true=self.says)
        asked.values[self.parameters[0].removesuffix("__exact")] = frozenset({self.says})
        self._chip(asked, self.words[not self.says])

    words: tuple[str, str] = ("yes", "no")

    def condition(self, *, is_true: bool) -> Q:
        """The rows of which it is true, or not."""
        return Q(**{self.path: is_true})

    @property
    def choices(self) -> list[Choice]:
        """What the form offers."""
        return [
            Choice(value=str(int(value)), text=text, is_chosen=self.says is value)
            for value, text in zip((True, False), self.words, strict=True)
        ]


class Empty(YesNo):
    """A column of words that says something, or nothing."""

    words = ("nothing", "something")

    def __init__(self, path: str, column: "models.Field[Any, Any]", title: str = "") -> None:
        super().__init__(path, column, title)
        self.parameters = (f"{path}__isempty",)

    def condition(self, *, is_true: bool) -> Q:
        """The rows in which nothing stands, or something."""
        empty = Q()
        if self.column.null:
            empty |= Q(**{f"{self.path}__isnull": True})
        if self.column.empty_strings_allowed:
            empty |= Q(**{self.path: ""})
        return empty if is_true else ~empty


class Text(Filter):
    """A column without known words: exactly this text, or one of several."""

    kind = "text"

    def __init__(self, path: str, column: "models.Field[Any, Any]", title: str = "") -> None:
        super().__init__(path, column, title)
        self.parameters = (f"{path}__exact", path, f"{path}__in")
        self.shown = ""

    def add(self, asked: Asked) -> None:
        """Any of the texts."""
        several = self.texts.get(f"{self.path}__in", [])
        values = [one for name, texts in self.texts.items() if not name.endswith("__in") for one in texts]
        values += [part for text in several for part in text.split(",") if part]
        if len(values) > VALUES_AT_MOST or any(len(one) > TEXT_MAX_LENGTH for one in values):
            raise NotUnderstood("too long.")
        try:
            understood: list[Any] = [self.column.to_python(one) for one in dict.fromkeys(values)]
        except (ValidationError, ValueError, OverflowError):
            raise NotUnderstood("there is no such value.") from None
        if any(isinstance(one, int) and abs(one) >= 2**31 for one in understood):
            raise NotUnderstood("there is no such value.")
        self.shown = ",".join(str(one) for one in understood)
        asked.where &= Q(**{f"{self.path}__in": understood})
        asked.values[self.path] = frozenset(understood)
        self._chip(asked, ", ".join(str(one) for one in understood))


def _yes_or_no(texts: Mapping[str, Sequence[str]]) -> bool:
    word = [one for some in texts.values() for one in some][-1].lower()
    if word not in _YES | _NO:
        raise NotUnderstood("it is yes or no.")
    return word in _YES
