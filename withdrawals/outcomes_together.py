"""The provider's word on many withdrawals at once, as far as it is the plain one: paid, and all that it says agrees.

Everything else is left to `outcomes.record_word`, one by one, each in a transaction of its own: one odd row never stops
the others.
"""

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from balances import fees
from balances.kinds import FeeDirection
from balances.models import Hold
from balances.posting import AlreadyPosted, InsufficientFunds
from gateway import ids
from gateway.encryption import opens
from gateway.lifecycles import Cause
from gateway.paykassma.messages import PostbackItem, PullEntry, PullState
from gateway.providers.models import ProviderAccount
from withdrawals.last_words import PAID_NUMBER, in_a_word
from withdrawals.models import Withdrawal
from withdrawals.moves import money_of
from withdrawals.moving_together import Step, lock_together, move_together
from withdrawals.same_order import answer_differs_in, names_no_other
from withdrawals.states import WithdrawalStatus

log = structlog.get_logger(__name__)

#: From where a payment is no surprise, and needs no more than the provider's word.
_EXPECTED_FROM: Final = frozenset({WithdrawalStatus.ACCEPTED, WithdrawalStatus.SENDING, WithdrawalStatus.UNKNOWN})
#: Fewer are not worth it.
_FEWEST: Final = 2


def record_paid(account: ProviderAccount, entries: Mapping[str, PullEntry], cause: Cause) -> set[str]:
    """Move those to paid of which that is all there is to say; their public ids. Whatever is left was not touched.

    Args:
        account: that was asked.
        entries: what it said, by public id.
        cause: of the moves.
    """
    said = {}
    for name, entry in entries.items():
        found = ids.decode(ids.WITHDRAWAL, name)
        item = _paid_item(entry)
        if found is not None and item is not None:
            said[found] = (entry, item)
    if len(said) < _FEWEST:
        return set()
    try:
        return _record(account, said, cause)
    except (DatabaseError, AlreadyPosted, InsufficientFunds, Hold.DoesNotExist) as error:
        # A balance without room, say: nothing was written, and one by one it is found out which of them it is about.
        log.warning("not_settled_together", account=str(account.pk), error=type(error).__name__)
        return set()


def _paid_item(entry: PullEntry) -> PostbackItem | None:
    if entry.state is not PullState.FOUND or entry.postback is None or entry.postback.disagreements():
        return None
    items = entry.postback.items
    if len(items) != 1 or not isinstance(items[0], PostbackItem) or items[0].withdrawal_status != PAID_NUMBER:
        return None
    return items[0]


@transaction.atomic(durable=True)
def _record(
    account: ProviderAccount, said: Mapping[uuid.UUID, tuple[PullEntry, PostbackItem]], cause: Cause
) -> set[str]:
    now = timezone.now()
    charges = _Charges()
    steps = [
        Step(
            withdrawal=row,
            cause=cause,
            changes={
                "last_answer": in_a_word(said[row.pk][0]),
                "last_asked_at": now,
                "failure_code": "",
                "contradiction": "",
            },
            charges=charges.of(row),
        )
        for row in lock_together(account, said)
        if _is_plain(row, said[row.pk][1]) and not charges.has_products_own(row)
    ]
    move_together(steps, WithdrawalStatus.PAID)
    return {step.withdrawal.public_id for step in steps}


def _is_plain(row: Withdrawal, item: PostbackItem) -> bool:
    is_readable = opens(row, "body", "recipient")
    # What was to be sent again has a permission that ends with this, and an answer may speak of another one of ours.
    is_simple = not row.send_again and row.resend_allowed_by is None and names_no_other(row, item)
    return row.status in _EXPECTED_FROM and is_simple and is_readable and not answer_differs_in(row, item)


class _Charges:
    """What each payment costs, asked once for those that cost the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Sequence[fees.Charge]] = {}

    def of(self, row: Withdrawal) -> Sequence[fees.Charge]:
        key: tuple[uuid.UUID, str, str, Decimal] = (row.product_id, row.payment_system_id, row.currency, row.amount)
        if key not in self._known:
            self._known[key] = fees.due(FeeDirection.WITHDRAWAL, money_of(row), product=row.product_id)
        return self._known[key]

    def has_products_own(self, row: Withdrawal) -> bool:
        # Taken from what the product has left after the one before it, so one by one.
        return any(charge.product is not None for charge in self.of(row))
