"""Query parameters, read as strictly as bodies: each known, given once, with a value of visible text."""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any, Final, Literal

import django_filters
from django import forms
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from gateway import ids
from gateway.api.fields import is_plain

#: The longest thing that can be looked for is a bank's reference.
_MAX_LENGTH: Final = 190
#: The amounts of `gateway.money`, in any currency.
_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?", re.ASCII)
#: As `gateway.api.fields.CurrencyField` takes it.
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


def query_of(request: Request, known: Collection[str]) -> dict[str, str]:
    """The parameters of the address.

    An empty value is refused, not ignored: a list filtered by nothing is the list of everything, which is never
    what was asked for.

    Raises:
        ValidationError: it names each parameter that is unknown, stands twice, is empty or no visible text.
    """
    errors: dict[str, list[str]] = {}
    for name, values in request.query_params.lists():
        if name not in known:
            errors[name] = [f"There is no such parameter. Known: {', '.join(sorted(known)) or 'none'}."]
        elif len(values) > 1:
            errors[name] = ["Send each parameter once."]
        elif not _is_acceptable(values[0]):
            errors[name] = [f"Send 1 to {_MAX_LENGTH} visible characters without blanks at the ends, or leave it out."]
    if errors:
        raise ValidationError(errors)
    return {name: str(value) for name, value in request.query_params.items()}


def refuse_query(request: Request) -> None:
    """For calls that move money and know no parameters: one that they ignored may have meant that nothing moves.

    Batches know ``?dry_run=true``; a single withdrawal that took no notice of it would be paid.

    Raises:
        ValidationError: as of `query_of`.
    """
    query_of(request, ())


def _is_acceptable(text: str) -> bool:
    # U+FFFD stands where bytes were no UTF-8.
    return 1 <= len(text) <= _MAX_LENGTH and is_plain(text) and text == text.strip() and "\ufffd" not in text


class _AmountFormField(forms.CharField):
    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if not _AMOUNT.fullmatch(text):
            raise forms.ValidationError('Use plain digits with an optional decimal point, for example "1000.00".')
        return Decimal(text)


class AmountFilter(django_filters.Filter):  # type: ignore[misc]  # the library is untyped
    """An amount in the notation of bodies: Django's own field takes 1e2, 1_000 and Arabic digits."""

    field_class = _AmountFormField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(help_text="Of exactly this amount.", **kwargs)


class _IdFormField(forms.CharField):
    def __init__(self, *, prefix: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._prefix = prefix

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if (found := ids.decode(self._prefix, text)) is None:
            # As of currencies: a typing error would look like nothing there.
            raise forms.ValidationError(f"Send an id that begins with {self._prefix}_, as it was given.")
        return found


class IdFilter(django_filters.Filter):  # type: ignore[misc]  # the library is untyped
    """An id of ours (`gateway.ids`) in a column of UUIDs."""

    field_class = _IdFormField

    def __init__(self, *, prefix: str, **kwargs: Any) -> None:
        super().__init__(prefix=prefix, **kwargs)


class _CurrencyFormField(forms.CharField):
    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if text and not _CURRENCY.fullmatch(text):
            # Not "nothing found": a typing error would look like no money.
            raise forms.ValidationError('Send an ISO 4217 code such as "INR".')
        return text


class CurrencyFilter(django_filters.Filter):  # type: ignore[misc]  # the library is untyped
    """A currency in the notation of bodies: three capital letters."""

    field_class = _CurrencyFormField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(help_text="ISO 4217 code; every currency by default.", **kwargs)


class _TimeFormField(django_filters.fields.IsoDateTimeField):  # type: ignore[misc]  # as above
    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and not value.isascii():
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class TimeFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]  # as above
    """Rows made after (``gt``) or before (``lt``) a point in time by ISO 8601, in ASCII digits."""

    field_class = _TimeFormField

    def __init__(self, *, lookup_expr: Literal["gt", "lt"], **kwargs: Any) -> None:
        side = {"gt": "after", "lt": "before"}[lookup_expr]
        sentence = f"Made {side} this instant (RFC 3339; UTC where it names no zone), not at it."
        super().__init__(lookup_expr=lookup_expr, help_text=sentence, **kwargs)


class WordFilter(django_filters.ChoiceFilter):  # type: ignore[misc]  # as above
    """One of a few words. What was sent instead is not repeated: it may be anything."""

    def __init__(self, *, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        words = ", ".join(word for word, _ in choices)
        super().__init__(choices=choices, error_messages={"invalid_choice": f"Send one of {words}."}, **kwargs)
