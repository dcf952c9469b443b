"""Letters and pictures that wait for a person, since when, and why: oldest first."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from balances.waiting import Waiting
from gateway.backoffice import readable
from gateway.backoffice.models import ENDINGS, About, Handled
from payments.models import Screenshot, Suspicion
from postbacks.models import LetterItem
from postbacks.states import ItemStatus

#: The provider's book lags behind its letters for seconds; what it does not know by then, a person looks at.
UNCONFIRMED_IS_LATE_SECONDS: Final = 900


def _is_ended(about: About, subject: str) -> Exists:
    return Exists(Handled.objects.filter(about=about, subject=OuterRef(subject), deed__in=ENDINGS))


def letters() -> "QuerySet[LetterItem]":
    """Items that the provider, asked, does not confirm, or contradicts, or that cannot be read; oldest first.

    Without those that somebody set aside.
    """
    late = timezone.now() - timedelta(seconds=UNCONFIRMED_IS_LATE_SECONDS)
    # Written so that the index `letter_items_for_a_person` serves it.
    waits = Q(status__in=[ItemStatus.UNCONFIRMED, ItemStatus.CONTRADICTED, ItemStatus.UNUSABLE])
    in_time = Q(status=ItemStatus.UNCONFIRMED, created_at__gt=late)
    rows = LetterItem.objects.filter(waits, ~in_time, ~_is_ended(About.LETTER_ITEM, "pk"))
    return rows.order_by("id")


def shown_letters(rows: "QuerySet[LetterItem]") -> list[tuple[LetterItem, Waiting]]:
    """Each with what a person has to know of it, in their order. One query."""
    known = rows.select_related("account").only(
        *("letter_id", "order_id", "transaction_id", "wallet_type", "amount", "currency", "status", "note"),
        *("created_at", "next_at", "attempts", "is_withdrawal", "account__name", "account__mode"),
    )
    return [
        (
            one,
            Waiting(
                pk=one.pk,
                public_id=str(one.pk),
                since=one.created_at,
                amount=one.amount,
                currency=one.currency,
                payment_system=one.wallet_type,
                account=one.account.name,
                mode=one.account.mode,
                order=one.order_id,
                why=why_letter(one),
            ),
        )
        for one in known
    ]


def why_letter(item: LetterItem) -> str:
    """Why an item of a letter waits for a person, in sentences; "" where it does not."""
    if item.status == ItemStatus.UNUSABLE:
        said = item.note or "nothing was said of why"
        return (
            f"A well-signed letter cannot be read ({said}), so the provider was asked about nothing."
            " What it speaks of, if it is money of ours, the provider's own statement tells."
        )
    what = "a payout" if item.is_withdrawal else "money that came in"
    if item.status == ItemStatus.CONTRADICTED:
        return f"A well-signed letter about {what} is contradicted: {item.note or 'nothing was said of how'}."
    if item.status != ItemStatus.UNCONFIRMED:
        return ""
    times = f"{item.attempts} time{'' if item.attempts == 1 else 's'}"
    after = f"it is asked again at {readable.moment(item.next_at)}" if item.next_at else "it is asked no more"
    note = item.note or "the provider does not know it"
    return f"A well-signed letter speaks of {what}: {note}. Asked {times}; {after}."


def screenshots() -> "QuerySet[Screenshot]":
    """Suspicious pictures of which nobody has said what to think; oldest first."""
    # Written so that the index `screenshots_for_a_person` serves it.
    rows = Screenshot.objects.filter(~Q(suspicions=[]), ~_is_ended(About.SCREENSHOT, "confirmation_id"))
    return rows.order_by("id")


def shown_screenshots(rows: "QuerySet[Screenshot]") -> list[tuple[Screenshot, Waiting]]:
    """Each with what a person has to know of it, in their order, without the pictures themselves. One query."""
    known = rows.select_related("confirmation__deposit__account").only(
        *("suspicions", "created_at", "duplicate_of_id", "confirmation__amount", "confirmation__deposit__amount"),
        *("confirmation__deposit__currency", "confirmation__deposit__mode", "confirmation__deposit__payment_system"),
        "confirmation__deposit__account__name",
    )
    return [(one, _shown_screenshot(one)) for one in known]


def _shown_screenshot(one: Any) -> Waiting:
    deposit = one.confirmation.deposit
    return Waiting(
        pk=one.pk,
        public_id=one.confirmation.public_id,
        since=one.created_at,
        amount=deposit.amount,
        currency=deposit.currency,
        payment_system=deposit.payment_system_id,
        account=deposit.account.name,
        mode=deposit.mode,
        order=deposit.public_id,
        why=why_screenshot(one),
    )


def why_screenshot(screenshot: Screenshot) -> str:
    """Why a picture wants a second look, in a sentence."""
    return f"{'; '.join(str(Suspicion(one).label) for one in screenshot.suspicions).capitalize()}."
