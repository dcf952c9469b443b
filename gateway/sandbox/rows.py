"""The rows of the sandbox's memory. All of them are values: a change is a new row in the old one's place."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum

from gateway.sandbox.faults import Fault


class Kind(StrEnum):
    """Which way the money goes; the value of `type` in pulls (C§1.10)."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRef:
    """Names one order: a deposit by its custom_transaction_id, a withdrawal by its withdrawal_id."""

    kind: Kind
    order_id: str


class DepositStatus(StrEnum):
    """Where a deposit stands."""

    AWAITING_CUSTOMER = "awaiting_customer"
    """Redirect or push: the customer has not decided."""
    POSSIBLE = "possible"
    """A possible transaction; credited when its time comes, if it has one."""
    ACTIVATED = "activated"
    """Found; credited when its time comes."""
    SAVED = "saved"
    """Below the minimum deposit, waiting for more (C§1.6)."""
    CREDITED = "credited"
    """In the book of money."""
    DECLINED = "declined"
    """Will never be credited."""


class WithdrawalStatus(IntEnum):
    """`withdrawal_status` of a letter (C§2.1); 3 is seen in older pages only and is not final."""

    PAID = 1
    IN_PROCESSING = 3
    REJECTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """An accepted activation, possible transaction or payment.

    Attributes:
        custom_id: the client's custom_transaction_id, unique.
        order_id: the sandbox's own id, part of the pay page's address.
        reference: key1, the transaction number of the payment system.
        paid: what really arrives, in `paid_currency`.
        settle_at: Unix time of the outcome; None while nothing is due.
        success_url: where the pay page sends a customer who paid; empty for none.
        fail_url: where it sends one who declined; empty for none.
    """

    custom_id: str
    order_id: str
    wallet_type: str
    label: str
    reference: str
    amount: Decimal
    currency_code: str
    paid: Decimal
    paid_currency: str
    fault: Fault | None
    status: DepositStatus
    created_at: float
    activated_at: float
    settle_at: float | None
    success_url: str
    fail_url: str

    @property
    def ref(self) -> OrderRef:
        """Its name."""
        return OrderRef(kind=Kind.DEPOSIT, order_id=self.custom_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """An accepted withdrawal.

    Attributes:
        status: the last one told; None before the first.
        steps: the statuses still to be told, in this order.
        settle_at: Unix time of the next of them.
    """

    withdrawal_id: str
    payment_system: str
    label: str
    amount: Decimal
    currency_code: str
    paid: Decimal
    paid_currency: str
    account_number: str
    account_name: str
    account_email: str
    bank_code: str | None
    branch_code: str | None
    comment: str
    is_test: bool
    fault: Fault | None
    created_at: float
    status: int | None
    steps: tuple[int, ...]
    settle_at: float | None

    @property
    def ref(self) -> OrderRef:
        """Its name."""
        return OrderRef(kind=Kind.WITHDRAWAL, order_id=self.withdrawal_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A postback.

    Attributes:
        order_ids: the orders it speaks of.
        transaction_ids: the payment system's numbers in it.
        body: the signed JSON of today's format.
        older_body: the same in an older format (C§2.3), posted in its place; empty for a letter of today.
        known_to_pulls: whether 1.10 and 1.12 repeat it.
        masked: whether they mask its account numbers.
        is_posted: whether it is posted at all; False for one that only pulls know, until it is resent.
        next_at: Unix time of the next attempt; None when none is owed or one is on its way.
        attempts: how often it was posted.
        delivered_at: when it was first answered as it should be.
        last_outcome: `delivered`, `http 503`, `wrong answer` or `unreachable`; empty before the first.
    """

    letter_id: int
    kind: Kind
    order_ids: tuple[str, ...]
    transaction_ids: tuple[str, ...]
    body: str
    known_to_pulls: bool
    masked: bool
    is_posted: bool
    next_at: float | None
    attempts: int
    delivered_at: float | None
    last_outcome: str
    older_body: str = ""

    @property
    def posted_body(self) -> str:
        """What goes out. Pulls repeat `body`, whichever it was."""
        return self.older_body or self.body


class Movement(StrEnum):
    """Why money moved."""

    DEPOSIT_CREDITED = "deposit_credited"
    WITHDRAWAL_PAID = "withdrawal_paid"
    WITHDRAWAL_RETURNED = "withdrawal_returned"
    TOPPED_UP = "topped_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One movement of money in the provider's book; the amount is positive, the movement says which way."""

    movement: Movement
    order_id: str
    wallet_type: str
    label: str
    transaction_id: str
    amount: Decimal
    currency_code: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredPayment:
    """What the control API says a customer really paid under a reference."""

    wallet_type: str
    reference: str
    amount: Decimal
    currency_code: str
    fault: Fault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedUrl:
    """A return address that was hashed for the widget (C§1.7).

    Attributes:
        kind: `success_url`, `fail_url` or `pending_url`; the same address has the same hash in each.
        digest: 64 hex digits.
        expires_at: Unix time.
    """

    kind: str
    digest: str
    url: str
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One call of a client, without its secrets.

    Attributes:
        order_id: custom_transaction_id or withdrawal_id of the call; empty where it has none.
        outcome: what the client got: the HTTP status, `dropped` or `hung`.
    """

    at: float
    method: str
    path: str
    order_id: str
    outcome: str
    fields: dict[str, object]
