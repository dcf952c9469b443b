"""Accounts that nothing is paid to: one person blocks, two unblock."""

import uuid
from collections.abc import Collection
from typing import Final

import structlog
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from balances.instruction_models import REASON_MAX_LENGTH
from gateway import turns
from gateway.api.fields import is_plain
from gateway.keyed_hashes import every_hash, folded, spellings
from gateway.people import check_permission
from gateway.products.models import Product
from withdrawals.models import BlockedRecipient, Withdrawal
from withdrawals.shapes import masked

log = structlog.get_logger(__name__)

BLOCK: Final = "withdrawals.add_blockedrecipient"
#: The provider takes no longer field than that.
ACCOUNT_MAX_LENGTH: Final = 190
#: The SQL condition that one of some ``hashes`` is of an account that nothing is paid to for a ``product``.
IS_BLOCKED: Final = """EXISTS (
            SELECT 1 FROM withdrawals_blockedrecipient
            WHERE ended_at IS NULL AND account_hashes && %(hashes)s::varchar[]
                AND (product_id IS NULL OR product_id = %(product)s)
        )"""


class Unblockable(Exception):  # noqa: N818 - reads as the fact it reports
    """It cannot be done. The message is a sentence for the person."""


def hashes_of(account: str) -> list[str]:
    """The hashes of an account under every key, however it is spelt."""
    return [one for spelt in spellings(account) for one in every_hash("account", spelt)]


def check(account: str, *, product: Product | None, reason: str) -> None:
    """Look whether this can be blocked.

    Raises:
        Unblockable: it is blocked already, or something is missing.
    """
    if not folded(account) or len(account) > ACCOUNT_MAX_LENGTH:
        raise Unblockable(f"Write the account in full, in at most {ACCOUNT_MAX_LENGTH} characters.")
    if not is_plain(account.strip()):
        # It would be kept as it is, look like the account that is meant, and block nothing.
        raise Unblockable("Write visible characters only: something in it cannot be seen.")
    if not 0 < len(reason.strip()) <= REASON_MAX_LENGTH:
        raise Unblockable(f"Give a reason of 1 to {REASON_MAX_LENGTH} characters.")
    about = BlockedRecipient.objects.filter(BlockedRecipient.among(hashes_of(account)), product=product)
    if (there := about.first()) is not None:
        raise Unblockable(f"That is blocked already: {there.public_id}.")


@transaction.atomic(savepoint=False)
def block(account: str, *, product: Product | None, by: AbstractUser, reason: str) -> BlockedRecipient:
    """Pay nothing more to an account: new orders are refused, and what was not sent yet is called off.

    Args:
        account: number, e-mail, IBAN or telephone number, as an order would name it. Blanks, case, and in
            numbers hyphens, dots and leading zeros do not matter.
        product: whose orders alone; None: everybody's.
        by: who says so; it takes one person, for a block that waits is no block.
        reason: why, kept plain.

    Raises:
        PermissionDenied: the person may not.
        Unblockable: it is blocked already, or something is missing.
    """
    check_permission(by, BLOCK, lock=False)
    turns.take(f"block/{one}" for one in hashes_of(account))
    check(account, product=product, reason=reason)
    account, reason = account.strip(), reason.strip()
    made = BlockedRecipient.objects.create(
        account=account, hint=masked(account), product=product, reason=reason, created_by_id=by.pk
    )
    log.warning("recipient_blocked", id=made.public_id, by=by.pk)
    return made


@transaction.atomic(savepoint=False)
def unblock(blocked: BlockedRecipient, *, by: AbstractUser, reason: str) -> None:
    """Let a locked block end. The database wants the two persons' instruction in the same transaction."""
    blocked.ended_at, blocked.ended_by_id, blocked.ended_reason = timezone.now(), by.pk, reason
    blocked.save(update_fields=["ended_at", "ended_by", "ended_reason"])
    log.warning("recipient_unblocked", id=blocked.public_id, by=by.pk)


def is_blocked(withdrawal: Withdrawal) -> bool:
    """Whether nothing may be paid to its recipient, as things are."""
    return bool(blocked_among([withdrawal]))


def blocked_among(withdrawals: Collection[Withdrawal]) -> set[uuid.UUID]:
    """The ids of those to whose recipient nothing may be paid, as things are: `is_blocked` for many at once."""
    hashes = {one.pk: set(one.account_hashes) for one in withdrawals}
    every = sorted(set().union(*hashes.values()))
    blocks = list(
        BlockedRecipient.objects.filter(BlockedRecipient.among(every)).values_list("product", "account_hashes")
    )
    return {
        one.pk
        for one in withdrawals
        if any(product in {None, one.product_id} and hashes[one.pk] & set(of_block) for product, of_block in blocks)
    }
