"""What a row of an accepted batch asks for: as it was kept, and as it would be taken now."""

from gateway.money import format_amount
from withdrawals.actions import NewWithdrawal
from withdrawals.models import BatchRow
from withdrawals.serializers import NewWithdrawalSerializer


def kept(row: BatchRow) -> NewWithdrawal:
    """What the row asked for when its batch was accepted.

    Raises:
        UnreadableColumn: no key opens its recipient.
    """
    return NewWithdrawal(
        payment_system=row.payment_system,
        currency=row.currency,
        amount=row.amount,
        customer=row.customer,
        reference=row.reference,
        recipient=row.recipient,
        comment=row.comment,
        metadata=row.metadata,
    )


def checked(row: BatchRow) -> NewWithdrawal:
    """The row's wish as POST /withdrawals would take it now, with its payment system as it is now.

    Raises:
        ValidationError: it would not.
    """
    said = {
        "payment_system": row.payment_system_id,
        "currency": row.currency,
        "amount": format_amount(row.amount, row.currency),
        "customer": row.customer,
        "reference": row.reference,
        "recipient": row.recipient,
        "metadata": row.metadata,
    }
    wanted = NewWithdrawalSerializer(data={**said, "comment": row.comment} if row.comment else said)
    wanted.is_valid(raise_exception=True)
    return wanted.wish()
