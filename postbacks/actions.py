"""A letter arrives: verified, kept, committed, and only then acknowledged. ``settling.py`` understands it."""

import hashlib
import random
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from gateway import money
from gateway.after_commit import ring
from gateway.api import quotas
from gateway.paykassma.messages import PostbackItem, UnusableItem, parse_postback
from gateway.paykassma.older_postbacks import is_older, present_shape, verify_older_postback
from gateway.paykassma.php_json import JsonRefusedError, parse
from gateway.paykassma.signatures import PostbackKeys, Reason, Rejected, VerifiedLetter, verify_postback
from gateway.providers.models import ProviderAccount
from gateway.remembered import doubt
from payments.asking import hint as hint_deposit
from postbacks.keeping import NewItem, NewLetter, keep
from postbacks.models import RejectedLetter
from postbacks.states import ItemStatus
from withdrawals.asking import hint as hint_withdrawal

log = structlog.get_logger(__name__)

#: Samples kept of refused letters, and how much of each: enough to see a rotated key, too little to fill a disk.
_SAMPLE_SLOTS: Final = 50
_SAMPLE_BYTES: Final = 8 * 1024
#: Of a long row of refused letters one in so many is kept.
_SAMPLE_EVERY: Final = 10
#: Refused letters in a row that mean a rotated key rather than a stray request.
_ALERT_STREAK: Final = 5
#: Items of a refused letter that may point at an order of ours.
_HINTS: Final = 5
#: Items kept of one letter; one accumulation releases a handful (C§2.1). The rest is asked about by our own ladder.
_MAX_ITEMS: Final = 200
#: What the column of statuses holds; the provider uses 1 to 5 (C§2.1). A larger one must not keep the letter out.
_STATUS_MAX: Final = 2**31 - 1


class Received(StrEnum):
    """What became of a letter at the door."""

    KEPT = "kept"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    TOO_MANY = "too_many"


def receive(account: ProviderAccount, raw: bytes, sender: str = "") -> Received:
    """Verify and keep a letter. When this returns ``KEPT`` it is committed and may be acknowledged.

    Raises `gateway.remembered.Doubtful` where the account is a remembered one and its keys may not be today's.

    Args:
        account: whose address it came to.
        raw: the body, read once; its size was checked at the door.
        sender: the address it came from. Only refused letters are counted for it: a well-signed one is always kept,
            however many forged ones came from the same place.
    """
    verified = _verify(account, raw)
    if isinstance(verified, Rejected):
        doubt()
        limit = settings.REFUSED_LETTERS_PER_MINUTE
        if quotas.count("refused-letters", f"{account.pk}:{sender}", limit).is_exceeded:
            return Received.TOO_MANY
        _keep_sample(account, raw, verified.reason)
        # A rotated key must not silently drop real letters: an order that is named is asked about, nothing else.
        for withdrawal, order_id in _named_orders(account, raw):
            (hint_withdrawal if withdrawal else hint_deposit)(account, order_id)
        return Received.REFUSED if verified.reason == "mismatch" else Received.UNREADABLE
    postback = parse_postback(verified.body)
    disagreements = () if isinstance(postback, UnusableItem) else postback.disagreements()
    items = () if isinstance(postback, UnusableItem) else postback.items
    # A re-wrapped letter is kept as evidence and moves nothing; the orders are asked about by their own ladder.
    _keep(account, raw, verified, disagreements, () if disagreements else items)
    return Received.KEPT


def _verify(account: ProviderAccount, raw: bytes) -> VerifiedLetter | Rejected:
    keys = _keys(account)
    verified = verify_postback(raw, keys)
    # A letter of today's format is never given a second chance by an older rule: `verify_older_postback` refuses it.
    if account.accepts_older_postbacks and verified == Rejected(reason=Reason.NO_SIGNED_PART):
        return verify_older_postback(raw, keys)
    return verified


def _keys(account: ProviderAccount) -> list[PostbackKeys]:
    pairs = [(account.postback_access_key, account.postback_private_key)]
    if account.previous_postback_access_key and account.previous_postback_private_key:
        pairs.append((account.previous_postback_access_key, account.previous_postback_private_key))
    return [PostbackKeys(access_key=access, private_key=private) for access, private in pairs]


def _keep(
    account: ProviderAccount,
    raw: bytes,
    verified: VerifiedLetter,
    disagreements: tuple[str, ...],
    items: Iterable[PostbackItem | UnusableItem],
) -> None:
    now = timezone.now()
    fresh = NewLetter(
        account=account,
        body=raw,
        signed_digest=hashlib.sha256(verified.signed_text).hexdigest(),
        envelope_agrees=not disagreements,
        disagreements=", ".join(disagreements)[:200],
        variant=verified.variant,
        key_index=verified.key_index,
        received_at=now,
    )
    rows = [_row(position, item, now) for position, item in enumerate(items) if position < _MAX_ITEMS]
    if not keep(fresh, rows):
        return
    if disagreements:
        log.error("letter_contradicts_itself", letter=str(fresh.id), fields=fresh.disagreements)
    for row in rows:
        if row.status == ItemStatus.UNUSABLE:
            log.error("letter_item_unusable", letter=str(fresh.id), position=row.position)
    ring("postbacks.tasks.settle_letters", str(account.pk))


def _row(position: int, item: PostbackItem | UnusableItem, now: datetime) -> NewItem:
    if isinstance(item, UnusableItem) or (flaw := _flaw(item)):
        reason = item.reason[:200] if isinstance(item, UnusableItem) else flaw
        return NewItem(position=position, status=ItemStatus.UNUSABLE, note=reason)
    return NewItem(
        position=position,
        is_withdrawal=item.is_withdrawal,
        order_id=item.withdrawal_id if item.is_withdrawal else item.custom_id,
        transaction_id=item.transaction_id,
        wallet_type=item.wallet_type,
        withdrawal_status=item.withdrawal_status,
        amount=item.amount,
        currency=item.currency,
        next_at=now,
    )


def _flaw(item: PostbackItem) -> str:
    """What a readable item has that no money of ours can have; empty where nothing speaks against asking about it."""
    if item.amount <= 0 or not money.fits_column(item.amount):
        return "amount"
    if abs(item.withdrawal_status or 0) > _STATUS_MAX:
        return "withdrawal_status"
    if not (item.withdrawal_id if item.is_withdrawal else item.custom_id or item.transaction_id):
        return "no id"  # there is nothing to ask for
    return ""


def _keep_sample(account: ProviderAccount, raw: bytes, reason: str) -> None:
    streak = _count_up(account)
    slot = random.randrange(_SAMPLE_SLOTS)  # noqa: S311 - which sample goes is nobody's secret
    # Once there is one of everything, a flood is worth no more than one write in so many letters.
    if streak <= _SAMPLE_SLOTS or streak % _SAMPLE_EVERY == 0:
        sample = RejectedLetter(account=account, slot=slot, reason=reason, body=raw[:_SAMPLE_BYTES])
        RejectedLetter.objects.bulk_create(
            [sample],
            update_conflicts=True,
            unique_fields=["account", "slot"],
            update_fields=["reason", "body", "received_at"],
        )
    log.warning("letter_refused", account=str(account.pk), reason=reason, in_a_row=streak)
    if streak == _ALERT_STREAK:
        log.error("letters_refused_in_a_row", account=str(account.pk), in_a_row=streak)


def _count_up(account: ProviderAccount) -> int:
    """One more in a row; one statement, so that of two letters at once each gets a number of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE providers_provideraccount SET rejected_letters = rejected_letters + 1 WHERE id = %s "
            "RETURNING rejected_letters",
            [account.pk],
        )
        return int(cursor.fetchone()[0])


def _named_orders(account: ProviderAccount, raw: bytes) -> list[tuple[bool, str]]:
    try:
        body: Any = parse(raw)
    except JsonRefusedError:
        return []
    if account.accepts_older_postbacks and is_older(body):
        body = present_shape(body)
    items = body.get("additional_data") if isinstance(body, Mapping) else None
    named = []
    for item in items[:_HINTS] if isinstance(items, list) else []:
        if isinstance(item, Mapping):
            for key, is_withdrawal in (("plugin_custom_order_id", False), ("withdrawal_id", True)):
                if isinstance(item.get(key), str):
                    named.append((is_withdrawal, str(item[key])))
    return named
