"""Which payouts wait for a person: the rows of their queues together."""

from balances.waiting import Waiting
from withdrawals.waiting import shown, withdrawals


def waiting() -> list[Waiting]:
    """Oldest first."""
    return sorted((row for _, row in shown(withdrawals())), key=lambda row: (row.since, row.public_id))
