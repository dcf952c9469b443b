"""A letter's items are settled: the provider is asked over our own channel, and only its answer moves money."""

import uuid
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from gateway import due_work, ids
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Outcome
from gateway.paykassma.messages import Postback, parse_read_postback
from gateway.providers import calls
from gateway.providers.models import ProviderAccount, not_paused
from gateway.providers.pace import take_place
from payments import asking as deposits
from payments.models import Confirmation, Deposit, Receipt
from postbacks.models import LetterItem
from postbacks.states import CONFIRM_DELAYS_SECONDS, ITEM, ItemStatus
from withdrawals import asking as withdrawals
from withdrawals.models import Withdrawal
from withdrawals.states import FINAL, WithdrawalStatus

log = structlog.get_logger(__name__)

#: Items settled together: one pull for the deposits and one for the withdrawals among them.
_BATCH: Final = 25
_OPEN: Final = (ItemStatus.RECEIVED, ItemStatus.UNCONFIRMED)
#: C§2.1; any other number is not final and says nothing that a person would have to compare.
_ENDINGS: Final = {1: WithdrawalStatus.PAID, 5: WithdrawalStatus.REJECTED}


def settle_letters(account_id: uuid.UUID) -> None:
    """Ask about every due item of the account's letters, a batch at a time."""
    account = ProviderAccount.objects.filter(not_paused(""), pk=account_id).first()
    if account is None:
        return
    due = LetterItem.objects.filter(account=account, status__in=_OPEN)
    held_back: list[LetterItem] = []
    while not held_back and (claimed := due_work.claim(due, limit=_BATCH, lease_seconds=calls.LEASE_SECONDS)):
        held_back = _ask_about(account, claimed)
        for item in claimed:
            if item in held_back:
                due_work.put_back(item)
            else:
                _settle(item)


def _ask_about(account: ProviderAccount, items: list[LetterItem]) -> list[LetterItem]:
    """Ask about the items; gives those that the account's pace or pause left unasked."""
    because = str(items[0].letter_id)
    held_back: list[LetterItem] = []
    ours = [item for item in items if not item.is_withdrawal and _deposit_of(item) is not None]
    if custom_ids := sorted({item.order_id for item in ours}):
        if take_place(account):
            deposits.ask(account, custom_ids, because=because, has_place=True)
        else:
            held_back += ours
    payouts = [item for item in items if item.is_withdrawal and _withdrawal_of(item) is not None]
    if withdrawal_ids := sorted({item.order_id for item in payouts}):
        if take_place(account):
            withdrawals.ask(account, withdrawal_ids, because=because, has_place=True)
        else:
            held_back += payouts
    for item in items:
        if not item.is_withdrawal and item not in ours and item.transaction_id:
            if take_place(account):
                _ask_by_transaction(account, item)
            else:
                held_back.append(item)
    return held_back


def _ask_by_transaction(account: ProviderAccount, item: LetterItem) -> None:
    """Money that names no order of ours (C§1.10): where the provider has it, it is a receipt, if in suspense."""
    answer = calls.call(
        account,
        "postback",
        lambda client: client.postback(kind="deposit", transaction_id=item.transaction_id),
        subject=item.transaction_id[:40],
        request={"type": "deposit", "transaction_id": item.transaction_id},
        has_place=True,
    )
    if answer.outcome is not Outcome.ACCEPTED:
        return
    postback = parse_read_postback(answer.payload)
    if isinstance(postback, Postback):
        cause = Cause(kind=CauseKind.PULL, id=str(item.letter_id))
        deposits.record_postback(account, postback, asked_for="", cause=cause)


@transaction.atomic(durable=True)
def _settle(claimed: LetterItem) -> None:
    item: LetterItem = due_work.lock(LetterItem.objects.all(), claimed.pk)
    if not item.holds(claimed.token):
        return
    status, note = _verdict(item)
    if status != item.status:
        ITEM.check(item.status, status)
    item.status, item.note, item.token = status, note[:200], None
    if status == ItemStatus.UNCONFIRMED:
        item.next_at = due_work.after(CONFIRM_DELAYS_SECONDS, item.attempts, repeat_last=False)
    else:
        item.next_at, item.settled_at = None, timezone.now()
    if status == ItemStatus.CONTRADICTED:
        log.error("letter_contradicted", letter=str(item.letter_id), note=note)
    item.save(update_fields=["status", "note", "token", "next_at", "settled_at"])


def _verdict(item: LetterItem) -> tuple[ItemStatus, str]:
    return _payout_verdict(item) if item.is_withdrawal else _deposit_verdict(item)


def _deposit_verdict(item: LetterItem) -> tuple[ItemStatus, str]:
    if foreign := _foreign(item):
        return ItemStatus.CONTRADICTED, foreign
    key = (
        {"wallet_type": item.wallet_type, "transaction_id": item.transaction_id}
        if item.transaction_id
        else {"transaction_id": "", "custom_id": item.order_id}
    )
    receipt = Receipt.objects.filter(account=item.account_id, **key).first()
    if receipt is None:
        return ItemStatus.UNCONFIRMED, "the provider, asked, does not have it"
    if (receipt.amount, receipt.currency) != (item.amount, item.currency):
        return ItemStatus.CONTRADICTED, f"the provider, asked, says {receipt.amount} {receipt.currency}"
    if receipt.custom_id and item.order_id and receipt.custom_id != item.order_id:
        return ItemStatus.CONTRADICTED, "the provider, asked, names another order for it"
    return ItemStatus.CONFIRMED, ""


def _payout_verdict(item: LetterItem) -> tuple[ItemStatus, str]:
    withdrawal = _withdrawal_of(item)
    if withdrawal is None:
        return ItemStatus.CONTRADICTED, _foreign(item) or "there is no such withdrawal"
    if (item.amount, item.currency) != (withdrawal.amount, withdrawal.currency):
        return ItemStatus.CONTRADICTED, f"the withdrawal is of {withdrawal.amount} {withdrawal.currency}"
    ending = _ENDINGS.get(item.withdrawal_status or 0)
    if ending is None:
        return ItemStatus.CONFIRMED, "not final"
    if withdrawal.status == ending:
        return ItemStatus.CONFIRMED, ""
    if withdrawal.status in FINAL or withdrawal.status == WithdrawalStatus.MANUAL_REVIEW:
        return ItemStatus.CONTRADICTED, f"the withdrawal is {withdrawal.status}"
    return ItemStatus.UNCONFIRMED, f"the provider, asked, left it {withdrawal.status}"


def _deposit_of(item: LetterItem) -> uuid.UUID | None:
    return _owner(item, item.account_id)


def _owner(item: LetterItem, account_id: uuid.UUID | None) -> uuid.UUID | None:
    """The deposit that the item names, of this account or (None) of any."""
    if (found := ids.decode(ids.CONFIRMATION, item.order_id)) is not None:
        confirmations = Confirmation.objects.filter(pk=found)
        if account_id is not None:
            confirmations = confirmations.filter(deposit__account=account_id)
        return confirmations.values_list("deposit", flat=True).first()
    if (found := ids.decode(ids.DEPOSIT, item.order_id)) is not None:
        rows = Deposit.objects.filter(pk=found)
        if account_id is not None:
            rows = rows.filter(account=account_id)
        return rows.values_list("pk", flat=True).first()
    return None


def _withdrawal_of(item: LetterItem) -> Withdrawal | None:
    found = ids.decode(ids.WITHDRAWAL, item.order_id)
    return None if found is None else Withdrawal.objects.filter(pk=found, account=item.account_id).first()


def _foreign(item: LetterItem) -> str:
    """An order of another account (so perhaps of the other mode) must never be settled by this account's letters."""
    if item.is_withdrawal:
        found = ids.decode(ids.WITHDRAWAL, item.order_id)
        is_ours = found is not None and Withdrawal.objects.filter(pk=found).exists()
        return "the withdrawal belongs to another account" if is_ours and _withdrawal_of(item) is None else ""
    is_ours = _owner(item, None) is not None
    return "the deposit belongs to another account" if is_ours and _deposit_of(item) is None else ""
