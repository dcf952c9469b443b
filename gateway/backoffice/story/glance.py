"""What an order is, in one glance: how it stands, what it waits for, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timeuntil

from gateway import ids
from gateway.backoffice.story.entries import ago
from gateway.backoffice.story.moves import tone_of
from gateway.causes import Named, page
from gateway.money import format_amount
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.who_sees import may_see
from payments.models import Deposit, Receipt, Savings
from payments.states import DepositStatus
from withdrawals.batch_states import ENDED, BatchStatus
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch
from withdrawals.states import FINAL, WithdrawalStatus

D = DepositStatus
W = WithdrawalStatus
NOTHING: Final = "Nothing: it has come to its end."


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing to know: a label, its text, and where it leads. ``is_id``: it is copied rather than read."""

    label: str
    text: str
    address: str = ""
    is_id: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The head of an order's page.

    Attributes:
        what: "Deposit".
        public_id: its TypeID.
        amount: with the decimals of its currency, and its code; "" where it has none.
        mode: live or test.
        status: as a word.
        tone: how that is to be taken.
        sentence: what the status means.
        waits_for: a sentence.
        since: since when it has been so.
        next_step: a sentence, "" where nothing follows by itself.
        facts: what else there is to know.
    """

    what: str
    public_id: str
    amount: str
    mode: str
    status: str
    tone: str
    sentence: str
    waits_for: str
    since: datetime
    next_step: str
    facts: Sequence[Fact]

    @property
    def age(self) -> str:
        """How long it has been so."""
        return ago(self.since)


def of_deposit(deposit: Deposit, request: HttpRequest) -> Glance:
    """A deposit's head."""
    arrived = "-" if deposit.received_amount is None else _sum(deposit.received_amount, deposit.currency)
    check = deposit.get_amount_check_display()
    return Glance(
        what="Deposit",
        public_id=deposit.public_id,
        amount=_sum(deposit.amount, deposit.currency),
        mode=deposit.mode,
        status=_words(deposit.status),
        tone=tone_of(deposit.status),
        sentence=_sentence(deposit.get_status_display(), deposit.failure_code and deposit.get_failure_code_display()),
        waits_for=_DEPOSITS[D(deposit.status)],
        since=deposit.updated_at,
        next_step=_next(deposit.next_at, deposit.deadline_at),
        facts=[
            Fact(label="Arrived", text=f"{arrived} ({check})" if check else arrived),
            *_whose(deposit, request),
            *_times(deposit),
            *([Fact(label="Late", text="the money came after it had ended")] if deposit.late else []),
        ],
    )


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
        amount=_sum(receipt.amount, receipt.currency),
        mode=receipt.account.mode,
        status=_words(receipt.status),
        tone="bad" if receipt.contradiction else tone_of(receipt.status),
        sentence=_sentence(receipt.get_status_display()),
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
            _of_account(receipt.account, request),
            Fact(label="Provider's time", text=_provider_time(receipt)),
            Fact(label="Read", text=_at(receipt.received_at)),
        ],
    )


def _provider_time(receipt: Receipt) -> str:
    if receipt.provider_at is None:
        return receipt.provider_time or "-"
    return f"{receipt.provider_time} ({_at(receipt.provider_at)})"


def of_withdrawal(withdrawal: Withdrawal, request: HttpRequest) -> Glance:
    """A payout's head."""
    row = BatchRow.objects.filter(withdrawal=withdrawal.pk).select_related("batch").defer("recipient").first()
    others = []
    if row is not None:
        text = f"row {row.number} of {row.batch.public_id}"
        seen = may_see(request, WithdrawalBatch)
        others.append(Fact(label="Batch", text=text, address=page(WithdrawalBatch, row.batch_id) if seen else ""))
    if withdrawal.refund_of is not None:
        seen = may_see(request, Deposit)
        others.append(
            Fact(
                label="Refund of",
                text=ids.encode(ids.DEPOSIT, withdrawal.refund_of),
                address=page(Deposit, withdrawal.refund_of) if seen else "",
                is_id=True,
            )
        )
    failure = withdrawal.failure_code and withdrawal.get_failure_code_display()
    return Glance(
        what="Withdrawal",
        public_id=withdrawal.public_id,
        amount=_sum(withdrawal.amount, withdrawal.currency),
        mode=withdrawal.mode,
        status=_words(withdrawal.status),
        tone=tone_of(withdrawal.status),
        sentence=_sentence(withdrawal.get_status_display(), failure),
        waits_for=NOTHING if withdrawal.status in FINAL else _WITHDRAWALS[W(withdrawal.status)],
        since=withdrawal.updated_at,
        next_step="" if withdrawal.status in FINAL else _withdrawal_next(withdrawal),
        facts=[*_whose(withdrawal, request), *others, *_times(withdrawal)],
    )


_WITHDRAWALS: Final = {
    W.PENDING_APPROVAL: "Another person, who has to say yes.",
    W.QUEUED: "A worker, which sends it.",
    W.SENDING: "The provider's answer to the sending.",
    W.ACCEPTED: "The provider, which has it and has not yet paid.",
    W.WAITING_FUNDS: "Money at the provider: its account has too little.",
    W.UNKNOWN: "The provider's word whether it has it at all.",
    W.MANUAL_REVIEW: "A person, who has to find out.",
}


def _withdrawal_next(withdrawal: Withdrawal) -> str:
    if withdrawal.status == W.PENDING_APPROVAL:
        return "" if withdrawal.next_at is None else f"Called off {_when(withdrawal.next_at)}, if nobody decides."
    return _next(withdrawal.next_at, None)


def of_batch(batch: WithdrawalBatch, request: HttpRequest, asked_by: Named) -> Glance:
    """A batch's head.

    Args:
        batch: the batch.
        request: of whoever looks.
        asked_by: who sent it.
    """
    rows = f"{reverse('admin:withdrawals_batchrow_changelist')}?q={batch.public_id}"
    return Glance(
        what="Withdrawal batch",
        public_id=batch.public_id,
        amount=f"{batch.row_count:,} {'row' if batch.row_count == 1 else 'rows'}",
        mode=batch.mode,
        status=_words(batch.status),
        tone=tone_of(batch.status),
        sentence=_sentence(batch.get_status_display()),
        waits_for=NOTHING if batch.status in ENDED else _batch_waits(batch),
        since=batch.updated_at,
        next_step="" if batch.status in ENDED else _next(batch.next_at, None),
        facts=[
            Fact(label="Product", text=str(batch.product)),
            Fact(label="Product's reference", text=batch.reference, is_id=True),
            Fact(label="Came as", text=str(batch.get_source_display())),
            Fact(label="Asked for by", text=asked_by.text, address=asked_by.address),
            Fact(
                label="Its rows and withdrawals",
                text="see all of them",
                address=rows if may_see(request, BatchRow) else "",
            ),
            *_times(batch),
        ],
    )


def _batch_waits(batch: WithdrawalBatch) -> str:
    if batch.status == BatchStatus.CHECKED:
        return "A person, who confirms it or calls it off."
    return "Workers, which make its withdrawals."


def of_savings(savings: Savings, request: HttpRequest) -> Glance:
    """The head of what a customer saved up."""
    is_short = savings.missing > 0
    return Glance(
        what="Savings",
        public_id=savings.public_id,
        amount=_sum(savings.saved, savings.currency),
        mode=savings.customer.mode,
        status="reported" if savings.is_reported else "not reported",
        tone="bad" if is_short else "plain" if savings.is_reported else "warn",
        sentence="What the provider last said that this customer has saved up; nobody may spend it.",
        waits_for=f"{_sum(savings.lacking, savings.currency)} more, until it is released.",
        since=savings.observed_at,
        next_step=f"{_sum(savings.missing, savings.currency)} are missing: ask the provider." if is_short else "",
        facts=[
            Fact(label="Minimum", text=_sum(savings.minimum, savings.currency)),
            Fact(label="Product", text=str(savings.customer.product)),
            Fact(label="Customer", text=savings.customer.external_id),
            Fact(label="Payment system", text=savings.payment_system_id),
            _of_account(savings.account, request),
        ],
    )


def _whose(order: Any, request: HttpRequest) -> list[Fact]:
    system = page(PaymentSystem, order.payment_system_id) if may_see(request, PaymentSystem) else ""
    return [
        Fact(label="Product", text=str(order.product), address=_page_if_seen(order.product, request)),
        Fact(label="Product's reference", text=order.reference, is_id=True),
        Fact(label="Customer", text=order.customer.external_id, address=_page_if_seen(order.customer, request)),
        Fact(label="Customer at the provider", text=order.customer.label, is_id=True),
        Fact(label="Payment system", text=order.payment_system_id, address=system),
        _of_account(order.account, request),
    ]


def _of_account(account: ProviderAccount, request: HttpRequest) -> Fact:
    return Fact(label="Provider account", text=str(account), address=_page_if_seen(account, request))


def _page_if_seen(row: Model, request: HttpRequest) -> str:
    return page(type(row), row.pk) if admin.site.is_registered(type(row)) and may_see(request, type(row)) else ""


def _times(order: Any) -> list[Fact]:
    return [Fact(label="Created", text=_at(order.created_at)), Fact(label="Last change", text=_at(order.updated_at))]


def _sum(amount: Any, currency: str) -> str:
    return f"{format_amount(amount, currency)} {currency}"


def _words(status: str) -> str:
    return status.replace("_", " ")


def _sentence(*parts: object) -> str:
    text = "; ".join(str(one) for one in parts if one)
    return f"{text[:1].upper()}{text[1:]}."


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _when(at: datetime) -> str:
    left = at - timezone.now()
    if left < timedelta(minutes=1):
        return "within a minute" if left > timedelta() else "now"
    return f"at {_at(at)} (in {timeuntil(at)})"


def _next(due: datetime | None, ends: datetime | None) -> str:
    parts = []
    if due is not None:
        parts.append(f"Looked at again {_when(due)}.")
    if ends is not None:
        parts.append(f"Ends by itself {_when(ends)}.")
    return " ".join(parts)
