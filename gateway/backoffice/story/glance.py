"""What an order is, in one glance: how it stands, what it waits for, and what comes next.

The shape of it, and what is said of every kind of order; `glance_at_money_in` and `glance_at_money_out` make them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timeuntil

from gateway.backoffice.story.entries import ago
from gateway.causes import page
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.who_sees import may_see

NOTHING: Final = "Nothing: it has come to its end."


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing to know: a label, its text, and where it leads. ``is_id``: it is copied rather than read."""

    label: str
    text: str
    address: str = ""
    is_id: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The head of an order's page.

    Attributes:
        what: "Deposit".
        public_id: its TypeID.
        amount: with the decimals of its currency, and its code; "" where it has none.
        mode: live or test.
        status: as a word.
        tone: how that is to be taken.
        sentence: what the status means.
        waits_for: a sentence.
        since: since when it has been so.
        next_step: a sentence, "" where nothing follows by itself.
        facts: what else there is to know.
    """

    what: str
    public_id: str
    amount: str
    mode: str
    status: str
    tone: str
    sentence: str
    waits_for: str
    since: datetime
    next_step: str
    facts: Sequence[Fact]

    @property
    def age(self) -> str:
        """How long it has been so."""
        return ago(self.since)


def whose(order: Any, request: HttpRequest) -> list[Fact]:
    """Whose an order is, and where it goes."""
    system = page(PaymentSystem, order.payment_system_id) if may_see(request, PaymentSystem) else ""
    return [
        Fact(label="Product", text=str(order.product), address=_page_if_seen(order.product, request)),
        Fact(label="Product's reference", text=order.reference, is_id=True),
        Fact(label="Customer", text=order.customer.external_id, address=_page_if_seen(order.customer, request)),
        Fact(label="Customer at the provider", text=order.customer.label, is_id=True),
        Fact(label="Payment system", text=str(order.payment_system), address=system),
        of_account(order.account, request),
    ]


def of_account(account: ProviderAccount, request: HttpRequest) -> Fact:
    """Through which account of ours at the provider."""
    return Fact(label="Provider account", text=str(account), address=_page_if_seen(account, request))


def _page_if_seen(row: Model, request: HttpRequest) -> str:
    return page(type(row), row.pk) if admin.site.is_registered(type(row)) and may_see(request, type(row)) else ""


def times(order: Any) -> list[Fact]:
    """When it was made and when it last moved."""
    return [
        Fact(label="Created", text=at_utc(order.created_at)),
        Fact(label="Last change", text=at_utc(order.updated_at)),
    ]


def at_utc(at: datetime) -> str:
    """A time to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def when(at: datetime) -> str:
    """A time to come, and how long it is until then."""
    left = at - timezone.now()
    if left < timedelta(minutes=1):
        return "within a minute" if left > timedelta() else "now"
    return f"at {at_utc(at)} (in {timeuntil(at)})"


def next_step(due: datetime | None, ends: datetime | None) -> str:
    """What follows by itself: when it is due, and when it ends."""
    parts = []
    if due is not None:
        parts.append(f"Looked at again {when(due)}.")
    if ends is not None:
        parts.append(f"Ends by itself {when(ends)}.")
    return " ".join(parts)
