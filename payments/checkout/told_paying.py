"""What is said until the customer has paid: the choice, the wait for details, how to pay."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from gateway.providers.models import Flow
from gateway.status_tones import Tone
from payments.checkout.standing import Attempt, Standing
from payments.checkout.telling import (
    Told,
    Way,
    also_refused,
    another,
    do_not_pay_again,
    entered,
    keep_the_link,
    may_arrive,
    may_confirm,
    sentence,
    shown_sum,
)
from payments.checkout.told_ended import not_paid_in_time, stopped
from payments.failures import FailureCode
from payments.models import Deposit
from payments.shapes import next_action

#: An order is opened in a second or two; somebody who looks at the page for so long is told why.
LONG_OPENING: Final = timedelta(seconds=20)


def choose() -> Told:
    """Nothing was chosen yet."""
    return Told(code="choose", title=_("Choose a way to pay"), ways=frozenset({Way.CHOOSE}))


def opening(deposit: Deposit, standing: Standing, merchant: str, now: datetime) -> Told:
    """The provider is asked for details, a page, or a request to the telephone."""
    if standing.is_stopped:
        return stopped(merchant, paid=deposit.payment_created_at is not None, ways=frozenset())
    system = {"system": deposit.payment_system.name}
    if deposit.in_widget or deposit.flow == Flow.ACTIVATION:
        title = _("Getting the payment details")
    elif deposit.flow == Flow.PUSH:
        title = _("Sending the request to your phone")
    else:
        title = _("Connecting to %(system)s") % system
    # From then on a request may lie on the customer's phone.
    is_asked = deposit.payment_created_at is not None
    is_long = now - deposit.created_at > LONG_OPENING
    sentences = (_("This takes longer than usual."),) if is_long else (_("This takes a few seconds."),)
    return Told(
        code="opening_long" if is_long else "opening",
        title=title,
        sentences=sentences,
        then=(_("This page goes on by itself."),),
        ways=frozenset() if is_asked else another(standing),
        polls=True,
    )


def awaiting(attempt: Attempt, standing: Standing, merchant: str, now: datetime) -> Told:
    """The customer knows how to pay, and nobody has said that it is paid."""
    deposit = attempt.deposit
    confirmable = may_confirm(attempt, now)
    is_over = deposit.deadline_at is not None and deposit.deadline_at <= now
    if is_over or standing.is_expired or standing.is_cancelled:
        return not_paid_in_time(confirmable=confirmable, polls=True)
    if (refused := attempt.refused_confirmation) is not None:
        return Told(
            code="reference_refused",
            title=_("Please check the reference"),
            sentences=(entered(refused), sentence(FailureCode.REFERENCE_REFUSED)),
            tone=Tone.WARN,
            ways=frozenset({Way.CONFIRM} if standing.is_stopped else {Way.CONFIRM, Way.PAY}),
            polls=True,
        )
    if standing.is_stopped:
        return stopped(merchant, paid=True, ways=frozenset({Way.CONFIRM}) if confirmable else frozenset())
    said = _paying(deposit, another(standing), confirmable=confirmable)
    return _with_refused_before(said, attempt, standing)


def _with_refused_before(said: Told, attempt: Attempt, standing: Standing) -> Told:
    """The same where the reference of an earlier attempt was refused: its payment may be there for all that."""
    refused = [one for one in standing.attempts if one is not attempt and one.refused_confirmation is not None]
    if not refused:
        return said
    return replace(
        said,
        sentences=(*also_refused(refused[-1]), *said.sentences),
        must=(may_arrive(refused[-1].deposit),),
        tone=Tone.WARN,
    )


def asking_after_return(attempt: Attempt, standing: Standing) -> Told:
    """The customer is back from the provider's page; nobody knows yet whether they paid, so nothing invites them to."""
    return Told(
        code="returned",
        title=_("We are checking your payment"),
        sentences=(
            _("We are asking %(system)s what happened to your payment.")
            % {"system": attempt.deposit.payment_system.name},
        ),
        must=(do_not_pay_again(),),
        then=(keep_the_link(),),
        ways=another(standing) | {Way.PAY_LINK},
        polls=True,
    )


def _paying(deposit: Deposit, change: frozenset[Way], *, confirmable: bool) -> Told:
    action = next_action(deposit)
    names = {"system": deposit.payment_system.name, "amount": shown_sum(deposit.amount, deposit.currency)}
    by_itself = _("This page finds your payment by itself.")
    match action["type"]:
        case "show_details":
            return Told(
                code="pay_by_hand",
                title=_("Pay with %(system)s") % names,
                ways=change | {Way.PAY, Way.CONFIRM} if confirmable else change | {Way.PAY},
                polls=True,
            )
        case "redirect":
            return Told(
                code="pay_there",
                title=_("Pay with %(system)s") % names,
                sentences=(_("You pay on a page of %(system)s. Come back here afterwards.") % names,),
                then=(by_itself,),
                ways=change | {Way.PAY},
                polls=True,
            )
        case "widget":
            return Told(
                code="pay_in_window",
                title=_("Pay with %(system)s") % names,
                sentences=(_("Pay in the window below."),),
                then=(by_itself,),
                ways=change | {Way.PAY},
                polls=True,
            )
        case _ if deposit.flow == Flow.PUSH:
            said = action.get("message")
            return Told(
                code="pay_on_phone",
                title=_("Look at your phone"),
                sentences=(
                    _("Open the request from %(system)s and approve %(amount)s there.") % names,
                    *((_('%(system)s says: "%(message)s"') % (names | {"message": said}),) if said else ()),
                ),
                then=(by_itself,),
                ways=change,
                polls=True,
            )
        case _:
            return Told(
                code="details_not_shown",
                title=_("The payment details cannot be shown right now"),
                sentences=(_("Please open this page again in a few minutes."),),
                then=(_("If you have already paid, enter the reference: your money is not lost."),) * confirmable,
                tone=Tone.WARN,
                ways=frozenset({Way.CONFIRM_LINK}) if confirmable else frozenset(),
                polls=True,
            )
