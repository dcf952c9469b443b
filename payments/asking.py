"""Asking the provider what became of deposits (C§1.12), in batches, for as long as money may still come."""

import uuid
from typing import Final

import structlog
from django.db import DataError, transaction

from gateway import due_work, ids
from gateway.after_commit import ring
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Outcome
from gateway.paykassma.messages import UNKNOWN_MESSAGE, Postback, PostbackItem, PullState, parse_pull
from gateway.providers import calls
from gateway.providers.models import ProviderAccount, not_paused
from gateway.providers.pace import take_place
from payments.models import Confirmation, Deposit
from payments.receipts import mark_unreadable, missing_from, record_receipt
from payments.savings import ask_savings
from payments.states import DepositStatus

log = structlog.get_logger(__name__)

#: Quick while the customer waits, hourly for a day, daily until late money is no longer taken (30 days). Savings are
#: released whenever enough has come, so what is among them is asked about daily for ever.
ASK_DELAYS_SECONDS: Final = (15, 30, 60, 120, 300, 600) + (3600,) * 23 + (86400,) * 29
#: Deposits claimed together.
BATCH: Final = 25
#: Most ids in one call: the provider names no limit; a query of 40 ids stays near 2 KB, which every server takes.
_IDS_PER_CALL: Final = 40
#: Ids of one deposit that are asked about: its own and those of its latest confirmations.
_IDS_PER_DEPOSIT: Final = 20


def ask_deposits(account_id: uuid.UUID) -> None:
    """Ask about every deposit of the account that is due, a batch at a time."""
    account = ProviderAccount.objects.filter(not_paused(""), pk=account_id).first()
    if account is None:
        return
    due = Deposit.objects.filter(account=account).exclude(status=DepositStatus.CREATED)
    held_back: set[str] = set()
    for claimed in due_work.batches(due, limit=BATCH, lease_seconds=calls.LEASE_SECONDS):
        ids_of = {deposit.pk: provider_ids(deposit) for deposit in claimed}
        asked = [one for those in ids_of.values() for one in those]
        is_heard = True
        for start in range(0, len(asked), _IDS_PER_CALL):
            if not take_place(account):
                held_back = set(asked[start:])
                break
            if not ask(account, asked[start : start + _IDS_PER_CALL], has_place=True):
                log.warning("pull_failed", account=str(account.pk), deposits=len(claimed))
                is_heard = False
                break  # a provider that is down is down for the other ids, too
        for deposit in claimed:
            if held_back.isdisjoint(ids_of[deposit.pk]):
                _schedule(deposit, give_up=not ids_of[deposit.pk])
            else:
                due_work.put_back(deposit)
        # Last, and with nothing claimed any more: savings credit nothing, so nothing that matters waits for them.
        if held_back:
            return
        if is_heard:
            ask_savings(account, claimed)


def provider_ids(deposit: Deposit) -> list[str]:
    """Every ``custom_transaction_id`` under which the provider may know this deposit."""
    sent = Confirmation.objects.filter(deposit=deposit, sent_at__isnull=False).order_by("-id")[:_IDS_PER_DEPOSIT]
    own = [deposit.public_id] if deposit.payment_created_at is not None else []
    return own + [confirmation.public_id for confirmation in sent]


def ask(account: ProviderAccount, custom_ids: list[str], *, because: str = "", has_place: bool = False) -> bool:
    """Pull the given ids and record every receipt that the provider names; False where it gave no usable answer."""
    answer = calls.call(
        account,
        "pullpostbacks",
        lambda client: client.pull(kind="deposit", ids=custom_ids),
        subject=custom_ids[0],
        also_about=custom_ids[1:],
        request={"type": "deposit", "ids": custom_ids},
        has_place=has_place,
    )
    if answer.outcome is not Outcome.ACCEPTED:
        return False
    cause = Cause(kind=CauseKind.PULL, id=because)
    for custom_id, entry in parse_pull("deposit", answer.payload).items():
        if custom_id not in custom_ids:
            continue  # an answer to a question that nobody asked
        if entry.state is PullState.FOUND and entry.postback is not None:
            record_postback(account, entry.postback, asked_for=custom_id, cause=cause)
        elif entry.state is PullState.UNUSABLE and entry.reason != UNKNOWN_MESSAGE:
            mark_unreadable(account, custom_id, f"a postback that cannot be read: {entry.reason}", cause)
    return True


def record_postback(account: ProviderAccount, postback: Postback, *, asked_for: str, cause: Cause) -> None:
    """Record the usable deposit items of what the provider answered, each by its own key."""
    fields = ", ".join(postback.disagreements())
    doubt = f"the answer contradicts itself: {fields}" if fields else missing_from(account, asked_for, postback.items)
    for item in postback.items:
        if isinstance(item, PostbackItem) and not item.is_withdrawal:
            _record(account, item, asked_for, doubt, cause)
        else:
            what = (
                "an item that is a withdrawal"
                if isinstance(item, PostbackItem)
                else f"an item that cannot be read: {item.reason}"
            )
            mark_unreadable(account, asked_for, what, cause)


def _record(account: ProviderAccount, item: PostbackItem, asked_for: str, doubt: str, cause: Cause) -> None:
    try:
        record_receipt(account, item, asked_for=asked_for, doubt=doubt, cause=cause)
    except DataError:
        # Nothing of it was written, and it would fail again at each pull, with every order behind it. It is money all
        # the same: doubtful, it waits in suspense, which keeps no balance, until a person has found out why.
        log.exception("balance_has_no_room", account=str(account.pk), asked_for=asked_for)
        record_receipt(account, item, asked_for=asked_for, doubt="a balance has no room for it", cause=cause)


@transaction.atomic(durable=True)
def _schedule(claimed: Deposit, *, give_up: bool) -> None:
    deposit: Deposit = due_work.lock(Deposit.objects.all(), claimed.pk)
    if not deposit.holds(claimed.token):
        return  # a new confirmation made it due meanwhile
    repeat_last = deposit.status == DepositStatus.ACCUMULATING
    again = due_work.after(ASK_DELAYS_SECONDS, deposit.attempts, repeat_last=repeat_last)
    deposit.next_at = None if give_up else again
    deposit.token = None
    deposit.save(update_fields=["next_at", "token"])


def hint(account: ProviderAccount, custom_id: str) -> None:
    """Somebody says that there is news of an order: ask soon, believe nothing."""
    mine = Deposit.objects.filter(account=account).exclude(status=DepositStatus.CREATED)
    if (confirmation := ids.decode(ids.CONFIRMATION, custom_id)) is not None:
        rows = mine.filter(confirmations=confirmation)
    elif (deposit := ids.decode(ids.DEPOSIT, custom_id)) is not None:
        rows = mine.filter(pk=deposit)
    else:
        return  # nobody's, or not an order of ours: what is forged mostly ends here
    if due_work.hint(Deposit.objects.filter(pk__in=rows.values("pk"))):
        ring("payments.tasks.ask_deposits", str(account.pk))
