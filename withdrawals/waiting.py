"""Which payouts wait for a person, since when, and why: oldest first."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from balances.waiting import Waiting, asked_for
from gateway.in_words import in_words
from withdrawals import decisions
from withdrawals.models import Withdrawal
from withdrawals.states import (
    ACCEPTED_IS_LATE_SECONDS,
    PEOPLE_DECIDE_AFTER_SECONDS,
    UNDER_WAY_AFTER_SENDING,
    HoldReason,
    WithdrawalStatus,
)


def withdrawals() -> "QuerySet[Withdrawal]":
    """Those whose outcome is in doubt, that wait for the provider's money, take too long, or ended in contradiction."""
    late = timezone.now() - timedelta(seconds=ACCEPTED_IS_LATE_SECONDS)
    # Written so that the index `withdrawals_for_a_person` serves it.
    wait = Q(status__in=sorted(UNDER_WAY_AFTER_SENDING - {WithdrawalStatus.ACCEPTED})) | ~Q(contradiction="")
    return Withdrawal.objects.filter(
        wait | Q(status=WithdrawalStatus.ACCEPTED, updated_at__lte=late),
    ).order_by("id")


def in_doubt() -> "QuerySet[Withdrawal]":
    """Of those the ones that do not merely wait for the provider's money; oldest first."""
    return withdrawals().exclude(status=WithdrawalStatus.WAITING_FUNDS)


def of_unknown_outcome() -> "QuerySet[Withdrawal]":
    """Of those the ones of which nobody knows whether they arrived; oldest first."""
    return in_doubt().filter(status=WithdrawalStatus.UNKNOWN)


def looked_after() -> Q:
    """Which of those the provider is being asked about, before people may decide."""
    decided_from = timezone.now() - timedelta(seconds=PEOPLE_DECIDE_AFTER_SECONDS)
    return Q(status=WithdrawalStatus.UNKNOWN, sent_at__gt=decided_from)


def without_funds() -> "QuerySet[Withdrawal]":
    """Of those the ones that the provider has no money for; oldest first."""
    return withdrawals().filter(status=WithdrawalStatus.WAITING_FUNDS)


def to_approve() -> "QuerySet[Withdrawal]":
    """Those that other people have to say yes to first; oldest first. The index `withdrawals_to_approve` serves it."""
    return Withdrawal.objects.filter(status=WithdrawalStatus.PENDING_APPROVAL).order_by("id")


def shown(rows: "QuerySet[Withdrawal]") -> list[tuple[Withdrawal, Waiting]]:
    """Each with what a person has to know of it, in their order. Two queries."""
    asked = asked_for("payout_", "withdrawal")
    # Without the columns that are encrypted: none of them is shown, and each would be opened.
    known = rows.select_related("account").only(
        *("amount", "currency", "mode", "payment_system_id", "status", "updated_at", "sent_at", "created_at"),
        *("contradiction", "last_answer", "last_asked_at", "send_again", "resend_allowed_by", "resends"),
        *("approvals_needed", "held_for", "account__name", "account__ids_proven_unique"),
    )
    return [
        (
            one,
            Waiting(
                pk=one.pk,
                public_id=one.public_id,
                # Each try is a move and back; it has waited since it was made.
                since=one.created_at if one.status == WithdrawalStatus.WAITING_FUNDS else one.updated_at,
                amount=one.amount,
                currency=one.currency,
                payment_system=one.payment_system_id,
                account=one.account.name,
                mode=one.mode,
                order=one.public_id,
                why=why(one) or why_to_approve(one),
                asked_for=asked.get(one.public_id, ""),
            ),
        )
        for one in known
    ]


def why_to_approve(withdrawal: Withdrawal) -> str:
    """Whose yes it takes, and what of it wants a look, in sentences; "" where it waits for nobody's."""
    if withdrawal.status != WithdrawalStatus.PENDING_APPROVAL:
        return ""
    roles = " and ".join(in_words(role) for role in withdrawal.approvals_needed)
    held = "".join(f" Held: {HoldReason(reason).label}." for reason in withdrawal.held_for)
    return f"It takes the approval of: {roles}.{held}"


def why(withdrawal: Withdrawal) -> str:
    """Why this payout waits for a person, in a sentence or two; "" where it does not."""
    status = withdrawal.status
    if status == WithdrawalStatus.WAITING_FUNDS:
        return "The provider has too little money for it; it is tried again once its account is topped up."
    if status == WithdrawalStatus.ACCEPTED:
        age = timezone.now() - withdrawal.updated_at
        if age < timedelta(seconds=ACCEPTED_IS_LATE_SECONDS):
            return ""
        return "The provider has had it for more than a day, and neither paid nor rejected it."
    if status == WithdrawalStatus.MANUAL_REVIEW:
        reason = withdrawal.contradiction or "a person has to find out"
        return f"Nobody knows whether it was paid: {reason}.{_last(withdrawal)}"
    if status == WithdrawalStatus.UNKNOWN:
        return f"Nobody knows whether it arrived; {_next(withdrawal)}.{_last(withdrawal)}"
    if not withdrawal.contradiction:
        return ""
    return f"It is {in_words(status)}, and something contradicts that: {withdrawal.contradiction}."


def _next(withdrawal: Withdrawal) -> str:
    if withdrawal.resend_allowed_by is not None:
        return "two persons decided that it is sent again, and a worker will"
    if withdrawal.send_again:
        return "it is sent again, for the provider pays an id only once"
    if decisions.people_may_decide(withdrawal):
        return "it is being asked about, and two persons may decide"
    since = f"{decisions.decided_from(withdrawal):%Y-%m-%d %H:%M} UTC"
    return f"it is being asked about, and people may decide from {since} on"


def _last(withdrawal: Withdrawal) -> str:
    if withdrawal.last_asked_at is None:
        return " The provider has not answered a question about it yet."
    return f' Asked last, the provider said "{withdrawal.last_answer}".'
