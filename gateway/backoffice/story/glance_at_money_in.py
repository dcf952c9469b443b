"""The head of a deposit's page, of a receipt's, and of a customer's savings."""

from datetime import datetime
from typing import Final

from django.http import HttpRequest

from gateway import ids
from gateway.backoffice.story.glance import (
    NOTHING,
    Fact,
    Glance,
    at_utc,
    next_step,
    of_account,
    times,
    whose,
)
from gateway.causes import page
from gateway.in_words import in_words, sentence
from gateway.money import shown_amount
from gateway.status_tones import tone_of
from gateway.who_sees import may_see
from payments.models import CheckoutSession, Deposit, Receipt, Savings
from payments.states import DepositStatus

D = DepositStatus


def of_deposit(deposit: Deposit, request: HttpRequest) -> Glance:
    """A deposit's head."""
    arrived = "-" if deposit.received_amount is None else shown_amount(deposit.received_amount, deposit.currency)
    check = deposit.get_amount_check_display()
    return Glance(
        what="Deposit",
        public_id=deposit.public_id,
        amount=shown_amount(deposit.amount, deposit.currency),
        mode=deposit.mode,
        status=in_words(deposit.status),
        tone=tone_of(deposit.status),
        sentence=sentence(deposit.get_status_display(), deposit.failure_code and deposit.get_failure_code_display()),
        waits_for=_DEPOSITS[D(deposit.status)],
        since=deposit.updated_at,
        next_step=next_step(deposit.next_at, deposit.deadline_at),
        facts=[
            Fact(label="Arrived", text=f"{arrived} ({check})" if check else arrived),
            *whose(deposit, request),
            *_session(deposit, request),
            *times(deposit),
            *([Fact(label="Late", text="the money came after it had ended")] if deposit.late else []),
        ],
    )


def _session(deposit: Deposit, request: HttpRequest) -> list[Fact]:
    """Of a deposit that was begun on our pages: whose attempt it is."""
    if deposit.checkout_session_id is None:
        return []
    public_id = ids.encode(ids.CHECKOUT_SESSION, deposit.checkout_session_id)
    address = page(CheckoutSession, deposit.checkout_session_id) if may_see(request, CheckoutSession) else ""
    return [
        Fact(label="Checkout session", text=public_id, address=address, is_id=True),
        Fact(label="Attempt", text=str(deposit.checkout_attempt)),
    ]


_DEPOSITS: Final = {
    D.CREATED: "The provider, which has to open it.",
    D.AWAITING_PAYMENT: "The customer, who pays and says so.",
    D.VERIFYING: "The provider's word that the money arrived.",
    D.ACCUMULATING: "More money of the customer: it is below the system's minimum.",
    D.IN_REVIEW: "A person: something about its money is not as it should be.",
    D.CREDITED: NOTHING,
    D.FAILED: NOTHING,
    D.EXPIRED: NOTHING,
    D.CANCELLED: NOTHING,
    D.REVERSED: NOTHING,
}


def of_receipt(receipt: Receipt, request: HttpRequest, why: str, since: datetime) -> Glance:
    """The head of an item of provider money."""
    deposit = receipt.deposit
    order = (
        []
        if deposit is None
        else [
            Fact(
                label="Deposit",
                text=deposit.public_id,
                address=page(Deposit, deposit.pk) if may_see(request, Deposit) else "",
                is_id=True,
            )
        ]
    )
    return Glance(
        what="Receipt",
        public_id=receipt.public_id,
        amount=shown_amount(receipt.amount, receipt.currency),
        mode=receipt.account.mode,
        status=in_words(receipt.status),
        tone="bad" if receipt.contradiction else tone_of(receipt.status),
        sentence=sentence(receipt.get_status_display()),
        waits_for="A decision of two persons." if why else NOTHING,
        since=since,
        next_step="One person asks for it below, and another one decides." if why else "",
        facts=[
            *order,
            Fact(label="Transaction id", text=receipt.transaction_id or "-", is_id=bool(receipt.transaction_id)),
            Fact(label="Named order", text=receipt.custom_id or "none", is_id=bool(receipt.custom_id)),
            Fact(label="Product", text="nobody's yet" if receipt.product is None else str(receipt.product)),
            Fact(label="Customer's label", text=receipt.label or "-"),
            Fact(label="Payment system", text=receipt.wallet_type),
            of_account(receipt.account, request),
            Fact(label="Provider's time", text=_provider_time(receipt)),
            Fact(label="Read", text=at_utc(receipt.received_at)),
        ],
    )


def _provider_time(receipt: Receipt) -> str:
    if receipt.provider_at is None:
        return receipt.provider_time or "-"
    return f"{receipt.provider_time} ({at_utc(receipt.provider_at)})"


def of_savings(savings: Savings, request: HttpRequest) -> Glance:
    """The head of what a customer saved up."""
    is_short = savings.missing > 0
    missing = shown_amount(savings.missing, savings.currency)
    return Glance(
        what="Savings",
        public_id=savings.public_id,
        amount=shown_amount(savings.saved, savings.currency),
        mode=savings.customer.mode,
        status="reported" if savings.is_reported else "not reported",
        tone="bad" if is_short else "plain" if savings.is_reported else "warn",
        sentence="What the provider last said that this customer has saved up; nobody may spend it.",
        waits_for=f"{shown_amount(savings.lacking, savings.currency)} more, until it is released.",
        since=savings.observed_at,
        next_step=f"{missing} are missing: ask the provider." if is_short else "",
        facts=[
            Fact(label="Minimum", text=shown_amount(savings.minimum, savings.currency)),
            Fact(label="Product", text=str(savings.customer.product)),
            Fact(label="Customer", text=savings.customer.external_id),
            Fact(label="Payment system", text=str(savings.payment_system)),
            of_account(savings.account, request),
        ],
    )
