"""What of money in waits for a person: the rows of both its queues together."""

from balances.waiting import Waiting
from payments.waiting import deposits, receipts, shown_deposits, shown_receipts


def waiting() -> list[Waiting]:
    """Oldest first."""
    rows = [row for _, row in (*shown_receipts(receipts()), *shown_deposits(deposits()))]
    return sorted(rows, key=lambda row: (row.since, row.public_id))
