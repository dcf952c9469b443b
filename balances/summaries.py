"""What an instruction posts, or a journal posted, in one line of a list."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from balances.models import Entry, Journal
from gateway.money import shown_amount


def of_preview(content: Mapping[str, Any]) -> str:
    """The first journal of a preview (`balances.previews.Preview.content`) and how many more there are.

    For example ``1,000.00 INR: debit bank, credit available of Demo``. Debit and credit, for an arrow would say where
    money went, which is left to right between some accounts and right to left between others. What posts nothing
    is told by its first note.
    """
    journals = content["journals"]
    if not journals:
        return "".join(content["notes"][:1]) or "-"
    legs = journals[0]["legs"]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for leg in legs:
        if leg["debit"]:
            sums[leg["currency"]] += Decimal(leg["debit"])
    sides = [f"{side} {', '.join(leg['account'] for leg in legs if leg[side])}" for side in ("debit", "credit")]
    more = f", and {len(journals) - 1} more" if len(journals) > 1 else ""
    return f"{_texts(sums)}: {', '.join(sides)}{more}"


def amount_of(journal: Journal) -> str:
    """The sum of a journal's debits in each currency. Its entries are best prefetched."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entry in _in_order(journal):
        if entry.amount > 0:
            sums[entry.currency] += entry.amount
    return _texts(sums)


def owners_of(journal: Journal) -> str:
    """Whose accounts a journal moved: products first, then accounts with the provider, each once."""
    accounts = [entry.account for entry in _in_order(journal)]
    owners = [*(one.product for one in accounts), *(one.provider_account for one in accounts)]
    return ", ".join(dict.fromkeys(str(one) for one in owners if one)) or "-"


def _in_order(journal: Journal) -> list[Entry]:
    return sorted(journal.entries.all(), key=lambda entry: entry.pk)


def _texts(sums: Mapping[str, Decimal]) -> str:
    return ", ".join(shown_amount(amount, currency) for currency, amount in sums.items())
