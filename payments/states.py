"""How a deposit and a confirmation may move. Enforced here and, from the same tables, in PostgreSQL."""

from typing import Final

from django.db import models

from gateway.lifecycles import Lifecycle


class DepositStatus(models.TextChoices):
    """Where a deposit is in its life."""

    CREATED = "created", "the order is kept; the provider has not yet been heard"
    AWAITING_PAYMENT = "awaiting_payment", "the customer knows how to pay"
    VERIFYING = "verifying", "the customer says it is paid; the provider is being asked"
    ACCUMULATING = "accumulating", "received below the minimum; in savings until more comes"
    IN_REVIEW = "in_review", "money or an answer that a person has to look at"
    CREDITED = "credited", "the money arrived"
    FAILED = "failed", "the provider refused the order"
    EXPIRED = "expired", "nothing arrived in time"
    CANCELLED = "cancelled", "the product called it off"
    REVERSED = "reversed", "the provider took the money back"


class ConfirmationStatus(models.TextChoices):
    """Where one attempt to activate a deposit is."""

    CREATED = "created", "kept, not yet sent"
    SENDING = "sending", "being sent; it may have arrived"
    VERIFYING = "verifying", "sent; the provider's final word is awaited"
    CREDITED = "credited", "its money arrived"
    REFUSED = "refused", "the provider refused the reference"
    EXPIRED = "expired", "never confirmed by the provider"


class ReceiptStatus(models.TextChoices):
    """Where an item of provider money is, and so to whom the ledger has posted it."""

    RECEIVED = "received", "just read; settled before its transaction ends"
    CREDITED = "credited", "the product has it"
    IN_REVIEW = "in_review", "in suspense; it belongs to a deposit that a person has to look at"
    SUSPENSE = "suspense", "in suspense; we know no order for it"
    REVERSED = "reversed", "the provider took it back after it was credited"
    RETURNED = "returned", "the provider took it back out of suspense"
    WRITTEN_OFF = "written_off", "nobody could say whose it is; we keep it"


class AmountCheck(models.TextChoices):
    """What arrived against what was asked for."""

    EXACT = "exact", "the same amount"
    OVER = "over", "more"
    UNDER = "under", "less"
    OTHER_CURRENCY = "other_currency", "money of another currency"


D = DepositStatus
C = ConfirmationStatus
R = ReceiptStatus

DEPOSIT: Final = Lifecycle(
    name="deposit",
    initial=frozenset({D.CREATED}),
    moves={
        # Money may arrive before our own call returned, hence credited and in_review straight from created.
        D.CREATED: frozenset(
            {D.AWAITING_PAYMENT, D.VERIFYING, D.IN_REVIEW, D.CREDITED, D.FAILED, D.EXPIRED, D.CANCELLED}
        ),
        D.AWAITING_PAYMENT: frozenset({D.VERIFYING, D.ACCUMULATING, D.IN_REVIEW, D.CREDITED, D.EXPIRED, D.CANCELLED}),
        D.VERIFYING: frozenset({D.AWAITING_PAYMENT, D.ACCUMULATING, D.IN_REVIEW, D.CREDITED, D.EXPIRED}),
        D.ACCUMULATING: frozenset({D.IN_REVIEW, D.CREDITED}),
        D.IN_REVIEW: frozenset({D.IN_REVIEW, D.CREDITED, D.FAILED, D.REVERSED}),
        # More money for a credited deposit is news without a change of status.
        D.CREDITED: frozenset({D.CREDITED, D.REVERSED}),
        # Late money is still money.
        D.FAILED: frozenset({D.IN_REVIEW, D.CREDITED}),
        D.EXPIRED: frozenset({D.IN_REVIEW, D.CREDITED}),
        D.CANCELLED: frozenset({D.IN_REVIEW, D.CREDITED}),
        D.REVERSED: frozenset(),
    },
)

CONFIRMATION: Final = Lifecycle(
    name="confirmation",
    initial=frozenset({C.CREATED}),
    moves={
        C.CREATED: frozenset({C.SENDING, C.REFUSED, C.CREDITED, C.EXPIRED}),
        # Back to created only when no byte left us, or the provider refused our credentials unread.
        C.SENDING: frozenset({C.CREATED, C.VERIFYING, C.REFUSED, C.CREDITED}),
        C.VERIFYING: frozenset({C.REFUSED, C.CREDITED, C.EXPIRED}),
        # The provider may find the money later, whatever it said first.
        C.REFUSED: frozenset({C.CREDITED}),
        C.EXPIRED: frozenset({C.CREDITED}),
        C.CREDITED: frozenset(),
    },
)

RECEIPT: Final = Lifecycle(
    name="receipt",
    initial=frozenset({R.RECEIVED}),
    moves={
        R.RECEIVED: frozenset({R.CREDITED, R.IN_REVIEW, R.SUSPENSE}),
        R.SUSPENSE: frozenset({R.CREDITED, R.IN_REVIEW, R.RETURNED, R.WRITTEN_OFF}),
        R.IN_REVIEW: frozenset({R.CREDITED, R.RETURNED, R.WRITTEN_OFF}),
        R.CREDITED: frozenset({R.REVERSED}),
        R.REVERSED: frozenset(),
        R.RETURNED: frozenset(),
        R.WRITTEN_OFF: frozenset(),
    },
)

#: Receipts whose money waits in suspense.
SUSPENDED: Final = frozenset({R.IN_REVIEW, R.SUSPENSE})
#: Receipts that a deposit shows: their money is there, and it is the deposit's.
SHOWN: Final = frozenset({R.RECEIVED, R.CREDITED, R.IN_REVIEW})
#: Statuses in which nothing more is expected, though late money may still come.
FINAL: Final = frozenset({D.CREDITED, D.FAILED, D.EXPIRED, D.CANCELLED, D.REVERSED})
#: Statuses in which money that arrives is late.
LATE: Final = frozenset({D.FAILED, D.EXPIRED, D.CANCELLED})
#: Statuses in which the product may still call the order off: nobody has said that money is under way.
CANCELLABLE: Final = frozenset({D.CREATED, D.AWAITING_PAYMENT})
#: Statuses in which a customer may enter a reference.
CONFIRMABLE: Final = frozenset({D.AWAITING_PAYMENT, D.VERIFYING, D.IN_REVIEW}) | LATE
#: Statuses in which money below the system's minimum may lie in the customer's savings.
SAVING: Final = frozenset({D.VERIFYING, D.ACCUMULATING})
#: Confirmations that the provider may still answer.
OPEN_CONFIRMATIONS: Final = frozenset({C.CREATED, C.SENDING, C.VERIFYING})
