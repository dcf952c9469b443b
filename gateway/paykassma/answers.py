"""From every shape in which the provider answers (C§0) to the few outcomes that decide what happens next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from gateway.http import Exchanged
from gateway.paykassma.php_json import JsonRefusedError, parse
from gateway.paykassma.wire_values import read_integer, read_items, read_object, read_text

# Evidence for a person, not an archive: any answer of the contract but a large pull is below 4 KB.
RAW_BYTES_MAX: Final = 64 * 1024

# A MessageBag has one entry a field; the texts are sentences.
MESSAGES_MAX: Final = 50
MESSAGE_MAX_CHARS: Final = 500

# A server that asks for more patience than a day means something else than rate limiting.
RETRY_AFTER_MAX_SECONDS: Final = 24 * 60 * 60

HTTP_OK: Final = 200
HTTP_REDIRECT: Final = 300
HTTP_BAD_REQUEST: Final = 400
HTTP_REFUSES_US: Final = frozenset({401, 403, 404})
HTTP_TOO_MANY_REQUESTS: Final = 429
HTTP_SERVER_ERROR: Final = 500

WRONG_SECRET_CODE: Final = 36205
CHECK_STARTED_TEXT: Final = "check of deposit status started"
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

_ACCEPTING: Final = frozenset({"ok", "success"})
_REFUSING: Final = frozenset({"fail", "error"})
_POSSIBLE_TRANSACTION: Final = "possible_transaction_created"

_CREDENTIAL_TEXT = re.compile(r"\b(?:wrong|invalid|incorrect|bad) (secret|signature)\b")
_DUPLICATE_TEXT = re.compile(
    r"already|(?<!not )(?<!n't )exist|taken|duplicate|unique|уже|(?<!не )существу|дубл|повторн|уникальн|занят"
)
# A text that speaks of trouble on the provider's side says nothing about what became of the order.
_TROUBLE_TEXT = re.compile(
    r"server|internal|gateway|time.?d? ?out|process|temporar|unavailable|maintenance|busy|try again|later|too many|wait"
    r"|pending|progress"
    r"|сервер|внутренн|шлюз|тайм.?аут|обработ|временн|недоступ|повторите|попробуйте|позже|слишком|подожд|ожид"
)


class Outcome(StrEnum):
    """What an answer means for the call."""

    ACCEPTED = "accepted"
    """It was taken; for money this is no result yet."""
    PENDING = "pending"
    """The provider is looking into it: the postback decides."""
    REFUSED = "refused"
    """It said no."""
    UNKNOWN = "unknown"
    """Nobody knows whether anything happened there."""
    CREDENTIAL_ERROR = "credential_error"
    """It does not know us; repeating helps nobody."""


class Credential(StrEnum):
    """Which of our credentials the provider names in a refusal."""

    SECRET = "secret"  # noqa: S105 - the name of the field
    """That goes with every call but withdrawals."""
    SIGNATURE = "signature"
    """Of a withdrawal, made with the withdrawal key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the provider, or the lack of one.

    Attributes:
        http_status: None when none arrived.
        sent: False only where it is certain that no byte left.
        messages: the provider's texts, each with the field it is about or None; they may repeat
            customers' data.
        is_field_refusal: a refusal whose message is a map of fields (ERR-2 of C§0), as validation writes it,
            and is here in full.
        credential: what it names where it refuses our credentials in words; None for any other answer.
        payload: the parsed JSON; None when it is none.
        raw: the beginning of the body.
        note: why this outcome, in a few fixed words that are safe to log.
        retry_after_seconds: as the server asked for.
    """

    outcome: Outcome
    http_status: int | None
    sent: bool
    messages: tuple[tuple[str | None, str], ...] = field(default=(), repr=False)
    is_field_refusal: bool = False
    credential: Credential | None = None
    payload: Any = field(default=None, repr=False)
    raw: bytes = field(default=b"", repr=False)
    note: str
    retry_after_seconds: int | None = None


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


def read_answer(exchanged: Exchanged) -> Answer:
    """Decide what an exchange came to. Never raises.

    The body's `status` decides before the HTTP code, since the contract names only two of the codes; but a
    redirect, a 429 and everything from 500 up comes from machinery that does not know what the call did.
    """
    status = exchanged.http_status
    retry_after = _retry_after_seconds(exchanged)
    if exchanged.failure is not None or status is None:
        return Answer(
            outcome=Outcome.UNKNOWN,
            http_status=status,
            sent=exchanged.sent,
            raw=exchanged.body[:RAW_BYTES_MAX],
            note=str(exchanged.failure),
            retry_after_seconds=retry_after,
        )
    try:
        payload, is_json = parse(exchanged.body), True
    except JsonRefusedError:
        payload, is_json = None, False
    every_message = tuple(_messages(payload))
    messages = every_message[:MESSAGES_MAX]
    credential = _named_credential(payload, messages)
    outcome, why = _outcome(status, payload, messages, exchanged.body, credential)
    return Answer(
        outcome=outcome,
        http_status=status,
        sent=True,
        messages=messages,
        is_field_refusal=outcome is Outcome.REFUSED and _is_message_bag(payload, every_message),
        credential=credential if outcome is Outcome.CREDENTIAL_ERROR else None,
        payload=payload,
        raw=exchanged.body[:RAW_BYTES_MAX],
        note=f"{why} (HTTP {status}{'' if is_json else ', not JSON'})",
        retry_after_seconds=retry_after,
    )


def _outcome(
    http_status: int,
    payload: Any,
    messages: tuple[tuple[str | None, str], ...],
    body: bytes,
    credential: Credential | None,
) -> tuple[Outcome, str]:
    word = _status_word(payload)
    is_good = HTTP_OK <= http_status < HTTP_REDIRECT
    is_bad = HTTP_BAD_REQUEST <= http_status < HTTP_SERVER_ERROR
    # Read from the top: the first row that is true decides.
    table: tuple[tuple[bool, Outcome, str], ...] = (
        (not (is_good or is_bad), Outcome.UNKNOWN, "unexpected code"),
        (http_status == HTTP_TOO_MANY_REQUESTS, Outcome.UNKNOWN, "too many requests"),
        (credential is not None, Outcome.CREDENTIAL_ERROR, "credentials refused"),
        (_check_started(http_status, payload, messages, body), Outcome.PENDING, "check started"),
        (word == _POSSIBLE_TRANSACTION, Outcome.PENDING, "possible transaction"),
        (word in _REFUSING, Outcome.REFUSED, "refused"),
        (is_good and word in _ACCEPTING, Outcome.ACCEPTED, "accepted"),
        (http_status in HTTP_REFUSES_US, Outcome.CREDENTIAL_ERROR, "not recognised"),
        (True, Outcome.UNKNOWN, "no known status"),
    )
    return next((outcome, why) for is_so, outcome, why in table if is_so)


def _status_word(payload: Any) -> str:
    return read_text(payload.get("status")).strip().casefold() if isinstance(payload, dict) else ""


def _is_message_bag(payload: Any, every_message: tuple[tuple[str | None, str], ...]) -> bool:
    # What was cut off, or says nothing, could have named `withdrawal_id` or hinted at a duplicate.
    is_whole = len(every_message) <= MESSAGES_MAX and all(
        0 < len(text) < MESSAGE_MAX_CHARS for _, text in every_message
    )
    return is_whole and _status_word(payload) == "fail" and bool(read_object(payload.get("message")))


def _messages(payload: Any) -> Iterator[tuple[str | None, str]]:
    if not isinstance(payload, dict):
        return
    message = payload.get("message")
    if isinstance(message, dict):
        for name, texts in message.items():
            yield from ((read_text(name), text) for text in _flat(texts) or [""])
    else:
        yield from ((None, text) for text in _flat(message))
    for error in read_items(payload.get("errors")):
        if isinstance(error, dict):
            target = read_text(error.get("target")) or None
            yield from ((target, text) for text in _flat(error.get("message")))
        else:
            yield from ((None, text) for text in _flat(error))
    yield from ((None, text) for text in _flat(payload.get("error_message")))


def _flat(texts: Any) -> list[str]:
    listed = [texts] if isinstance(texts, str) else read_items(texts)
    return [read_text(text)[:MESSAGE_MAX_CHARS] for text in listed if isinstance(text, str) and text.strip()]


def _named_credential(payload: Any, messages: tuple[tuple[str | None, str], ...]) -> Credential | None:
    if _status_word(payload) not in _REFUSING:
        return None
    errors = [error for error in read_items(payload.get("errors")) if isinstance(error, dict)]
    if any(read_integer(error.get("code")) == WRONG_SECRET_CODE for error in errors):
        return Credential.SECRET
    found = [_CREDENTIAL_TEXT.search(text.casefold()) for _, text in messages]
    named = {name for name, _ in messages} | {match[1] for match in found if match}
    return next((credential for credential in Credential if credential in named), None)


def _check_started(http_status: int, payload: Any, messages: tuple[tuple[str | None, str], ...], body: bytes) -> bool:
    if any(CHECK_STARTED_TEXT in text.casefold() for _, text in messages):
        return True
    # The contract gives the words and the code of this answer, not its shape: it may be plain text.
    return (
        http_status == HTTP_BAD_REQUEST
        and not isinstance(payload, dict)
        and CHECK_STARTED_TEXT in body.decode("utf-8", "replace").casefold()
    )


def _retry_after_seconds(exchanged: Exchanged) -> int | None:
    seconds = read_integer(exchanged.headers.get("retry-after", "").strip())
    return None if seconds is None or seconds < 0 else min(seconds, RETRY_AFTER_MAX_SECONDS)


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
