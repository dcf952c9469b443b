"""What all accounts of one kind hold together, in each currency: for whoever looks after all products at once.

Two kinds of accounts, two ways to read them, as of one account (`balances.reading`): a live balance stands in its row;
any other is its last snapshot and the entries that came since. In one statement, so no figure is older than another.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from balances.kinds import DEBIT_NORMAL, AccountKind
from gateway import prepared_sql

#: The planner does not know up to when a snapshot counts, and takes a third of all entries for those after it: it would
#: rather read the whole table. Between two bounds it expects a few, which the index finds.
_TOTALS: Final = prepared_sql.one_line(
    """
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS at)
    SELECT clock.at, account.kind, account.currency, account.provider_account_id, account.payment_system,
        count(*) AS accounts,
        sum(CASE WHEN account.balance IS NOT NULL THEN account.balance
            ELSE coalesce(counted.balance, 0)
                + coalesce(tail.amount, 0) * CASE WHEN account.kind = ANY(%(debit_normal)s::text[]) THEN 1 ELSE -1 END
        END)
    FROM clock
    LEFT JOIN balances_account AS account
        ON account.mode = %(mode)s::text AND account.kind = ANY(%(kinds)s::text[])
    LEFT JOIN LATERAL (
        SELECT snapshot.balance, snapshot.covered_until FROM balances_snapshot AS snapshot
        WHERE snapshot.account_id = account.id AND account.balance IS NULL
        ORDER BY snapshot.covered_until DESC LIMIT 1
    ) AS counted ON true
    LEFT JOIN LATERAL (
        SELECT sum(entry.amount) AS amount FROM balances_entry AS entry
        WHERE entry.account_id = account.id AND account.balance IS NULL
            AND entry.created_at >= coalesce(counted.covered_until, '-infinity') AND entry.created_at < 'infinity'
    ) AS tail ON true
    GROUP BY clock.at, account.kind, account.currency, account.provider_account_id, account.payment_system
    ORDER BY account.currency, account.kind, account.payment_system
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What accounts hold together on their normal side.

    Attributes:
        kind: of the accounts.
        currency: ISO 4217 code.
        provider_account: whose they are, where they are a provider account's.
        payment_system: the provider's ``wallet_type``, where they are of one.
        accounts: how many they are.
        amount: their sum; below zero where they hold less than nothing.
    """

    kind: AccountKind
    currency: str
    provider_account: uuid.UUID | None
    payment_system: str
    accounts: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums of one look at the ledger.

    Attributes:
        as_of: the instant up to which entries count.
        rows: by currency, kind, provider account and payment system.
    """

    as_of: datetime
    rows: tuple[Total, ...]


def totals(mode: str, kinds: Collection[AccountKind]) -> Totals:
    """What all accounts of these kinds hold in one mode. One query; some dozens of rows, whatever was posted."""
    parameters: dict[str, Any] = {
        "mode": str(mode),
        "kinds": [kind.value for kind in kinds],
        "debit_normal": [kind.value for kind in DEBIT_NORMAL],
    }
    found = prepared_sql.run(_TOTALS, parameters)
    return Totals(
        as_of=found[0][0],
        rows=tuple(
            Total(
                kind=AccountKind(kind),
                currency=currency,
                provider_account=provider_account,
                payment_system=payment_system,
                accounts=accounts,
                amount=amount,
            )
            for _, kind, currency, provider_account, payment_system, accounts, amount in found
            if kind is not None
        ),
    )
