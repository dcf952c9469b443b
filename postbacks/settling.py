"""A letter's items are settled: the provider is asked over our own channel, and only its answer moves money."""

import json
import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from balances.verb_fields import Refused
from gateway import due_work, prepared_sql
from gateway.after_commit import ring
from gateway.in_words import in_words
from gateway.money import shown_amount
from gateway.providers import calls
from gateway.providers.models import ProviderAccount, not_paused
from gateway.providers.pace import take_place
from payments import asking as deposits
from payments.models import Receipt
from postbacks import strays
from postbacks.models import LetterItem
from postbacks.owners import foreign, is_own_deposit, withdrawals_of
from postbacks.states import CONFIRM_DELAYS_SECONDS, ITEM, ItemStatus
from withdrawals import asking as withdrawals
from withdrawals.models import Withdrawal
from withdrawals.states import FINAL, WithdrawalStatus

log = structlog.get_logger(__name__)

#: Items asked about together: one pull for the deposits and one for the withdrawals among them.
_BATCH: Final = 25
#: Items settled from an answer that is there already: no call is made, so only the lease bounds their number.
_SETTLED_TOGETHER: Final = 200
#: Letters about one order have it asked about no more often than this; what comes between is judged by the last
#: answer and follows its ladder, whose first step is as long. A thousand letters cannot make a question each.
QUIET_SECONDS: Final = CONFIRM_DELAYS_SECONDS[0]
_OPEN: Final = (ItemStatus.RECEIVED, ItemStatus.UNCONFIRMED)
#: C§2.1; any other number is not final and says nothing that a person would have to compare.
_ENDINGS: Final = {1: WithdrawalStatus.PAID, 5: WithdrawalStatus.REJECTED}


def settle_letters(account_id: uuid.UUID) -> None:
    """Ask about every due item of the account's letters, a batch at a time."""
    account = ProviderAccount.objects.filter(not_paused(""), pk=account_id).first()
    if account is None:
        return
    items = LetterItem.objects.filter(account=account, status__in=_OPEN)
    ordered = items.filter(is_stray=False)
    for claimed in due_work.batches(ordered, limit=_BATCH, lease_seconds=calls.LEASE_SECONDS):
        asked, held_back, quiet = _ask_about(account, claimed)
        _settle_all(_without(claimed, held_back), asked, asked_before=quiet)
        # The answer serves every other letter about the same orders: however many there are, they are one question.
        same = ordered.filter(order_id__in=asked)
        for others in due_work.batches(same, limit=_SETTLED_TOGETHER, lease_seconds=calls.LEASE_SECONDS):
            _settle_all(others, asked)
        if held_back:
            return  # the account has no place for another question just now
    for claimed in strays.claim(items.filter(is_stray=True), account):
        left = strays.ask(account, claimed)
        for item in left:
            due_work.put_back(item)
        _settle_all([item for item in claimed if item not in left], set())
        if left:
            return


@transaction.atomic(savepoint=False)
def ask_now(item_id: uuid.UUID) -> LetterItem:
    """Have the provider asked about an item now, and not at its own time, by the worker that asks about all.

    Raises:
        Refused: it was settled already, or is being asked about at this moment.
    """
    item: LetterItem = due_work.lock(LetterItem.objects.all(), item_id)
    now = timezone.now()
    if item.status not in _OPEN:
        raise Refused(f"The item is {item.status} already: {item.get_status_display()}.")
    if item.token is not None and item.next_at is not None and item.next_at > now:
        raise Refused("The provider is being asked about it at this moment.")
    item.next_at, item.token = now, None
    item.save(update_fields=["next_at", "token"])
    ring("postbacks.tasks.settle_letters", str(item.account_id))
    return item


def _without(items: list[LetterItem], held_back: set[str]) -> list[LetterItem]:
    """The items whose orders could be asked about; the others go back to their place of the line."""
    for item in items:
        if item.order_id in held_back:
            due_work.put_back(item)
    return [item for item in items if item.order_id not in held_back]


def _ask_about(account: ProviderAccount, items: list[LetterItem]) -> tuple[set[str], set[str], set[str]]:
    """Ask about the orders that the items name.

    Returns:
        Which were asked about, which the account's pace left unasked, and which were asked about a moment ago.
    """
    because = str(items[0].letter_id)
    quiet = _just_asked(account, items)
    items = [item for item in items if item.order_id not in quiet]
    asked: set[str] = set()
    held_back: set[str] = set()
    custom_ids = {
        item.order_id for item in items if not item.is_withdrawal and is_own_deposit(item.order_id, item.account_id)
    }
    ours = withdrawals_of(items)
    withdrawal_ids = {item.order_id for item in items if item.is_withdrawal and item.order_id in ours}
    for order_ids, ask in ((custom_ids, deposits.ask), (withdrawal_ids, withdrawals.ask)):
        if order_ids and take_place(account):
            ask(account, sorted(order_ids), because=because, has_place=True)
            asked |= order_ids
        else:
            held_back |= order_ids
    return asked, held_back, quiet


def _just_asked(account: ProviderAccount, items: list[LetterItem]) -> set[str]:
    """Orders that other letters had asked about a moment ago: what was answered then is judged by now."""
    lately = LetterItem.objects.filter(
        account=account,
        order_id__in={item.order_id for item in items},
        asked_at__gt=timezone.now() - timedelta(seconds=QUIET_SECONDS),
    ).exclude(pk__in=[item.pk for item in items])
    return set(lately.values_list("order_id", flat=True))


@transaction.atomic(durable=True)
def _settle_all(claimed: list[LetterItem], asked: set[str], *, asked_before: Collection[str] = ()) -> None:
    tokens = {item.pk: item.token for item in claimed}
    rows = LetterItem.objects.select_for_update(of=("self",)).filter(pk__in=tokens).order_by("pk")
    held = [item for item in rows if item.holds(tokens[item.pk])]
    payouts = withdrawals_of(held)
    for item in held:
        status, note = (
            _payout_verdict(item, payouts.get(item.order_id)) if item.is_withdrawal else _deposit_verdict(item)
        )
        if status == ItemStatus.CONTRADICTED and item.order_id in asked_before:
            # What was answered before the letter came does not contradict it: it may tell what happened since.
            status = ItemStatus.UNCONFIRMED
        _settle(item, status, note, is_asked=item.order_id in asked)
    _write(held)


_CHANGED: Final = {
    "id": "uuid",
    "status": "text",
    "note": "text",
    "next_at": "timestamptz",
    "settled_at": "timestamptz",
    "asked_at": "timestamptz",
}
#: By hand: as `bulk_update` it took longer than asking the provider.
_WRITE: Final = prepared_sql.one_line(f"""
    UPDATE postbacks_letteritem AS one SET
        {", ".join(f"{name} = item.{name}" for name in _CHANGED if name != "id")}, token = NULL
    FROM jsonb_to_recordset(%(items)s::jsonb) AS item({", ".join(f"{name} {kind}" for name, kind in _CHANGED.items())})
    WHERE one.id = item.id
    RETURNING one.id
""")  # noqa: S608 - names of our own columns


def _write(settled: list[LetterItem]) -> None:
    rows = [{name: getattr(item, name) for name in _CHANGED} for item in settled]
    if rows:
        prepared_sql.run(_WRITE, {"items": json.dumps(rows, default=str)})


def _settle(item: LetterItem, status: ItemStatus, note: str, *, is_asked: bool) -> None:
    if status != item.status:
        ITEM.check(item.status, status)
    item.status, item.note, item.token = status, note[:200], None
    if is_asked:
        item.asked_at = timezone.now()
    if status == ItemStatus.UNCONFIRMED:
        item.next_at = due_work.after(CONFIRM_DELAYS_SECONDS, item.attempts, repeat_last=False)
    else:
        item.next_at, item.settled_at = None, timezone.now()
    if status == ItemStatus.CONTRADICTED:
        log.error("letter_contradicted", letter=str(item.letter_id), note=note)


def _deposit_verdict(item: LetterItem) -> tuple[ItemStatus, str]:
    if whose := foreign(item):
        return ItemStatus.CONTRADICTED, whose
    key = (
        {"wallet_type": item.wallet_type, "transaction_id": item.transaction_id}
        if item.transaction_id
        else {"transaction_id": "", "custom_id": item.order_id}
    )
    receipt = Receipt.objects.filter(account=item.account_id, **key).first()
    if receipt is None:
        return ItemStatus.UNCONFIRMED, "the provider, asked, does not have it"
    if (receipt.amount, receipt.currency) != (item.amount, item.currency):
        return ItemStatus.CONTRADICTED, f"the provider, asked, says {shown_amount(receipt.amount, receipt.currency)}"
    if receipt.custom_id and item.order_id and receipt.custom_id != item.order_id:
        return ItemStatus.CONTRADICTED, "the provider, asked, names another order for it"
    return ItemStatus.CONFIRMED, ""


def _payout_verdict(item: LetterItem, withdrawal: Withdrawal | None) -> tuple[ItemStatus, str]:
    if withdrawal is None:
        return ItemStatus.CONTRADICTED, foreign(item) or "there is no such withdrawal"
    if (item.amount, item.currency) != (withdrawal.amount, withdrawal.currency):
        return ItemStatus.CONTRADICTED, f"the withdrawal is of {shown_amount(withdrawal.amount, withdrawal.currency)}"
    ending = _ENDINGS.get(item.withdrawal_status or 0)
    if ending is None:
        return ItemStatus.CONFIRMED, "not final"
    if withdrawal.status == ending:
        return ItemStatus.CONFIRMED, ""
    if withdrawal.status in FINAL or withdrawal.status == WithdrawalStatus.MANUAL_REVIEW:
        return ItemStatus.CONTRADICTED, f"the withdrawal is {in_words(withdrawal.status)}"
    return ItemStatus.UNCONFIRMED, f"the provider, asked, left it {in_words(withdrawal.status)}"
