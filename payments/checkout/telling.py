"""What all sentences of the payment pages are made of: `Told`, what a page may offer, and phrases that recur."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from gateway.providers.models import Flow
from gateway.status_tones import Tone
from payments import failures
from payments.checkout import locales
from payments.checkout.standing import Attempt, NextAttempt, Standing
from payments.confirming import LATE_CONFIRMATION_DAYS
from payments.models import Confirmation, Deposit
from payments.states import CONFIRMABLE, LATE

#: What ends a sentence, in the four languages.
_STOPS: Final = (".", "\u0964", "\u06d4")


class Way(StrEnum):
    """What a page lets the customer do."""

    CHOOSE = "choose"  # a way to pay, from the list: the only one that begins a payment at once
    PAY = "pay"  # what is needed for it stands on the page
    PAY_LINK = "pay_link"  # the provider's page once more, behind a quiet link
    CONFIRM = "confirm"  # by a reference, in a form on the page
    CONFIRM_LINK = "confirm_link"  # the same form, behind a quiet link
    CHANGE = "change"  # the way to pay, behind a page that says what that means


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one page says.

    Attributes:
        code: which of the states it is; a class name of the page, and what tests ask for.
        title: what has happened, in one line.
        sentences: what we know.
        must: what not to do; shown so that nobody overlooks it.
        then: what happens next.
        tone: how it is to be taken.
        ways: what the customer may do now.
        polls: whether news may come while the page is open.
    """

    code: str
    title: str
    sentences: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN
    ways: frozenset[Way] = field(default_factory=frozenset)
    polls: bool = False


def may_confirm(attempt: Attempt, now: datetime) -> bool:
    """True where a reference is taken for the attempt: it is paid by hand, somebody saw how, and it is not too old."""
    deposit = attempt.deposit
    if deposit.flow != Flow.ACTIVATION or deposit.in_widget or deposit.shown_at is None:
        return False
    if deposit.status in LATE and deposit.updated_at < now - timedelta(days=LATE_CONFIRMATION_DAYS):
        return False
    return deposit.status in CONFIRMABLE


def sentence(code: str, *, title: str = "") -> str:
    """The customer's sentence of a failure (`payments.failures`).

    Args:
        code: of the failure.
        title: what stands above it. Where the sentence begins with the same words, they are not said twice.
    """
    shown = failures.shown(code)
    said = "" if shown is None else _(shown["customer_message"])
    begun = tuple(f"{title}{stop} " for stop in _STOPS)
    return said[len(begun[0]) :] if title and said.startswith(begun) else said


def another(standing: Standing) -> frozenset[Way]:
    """Another way, behind its warning, where one may be chosen in place of this."""
    return frozenset({Way.CHANGE}) if standing.next_attempt is NextAttempt.INSTEAD else frozenset()


def by_link(attempt: Attempt, now: datetime) -> frozenset[Way]:
    """The form of the reference behind a link, where one is taken."""
    return frozenset({Way.CONFIRM_LINK}) if may_confirm(attempt, now) else frozenset()


def also_refused(attempt: Attempt) -> tuple[str, ...]:
    """What was refused, where the customer has named another reference before."""
    refused = attempt.refused_confirmation
    if refused is None:
        return ()
    return (_("The reference %(reference)s was not accepted.") % {"reference": refused.provider_reference},)


def entered(confirmation: Confirmation) -> str:
    """Which reference is meant."""
    return _("You entered the reference %(reference)s.") % {"reference": confirmation.provider_reference}


def shown_sum(amount: Decimal, currency: str) -> str:
    """An amount as the reader of the page writes it."""
    return locales.amount(amount, currency, get_language() or "en")


def may_arrive(deposit: Deposit) -> str:
    """Before another payment: the one of this deposit may be on its way."""
    said = _(
        "If you have already paid with %(system)s, that payment may still arrive. Please do not pay a second time."
    )
    return said % {"system": deposit.payment_system.name}


def do_not_pay_again() -> str:
    """The sentence that matters most while nothing is known."""
    return _("Please do not pay again.")


def keep_the_link() -> str:
    """Nobody has to wait in front of the page."""
    return _("You may close this page and come back by its link.")
