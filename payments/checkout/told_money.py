"""What is said once a customer says to have paid: it is looked for, saved up, looked at by a person, or there."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from gateway.providers.models import Flow
from gateway.status_tones import Tone
from payments.checkout import locales
from payments.checkout.standing import Attempt, Standing
from payments.checkout.telling import (
    Told,
    also_refused,
    by_link,
    do_not_pay_again,
    entered,
    keep_the_link,
    sentence,
    shown_sum,
)
from payments.models import Deposit
from payments.states import AmountCheck, DepositStatus

#: Nearly every payment is found by then (`payments.asking.ASK_DELAYS_SECONDS`: the sixth question); later the page says
#: that it takes longer, so that nobody begins to doubt it.
LONG_CHECK: Final = timedelta(minutes=15)


def checking(attempt: Attempt, now: datetime) -> Told:
    """A reference was named, or the answer to a payment was lost."""
    deposit = attempt.deposit
    confirmation = attempt.open_confirmation
    if confirmation is None:
        return _asking_what_became(deposit)
    sentences = [entered(confirmation)]
    is_long = now - confirmation.created_at > LONG_CHECK
    if is_long:
        days = deposit.payment_system.confirm_days
        sentences.append(
            ngettext(
                "This takes longer than usual. Your payment is not lost: we keep checking for %(days)s day.",
                "This takes longer than usual. Your payment is not lost: we keep checking for %(days)s days.",
                days,
            )
            % {"days": locales.number(days, get_language() or "en", deposit.currency)}
        )
    else:
        sentences.append(_("Most payments are found within a few minutes."))
    return Told(
        code="checking_long" if is_long else "checking",
        title=_("We are checking your payment"),
        sentences=(*sentences, *also_refused(attempt)),
        must=(do_not_pay_again(),),
        then=(keep_the_link(),),
        ways=by_link(attempt, now),
        polls=True,
    )


def _asking_what_became(deposit: Deposit) -> Told:
    """A payment was begun by the provider, or it was not: its answer was lost, and we ask."""
    system = {"system": deposit.payment_system.name}
    if deposit.flow == Flow.PUSH:
        known = _("We do not know yet whether the request from %(system)s reached your phone.") % system
        must = _("If it did, approve it there. Please do not pay in another way meanwhile.")
    else:
        known = _("We are asking %(system)s what happened to your payment.") % system
        must = do_not_pay_again()
    return Told(
        code="asking",
        title=_("We are checking your payment"),
        sentences=(known,),
        must=(must,),
        then=(keep_the_link(),),
        polls=True,
    )


def saved_up(deposit: Deposit) -> Told:
    """The provider adds it to the customer's savings."""
    system = {"system": deposit.payment_system.name}
    savings = deposit.savings if deposit.savings_id is not None else None
    if savings is not None and savings.is_reported:
        figures = {
            "saved": shown_sum(savings.saved, savings.currency),
            "minimum": shown_sum(savings.minimum, savings.currency),
            "lacking": shown_sum(savings.lacking, savings.currency),
        }
        sentences: tuple[str, ...] = (
            _("%(saved)s of %(minimum)s saved; %(lacking)s to go.") % figures,
            _("%(system)s adds up smaller payments and credits them together once they reach %(minimum)s.")
            % (system | figures),
        )
    else:
        sentences = (_("%(system)s adds up smaller payments and credits them together.") % system,)
    return Told(
        code="saved_up",
        title=_("Your payment is being saved up"),
        sentences=sentences,
        then=(_("Nothing is lost. This page shows when it is credited."), keep_the_link()),
        polls=True,
    )


def in_review(attempt: Attempt, standing: Standing, now: datetime) -> Told:
    """A person looks at it, for one of these reasons."""
    deposit = attempt.deposit
    amounts = {
        "amount": shown_sum(deposit.amount, deposit.currency),
        "received": shown_sum(deposit.received_amount or Decimal(0), deposit.currency),
    }
    title = _("A person is checking your payment")
    must: tuple[str, ...] = (do_not_pay_again(),)
    then: tuple[str, ...] = (_("A person decides what happens with it. Nothing is lost."),)
    if deposit.failure_code:
        code, sentences = "review_unusable", [sentence(deposit.failure_code)]
        must, then = (), ()  # the sentence says it
    elif deposit.amount_check == AmountCheck.UNDER:
        code, title = "review_less", _("Less money arrived than was asked for")
        sentences = [_("%(received)s of %(amount)s arrived.") % amounts]
        must = (_("Please do not send the rest unless support asks you to."),)
    elif deposit.amount_check == AmountCheck.OTHER_CURRENCY:
        code, title = "review_currency", _("Money in another currency arrived")
        sentences = [_("%(amount)s was asked for, but money in another currency arrived.") % amounts]
    else:
        code, sentences = "review", [_("Something about it has to be looked at first.")]
    if _is_late(attempt, standing):
        sentences.append(_("It arrived after the time to pay was over."))
    return Told(
        code=code,
        title=title,
        sentences=(*sentences, *also_refused(attempt)),
        must=must,
        then=(*then, keep_the_link()),
        tone=Tone.WARN,
        ways=by_link(attempt, now),
        polls=True,
    )


def _is_late(attempt: Attempt, standing: Standing) -> bool:
    """Whether it came after the time to pay. What the customer called off for another way has ended before that."""
    # So has what was called off as money of another one came.
    is_only = all(one is attempt or one.deposit.status != DepositStatus.CREDITED for one in standing.attempts)
    return attempt.deposit.late and attempt is standing.attempts[-1] and is_only


def credited(attempt: Attempt, standing: Standing, merchant: str) -> Told:
    """The money is there, in the amount that was asked for or in another; of one attempt, or of several."""
    deposit = attempt.deposit
    words = {
        "amount": shown_sum(deposit.amount, deposit.currency),
        "received": shown_sum(deposit.received_amount or Decimal(0), deposit.currency),
        "merchant": merchant,
    }
    match deposit.amount_check:
        case AmountCheck.OVER:
            code = "credited_over"
            sentences = [_("%(received)s arrived; %(amount)s was asked for. %(merchant)s knows both.") % words]
        case AmountCheck.UNDER:
            code = "credited_under"
            sentences = [_("%(received)s of %(amount)s arrived and is credited. %(merchant)s knows both.") % words]
        case AmountCheck.OTHER_CURRENCY:
            code = "credited_other_currency"
            sentences = [
                _("It arrived in another currency and is credited in that one. %(merchant)s knows the amount.") % words
            ]
        case _:
            code, sentences = "credited", [_("%(amount)s arrived. Thank you.") % words]
    if _is_late(attempt, standing):
        sentences.append(_("It arrived after the time to pay was over, and is credited all the same."))
    others = [one.deposit for one in standing.attempts if one is not attempt and one.deposit.status == deposit.status]
    for other in others:
        received = shown_sum(other.received_amount or Decimal(0), other.currency)
        sentences.append(_("Another payment for this order arrived, too: %(received)s") % {"received": received})
    return Told(
        code=code,
        title=_("Payment received"),
        sentences=tuple(sentences),
        must=(_("Please ask %(merchant)s about the second payment.") % words,) if others else (),
        tone=Tone.GOOD,
    )
