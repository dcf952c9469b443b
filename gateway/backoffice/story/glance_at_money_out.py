"""The head of a withdrawal's page, and of a batch's."""

from typing import Final

from django.http import HttpRequest
from django.urls import reverse

from gateway import ids
from gateway.backoffice.story.glance import (
    NOTHING,
    Fact,
    Glance,
    next_step,
    times,
    when,
    whose,
)
from gateway.causes import Named, page
from gateway.in_words import in_words, sentence
from gateway.money import shown_amount
from gateway.status_tones import tone_of
from gateway.who_sees import may_see
from payments.models import Deposit
from withdrawals.batch_states import ENDED, BatchStatus
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch
from withdrawals.states import FINAL, WithdrawalStatus

W = WithdrawalStatus


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
        amount=shown_amount(withdrawal.amount, withdrawal.currency),
        mode=withdrawal.mode,
        status=in_words(withdrawal.status),
        tone=tone_of(withdrawal.status),
        sentence=sentence(withdrawal.get_status_display(), failure),
        waits_for=NOTHING if withdrawal.status in FINAL else _WITHDRAWALS[W(withdrawal.status)],
        since=withdrawal.updated_at,
        next_step="" if withdrawal.status in FINAL else _withdrawal_next(withdrawal),
        facts=[*whose(withdrawal, request), *others, *times(withdrawal)],
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
        return "" if withdrawal.next_at is None else f"Called off {when(withdrawal.next_at)}, if nobody decides."
    return next_step(withdrawal.next_at, None)


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
        status=in_words(batch.status),
        tone=tone_of(batch.status),
        sentence=sentence(batch.get_status_display()),
        waits_for=NOTHING if batch.status in ENDED else _batch_waits(batch),
        since=batch.updated_at,
        next_step="" if batch.status in ENDED else next_step(batch.next_at, None),
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
            *times(batch),
        ],
    )


def _batch_waits(batch: WithdrawalBatch) -> str:
    if batch.status == BatchStatus.CHECKED:
        return "A person, who confirms it or calls it off."
    return "Workers, which make its withdrawals."
