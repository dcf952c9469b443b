"""Money out (C§1.9)."""

from __future__ import annotations

import hmac
import secrets
from decimal import Decimal
from typing import Final

from gateway.paykassma.signatures import withdrawal_signature
from gateway.sandbox import answers, faults
from gateway.sandbox.answers import Answer
from gateway.sandbox.catalogue import AMOUNT_MAX, AMOUNT_MIN, SYSTEMS, PaymentSystem
from gateway.sandbox.faults import Fault, Scope
from gateway.sandbox.provider import Provider
from gateway.sandbox.received import Received
from gateway.sandbox.rows import Withdrawal
from gateway.sandbox.settlement import steps_of
from gateway.sandbox.validation import Complaints

WITHDRAWAL_ID_MAX_CHARS: Final = 36
COMMENT_MIN_CHARS: Final = 4
COMMENT_MAX_CHARS: Final = 64

# What a letter repeats of the recipient.
RECIPIENT_FIELDS: Final = frozenset(
    {
        "account_number",
        "account_name",
        "account_email",
        "bank_details.bank_code",
        "bank_details.branch_code",
    },
)

WRONG_SIGNATURE: Final = "Wrong signature"


def create(provider: Provider, received: Received) -> Answer:
    """Accept a withdrawal, at most once per withdrawal_id. Accepted is not paid: the letter says that."""
    if "secret" in received.fields:
        return answers.fail("The secret must not be sent with a withdrawal")
    if received.document is None or not _is_signed(provider, received.document):
        return answers.fail(WRONG_SIGNATURE)
    complaints = Complaints(received.fields)
    withdrawal_id = complaints.text("withdrawal_id", WITHDRAWAL_ID_MAX_CHARS, is_required=False)
    label = complaints.text("label")
    comment = _comment(complaints)
    if not isinstance(received.fields.get("is_test"), bool):
        complaints.add("is_test", "The is test field must be true or false.")
    amount = _whole_amount(complaints)
    system = _system(complaints)
    if system is not None:
        _check_recipient(complaints, system)
    # From here to the insertion nobody else may take the id.
    with provider.book.changing():
        storm = provider.weather.storm
        if withdrawal_id in provider.book.withdrawals:
            if storm is not None and not storm.ids_are_unique:
                return _pay_again(provider, provider.book.withdrawals[withdrawal_id])
            complaints.add("withdrawal_id", "The withdrawal id has already been taken.")
        if complaints or system is None:
            return answers.fail(complaints.messages)
        fault = faults.of_amount(amount, Scope.WITHDRAWALS) if storm is None else storm.fate(withdrawal_id)
        if (refusal := _refusal(provider, fault, amount, system)) is not None:
            return refusal
        withdrawal = _new_withdrawal(
            provider,
            complaints,
            system,
            withdrawal_id=withdrawal_id or secrets.token_hex(8),
            label=label,
            amount=amount,
            comment=comment,
            fault=fault,
        )
        provider.book.put_withdrawal(withdrawal)
        # The letter that comes first is posted by the server before it answers, not by the clock.
        if fault is not Fault.LETTER_FIRST:
            provider.settlement.expect(withdrawal)
    return answers.accepted({"status": "ok"}, fault, withdrawal.ref)


def _pay_again(provider: Provider, known: Withdrawal) -> Answer:
    """A provider whose ids are not unique takes every request for a new order."""
    provider.settlement.pay_again(known)
    return answers.ok()


def _is_signed(provider: Provider, document: dict[str, object]) -> bool:
    signature = document.get("signature")
    if not isinstance(signature, str):
        return False
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    expected = withdrawal_signature(unsigned, provider.settings.withdrawal_key)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass"))


def _comment(complaints: Complaints) -> str:
    comment = complaints.text("comment", COMMENT_MAX_CHARS, is_required=False)
    if comment and len(comment) < COMMENT_MIN_CHARS:
        complaints.add("comment", f"The comment must be at least {COMMENT_MIN_CHARS} characters.")
    return comment


def _whole_amount(complaints: Complaints) -> Decimal:
    value = complaints.value("amount")
    if value is None:
        complaints.add("amount", "The amount field is required.")
        return Decimal(0)
    if type(value) is not int:
        complaints.add("amount", "The amount must be an integer.")
        return Decimal(0)
    amount = Decimal(value)
    complaints.between("amount", amount, AMOUNT_MIN, AMOUNT_MAX)
    return amount


def _system(complaints: Complaints) -> PaymentSystem | None:
    name = complaints.text("payment_system")
    code = complaints.text("currency_code")
    system = SYSTEMS.get(name)
    if system is None or not system.takes_withdrawals:
        if name:
            complaints.add("payment_system", "The selected payment system is invalid.")
        return None
    if code and code != system.currency_code:
        complaints.add("currency_code", "The selected currency code is invalid.")
    return system


def _check_recipient(complaints: Complaints, system: PaymentSystem) -> None:
    for field in RECIPIENT_FIELDS - system.withdrawal_fields.keys():
        complaints.text(field, is_required=False)
    for field, pattern in system.withdrawal_fields.items():
        # The pages disagree where the IFSC belongs (C§5, line 7): either place will do.
        other = "bank_details.branch_code"
        if field == "bank_details.bank_code" and complaints.value(field) is None and complaints.value(other):
            complaints.shape(other, pattern)
        else:
            complaints.shape(field, pattern)


def _refusal(provider: Provider, fault: Fault | None, amount: Decimal, system: PaymentSystem) -> Answer | None:
    match fault:
        case Fault.REFUSED_FIELD:
            return answers.fail({"account_number": ["The account number format is invalid."]})
        case Fault.REFUSED_TEXT:
            return answers.fail("No withdrawal to this recipient is possible")
        case Fault.LOST_BEFORE:
            return answers.dropped()
        case Fault.INSUFFICIENT:
            purse = provider.book.purses.get(system.currency_code, Decimal(0))
            if purse < amount:
                return answers.fail({"withdrawals_sum_amount": [answers.INSUFFICIENT]})
            provider.book.purses[system.currency_code] = purse - amount
            return None
        case _:
            return None


def _new_withdrawal(
    provider: Provider,
    complaints: Complaints,
    system: PaymentSystem,
    *,
    withdrawal_id: str,
    label: str,
    amount: Decimal,
    comment: str,
    fault: Fault | None,
) -> Withdrawal:
    now, storm = provider.clock.now(), provider.weather.storm
    ordinary = provider.settings.postback_delay_seconds if storm is None else storm.outcome_seconds(withdrawal_id)
    paid, paid_currency = faults.paid(amount, system.currency_code, fault)
    return Withdrawal(
        withdrawal_id=withdrawal_id,
        payment_system=system.wallet_type,
        label=label,
        amount=amount,
        currency_code=system.currency_code,
        paid=paid,
        paid_currency=paid_currency,
        account_number=complaints.text("account_number", is_required=False),
        account_name=complaints.text("account_name", is_required=False),
        account_email=complaints.text("account_email", is_required=False),
        bank_code=complaints.text("bank_details.bank_code", is_required=False) or None,
        branch_code=complaints.text("bank_details.branch_code", is_required=False) or None,
        comment=comment,
        is_test=complaints.value("is_test") is True,
        fault=fault,
        created_at=now,
        status=None,
        steps=steps_of(fault),
        settle_at=now + faults.outcome_delay(fault, ordinary),
    )
