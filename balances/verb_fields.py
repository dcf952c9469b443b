"""What a verb asks for. Each field reads one text, whether it stood in a form, on a command line or in a row."""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import models

from balances import known_currencies
from gateway import ids, money
from gateway.money import AmountError
from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem, ProviderAccount

#: What was read so far, by the name of the field.
Values = Mapping[str, Any]

#: The longest text that a field takes: that of the longest name of anything that it could name.
TEXT_MAX_LENGTH: Final = 190


class Refused(Exception):  # noqa: N818 - reads as the fact it reports
    """It cannot be done, and nothing was. The message is a sentence for the person.

    Attributes:
        field: name of the field that it is about, or "".
    """

    def __init__(self, sentence: str, *, field: str = "") -> None:
        self.field = field
        super().__init__(sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that a verb has to be told.

    Attributes:
        name: as a parameter.
        label: for people.
        help: a sentence that says what is wanted.
        read: gives the value of a text, with the values of the fields before it at hand; raises `Refused`.
        write: gives back the one text of a value, by which it is kept.
        choices: the texts that may be chosen, each with a word for people; anything that can be read if None.
        is_required: whether it may be left out.
        is_secret: whether nobody may see it again: it is kept encrypted until it is decided (`balances.verb_secrets`).
        max_length: of the text.
    """

    name: str
    label: str
    help: str
    read: Callable[[str, Values], Any]
    write: Callable[[Any, Values], str] = lambda value, _: str(value)
    choices: Callable[[], list[tuple[str, str]]] | None = None
    is_required: bool = True
    is_secret: bool = False
    max_length: int = TEXT_MAX_LENGTH


def mode() -> Field:
    """``live`` or ``test``."""
    names = [(one.value, one.value) for one in Mode]
    return chosen("mode", "Mode", "Real money or play money.", names)


def chosen(name: str, label: str, sentence: str, choices: list[tuple[str, str]], *, is_required: bool = True) -> Field:
    """One of a few words."""

    def read(text: str, _: Values) -> str:
        if text not in dict(choices):
            raise Refused(f"{label}: choose one of {', '.join(word for word, _ in choices)}.", field=name)
        return text

    return Field(
        name=name, label=label, help=sentence, read=read, choices=lambda: list(choices), is_required=is_required
    )


def currency(name: str = "currency", label: str = "Currency") -> Field:
    """The ISO 4217 code of a known currency (`known_currencies`); in capitals, however it is written."""

    def read(text: str, _: Values) -> str:
        code, known = text.upper(), known_currencies.codes()
        if code not in known:
            raise Refused(f"{label}: there is no {text!r} here; write one of {', '.join(known)}.", field=name)
        return code

    return Field(name=name, label=label, help="Three letters (ISO 4217), for example INR.", read=read)


def amount(name: str = "amount", label: str = "Amount", *, of: str = "currency", may_be_zero: bool = False) -> Field:
    """A `Decimal` above zero, with no more decimals than the currency in the field ``of`` has."""

    def read(text: str, values: Values) -> Decimal:
        if may_be_zero and re.fullmatch(r"0(\.0{1,4})?", text, re.ASCII):
            return Decimal(0)
        try:
            return money.parse_amount(text, values[of])
        except AmountError as error:
            raise Refused(f"{label}: {error}", field=name) from None

    return Field(
        name=name,
        label=label,
        help="Plain digits with a decimal point, for example 1000.00.",
        read=read,
        write=lambda value, values: money.format_amount(value, values[of]),
    )


def product(name: str = "product", label: str = "Product", *, is_required: bool = True) -> Field:
    """A `Product`, by its id or its name."""
    return _row(name, label, "Whose money it is.", Product.objects.order_by("name"), is_required=is_required)


def provider_account(
    name: str = "provider_account", label: str = "Provider account", *, is_required: bool = True
) -> Field:
    """A `ProviderAccount`, by its id or its name."""
    rows = ProviderAccount.objects.order_by("name").only("id", "name", "mode")
    return _row(name, label, "The account with the provider; it says which mode it is.", rows, is_required=is_required)


def payment_system(name: str = "payment_system", label: str = "Payment system", *, is_required: bool = True) -> Field:
    """The code of a payment system that is known."""

    def read(text: str, _: Values) -> str:
        if not PaymentSystem.objects.filter(pk=text).exists():
            raise Refused(f"{label}: there is no payment system {text!r}.", field=name)
        return text

    def choices() -> list[tuple[str, str]]:
        known = PaymentSystem.objects.order_by("code").values_list("code", "name")
        return [(code, f"{code}: {title}") for code, title in known]

    sentence = "The wallet or bank there, as the provider names it."
    return Field(name=name, label=label, help=sentence, read=read, choices=choices, is_required=is_required)


def typeid(name: str, label: str, sentence: str, prefix: str) -> Field:
    """The `uuid.UUID` behind a TypeID, such as that of an order."""

    def read(text: str, _: Values) -> uuid.UUID:
        found = ids.decode(prefix, text)
        if found is None:
            raise Refused(f"{label}: write the whole id, which begins with {prefix}_.", field=name)
        return found

    return Field(name=name, label=label, help=sentence, read=read, write=lambda value, _: ids.encode(prefix, value))


def row_id(name: str, label: str, sentence: str, prefix: str) -> Field:
    """The `uuid.UUID` behind a TypeID, or as it is. It is kept as it is, as all instructions have kept it so far."""

    def read(text: str, _: Values) -> uuid.UUID:
        found = ids.decode(prefix, text) or _uuid_or_none(text)
        if found is None:
            raise Refused(f"{label}: copy the whole id from its page; it begins with {prefix}_.", field=name)
        return found

    return Field(name=name, label=label, help=sentence, read=read)


def _row(name: str, label: str, sentence: str, rows: "models.QuerySet[Any]", *, is_required: bool) -> Field:
    def read(text: str, _: Values) -> Any:
        by_id = _uuid_or_none(text)
        found = rows.filter(name=text).first() if by_id is None else rows.filter(pk=by_id).first()
        if found is None:
            raise Refused(f"{label}: there is none with the id or name {text!r}.", field=name)
        return found

    def choices() -> list[tuple[str, str]]:
        return [(str(one.pk), str(one)) for one in rows.all()]

    return Field(
        name=name,
        label=label,
        help=sentence,
        read=read,
        write=lambda value, _: str(value.pk),
        choices=choices,
        is_required=is_required,
    )


def _uuid_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def read(fields: Iterable[Field], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The values of a verb's parameters, in the order of its fields; what may be left out and was is None.

    Raises:
        Refused: with the field that is missing, unknown or cannot be read.
    """
    fields = list(fields)
    if unknown := sorted(set(parameters) - {one.name for one in fields}):
        raise Refused(f"There is no parameter {unknown[0]!r}; there are {', '.join(one.name for one in fields)}.")
    values: dict[str, Any] = {}
    for one in fields:
        text = parameters.get(one.name, "").strip()
        if len(text) > one.max_length:
            raise Refused(f"{one.label}: at most {one.max_length} characters.", field=one.name)
        if not text and one.is_required:
            raise Refused(f"{one.label} is missing.", field=one.name)
        values[one.name] = one.read(text, values) if text else None
    return values


def written(fields: Iterable[Field], values: Values) -> dict[str, str]:
    """The texts of these values, each in its one form."""
    return {one.name: one.write(values[one.name], values) for one in fields if values[one.name] is not None}
