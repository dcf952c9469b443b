"""The work queues: what waits for a person, where it is found, and what the person has to answer.

One definition for each. Their pages, their figures (`how_much_waits`) and ``manage.py waiting`` all go by it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Q, QuerySet
from django.urls import reverse

import payments.verbs
import payments.waiting
import withdrawals.verbs
import withdrawals.waiting
from balances import instruction_rights
from balances.verbs import Verb
from balances.waiting import Waiting
from gateway.backoffice.queues.rows import letters, screenshots, shown_letters, shown_screenshots
from payments.confirming import CONFIRM_FOR_CUSTOMER
from withdrawals import approvals
from withdrawals.models import Withdrawal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of one model that wait.

    Attributes:
        rows: all of both modes, in the order in which they were made.
        mode: by which their mode is looked up; likewise the others; "" where they have none.
        looked_after: which of them are still looked after by themselves, so that nobody has to do anything yet.
    """

    rows: Callable[[], "QuerySet[Any]"]
    mode: str
    since: str
    amount: str = "amount"
    currency: str = "currency"
    looked_after: Callable[[], Q] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Rows):
    """Those that wait in a queue, by ascending key.

    Attributes:
        shown: each of some of them with what a person has to know; in their order.
        system: by which their payment system is looked up; likewise the product.
        verbs: what two persons may do with one.
        told: what of it those verbs are told, by the names of their fields.
    """

    shown: Callable[["QuerySet[Any]"], list[tuple[Any, Waiting]]]
    system: str = "payment_system"
    product: str = ""
    verbs: Callable[[Any], tuple[Verb, ...]] = lambda _: ()
    told: Callable[[Any], dict[str, str]] = lambda _: {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits for the same answer.

    Attributes:
        name: in its address.
        title: above its page.
        holds: what is in it, in a sentence.
        question: what a person has to answer.
        takes_looking: permissions, any of which lets people see it.
        sources: where its rows come from.
    """

    name: str
    title: str
    holds: str
    question: str
    takes_looking: tuple[str, ...]
    sources: tuple[Source, ...]

    @property
    def address(self) -> str:
        """Of its page."""
        return reverse("work:queue", args=[self.name])

    def may_look(self, person: AbstractUser | AnonymousUser) -> bool:
        """Whether this person sees it."""
        return any(person.has_perm(one) for one in self.takes_looking)

    def filters(self) -> tuple[str, ...]:
        """By what its rows may be narrowed down."""
        return tuple(one for one in FILTERS if all(getattr(source, one) for source in self.sources))


#: Columns by which rows are narrowed down, as `Source` names them and pages ask for them.
FILTERS: Final = ("product", "system", "currency")


def _told_of_payout(withdrawal: Withdrawal) -> dict[str, str]:
    return {"withdrawal": withdrawal.public_id}


def _payouts(
    rows: Callable[[], "QuerySet[Any]"],
    *,
    since: str = "updated_at",
    looked_after: Callable[[], Q] | None = None,
    has_verbs: bool = True,
) -> tuple[Source]:
    return (
        Source(
            rows=rows,
            shown=withdrawals.waiting.shown,
            mode="mode",
            since=since,
            product="product",
            looked_after=looked_after,
            verbs=withdrawals.verbs.open_to if has_verbs else lambda _: (),
            told=_told_of_payout,
        ),
    )


def _receipts(rows: Callable[[], "QuerySet[Any]"], *, product: str = "") -> Source:
    return Source(
        rows=rows,
        shown=payments.waiting.shown_receipts,
        mode="account__mode",
        since="received_at",
        system="wallet_type",
        product=product,
        verbs=payments.verbs.open_to,
        told=payments.verbs.told_of,
    )


_DECIDES: Final = instruction_rights.TAKES_LOOKING
_SEES_PAYOUTS: Final = ("withdrawals.view_withdrawal", *_DECIDES, *approvals.TAKES_LOOKING)

QUEUES: Final = (
    Queue(
        name="approvals",
        title="Approvals",
        holds="Withdrawals that another person has to say yes to before they are sent.",
        question="May this money leave, to this recipient?",
        takes_looking=_SEES_PAYOUTS,
        sources=_payouts(withdrawals.waiting.to_approve, has_verbs=False),
    ),
    Queue(
        name="review",
        title="Manual review",
        holds="Payouts of which nobody knows what became of them, or that take too long, or ended in a contradiction.",
        question="Was it paid? What the provider says now, its statement or the bank's tells.",
        takes_looking=_SEES_PAYOUTS,
        sources=_payouts(withdrawals.waiting.in_doubt, looked_after=withdrawals.waiting.looked_after),
    ),
    Queue(
        name="funds",
        title="Waiting for funds",
        holds="Payouts that the provider has too little money for. They are tried again by themselves, in order.",
        question="Is the provider's account topped up, or is this payout called off?",
        takes_looking=_SEES_PAYOUTS,
        sources=_payouts(withdrawals.waiting.without_funds, since="created_at"),
    ),
    Queue(
        name="suspense",
        title="Suspense",
        holds="Money that came in and is nobody's yet, or that the provider now says otherwise about.",
        question="Whose money is it?",
        takes_looking=("payments.view_receipt", *_DECIDES),
        sources=(_receipts(payments.waiting.unknown_money),),
    ),
    Queue(
        name="differences",
        title="Amount differences",
        holds="Deposits in review: less arrived than was asked for, or something else than was expected.",
        question="Is what arrived accepted as it is? To wait for the rest, leave it: what comes is added up by itself.",
        takes_looking=("payments.view_deposit", CONFIRM_FOR_CUSTOMER, *_DECIDES),
        sources=(
            _receipts(payments.waiting.differing_money, product="deposit__product"),
            Source(
                rows=payments.waiting.deposits,
                shown=payments.waiting.shown_deposits,
                mode="mode",
                since="updated_at",
                product="product",
            ),
        ),
    ),
    Queue(
        name="unconfirmed",
        title="Unconfirmed letters",
        holds="Letters with a right signature whose news the provider, asked, does not confirm or contradicts, or that"
        " cannot be read.",
        question="Is it true? Nothing is credited or ended on the word of a letter alone.",
        takes_looking=("postbacks.view_letteritem",),
        sources=(
            Source(
                rows=letters,
                shown=shown_letters,
                mode="account__mode",
                since="created_at",
                system="wallet_type",
            ),
        ),
    ),
    Queue(
        name="screenshots",
        title="Suspicious screenshots",
        holds="Customers' pictures of payments that look like another customer's, or name the same reference.",
        question="Is the picture this customer's own?",
        takes_looking=("payments.view_screenshot",),
        sources=(
            Source(
                rows=screenshots,
                shown=shown_screenshots,
                mode="confirmation__deposit__mode",
                since="created_at",
                amount="confirmation__deposit__amount",
                currency="confirmation__deposit__currency",
                system="confirmation__deposit__payment_system",
                product="confirmation__deposit__product",
            ),
        ),
    ),
)


def named(name: str) -> Queue | None:
    """The queue of this name."""
    return next((one for one in QUEUES if one.name == name), None)
