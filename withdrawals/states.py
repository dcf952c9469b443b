"""How a withdrawal may move, and how often the provider is asked while it waits."""

from typing import Final

from django.db import models

from gateway.lifecycles import Lifecycle


class WithdrawalStatus(models.TextChoices):
    """Where a withdrawal is in its life."""

    PENDING_APPROVAL = "pending_approval", "another person has to say yes"
    QUEUED = "queued", "to be sent"
    SENDING = "sending", "being sent; it may have arrived"
    ACCEPTED = "accepted", "the provider has it; it is not yet paid"
    WAITING_FUNDS = "waiting_funds", "the provider has too little money; it is tried again"
    UNKNOWN = "unknown", "nobody knows whether it arrived; the provider is being asked"
    MANUAL_REVIEW = "manual_review", "a person has to find out"
    PAID = "paid", "the recipient has the money"
    REJECTED = "rejected", "the provider did not pay"
    FAILED = "failed", "it was never created at the provider"
    CANCELLED = "cancelled", "called off before it was sent"
    REVERSED = "reversed", "paid, and the money came back"


class ApproverRole(models.TextChoices):
    """Whose approval a withdrawal takes."""

    APPROVER = "approver", "anybody who may approve withdrawals"
    FINANCE_LEAD = "finance_lead", "somebody who may approve large withdrawals"


class Decision(models.TextChoices):
    """What somebody made of a withdrawal that waits."""

    APPROVE = "approve", "it may be sent, for all they know"
    REJECT = "reject", "it is never sent"


class HoldReason(models.TextChoices):
    """Why a withdrawal waits for a person, whatever its amount."""

    DUPLICATE_LIKELY = "duplicate_likely", "the same recipient was sent the same amount a short time ago"
    LIMIT_EXCEEDED = "limit_exceeded", "it goes beyond a limit that is there to be looked at"


W = WithdrawalStatus

WITHDRAWAL: Final = Lifecycle(
    name="withdrawal",
    initial=frozenset({W.PENDING_APPROVAL, W.QUEUED}),
    moves={
        # To itself: one of several approvals was given.
        W.PENDING_APPROVAL: frozenset({W.PENDING_APPROVAL, W.QUEUED, W.CANCELLED}),
        # To review where its request is not the one that was asked for: it is not sent.
        W.QUEUED: frozenset({W.SENDING, W.MANUAL_REVIEW, W.CANCELLED}),
        # Back to queued only when it is proven that no byte left us.
        W.SENDING: frozenset(
            {W.QUEUED, W.ACCEPTED, W.WAITING_FUNDS, W.UNKNOWN, W.MANUAL_REVIEW, W.PAID, W.REJECTED, W.FAILED}
        ),
        W.ACCEPTED: frozenset({W.MANUAL_REVIEW, W.PAID, W.REJECTED}),
        W.WAITING_FUNDS: frozenset({W.SENDING, W.ACCEPTED, W.UNKNOWN, W.MANUAL_REVIEW, W.PAID, W.REJECTED}),
        # By itself failed, or queued again, only on two words of the provider: it refused the order (failed) or,
        # unread, our credentials (queued), and when asked it does not know the id. By itself sent again only where the
        # provider holds ids unique. Two persons may decide otherwise (`withdrawals.decisions`).
        W.UNKNOWN: frozenset({W.QUEUED, W.SENDING, W.ACCEPTED, W.MANUAL_REVIEW, W.PAID, W.REJECTED, W.FAILED}),
        W.MANUAL_REVIEW: frozenset({W.SENDING, W.PAID, W.REJECTED, W.FAILED}),
        W.PAID: frozenset({W.REVERSED}),
        # What had ended unpaid and was paid after all: written down by people (`withdrawals.corrections`).
        W.REJECTED: frozenset({W.PAID}),
        W.FAILED: frozenset({W.PAID}),
        W.CANCELLED: frozenset({W.PAID}),
        W.REVERSED: frozenset(),
    },
)

#: Statuses in which nothing more is expected; what contradicts them calls a person and changes nothing.
FINAL: Final = frozenset({W.PAID, W.REJECTED, W.FAILED, W.CANCELLED, W.REVERSED})
#: Statuses in which it ended without a payment: nothing is held for it any more.
UNPAID: Final = frozenset({W.REJECTED, W.FAILED, W.CANCELLED})
#: Statuses in which nothing of it is out: it ended unpaid, or the provider surely does not have it.
NOT_OUT: Final = UNPAID | {W.PENDING_APPROVAL, W.QUEUED, W.WAITING_FUNDS}
#: Statuses in which a product may call it off: no byte has left.
CANCELLABLE: Final = frozenset({W.PENDING_APPROVAL, W.QUEUED})
#: Statuses that a pull may move.
ASKED_ABOUT: Final = frozenset({W.ACCEPTED, W.UNKNOWN, W.MANUAL_REVIEW})
#: Statuses of what was sent and has not come to an end: what takes long there is shown to people.
UNDER_WAY_AFTER_SENDING: Final = frozenset({W.ACCEPTED, W.WAITING_FUNDS, W.UNKNOWN, W.MANUAL_REVIEW})
#: Statuses of what was sent into the unknown; from here it may go out again, with the same bytes.
IN_DOUBT: Final = frozenset({W.UNKNOWN, W.MANUAL_REVIEW})

#: What nobody approves in so many days is called off: three working days and a weekend.
APPROVAL_DAYS: Final = 5

_HOURLY_FOR_A_DAY: Final = (3600,) * 23
_DAY: Final = 86400

#: Seconds between questions about an unknown outcome: quick, because the customer's money hangs; a week in all,
#: then a person. "Not found" may lag behind the truth by minutes, so it ends nothing by itself. The sixth question
#: comes right after the lag below (5 + 15 + 30 + 60 + 90 + 120 = 320), and may end what was refused.
UNKNOWN_DELAYS_SECONDS: Final = (5, 15, 30, 60, 90, 120, 300, 600, 1800, *_HOURLY_FOR_A_DAY, *(_DAY,) * 6)
#: A refusal in free words ends a withdrawal, and one of our credentials puts it back, only together with a "not found"
#: that comes at least this long after the sending: the provider's book may lag behind its answers by minutes, nobody
#: knows by how many, and what is believed too early is paid by them and given back by us.
NOT_FOUND_LAG_SECONDS: Final = 300
#: Seconds after each sending of which nobody knows whether it arrived, before the same bytes may go out once more by
#: themselves: where the provider holds ids unique (`ids_proven_unique`) and, asked after that time, does not know this
#: one. The lag above is not waited for: who pays an id once pays it once, whether the book knows it by then or not. Six
#: times in three hours: the first wait lets an answer overtake us, a hiccup is over by the third, an hour's outage by
#: the last, and whoever loses seven answers to one order chokes on that order. Then a person looks.
SEND_AGAIN_DELAYS_SECONDS: Final = (15, 30, 60, 300, 1800, 7200)
#: So long after the sending two persons may decide about an unknown outcome, without waiting for the week's end. By
#: then the provider was asked nine times, its book has long caught up, and most outcomes are known; a customer
#: without their money does not wait a week for the rest.
PEOPLE_DECIDE_AFTER_SECONDS: Final = 3600
#: So long a decision of two persons to send one again holds good. They decide on what the provider said that minute,
#: and a worker sends within seconds; an hour leaves room for a short pause and a provider that cannot be asked. What
#: waits longer, a pause of a night, was decided about another day's truth: they look again.
RESEND_ALLOWED_SECONDS: Final = 3600
#: An accepted one that is neither paid nor rejected for so long is shown to people: most are paid within minutes.
ACCEPTED_IS_LATE_SECONDS: Final = _DAY
#: Seconds between questions about an accepted one: its postback usually comes first; daily for ever at the end.
ACCEPTED_DELAYS_SECONDS: Final = (15, 30, 60, 120, 300, 600, *_HOURLY_FOR_A_DAY, _DAY)
#: A person is looking; the provider is still asked once a day.
REVIEW_DELAYS_SECONDS: Final = (_DAY,)
#: Seconds between probes while the provider has too little money: its account is topped up by people.
FUNDS_DELAYS_SECONDS: Final = (30, 60, 120, 300, 600)
#: Seconds before a new attempt where no byte left us: the provider is down, and hammering helps nobody.
RESEND_DELAYS_SECONDS: Final = (2, 5, 15, 30, 60, 120, 300)
