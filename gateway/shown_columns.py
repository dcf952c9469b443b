"""How pages of the admin show a column: by what name, and its values in words that people read."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst

from gateway.in_words import in_words, titled
from gateway.money import grouped, shown_amount
from gateway.status_tones import TONES, Tone

#: How the library calls the colours of a word.
_COLOURS: Final = {Tone.PLAIN: "info", Tone.GOOD: "success", Tone.WARN: "warning", Tone.BAD: "danger"}
#: The colour of a status by the words that lists show.
_LABELS: Final = {in_words(status): _COLOURS[tone] for status, tone in TONES.items()}
#: Columns that people know by other names than the provider and the code.
_NAMES: Final = {"wallet_type": "payment system", "external_id": "product's id", "label": "customer"}


@cache  # one entry for each column of each model
def column(model: type[models.Model], name: str, *, with_sentence: bool = False, with_code: bool = False) -> Any:
    """How a column is shown; its own name where Django shows it well enough.

    Args:
        model: whose column it is.
        name: of the column, or of a property; ``public_id`` is called what it is the id of.
        with_sentence: on the page of a row: a choice with what it means.
        with_code: an amount with its currency's code.
    """
    try:
        field: Any = model._meta.get_field(name)  # noqa: SLF001 - Django's documented way to its fields
    except FieldDoesNotExist:
        return _id_of(model, with_sentence=with_sentence) if name == "public_id" else name
    title = _title_of(field, model)
    is_time = isinstance(field, models.DateTimeField) and not with_sentence
    if getattr(field, "choices", None):
        show = _choice(name, with_sentence=with_sentence)
    elif is_time:
        show = _read(name, lambda value, _: f"{value:%Y-%m-%d %H:%M:%S}")
    elif isinstance(field, models.DecimalField) and hasattr(model, "currency"):
        write = shown_amount if with_code else grouped
        show = _read(name, lambda value, row: write(value, row.currency))
    elif isinstance(field, models.BooleanField):
        show = _fact(name)
    elif title != capfirst(str(getattr(field, "verbose_name", name))):  # which Django would write
        show = _read(name, lambda value, _: value)
    else:
        return name
    show.__name__ = name  # by which style sheets know the column
    if name == "status" and not with_sentence:
        show.label = _LABELS  # type: ignore[attr-defined]  # the library's way to a coloured word
    is_boolean = isinstance(field, models.BooleanField) or None
    return admin.display(show, boolean=is_boolean, description=f"{title} (UTC)" if is_time else title, ordering=name)


def _fact(name: str) -> Callable[[Any], Any]:
    def show(row: Any) -> Any:
        return getattr(row, name)

    return show


def _choice(name: str, *, with_sentence: bool) -> Callable[[Any], Any]:
    def show(row: Any) -> str:
        value = getattr(row, name)
        if not value:
            return "-"
        return f"{in_words(value)}: {getattr(row, f'get_{name}_display')()}" if with_sentence else in_words(value)

    return show


def _read(name: str, write: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def show(row: Any) -> Any:
        value = getattr(row, name)
        return "-" if value is None or value == "" else write(value, row)

    return show


def _id_of(model: type[models.Model], *, with_sentence: bool) -> Any:
    def show(row: Any) -> str:
        found: str = row.public_id
        return found

    show.__name__ = "public_id"
    title = "ID" if with_sentence else titled(str(model._meta.verbose_name))  # noqa: SLF001 - Django's documented name
    return admin.display(show, description=title)


def _title_of(field: Any, model: type[models.Model]) -> str:
    """The column's name: of a key with what it is the key of, of a fact without the "is" before it."""
    if field.name == "id":
        return f"{titled(str(model._meta.verbose_name))} ID"  # noqa: SLF001 - Django's documented name
    name = _NAMES.get(field.name, str(getattr(field, "verbose_name", field.name)))
    return titled(name.removeprefix("is ") if isinstance(field, models.BooleanField) else name)
