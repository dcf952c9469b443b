"""What can go wrong, and the amounts that make it happen.

An amount of `MAGIC_AMOUNTS`, in any currency, calls its fault; amounts are whole, for withdrawals too.
Where a confirmation carries no amount, the control API registers the payment with a fault instead.
`GET /` of the sandbox shows this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Scope(StrEnum):
    """Which orders a fault exists for; on any other order the amount is an ordinary one."""

    BOTH = "deposits and withdrawals"
    DEPOSITS = "deposits"
    WITHDRAWALS = "withdrawals"


class Fault(StrEnum):
    """A documented misbehaviour; `DOCUMENTED` has a sentence for each."""

    REFUSED_FIELD = "refused_field"
    REFUSED_TEXT = "refused_text"
    LOST_AFTER = "lost_after"
    LOST_BEFORE = "lost_before"
    GARBAGE = "garbage"
    LATE = "late"
    TWICE = "twice"
    LETTER_FIRST = "letter_first"
    NO_LETTER = "no_letter"
    BAD_GATEWAY = "bad_gateway"
    HANG = "hang"
    POSSIBLE = "possible"
    CHECK_STARTED = "check_started"
    NEVER_CONFIRMED = "never_confirmed"
    INSUFFICIENT = "insufficient"
    REJECTED = "rejected"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"
    OTHER_CURRENCY = "other_currency"
    UNKNOWN_TO_PULL = "unknown_to_pull"
    NO_URL = "no_url"
    INTERMEDIATE = "intermediate"
    OTHER_RECIPIENT = "other_recipient"
    MASKED = "masked"
    DENIED = "denied"
    PAID_THEN_REJECTED = "paid_then_rejected"
    REJECTED_THEN_PAID = "rejected_then_paid"
    ENVELOPE_LIES = "envelope_lies"
    SIGNED_ESCAPED = "signed_escaped"
    OTHER_LABEL = "other_label"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """One line of the table: the magic amount, where it works and what it does."""

    amount: int
    fault: Fault
    scope: Scope
    meaning: str


def _line(amount: int, fault: Fault, scope: Scope, meaning: str) -> Documented:
    return Documented(amount=amount, fault=fault, scope=scope, meaning=meaning)


DOCUMENTED: Final = (
    _line(9001, Fault.REFUSED_FIELD, Scope.BOTH, "Refused, with the message under a field. No order exists."),
    _line(9002, Fault.REFUSED_TEXT, Scope.BOTH, "Refused, with a free text. No order exists."),
    _line(9003, Fault.LOST_AFTER, Scope.BOTH, "Accepted and settled, but the connection closes unanswered."),
    _line(9004, Fault.LOST_BEFORE, Scope.BOTH, "The connection closes unanswered and no order exists."),
    _line(9005, Fault.GARBAGE, Scope.BOTH, "Accepted and settled; the answer is HTTP 200 and cut-off HTML."),
    _line(9006, Fault.LATE, Scope.BOTH, "The outcome, letter and pull alike, comes after 30 seconds."),
    _line(9007, Fault.TWICE, Scope.BOTH, "The letter is posted twice, both at once."),
    _line(9008, Fault.LETTER_FIRST, Scope.BOTH, "The letter is posted before this call is answered."),
    _line(9009, Fault.NO_LETTER, Scope.BOTH, "No letter; only pulls know the outcome. A resend posts it."),
    _line(9010, Fault.BAD_GATEWAY, Scope.BOTH, "Accepted and settled; the answer is HTTP 502."),
    _line(
        9011,
        Fault.HANG,
        Scope.BOTH,
        "Accepted and settled; the answer hangs for 75 seconds or until released.",
    ),
    _line(9012, Fault.POSSIBLE, Scope.DEPOSITS, "Activation: possible_transaction_created, credited later."),
    _line(9013, Fault.CHECK_STARTED, Scope.DEPOSITS, "Activation: HTTP 400 'Check … started', credited later."),
    _line(9014, Fault.NEVER_CONFIRMED, Scope.DEPOSITS, "Activation: possible_transaction_created, then nothing."),
    _line(
        9015,
        Fault.INSUFFICIENT,
        Scope.WITHDRAWALS,
        "Insufficient balance, until topped up by the control API.",
    ),
    _line(9016, Fault.REJECTED, Scope.BOTH, "Withdrawal: status 5. Deposit: the customer declines, no letter."),
    _line(9017, Fault.UNDERPAID, Scope.BOTH, "Half of the amount was paid, rounded down to a whole."),
    _line(9018, Fault.OVERPAID, Scope.BOTH, "10 more than the amount was paid."),
    _line(9019, Fault.OTHER_CURRENCY, Scope.BOTH, "The same number was paid in another currency (THB)."),
    _line(
        9020,
        Fault.UNKNOWN_TO_PULL,
        Scope.BOTH,
        "A signed letter arrives, no money moved, pulls know nothing.",
    ),
    _line(
        9021,
        Fault.NO_URL,
        Scope.DEPOSITS,
        "payment/create answers ok without an address to send the customer to.",
    ),
    _line(9022, Fault.INTERMEDIATE, Scope.WITHDRAWALS, "Status 3 first, then 1."),
    _line(9023, Fault.OTHER_RECIPIENT, Scope.WITHDRAWALS, "Paid, but letter and pull name another account."),
    _line(
        9024,
        Fault.MASKED,
        Scope.WITHDRAWALS,
        "Pulls mask the account number like 12*****89; the letter does not.",
    ),
    _line(
        9025,
        Fault.DENIED,
        Scope.BOTH,
        "Unanswered but accepted; pulls deny it for 20 seconds, then it is settled.",
    ),
    _line(
        9026,
        Fault.PAID_THEN_REJECTED,
        Scope.WITHDRAWALS,
        "Status 1, and later status 5: the money came back.",
    ),
    _line(
        9027,
        Fault.REJECTED_THEN_PAID,
        Scope.WITHDRAWALS,
        "Status 5, and later status 1: it was paid after all.",
    ),
    _line(9028, Fault.ENVELOPE_LIES, Scope.BOTH, "The unsigned top-level amount is ten times the signed one."),
    _line(9029, Fault.SIGNED_ESCAPED, Scope.BOTH, "The signature covers the text with PHP's default flags."),
    _line(9030, Fault.OTHER_LABEL, Scope.DEPOSITS, "Letter and pull carry another customer's label."),
    _line(
        9031,
        Fault.CONTRADICTED,
        Scope.WITHDRAWALS,
        "Paid; a second signed letter says status 5, of which pulls know nothing.",
    ),
)

MAGIC_AMOUNTS: Final[Mapping[Decimal, Documented]] = MappingProxyType(
    {Decimal(line.amount): line for line in DOCUMENTED},
)

# 9006: longer than the first pulls of a patient client, short enough to wait for once.
LATE_SECONDS: Final = 30.0

# 9011: longer than the 60 seconds a client may reasonably wait for an answer.
HANG_SECONDS: Final = 75.0

# 9025: several early pulls must be answered with "not found" before the truth comes out.
DENIED_SECONDS: Final = 20.0

# 9018: what is paid too much, in whole units.
OVERPAID_UNITS: Final = 10

# 9028: far outside any rounding of the top-level amount.
ENVELOPE_FACTOR: Final = 10

# 9019: the currency of no system in the catalogue.
FOREIGN_CURRENCY: Final = "THB"


def of_amount(amount: Decimal | None, scope: Scope) -> Fault | None:
    """Find the fault that an amount calls for deposits or for withdrawals."""
    line = None if amount is None else MAGIC_AMOUNTS.get(amount)
    return line.fault if line is not None and line.scope in {Scope.BOTH, scope} else None


def outcome_delay(fault: Fault | None, ordinary_seconds: float) -> float:
    """Seconds from acceptance to outcome."""
    match fault:
        case Fault.LATE:
            return LATE_SECONDS
        case Fault.DENIED:
            return DENIED_SECONDS
        case _:
            return ordinary_seconds


def paid(amount: Decimal, currency_code: str, fault: Fault | None) -> tuple[Decimal, str]:
    """What really moves when this amount was asked for."""
    match fault:
        case Fault.UNDERPAID:
            return amount // 2 or amount, currency_code
        case Fault.OVERPAID:
            return amount + OVERPAID_UNITS, currency_code
        case Fault.OTHER_CURRENCY:
            return amount, FOREIGN_CURRENCY
        case _:
            return amount, currency_code
