"""What the answer to the creation of a withdrawal proves (C§1.9, C§0): the one table that money out goes by."""

import re
from enum import StrEnum
from typing import Final

from gateway.paykassma.answers import Answer, Outcome

INSUFFICIENT_BALANCE_TEXT: Final = "insufficient balance"
INSUFFICIENT_BALANCE_FIELD: Final = "withdrawals_sum_amount"

#: What validation may refuse of the request that pays out: its fields as C§1.9 names them, older pages included. Left
#: out are ids (`withdrawal_id`, `document_id`), which may be taken by our own earlier attempt, `type`, which names
#: anything, and `signature`, which is about us.
_WITHDRAWAL_FIELDS: Final = frozenset(
    {
        "payment_system",
        "amount",
        "currency_code",
        "label",
        "is_test",
        "comment",
        "account_number",
        "account_name",
        "account_email",
        "payments_details",
        "payments_details.payments_method",
        "payments_details.payments_provider",
        "bank_details",
        "bank_details.bank_code",
        "bank_details.branch_code",
        "bank_details.bank_code_in_payments_system",
        "iban",
        "receiver_name",
        "account_type",
        "document_type",
        "account_digit",
    }
)

_DUPLICATE_TEXT = re.compile(
    r"already|(?<!not )(?<!n't )exist|taken|duplicate|unique|уже|(?<!не )существу|дубл|повторн|уникальн|занят"
)
# A text that speaks of trouble on the provider's side says nothing about what became of the order.
_TROUBLE_TEXT = re.compile(
    r"server|internal|gateway|time.?d? ?out|process|temporar|unavailable|maintenance|busy|try again|later|too many|wait"
    r"|pending|progress"
    r"|сервер|внутренн|шлюз|тайм.?аут|обработ|временн|недоступ|повторите|попробуйте|позже|слишком|подожд|ожид"
)


class WithdrawalVerdict(StrEnum):
    """What an answer to the creation of a withdrawal proves."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """Surely nothing was created: validation refused named fields."""
    REFUSED_UNPROVEN = "refused_unproven"
    """A no in free words: ask before believing it."""
    INSUFFICIENT_BALANCE = "insufficient_balance"
    NOT_SENT = "not_sent"
    """No byte left: it may be sent again without asking."""
    UNKNOWN = "unknown"
    CREDENTIAL_ERROR = "credential_error"


def classify_withdrawal(answer: Answer) -> WithdrawalVerdict:
    """Say what the answer to the creation of a withdrawal proves.

    A refusal proves that nothing was created only where validation refused fields of this request, the id is none of
    them, and no text hints at a duplicate or at trouble of the provider: the id may be taken by our own earlier
    attempt, so a hint at that is no refusal at all, whatever a pull says afterwards; and an object whose keys are no
    fields of the request ("error", "0") is what a framework writes when something broke.
    """
    names = {name for name, _ in answer.messages}
    texts = [text.casefold() for _, text in answer.messages]
    refused = answer.outcome in {Outcome.REFUSED, Outcome.CREDENTIAL_ERROR}
    is_taken = "withdrawal_id" in names or any(_DUPLICATE_TEXT.search(text) for text in texts)
    has_trouble = any(_TROUBLE_TEXT.search(text) for text in texts)
    has_no_funds = (
        INSUFFICIENT_BALANCE_FIELD in names or any(INSUFFICIENT_BALANCE_TEXT in text for text in texts)
    ) and names <= _WITHDRAWAL_FIELDS | {INSUFFICIENT_BALANCE_FIELD, None}
    is_about_fields = answer.is_field_refusal and bool(names) and names <= _WITHDRAWAL_FIELDS and not has_trouble
    # Fields and free words together, other fields than ours, or more than were kept: what is not seen may name the id.
    is_unclear = bool(names - {None}) or has_trouble
    # Read from the top: the first row that is true decides.
    table: tuple[tuple[bool, WithdrawalVerdict], ...] = (
        (not answer.sent, WithdrawalVerdict.NOT_SENT),
        (answer.outcome is Outcome.ACCEPTED, WithdrawalVerdict.ACCEPTED),
        (not refused, WithdrawalVerdict.UNKNOWN),
        (is_taken, WithdrawalVerdict.UNKNOWN),
        (answer.outcome is Outcome.CREDENTIAL_ERROR, WithdrawalVerdict.CREDENTIAL_ERROR),
        # Not where it speaks of trouble, or of later: it may have kept the order for when there is money.
        (has_no_funds and not has_trouble, WithdrawalVerdict.INSUFFICIENT_BALANCE),
        (is_about_fields, WithdrawalVerdict.REFUSED),
        (is_unclear, WithdrawalVerdict.UNKNOWN),
        (True, WithdrawalVerdict.REFUSED_UNPROVEN),
    )
    return next(verdict for is_so, verdict in table if is_so)
