"""What the customer is told in each state, and what the page offers then: one closed list of sentences.

Read inside of `translation.override`: the English sentences are the keys of the catalogues.

Another payment is offered in two places only: where nothing was chosen yet, and where an attempt failed in a way of
which `payments.failures` says that it is safe. As long as an outcome is unknown, nobody is asked to pay again.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from gateway.providers.models import Flow
from gateway.status_tones import Tone
from payments import failures
from payments.checkout import locales
from payments.checkout.standing import Attempt, NextAttempt, Standing
from payments.confirming import LATE_CONFIRMATION_DAYS
from payments.failures import FailureCode
from payments.models import Confirmation, Deposit
from payments.shapes import next_action
from payments.states import CONFIRMABLE, LATE, AmountCheck, DepositStatus

#: Nearly every payment is found by then (`payments.asking.ASK_DELAYS_SECONDS`: the sixth question); later the page says
#: that it takes longer, so that nobody begins to doubt it.
LONG_CHECK: Final = timedelta(minutes=15)
#: An order is opened in a second or two; somebody who looks at the page for so long is told why.
LONG_OPENING: Final = timedelta(seconds=20)


class Way(StrEnum):
    """What a page lets the customer do."""

    CHOOSE = "choose"  # a way to pay, from the list: the only one that begins a payment at once
    PAY = "pay"  # what is needed for it stands on the page
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
        then: what happens next, or what not to do.
        tone: how it is to be taken.
        ways: what the customer may do now.
        polls: whether news may come while the page is open.
    """

    code: str
    title: str
    sentences: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN
    ways: frozenset[Way] = field(default_factory=frozenset)
    polls: bool = False


def of(standing: Standing, *, merchant: str, now: datetime) -> Told:
    """What the page of a session says.

    Args:
        standing: the session with its attempts.
        merchant: the name under which its customers know the product.
        now: what time it is.
    """
    if (attempt := standing.shown) is None:
        if standing.is_cancelled:
            return _called_off(merchant, paid=False, ways=frozenset())
        return _choose() if standing.next_attempt is NextAttempt.ALLOWED else _link_expired(merchant)
    return about(attempt, standing, merchant=merchant, now=now)


def about(attempt: Attempt, standing: Standing, *, merchant: str, now: datetime) -> Told:
    """What is said of one attempt of a session, whether or not it is the latest."""
    deposit = attempt.deposit
    match DepositStatus(deposit.status):
        case DepositStatus.CREATED:
            return _opening(deposit, standing, now)
        case DepositStatus.AWAITING_PAYMENT:
            return _awaiting(attempt, standing, now)
        case DepositStatus.VERIFYING:
            return _checking(attempt, now)
        case DepositStatus.ACCUMULATING:
            return _saved_up(deposit)
        case DepositStatus.IN_REVIEW:
            return _in_review(attempt, now)
        case DepositStatus.CREDITED:
            return _credited(deposit, merchant)
        case DepositStatus.REVERSED:
            return _reversed(deposit)
        case _:
            return _ended(attempt, standing, merchant, now)


def may_confirm(attempt: Attempt, now: datetime) -> bool:
    """True where a reference is taken for the attempt: it is paid by hand, somebody saw how, and it is not too old."""
    deposit = attempt.deposit
    if deposit.flow != Flow.ACTIVATION or deposit.in_widget or deposit.shown_at is None:
        return False
    if deposit.status in LATE and deposit.updated_at < now - timedelta(days=LATE_CONFIRMATION_DAYS):
        return False
    return deposit.status in CONFIRMABLE


def sentence(code: str) -> str:
    """The customer's sentence of a failure (`payments.failures`)."""
    shown = failures.shown(code)
    return "" if shown is None else _(shown["customer_message"])


def _choose() -> Told:
    return Told(code="choose", title=_("How would you like to pay?"), ways=frozenset({Way.CHOOSE}))


def _link_expired(merchant: str) -> Told:
    return Told(
        code="link_expired",
        title=_("The time to pay is over"),
        sentences=(_("Nothing was paid here."),),
        then=(_("Please go back to %(merchant)s and begin again.") % {"merchant": merchant},),
        tone=Tone.WARN,
    )


def _called_off(merchant: str, *, paid: bool, ways: frozenset[Way]) -> Told:
    """Called off by the product; `paid` where the customer may have paid before that."""
    sentences = [_("%(merchant)s has called it off. Please do not pay any more.") % {"merchant": merchant}]
    if ways:
        sentences.append(_("If you have already paid, enter the reference: your money is not lost."))
    elif paid:
        sentences.append(_("If you have already paid, we find it by itself: your money is not lost."))
    return Told(
        code="called_off",
        title=_("This payment was called off"),
        sentences=tuple(sentences),
        tone=Tone.WARN,
        ways=ways,
        polls=paid,
    )


def _opening(deposit: Deposit, standing: Standing, now: datetime) -> Told:
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
        ways=frozenset() if is_asked else _another(standing),
        polls=True,
    )


def _awaiting(attempt: Attempt, standing: Standing, now: datetime) -> Told:
    deposit = attempt.deposit
    confirmable = may_confirm(attempt, now)
    is_over = deposit.deadline_at is not None and deposit.deadline_at <= now
    if is_over or standing.is_expired or standing.is_cancelled:
        return _not_paid_in_time(confirmable=confirmable, polls=True)
    if (refused := attempt.refused_confirmation) is not None:
        return Told(
            code="reference_refused",
            title=_("Please check the reference"),
            sentences=(_entered(refused), sentence(FailureCode.REFERENCE_REFUSED)),
            tone=Tone.WARN,
            ways=frozenset({Way.CONFIRM, Way.PAY}),
            polls=True,
        )
    said = _paying(deposit, _another(standing), confirmable=confirmable)
    return _with_refused_before(said, attempt, standing)


def _with_refused_before(said: Told, attempt: Attempt, standing: Standing) -> Told:
    """The same where the reference of an earlier attempt was refused: its payment may be there for all that."""
    refused = [one for one in standing.attempts if one is not attempt and one.refused_confirmation is not None]
    if not refused:
        return said
    return replace(
        said,
        sentences=(*_also_refused(refused[-1]), *said.sentences),
        then=(_may_arrive(refused[-1].deposit), *said.then),
        tone=Tone.WARN,
    )


def _paying(deposit: Deposit, change: frozenset[Way], *, confirmable: bool) -> Told:
    action = next_action(deposit)
    names = {"system": deposit.payment_system.name, "amount": _sum(deposit.amount, deposit.currency)}
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
                    _("Open the request of %(system)s and approve %(amount)s there.") % names,
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
                sentences=(_("Please open this page again in some minutes."),),
                then=(_("If you have already paid, enter the reference: your money is not lost."),) * confirmable,
                tone=Tone.WARN,
                ways=frozenset({Way.CONFIRM_LINK}) if confirmable else frozenset(),
                polls=True,
            )


def _checking(attempt: Attempt, now: datetime) -> Told:
    deposit = attempt.deposit
    confirmation = attempt.open_confirmation
    if confirmation is None:
        return _asking_what_became(deposit)
    sentences = [_entered(confirmation)]
    is_long = now - confirmation.created_at > LONG_CHECK
    if is_long:
        days = deposit.payment_system.confirm_days
        sentences.append(
            ngettext(
                "This takes longer than usual. Your payment is not lost: we go on asking for %(days)s day.",
                "This takes longer than usual. Your payment is not lost: we go on asking for %(days)s days.",
                days,
            )
            % {"days": locales.number(days, get_language() or "en", deposit.currency)}
        )
    else:
        sentences.append(_("Most payments are found within some minutes."))
    return Told(
        code="checking_long" if is_long else "checking",
        title=_("We are checking your payment"),
        sentences=(*sentences, *_also_refused(attempt)),
        then=(_do_not_pay_again(), _keep_the_link()),
        ways=_by_link(attempt, now),
        polls=True,
    )


def _asking_what_became(deposit: Deposit) -> Told:
    """A payment was begun by the provider, or it was not: its answer was lost, and we ask."""
    system = {"system": deposit.payment_system.name}
    if deposit.flow == Flow.PUSH:
        known = _("We do not know yet whether the request of %(system)s reached your phone.") % system
        then = _("If it did, approve it there. Please do not pay in another way meanwhile.")
    else:
        known = _("We are asking %(system)s what became of your payment.") % system
        then = _do_not_pay_again()
    return Told(
        code="asking",
        title=_("We are checking your payment"),
        sentences=(known,),
        then=(then, _keep_the_link()),
        polls=True,
    )


def _saved_up(deposit: Deposit) -> Told:
    system = {"system": deposit.payment_system.name}
    savings = deposit.savings if deposit.savings_id is not None else None
    if savings is not None and savings.is_reported:
        figures = {
            "saved": _sum(savings.saved, savings.currency),
            "minimum": _sum(savings.minimum, savings.currency),
            "lacking": _sum(savings.lacking, savings.currency),
        }
        sentences: tuple[str, ...] = (
            _("%(saved)s of %(minimum)s saved; %(lacking)s to go.") % figures,
            _("%(system)s adds up smaller payments and credits them together, from %(minimum)s on.")
            % (system | figures),
        )
    else:
        sentences = (_("%(system)s adds up smaller payments and credits them together.") % system,)
    return Told(
        code="saved_up",
        title=_("Your payment is saved up"),
        sentences=sentences,
        then=(_("Nothing is lost. This page shows when it is credited."), _keep_the_link()),
        polls=True,
    )


def _in_review(attempt: Attempt, now: datetime) -> Told:
    deposit = attempt.deposit
    amounts = {
        "amount": _sum(deposit.amount, deposit.currency),
        "received": _sum(deposit.received_amount or Decimal(0), deposit.currency),
    }
    title = _("A person is checking your payment")
    then = [_("A person decides what happens with it. Nothing is lost.")]
    if deposit.failure_code:
        code, sentences = "review_unusable", [sentence(deposit.failure_code)]
        then = []
    elif deposit.amount_check == AmountCheck.UNDER:
        code, title = "review_less", _("Less money arrived than was asked for")
        sentences = [_("%(received)s of %(amount)s arrived.") % amounts]
        then.append(_("Please do not send the rest unless support asks you to."))
    elif deposit.amount_check == AmountCheck.OTHER_CURRENCY:
        code, title = "review_currency", _("Money of another currency arrived")
        sentences = [_("%(amount)s was asked for, and money of another currency came.") % amounts]
        then.append(_do_not_pay_again())
    else:
        code, sentences = "review", [_("Something about it has to be looked at first.")]
        then.append(_do_not_pay_again())
    if deposit.late:
        sentences.append(_("It arrived after the time to pay was over."))
    return Told(
        code=code,
        title=title,
        sentences=(*sentences, *_also_refused(attempt)),
        then=(*then, _keep_the_link()),
        tone=Tone.WARN,
        ways=_by_link(attempt, now),
        polls=True,
    )


def _credited(deposit: Deposit, merchant: str) -> Told:
    words = {
        "amount": _sum(deposit.amount, deposit.currency),
        "received": _sum(deposit.received_amount or Decimal(0), deposit.currency),
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
    if deposit.late:
        sentences.append(_("It arrived after the time to pay was over, and is credited all the same."))
    return Told(code=code, title=_("Payment received"), sentences=tuple(sentences), tone=Tone.GOOD)


def _reversed(deposit: Deposit) -> Told:
    return Told(
        code="reversed",
        title=_("Your payment was taken back"),
        sentences=(
            _("%(system)s took the money back after it had arrived.") % {"system": deposit.payment_system.name},
            _("Please contact support before you pay again."),
        ),
        tone=Tone.BAD,
    )


def _ended(attempt: Attempt, standing: Standing, merchant: str, now: datetime) -> Told:
    """Failed, expired or cancelled; late money is still money, so what the customer enters now comes first."""
    deposit = attempt.deposit
    confirmable = may_confirm(attempt, now)
    if (confirmation := attempt.open_confirmation) is not None:
        # Called off for another way to pay: the time was not over then.
        is_changed = deposit.status == DepositStatus.CANCELLED and attempt is not standing.attempts[-1]
        late = () if is_changed else (_("The time to pay was over, so this may take longer."),)
        return Told(
            code="checking_late",
            title=_("We are checking your payment"),
            sentences=(_entered(confirmation), *late),
            then=(_do_not_pay_again(), _keep_the_link()),
            ways=_by_link(attempt, now),
            polls=True,
        )
    if confirmable and (refused := attempt.refused_confirmation) is not None:
        return Told(
            code="late_reference_refused",
            title=_("Please check the reference"),
            sentences=(_entered(refused), sentence(FailureCode.REFERENCE_REFUSED)),
            tone=Tone.WARN,
            ways=frozenset({Way.CONFIRM}),
        )
    match DepositStatus(deposit.status):
        case DepositStatus.FAILED:
            return _failed(attempt, standing, now)
        case DepositStatus.EXPIRED if deposit.failure_code == FailureCode.NOT_CONFIRMED:
            return Told(
                code="not_confirmed",
                title=_("We could not find your payment"),
                sentences=(sentence(deposit.failure_code),),
                tone=Tone.WARN,
                ways=_by_link(attempt, now),
            )
        case DepositStatus.EXPIRED:
            return _not_paid_in_time(confirmable=confirmable, polls=False)
        case _ if attempt is not standing.attempts[-1]:
            return _changed(deposit, confirmable=confirmable)
        case _:
            paid = deposit.shown_at is not None or deposit.payment_created_at is not None
            return _called_off(merchant, paid=paid, ways=_by_link(attempt, now))


def _failed(attempt: Attempt, standing: Standing, now: datetime) -> Told:
    deposit = attempt.deposit
    failure = failures.shown(deposit.failure_code)
    may_choose = standing.next_attempt is NextAttempt.ALLOWED
    if failure is not None and failure["safe_to_retry"]:
        return Told(
            code=f"failed_{deposit.failure_code}",
            title=_("%(system)s did not work") % {"system": deposit.payment_system.name},
            sentences=(
                sentence(deposit.failure_code) if may_choose else _("The time to pay is over. Nothing was paid."),
            ),
            then=_earlier_may_arrive(attempt, standing) if may_choose else (),
            tone=Tone.WARN,
            ways=frozenset({Way.CHOOSE}) if may_choose else frozenset(),
        )
    return Told(
        code=f"failed_{deposit.failure_code}",
        title=_("Your payment could not be used"),
        sentences=(sentence(deposit.failure_code),),
        tone=Tone.BAD,
        ways=_by_link(attempt, now),
    )


def _earlier_may_arrive(attempt: Attempt, standing: Standing) -> tuple[str, ...]:
    """What is said before another payment, where somebody was shown how to pay an earlier attempt."""
    shown = [one.deposit for one in standing.attempts if one is not attempt and one.deposit.shown_at is not None]
    return tuple(_may_arrive(deposit) for deposit in shown[-1:])


def _may_arrive(deposit: Deposit) -> str:
    said = _(
        "If you have already paid with %(system)s, that payment may still arrive. Please do not pay a second time."
    )
    return said % {"system": deposit.payment_system.name}


def _not_paid_in_time(*, confirmable: bool, polls: bool) -> Told:
    if confirmable:
        said = sentence(FailureCode.NOT_PAID_IN_TIME)
    else:
        said = _("If you have paid, we find it by itself; do not pay twice.")
    return Told(
        code="not_paid_in_time",
        title=_("The time to pay is over"),
        sentences=(said,),
        tone=Tone.WARN,
        ways=frozenset({Way.CONFIRM}) if confirmable else frozenset(),
        polls=polls,
    )


def _changed(deposit: Deposit, *, confirmable: bool) -> Told:
    """Called off by the customer, who chose another way."""
    system = {"system": deposit.payment_system.name}
    if confirmable:
        said = (
            _("If you paid with %(system)s all the same, enter that reference here: your money is not lost.") % system
        )
    else:
        said = _("If you paid with %(system)s all the same, we find it by itself: your money is not lost.") % system
    return Told(
        code="changed",
        title=_("You chose another way to pay"),
        sentences=(said,),
        ways=frozenset({Way.CONFIRM}) if confirmable else frozenset(),
    )


def _another(standing: Standing) -> frozenset[Way]:
    return frozenset({Way.CHANGE}) if standing.next_attempt is NextAttempt.INSTEAD else frozenset()


def _by_link(attempt: Attempt, now: datetime) -> frozenset[Way]:
    return frozenset({Way.CONFIRM_LINK}) if may_confirm(attempt, now) else frozenset()


def _also_refused(attempt: Attempt) -> tuple[str, ...]:
    refused = attempt.refused_confirmation
    if refused is None:
        return ()
    return (_("The reference %(reference)s was not accepted.") % {"reference": refused.provider_reference},)


def _entered(confirmation: Confirmation) -> str:
    return _("You entered the reference %(reference)s.") % {"reference": confirmation.provider_reference}


def _sum(amount: Decimal, currency: str) -> str:
    return locales.amount(amount, currency, get_language() or "en")


def _do_not_pay_again() -> str:
    return _("Please do not pay again.")


def _keep_the_link() -> str:
    return _("You may close this page and come back by its link.")
