"""Stopping payouts, and letting them go on: the two verbs, and what sending asks before it marks.

Sending a withdrawal and pausing it are decided by one lock. Whoever marks a withdrawal as being sent holds it together
with all others who do so; whoever pauses holds it alone. So when `pause_payouts` returns, what was marked before it is
committed, and whatever is marked later sees the pause.
"""

import uuid
from typing import Any, Final

import structlog
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from gateway import turns
from gateway.after_commit import ring
from gateway.api.fields import is_plain
from gateway.people import check_permission
from gateway.products.models import Mode, Product
from gateway.providers.models import (
    PAUSE_REASON_MAX_LENGTH,
    PauseScope,
    PaymentSystem,
    PayoutPause,
    PayoutPauseKind,
    ProviderAccount,
)

log = structlog.get_logger(__name__)

PAUSE: Final = "providers.pause_payouts"
RESUME: Final = "providers.resume_payouts"

#: The turn that whoever marks shares, and whoever pauses has alone.
_GATE: Final = ("payouts",)


class CannotPause(Exception):  # noqa: N818 - reads as the fact it reports
    """There is no such thing to pause or to resume, or no reason. The message is a sentence for the person."""


def pass_gate() -> None:
    """Hold off new pauses until the transaction ends; called before it is asked whether there is one (`may_pay_out`).

    The first lock of its transaction: it waits for whoever is about to pause, who waits for all that passed before.
    Whoever waited here with a row locked that one of those wants would have all three wait for each other.
    """
    turns.take(_GATE, shared=True)


@transaction.atomic(durable=True)
def pause_payouts(
    scope: str, key: Any, kind: str, reason: str, by: AbstractBaseUser | None = None, *, mode: str = ""
) -> PayoutPause:
    """Send nothing more of this: once this has returned, no withdrawal of it begins to be sent. Safe to repeat.

    Never called inside a transaction: whoever marks a withdrawal there would wait for itself.

    Args:
        scope: one of `PauseScope`.
        key: id of the product or the account, code of the system, or "" for everything.
        kind: one of `PayoutPauseKind`; of each there is one open pause, and the first one's reason stays.
        reason: why, in words.
        by: who decided it; None where the service did.
        mode: whose money; may be left out for an account, which has one.

    Raises:
        CannotPause: there is nothing of this name, or no reason.
        PermissionDenied: the person may not.
    """
    if by is not None:
        check_permission(by, PAUSE, lock=False)
    reason = _reason(reason, by)
    key, mode = _named(scope, str(key), mode)
    # Alone from here on: nobody is between its look at the pauses and its mark.
    turns.take(_GATE)
    found = PayoutPause.objects.filter(scope=scope, key=key, mode=mode, kind=kind, ended_at=None).first()
    if found is not None:
        return found
    made = PayoutPause.objects.create(
        scope=scope, key=key, mode=mode, kind=kind, reason=reason, by_id=None if by is None else by.pk
    )
    log.error(
        "payouts_paused", id=str(made.pk), scope=scope, key=key, mode=mode, kind=kind, reason=reason, by=made.by_id
    )
    return made


@transaction.atomic
def resume_payouts(pause_id: uuid.UUID, reason: str, by: AbstractBaseUser | None = None) -> bool:
    """End one pause; what waits goes out at once, what waits longest first, unless another pause stops it as well.

    Args:
        pause_id: which.
        reason: why, in words.
        by: who decided it; None where new credentials did.

    Returns:
        False where it had ended before.

    Raises:
        CannotPause: there is no such pause, or no reason.
        PermissionDenied: the person may not.
    """
    if by is not None:
        check_permission(by, RESUME, lock=False)
    reason = _reason(reason, by)
    pause = PayoutPause.objects.select_for_update(of=("self",)).filter(pk=pause_id).first()
    if pause is None:
        raise CannotPause("There is no such pause.")
    if pause.ended_at is not None:
        return False
    pause.ended_at, pause.ended_by_id, pause.end_reason = timezone.now(), None if by is None else by.pk, reason
    pause.save(update_fields=["ended_at", "ended_by", "end_reason"])
    if pause.kind == PayoutPauseKind.REFUSALS:
        ProviderAccount.objects.filter(pk=pause.key).update(payout_refusal_streak=0)
    log.warning(
        "payouts_resumed",
        id=str(pause.pk),
        scope=pause.scope,
        key=pause.key,
        mode=pause.mode,
        kind=pause.kind,
        reason=reason,
        by=pause.ended_by_id,
    )
    ring("withdrawals.tasks.sweep_withdrawals")
    return True


def stopped_through(account: ProviderAccount) -> "QuerySet[PayoutPause]":
    """The open pauses of one account; those of everything, of products and of systems are not its own."""
    return PayoutPause.objects.filter(
        ended_at=None, scope=PauseScope.PROVIDER_ACCOUNT, key=str(account.pk), mode=account.mode
    ).order_by("since")


def _named(scope: str, key: str, mode: str) -> tuple[str, str]:
    """Key and mode as they are kept."""
    if scope == PauseScope.PROVIDER_ACCOUNT:
        account = ProviderAccount.objects.filter(pk=_uuid(key)).only("mode").first()
        if account is None or mode not in {"", account.mode}:
            raise CannotPause("There is no such provider account.")
        return str(account.pk), account.mode
    if mode not in Mode.values:
        raise CannotPause("Say whose payouts, live or test.")
    if scope == PauseScope.EVERYTHING and key == "":
        return "", mode
    if scope == PauseScope.PRODUCT and Product.objects.filter(pk=_uuid(key)).exists():
        return str(_uuid(key)), mode
    # PostgreSQL takes no NUL, not even to look for it.
    if scope == PauseScope.PAYMENT_SYSTEM and is_plain(key) and PaymentSystem.objects.filter(pk=key).exists():
        return key, mode
    raise CannotPause("There is nothing of this name to pause.")


def _uuid(key: str) -> uuid.UUID:
    try:
        return uuid.UUID(key)
    except ValueError:
        raise CannotPause("There is nothing of this name to pause.") from None


def _reason(text: str, by: AbstractBaseUser | None) -> str:
    text = " ".join(text.split())
    if by is None:
        return text[:PAUSE_REASON_MAX_LENGTH]  # our own words, with the provider's at their end
    if not (0 < len(text) <= PAUSE_REASON_MAX_LENGTH and is_plain(text)):
        raise CannotPause(f"Give a reason of 1 to {PAUSE_REASON_MAX_LENGTH} visible characters.")
    return text
