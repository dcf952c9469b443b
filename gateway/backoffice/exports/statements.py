"""Statements as they are asked for in the back office: of everything that a product has, or of one of its accounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import QueryDict

from balances.models import Journal
from balances.statements import FRAME_ROWS, NotYetFinal, Statement, statement_of
from gateway.backoffice.exports import lists as export_lists
from gateway.backoffice.models import FileFormat
from gateway.products.models import Product
from gateway.sheets import XLSX_MAX_ROWS, Cell, Row

#: Of the lines of `balances.statements`: where the columns of the three accounts begin, two for each.
_FIRST_FIGURE: Final = 4
_FIGURES: Final = 6
#: Lines before the movements, that of the opening balance included, and after them.
_BEFORE: Final = FRAME_ROWS - 1
#: Lines that are added here.
_ADDED_ROWS: Final = 3


class StatementAccount(models.TextChoices):
    """Whose movements a statement has."""

    ALL = "all", "all three"
    AVAILABLE = "available", "available: what the product may pay out"
    HELD = "held", "held: reserved for withdrawals under way"
    OWED = "owed", "owed: what the product owes us"


class NoStatement(Exception):  # noqa: N818 - reads as the fact it reports
    """There is no such statement; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which statement.

    Attributes:
        product: whose.
        mode: ``live`` or ``test``.
        currency: ISO 4217 code.
        account: whose movements.
        begin: the first instant of the period.
        end: the first instant after it.
    """

    product: Product
    mode: str
    currency: str
    account: StatementAccount
    begin: datetime
    end: datetime

    def query(self) -> str:
        """As it is kept."""
        return urlencode(
            {
                "product": self.product.pk,
                "name": self.product.name,
                "currency": self.currency,
                "account": self.account.value,
                "from": self.begin.isoformat(),
                "to": self.end.isoformat(),
            }
        )


def kept_wish(query: str, mode: str) -> Wish:
    """The wish as it was kept."""
    told = QueryDict(query)
    return Wish(
        product=Product.objects.get(pk=told["product"]),
        mode=mode,
        currency=told["currency"],
        account=StatementAccount(told["account"]),
        begin=datetime.fromisoformat(told["from"]),
        end=datetime.fromisoformat(told["to"]),
    )


def check_may_see(person: User) -> None:
    """Refuse who may not see the ledger.

    Raises:
        PermissionDenied: with a sentence.
    """
    pages = export_lists.pages_of(Journal._meta.label_lower)  # noqa: SLF001 - Django's documented model API
    if not pages.has_view_permission(export_lists.request_of(person, pages, "", "live")):
        raise PermissionDenied(f"{person.get_username()} may not see journals, of which statements are made.")


def check(wish: Wish, kind: FileFormat) -> Statement:
    """The statement, where there is one that fits into such a file.

    Raises:
        NoStatement: with the reason.
    """
    try:
        statement = statement_of(wish.product, wish.mode, wish.currency, wish.begin, wish.end)
    except NotYetFinal:
        raise NoStatement("A statement is final: its period ended five minutes ago or earlier.") from None
    most = XLSX_MAX_ROWS - FRAME_ROWS - _ADDED_ROWS
    if kind == FileFormat.XLSX and statement.count(up_to=most) > most:
        raise NoStatement(f"There are more than {most:,} movements, which an XLSX file has no room for. Take CSV.")
    return statement


def rows_of(statement: Statement, account: StatementAccount) -> Iterator[Row]:
    """Its lines, and below them what its movements come to: opening balance and movements are the closing balance.

    Raises:
        NoStatement: they are not. Nobody is given such a file.
    """
    wanted = _columns_of(account)
    sums = [Decimal(0)] * _FIGURES
    opening: Row = ()
    last: Row = ()
    for number, row in enumerate(statement.rows()):
        # One line behind: the last of all is the closing balance, and no movement.
        if number > _BEFORE:
            sums = [total + _number(cell) for total, cell in zip(sums, _figures(last), strict=True)]
        if 0 < number <= _BEFORE or (number and _moves(last, wanted)):
            yield _only(last, wanted)
        if number == _BEFORE - 1:
            opening = row
        last = row
    total = _total_row(sums, last)
    yield _only(total, wanted)
    yield _only(last, wanted)
    for at in range(0, _FIGURES, 2):
        begun, ended = (_number(_figures(one)[at + 1]) for one in (opening, last))
        moved = _number(_figures(total)[at])
        if begun + moved != ended:
            raise NoStatement(f"The movements do not add up: {begun} and {moved} are not {ended}.")
    yield ("Checked", "Opening balance and movements are the closing balance")


def _columns_of(account: StatementAccount) -> range:
    if account == StatementAccount.ALL:
        return range(_FIGURES)
    at = 2 * [StatementAccount.AVAILABLE, StatementAccount.HELD, StatementAccount.OWED].index(account)
    return range(at, at + 2)


def _figures(row: Row) -> list[Cell]:
    return list(row[_FIRST_FIGURE : _FIRST_FIGURE + _FIGURES])


def _moves(row: Row, wanted: range) -> bool:
    return any(cell is not None for number, cell in enumerate(_figures(row)) if number in wanted)


def _only(row: Row, wanted: range) -> Row:
    """The line with the figures of the chosen accounts alone; lines of the head stay as they are."""
    figures = _figures(row)
    if len(figures) < _FIGURES:
        return row
    return (*row[:_FIRST_FIGURE], *(figures[at] for at in wanted), *row[_FIRST_FIGURE + _FIGURES :])


def _total_row(sums: list[Decimal], closing: Row) -> Row:
    # What was added to each account stands in the first of its columns; the second has balances, which add up to
    # nothing. Decimals as those of the closing balance.
    shown: list[Cell] = []
    for at in range(0, _FIGURES, 2):
        balance = _figures(closing)[at + 1]
        assert isinstance(balance, Decimal), "each account has its balance"
        shown += [sums[at].quantize(balance) if sums[at] == sums[at].quantize(balance) else sums[at], None]
    return (closing[0], "Total of movements", None, None, *shown, None, None)


def _number(cell: Cell) -> Decimal:
    return cell if isinstance(cell, Decimal) else Decimal(0)
