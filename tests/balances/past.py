"""Journals of another day: the database writes its own times, and only past its guards they can be set back."""

import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from balances import accounts
from balances.accounts import AccountKey
from balances.kinds import JournalKind
from balances.posting import NewJournal, credit, debit, open_accounts, post
from gateway.lifecycles import Cause, CauseKind
from tests import roles
from tests.two_persons import decided

BY_CLOCK = Cause(kind=CauseKind.CLOCK, detail="a test")
#: A day that is over.
DAY = datetime(2026, 1, 15, 12, tzinfo=UTC)


def moved(left: AccountKey, right: AccountKey, amount: str | Decimal, kind: str = "", subject: str = "") -> NewJournal:
    """A journal that debits one account and credits another.

    Without a kind it is what two persons may do between any two accounts, and decide in the present transaction.
    """
    return NewJournal(
        kind=JournalKind(kind or "adjusted"),
        reference=secrets.token_hex(8),
        legs=(debit(left, Decimal(amount)), credit(right, Decimal(amount))),
        cause=BY_CLOCK if kind else decided(mode=left.mode),
        subject=subject,
    )


def post_at(at: datetime, *journals: NewJournal, apart: timedelta = timedelta(0)) -> None:
    """Post, as if it had been then; each next leg of a journal is so much later."""
    post(*journals)
    for journal in journals:
        set_back(journal, at, apart=apart)


def set_back(journal: NewJournal, at: datetime, *, apart: timedelta = timedelta(0)) -> None:
    """Give a journal's legs other times, in the order in which they were written."""
    with roles.undisguised() as cursor:
        cursor.execute("UPDATE balances_journal SET begun_at = %s WHERE id = %s", [at - timedelta(days=1), journal.id])
        cursor.execute(
            "UPDATE balances_entry AS entry SET created_at = %s + (leg.place - 1) * %s * interval '1 microsecond'"
            " FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS place FROM balances_entry"
            " WHERE journal_id = %s) AS leg WHERE entry.id = leg.id",
            [at, apart // timedelta(microseconds=1), journal.id],
        )


def known(*currencies: str) -> None:
    """What no payment system has, as if the provider had once sent it: people may move it from then on."""
    open_accounts(accounts.bank("test", currency) for currency in currencies)
