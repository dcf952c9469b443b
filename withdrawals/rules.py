"""Which rules a new withdrawal goes by: one statement, for each order asks."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Q

from withdrawals.blocklist import IS_BLOCKED
from withdrawals.models import DUPLICATE_WINDOW_MINUTES, OnExcess, Withdrawal, WithdrawalLimit

#: Of each limit the version that counts, unless it ended the limit. There are dozens of rows.
_RULES: Final = f"""
    SELECT
        {IS_BLOCKED},
        coalesce((
            SELECT minutes FROM withdrawals_duplicatewindow
            WHERE product_id = %(product)s AND mode = %(mode)s ORDER BY version DESC LIMIT 1
        ), %(default)s),
        ARRAY(
            SELECT id FROM (
                SELECT DISTINCT ON (product_id, per, payment_system_id, period, on_excess)
                    id, maximum_amount, maximum_count
                FROM withdrawals_withdrawallimit
                WHERE mode = %(mode)s AND currency = %(currency)s
                    AND (product_id IS NULL OR product_id = %(product)s)
                    AND (payment_system_id IS NULL OR payment_system_id = %(system)s)
                ORDER BY product_id, per, payment_system_id, period, on_excess, version DESC
            ) AS latest
            WHERE maximum_amount IS NOT NULL OR maximum_count IS NOT NULL
        )
"""  # noqa: S608 - our own columns, no input
#: What versions of a limit have in common; by keys, for a name would be looked up in another table.
_SAME_LIMIT: Final = ("mode", "currency", "product_id", "per", "payment_system_id", "period", "on_excess")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a withdrawal has to keep to.

    Attributes:
        is_blocked: nothing is paid to its recipient.
        duplicate_minutes: how long the same order looks like a mistake; 0: never.
        limits: all that apply, those that refuse first.
    """

    is_blocked: bool
    duplicate_minutes: int
    limits: list[WithdrawalLimit]


def of(withdrawal: Withdrawal, hashes: list[str]) -> Rules:
    """The rules for a withdrawal whose recipient's accounts have these hashes."""
    with connection.cursor() as cursor:
        cursor.execute(
            _RULES,
            {
                "hashes": hashes,
                "product": withdrawal.product_id,
                "mode": withdrawal.mode,
                "currency": withdrawal.currency,
                "system": withdrawal.payment_system_id,
                "default": DUPLICATE_WINDOW_MINUTES,
            },
        )
        is_blocked, minutes, limit_ids = cursor.fetchone()
    return Rules(is_blocked=is_blocked, duplicate_minutes=minutes, limits=_limits(limit_ids))


def _limits(limit_ids: list[uuid.UUID]) -> list[WithdrawalLimit]:
    if not limit_ids:
        return []
    # "refuse" sorts behind "hold": whatever cannot be made needs no approval.
    return list(WithdrawalLimit.objects.filter(pk__in=limit_ids).select_related("product").order_by("-on_excess", "id"))


def holding_limits(withdrawals: Collection[Withdrawal]) -> dict[uuid.UUID, list[WithdrawalLimit]]:
    """By the ids of some withdrawals, the limits that apply to each and hold up what goes beyond them: one query."""
    rows = WithdrawalLimit.objects.filter(
        Q(product=None) | Q(product__in={one.product_id for one in withdrawals}),
        mode__in={one.mode for one in withdrawals},
        currency__in={one.currency for one in withdrawals},
        on_excess=OnExcess.HOLD,
    )
    newest = rows.order_by(*_SAME_LIMIT, "-version").distinct(*_SAME_LIMIT).select_related("product")
    limits = sorted(
        (one for one in newest if one.maximum_amount is not None or one.maximum_count is not None),
        key=lambda one: one.pk,
    )
    return {one.pk: [limit for limit in limits if _applies(limit, one)] for one in withdrawals}


def _applies(limit: WithdrawalLimit, withdrawal: Withdrawal) -> bool:
    return (
        (limit.mode, limit.currency) == (withdrawal.mode, withdrawal.currency)
        and limit.product_id in {None, withdrawal.product_id}
        and limit.payment_system_id in {None, withdrawal.payment_system_id}
    )
