"""A cap on what leaves: looked at before the first byte does, and once reached, people look at everything.

What counts is what was sent in the last 24 hours and may have left us: all that is not known to have ended unpaid, and
not known to have never been created.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog
from django.db.models import Max, Q, QuerySet, Sum
from django.utils import timezone

from gateway import turns
from gateway.money import format_amount
from gateway.providers.models import PauseScope, PayoutPause, PayoutPauseKind, ProviderAccount
from gateway.providers.pauses import pause_payouts
from withdrawals.models import OutflowCap, Withdrawal
from withdrawals.states import NOT_OUT

log = structlog.get_logger(__name__)

WINDOW: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A cap that leaves no room for a withdrawal.

    Attributes:
        cap: which.
        sent: what counts against it already.
    """

    cap: OutflowCap
    sent: Decimal


def reached_by(withdrawal: Withdrawal) -> Reached | None:
    """The cap that sending this locked withdrawal would go beyond; None where there is none, or all leave room.

    Called in the transaction that marks it as being sent. Of one product or account with a cap, one after the other is
    marked from here on.
    """
    caps = _caps(withdrawal)
    # Looked at before the turn, two that leave room for one would both be sent.
    turns.take(f"outflow/{_scope(cap)}/{_key(cap)}/{cap.mode}/{cap.currency}" for cap in caps)
    for cap in caps:
        sent = counted(cap, but=withdrawal).aggregate(total=Sum("amount"))["total"] or Decimal(0)
        assert cap.maximum is not None
        if sent + withdrawal.amount > cap.maximum:
            return Reached(cap=cap, sent=sent)
    return None


def capped_among(account: ProviderAccount, withdrawals: Iterable[Withdrawal]) -> set[tuple[uuid.UUID, str]]:
    """Product and currency of those of an account's withdrawals for which any cap counts, whatever room it leaves."""
    pairs = {(one.product_id, one.currency) for one in withdrawals}
    whose = Q(product__in={product for product, _ in pairs}) | Q(account=account)
    rows = OutflowCap.objects.filter(whose, mode=account.mode, currency__in={currency for _, currency in pairs})
    latest = rows.order_by("product", "account", "currency", "-version").distinct("product", "account", "currency")
    found = {(cap.product_id, cap.currency) for cap in latest if cap.maximum is not None}
    return {(product, currency) for product, currency in pairs if found & {(product, currency), (None, currency)}}


def pause(reached: Reached, withdrawal: Withdrawal) -> None:
    """Stop the payouts that the cap is about, until a person resumes them. Outside of any transaction."""
    cap = reached.cap
    assert cap.maximum is not None
    sent, wanted, most = (format_amount(one, cap.currency) for one in (reached.sent, withdrawal.amount, cap.maximum))
    log.error(
        "outflow_cap_reached",
        scope=_scope(cap),
        key=_key(cap),
        mode=cap.mode,
        currency=cap.currency,
        sent=sent,
        maximum=most,
        withdrawal=withdrawal.public_id,
    )
    reason = f"Sent in 24 hours: {sent} {cap.currency}; {wanted} more would go beyond the cap of {most}."
    pause_payouts(_scope(cap), _key(cap), PayoutPauseKind.OUTFLOW_CAP, reason, mode=cap.mode)


def counted(cap: OutflowCap, *, but: Withdrawal) -> "QuerySet[Withdrawal]":
    """What counts against a cap beside one withdrawal, which may be sent a second time.

    Sent in the window, and since a person last let payouts go on that the cap had stopped.
    """
    whose = Q(product=cap.product_id) if cap.account_id is None else Q(account=cap.account_id)
    rows = Withdrawal.objects.filter(whose, mode=cap.mode, currency=cap.currency, sent_at__gt=_since(cap))
    return rows.exclude(status__in=NOT_OUT).exclude(pk=but.pk)


def _since(cap: OutflowCap) -> datetime:
    # A person has looked at what was sent until they resumed. Counted once more it would stop everything at once.
    looked_at: datetime | None = PayoutPause.objects.filter(
        scope=_scope(cap), key=_key(cap), mode=cap.mode, kind=PayoutPauseKind.OUTFLOW_CAP, ended_at__isnull=False
    ).aggregate(last=Max("ended_at"))["last"]
    begin = timezone.now() - WINDOW
    return begin if looked_at is None else max(begin, looked_at)


def _caps(withdrawal: Withdrawal) -> list[OutflowCap]:
    """The caps that count for it: of its product and of its account, in its mode and currency."""
    whose = Q(product=withdrawal.product_id) | Q(account=withdrawal.account_id)
    rows = OutflowCap.objects.filter(whose, mode=withdrawal.mode, currency=withdrawal.currency)
    latest = rows.order_by("product", "account", "-version").distinct("product", "account")
    return [cap for cap in latest if cap.maximum is not None]


def _scope(cap: OutflowCap) -> PauseScope:
    return PauseScope.PRODUCT if cap.account_id is None else PauseScope.PROVIDER_ACCOUNT


def _key(cap: OutflowCap) -> str:
    return str(cap.product_id or cap.account_id)
