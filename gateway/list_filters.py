"""By what the rows of a list can be narrowed, read from the address: nothing in it is ever an error page.

A list names its columns (`list_filter`); what a column can be asked follows from its type. Addresses are Django's own:
``status__in=a,b``, ``product__id__exact=…``, ``amount__gte=5``, ``created_at__lt=2026-11-26T00:00:00Z``.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.contrib.admin import EmptyFieldListFilter, SimpleListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.http import HttpRequest

from gateway import ids

#: Parents of which there are a handful: they can be chosen from, and their names cost one question each.
_HANDFUL: Final = frozenset({"products.product", "providers.provideraccount", "providers.paymentsystem"})
#: Most of them that are offered; whoever has more comes by a link.
_OFFERED_AT_MOST: Final = 200
#: Longest text that a column without choices is compared with: the longest of our columns that are.
_TEXT_MAX_LENGTH: Final = 190
#: The most values at once; more is no question of a person's.
_VALUES_AT_MOST: Final = 100
#: Digits of a money column before its point: a number with more of them cannot be compared.
_WHOLE_DIGITS_AT_MOST: Final = 16
#: How far a row's time and the time in its id may be apart: an id is made before a lock is waited for, and our clocks
#: and the database's differ by seconds. A look that begins at the end of a period passes by so many rows in vain.
_ID_MARGIN: Final = dt.timedelta(minutes=5)
#: Moments that move on with the clock: ``today``, ``today-6d``, ``now-1h``, ``month``.
_MOMENT: Final = re.compile(r"(now|today|month)(?:-([0-9]{1,4})([hd]))?")
_QUICK: Final = (
    ("Today", "today", None),
    ("Yesterday", "today-1d", "today"),
    ("7 days", "today-6d", None),
    ("This month", "month", None),
)
_YES: Final = frozenset({"1", "true", "yes"})
_NO: Final = frozenset({"0", "false", "no"})
#: How the bounds of a range are said.
_BOUNDS: Final = {"gte": "from", "gt": "above", "lte": "up to", "lt": "before", "exact": "is"}


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
        if len(texts) > _VALUES_AT_MOST:
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
            return self.target._meta.pk.to_python(text[:_TEXT_MAX_LENGTH])  # noqa: SLF001 - as above
        except (ValidationError, ValueError, OverflowError):
            raise NotUnderstood("that is no id.") from None

    def _words(self) -> dict[str, str]:
        if self._named is None:
            if self.target is None:
                column = self.column.base_field if isinstance(self.column, ArrayField) else self.column
                self._named = {str(value): str(value).replace("_", " ") for value, _ in column.choices or ()}
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


class Range(Filter):
    """An amount, from here to there."""

    kind = "range"

    def __init__(self, path: str, column: "models.Field[Any, Any]", title: str = "") -> None:
        super().__init__(path, column, title)
        self.parameters = (*(f"{path}__{bound}" for bound in _BOUNDS), path)
        #: What the form shows as its two bounds.
        self.low = self.high = ""

    def add(self, asked: Asked) -> None:
        """Each bound that is given."""
        for name, texts in self.texts.items():
            bound = name.removeprefix(self.path).removeprefix("__") or "exact"
            value = self.value(texts[-1])
            asked.where &= Q(**{f"{self.path}__{bound}": value})
            self.bounds(asked, bound, value)
            if bound == "gte":
                self.low = self.field_text(value)
            elif bound == self.form_upper:
                self.high = self.field_text(value)
            self._chip(asked, f"{_BOUNDS[bound]} {self.text(value)}", name)

    #: The upper bound that the form asks for.
    form_upper: str = "lte"

    def value(self, text: str) -> Any:
        """The number that a text is."""
        try:
            number = Decimal(text[:_TEXT_MAX_LENGTH])
        except InvalidOperation:
            raise NotUnderstood("that is no number.") from None
        if not number.is_finite() or number.adjusted() >= _WHOLE_DIGITS_AT_MOST:
            raise NotUnderstood("that is no number that it could be.")
        return number

    def bounds(self, asked: Asked, bound: str, value: Any) -> None:
        """What follows for the key: nothing."""

    def text(self, value: Any) -> str:
        """A bound in words."""
        return f"{value:f}"

    def field_text(self, value: Any) -> str:
        """A bound as the form's field takes it."""
        return f"{value:f}"


class Period(Range):
    """A time, from here to there, in UTC. The time at which a row was made bounds its id, too."""

    kind = "period"
    form_upper = "lt"

    def __init__(
        self, path: str, column: "models.Field[Any, Any]", title: str = "", *, is_in_key: bool = False
    ) -> None:
        super().__init__(path, column, title)
        self.is_in_key = is_in_key

    def value(self, text: str) -> Any:
        """The time that a text is; without a zone it is UTC."""
        try:
            if said := _MOMENT.fullmatch(text):
                return _moment(*said.groups())
            # An unescaped plus of an offset arrives as a blank.
            at = dt.datetime.fromisoformat(text[:_TEXT_MAX_LENGTH].replace(" ", "+") if "T" in text else text)
            return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            raise NotUnderstood("that is no time, such as 2026-11-26T09:00:00Z.") from None

    def bounds(self, asked: Asked, bound: str, value: Any) -> None:
        """The ids that rows of such a time can have."""
        is_lower = bound.startswith("g")
        # Before a time to come is everything.
        if self.is_in_key and bound != "exact" and (is_lower or value < dt.datetime.now(tz=dt.UTC)):
            nearest = ids.first_at(value, plus=-_ID_MARGIN if is_lower else _ID_MARGIN)
            within = Q(**{"pk__gte" if is_lower else "pk__lte": nearest})
            asked.key_range &= within
            asked.where &= within

    def text(self, value: Any) -> str:
        """A bound in words."""
        return f"{value:%Y-%m-%d %H:%M} UTC"

    def field_text(self, value: Any) -> str:
        """A bound as a browser's field of a time takes it."""
        return f"{value:%Y-%m-%dT%H:%M}"

    @property
    def quick(self) -> list[tuple[str, dict[str, str | None]]]:
        """Periods that people ask for all the time, with their parameters: words, so that a saved view moves on."""
        return [
            (
                text,
                {**dict.fromkeys(self.parameters), f"{self.path}__gte": since, f"{self.path}__lt": until},
            )
            for text, since, until in _QUICK
        ]


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
        if len(values) > _VALUES_AT_MOST or any(len(one) > _TEXT_MAX_LENGTH for one in values):
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


def _moment(since: str, number: str | None, unit: str | None) -> dt.datetime:
    at = dt.datetime.now(tz=dt.UTC)
    if since != "now":
        at = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if since == "month":
        at = at.replace(day=1)
    return at - (dt.timedelta(hours=int(number or 0)) if unit == "h" else dt.timedelta(days=int(number or 0)))


def _yes_or_no(texts: Mapping[str, Sequence[str]]) -> bool:
    word = [one for some in texts.values() for one in some][-1].lower()
    if word not in _YES | _NO:
        raise NotUnderstood("it is yes or no.")
    return word in _YES
