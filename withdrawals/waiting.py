"""Which payouts wait for a person, since when, and why: oldest first."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from balances.waiting import LISTED_MAX, Waiting, asked_for
from withdrawals import decisions
from withdrawals.models import Withdrawal
from withdrawals.states import ACCEPTED_IS_LATE_SECONDS, UNDER_WAY_AFTER_SENDING, WithdrawalStatus


def withdrawals() -> "QuerySet[Withdrawal]":
    """Those whose outcome is in doubt, that wait for the provider's money, take too long, or ended in contradiction."""
    late = timezone.now() - timedelta(seconds=ACCEPTED_IS_LATE_SECONDS)
    # Written so that the index `withdrawals_for_a_person` serves it.
    wait = Q(status__in=sorted(UNDER_WAY_AFTER_SENDING - {WithdrawalStatus.ACCEPTED})) | ~Q(contradiction="")
    return Withdrawal.objects.filter(
        wait | Q(status=WithdrawalStatus.ACCEPTED, updated_at__lte=late),
    ).order_by("id")


def waiting() -> list[Waiting]:
    """Every payout that waits for a person, oldest first; at most `LISTED_MAX`. Two queries."""
    asked = asked_for("payout_", "withdrawal")
    # Without the columns that are encrypted: none of them is shown, and each would be opened.
    rows = (
        withdrawals()
        .select_related("account")
        .only(
            *("amount", "currency", "mode", "payment_system_id", "status", "updated_at", "sent_at", "contradiction"),
            *("last_answer", "last_asked_at", "send_again", "resend_allowed_by", "resends"),
            *("account__name", "account__ids_proven_unique"),
        )[:LISTED_MAX]
    )
    listed = [
        Waiting(
            pk=one.pk,
            public_id=one.public_id,
            since=one.updated_at,
            amount=one.amount,
            currency=one.currency,
            payment_system=one.payment_system_id,
            account=one.account.name,
            mode=one.mode,
            order=one.public_id,
            why=why(one),
            asked_for=asked.get(one.public_id, ""),
        )
        for one in rows
    ]
    return sorted(listed, key=lambda row: (row.since, row.public_id))


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
    return f"It is {status}, and something contradicts that: {withdrawal.contradiction}."


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
