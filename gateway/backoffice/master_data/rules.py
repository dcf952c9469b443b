"""The shape of a rule that two persons agreed on, and how its versions are found and told."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.db import models
from django.urls import reverse

from gateway.money import format_amount
from gateway.products.models import Product
from withdrawals.models.agreed import Agreed

#: Of which people are shown a fee, here as where they agree to it.
EXAMPLE: Final = Decimal(1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule and what it means.

    Attributes:
        about: whose it is, and of what.
        says: what it says, a sentence each; the examples among them.
        row: the version that counts; None where nothing was agreed and this is what counts then.
        former: the versions before it and, of fees, those to come; each in a sentence.
        change: address of the form by which one person asks for another version, filled in with this one.
        has_ended: whether this version says that the rule is gone.
    """

    about: str
    says: tuple[str, ...]
    row: Any
    former: tuple[tuple[str, Any], ...]
    change: str
    has_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """All rules of one kind.

    Attributes:
        title: of the kind.
        sentence: what such a rule does.
        model: of its rows.
        rules: those there are.
        new: address of the form that asks for one more.
    """

    title: str
    sentence: str
    model: type[models.Model]
    rules: tuple[Rule, ...]
    new: str


def form(verb: str, **told: Any) -> str:
    """The address of the form by which one person asks for a version, filled in with these."""
    known = {name: value for name, value in told.items() if value not in {None, ""}}
    return f"{reverse('admin:balances_instruction_propose_verb', args=[verb])}?{urlencode(known)}"


def counting_and_former(rows: "Iterable[Agreed]") -> Iterator[tuple[Any, list[Any]]]:
    """The version that counts of each rule, and those before it."""

    def key(row: Agreed) -> tuple[str, ...]:
        return tuple(str(getattr(row, f"{name}_id", getattr(row, name, ""))) for name in row.KEY)

    for _, versions in itertools.groupby(sorted(rows, key=lambda row: (key(row), -row.version)), key=key):
        counting, *former = versions
        yield counting, former


def told_former(rows: Iterable[Any], says: Callable[[Any], str]) -> tuple[tuple[str, Any], ...]:
    """Versions that do not count, each with its sentence."""
    return tuple((says(row), row) for row in rows)


def rows_of(model: type[Any], mode: str, product: Product | None, *related: str, also_all: bool = False) -> Any:
    """The versions of a mode, of one product or of all; with `also_all` those for every product are its own, too."""
    rows = model.objects.filter(mode=mode).select_related("created_by", *related)
    if product is None:
        return rows
    mine = models.Q(product=product)
    return rows.filter(mine | models.Q(product=None) if also_all else mine)


def plain(amount: Decimal | None, currency: str) -> str | None:
    """An amount as a form takes it."""
    return None if amount is None else format_amount(amount, currency)
