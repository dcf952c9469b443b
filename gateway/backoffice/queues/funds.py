"""What the provider has too little of: by account and currency, what waits and what it last said that it holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Sum

from gateway.money import format_amount
from gateway.providers.models import ObservedBalance
from withdrawals.waiting import without_funds

#: Balances of more systems are summed up and not listed: an account has a few dozen, most of them of other currencies.
_LISTED_MAX: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What waits of one currency of one account.

    Attributes:
        account: its name.
        currency: ISO 4217 code.
        number: of payouts that wait.
        waits: their sum.
        holds: what the provider last said that it holds of the currency, over all systems; "" where it never did.
        missing: how much less that is than what waits; "" where it is enough, or nobody knows.
        observed_at: when it said so; of several systems the oldest word.
        systems: system and balance of each.
    """

    account: str
    currency: str
    number: int
    waits: str
    holds: str
    missing: str
    observed_at: datetime | None
    systems: list[tuple[str, str]]


def shortages(mode: str) -> list[Shortage]:
    """Each account and currency of which something waits. Two queries."""
    waiting = (
        without_funds()
        .filter(mode=mode)
        .order_by("account__name", "currency")
        .values("account", "account__name", "currency")
        .annotate(number=Count("pk"), waits=Sum("amount"))
    )
    rows = list(waiting)
    balances = list(
        ObservedBalance.objects.filter(account__in={row["account"] for row in rows}).order_by("wallet_type")
    )
    return [
        _shortage(row, [one for one in balances if (one.account_id, one.currency) == (row["account"], row["currency"])])
        for row in rows
    ]


def _shortage(row: Mapping[str, Any], balances: Iterable[ObservedBalance]) -> Shortage:
    currency, waits = row["currency"], row["waits"]
    balances = list(balances)
    holds = sum((one.amount for one in balances), Decimal(0))
    return Shortage(
        account=row["account__name"],
        currency=currency,
        number=row["number"],
        waits=format_amount(waits, currency),
        holds=_rounded(holds) if balances else "",
        missing=_rounded(waits - holds) if balances and waits > holds else "",
        observed_at=min((one.observed_at for one in balances), default=None),
        systems=[(one.wallet_type, _rounded(one.amount)) for one in balances[:_LISTED_MAX]],
    )


def _rounded(amount: Decimal) -> str:
    """To cents: the provider writes up to eight decimals, of which nothing here depends."""
    return f"{amount:.2f}"
