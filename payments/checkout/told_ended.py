"""What is said at the end of an attempt that brought no money, or brought it late."""

from datetime import datetime

from django.utils.translation import gettext as _

from gateway.status_tones import Tone
from payments import failures
from payments.checkout.standing import Attempt, NextAttempt, Standing
from payments.checkout.telling import (
    Told,
    Way,
    by_link,
    do_not_pay_again,
    entered,
    keep_the_link,
    may_arrive,
    may_confirm,
    sentence,
)
from payments.failures import FailureCode
from payments.models import Deposit
from payments.states import DepositStatus


def link_expired(merchant: str) -> Told:
    """Nothing was chosen in time."""
    return Told(
        code="link_expired",
        title=_("The time to pay is over"),
        sentences=(_("Nothing was paid here."),),
        then=(_("Please go back to %(merchant)s and begin again.") % {"merchant": merchant},),
        tone=Tone.WARN,
    )


def elsewhere(merchant: str) -> Told:
    """The product has begun the same order in another way before anything was chosen here."""
    return Told(
        code="elsewhere",
        title=_("This order is being paid in another way"),
        sentences=(_("%(merchant)s has begun it in another way. Please do not pay here.") % {"merchant": merchant},),
        tone=Tone.WARN,
    )


def stopped(merchant: str, *, paid: bool, ways: frozenset[Way]) -> Told:
    """The product is switched off, maybe for a while; `paid` where the customer may have paid before that."""
    return Told(
        code="stopped",
        title=_("This cannot be paid right now"),
        sentences=(
            _("%(merchant)s takes no payments right now. Please do not pay.") % {"merchant": merchant},
            *_your_money(paid=paid, ways=ways),
        ),
        tone=Tone.WARN,
        ways=ways,
        polls=True,
    )


def _your_money(*, paid: bool, ways: frozenset[Way]) -> tuple[str, ...]:
    """For those who have paid before they were told not to."""
    if ways:
        return (_("If you have already paid, enter the reference: your money is not lost."),)
    return (_("If you have already paid, we will find the payment ourselves: your money is not lost."),) if paid else ()


def called_off(merchant: str, *, paid: bool, ways: frozenset[Way]) -> Told:
    """Called off by the product; `paid` where the customer may have paid before that."""
    return Told(
        code="called_off",
        title=_("This payment was cancelled"),
        sentences=(
            _("%(merchant)s has cancelled it. Please do not pay any more.") % {"merchant": merchant},
            *_your_money(paid=paid, ways=ways),
        ),
        tone=Tone.WARN,
        ways=ways,
        polls=paid,
    )


def ended(attempt: Attempt, standing: Standing, merchant: str, now: datetime) -> Told:
    """Failed, expired or cancelled; late money is still money, so what the customer enters now comes first."""
    deposit = attempt.deposit
    confirmable = may_confirm(attempt, now)
    if (confirmation := attempt.open_confirmation) is not None:
        # Called off for another payment: the time was not over then.
        is_changed = deposit.status == DepositStatus.CANCELLED and _is_given_up(attempt, standing)
        late = () if is_changed else (_("The time to pay was over, so this may take longer."),)
        return Told(
            code="checking_late",
            title=_("We are checking your payment"),
            sentences=(entered(confirmation), *late),
            must=(do_not_pay_again(),),
            then=(keep_the_link(),),
            ways=by_link(attempt, now),
            polls=True,
        )
    if confirmable and (refused := attempt.refused_confirmation) is not None:
        return Told(
            code="late_reference_refused",
            title=_("Please check the reference"),
            sentences=(entered(refused), sentence(FailureCode.REFERENCE_REFUSED)),
            tone=Tone.WARN,
            ways=frozenset({Way.CONFIRM}),
        )
    match DepositStatus(deposit.status):
        case DepositStatus.FAILED:
            return _failed(attempt, standing, merchant, now)
        case DepositStatus.EXPIRED if deposit.failure_code == FailureCode.NOT_CONFIRMED:
            title = _("We could not find your payment")
            return Told(
                code="not_confirmed",
                title=title,
                sentences=(sentence(deposit.failure_code, title=title),),
                tone=Tone.WARN,
                ways=by_link(attempt, now),
            )
        case DepositStatus.EXPIRED:
            return not_paid_in_time(confirmable=confirmable, polls=False)
        case _ if _is_given_up(attempt, standing):
            return changed(deposit, confirmable=confirmable)
        case _:
            paid = deposit.shown_at is not None or deposit.payment_created_at is not None
            return called_off(merchant, paid=paid, ways=by_link(attempt, now))


def _is_given_up(attempt: Attempt, standing: Standing) -> bool:
    """Whether another one came in its place: begun later, or paid."""
    return attempt is not standing.attempts[-1] or standing.has_money


def _failed(attempt: Attempt, standing: Standing, merchant: str, now: datetime) -> Told:
    deposit = attempt.deposit
    failure = failures.shown(deposit.failure_code)
    may_choose = standing.next_attempt is NextAttempt.ALLOWED
    earlier = _earlier_may_arrive(attempt, standing)
    if failure is not None and failure["safe_to_retry"]:
        if standing.is_cancelled:
            return called_off(merchant, paid=bool(earlier), ways=frozenset())
        if standing.is_stopped:
            return stopped(merchant, paid=bool(earlier), ways=frozenset())
        return Told(
            code=f"failed_{deposit.failure_code}",
            title=_("%(system)s did not work") % {"system": deposit.payment_system.name},
            sentences=(sentence(deposit.failure_code) if may_choose else _over(earlier),),
            must=earlier if may_choose else (),
            tone=Tone.WARN,
            ways=frozenset({Way.CHOOSE}) if may_choose else frozenset(),
        )
    title = _("Your payment could not be used for this order")
    return Told(
        code=f"failed_{deposit.failure_code}",
        title=title,
        sentences=(sentence(deposit.failure_code, title=title),),
        tone=Tone.BAD,
        ways=by_link(attempt, now),
    )


def _over(earlier: tuple[str, ...]) -> str:
    """The time is over; that nothing was paid is known only where nobody was ever shown how to."""
    if earlier:
        return _("If you have paid, we will find the payment ourselves; do not pay twice.")
    return _("The time to pay is over. Nothing was paid.")


def _earlier_may_arrive(attempt: Attempt, standing: Standing) -> tuple[str, ...]:
    """What is said before another payment, where somebody was shown how to pay an earlier attempt."""
    shown = [one.deposit for one in standing.attempts if one is not attempt and one.deposit.shown_at is not None]
    return tuple(may_arrive(deposit) for deposit in shown[-1:])


def not_paid_in_time(*, confirmable: bool, polls: bool) -> Told:
    """Nobody said in time that it was paid; `polls` while the row has not ended yet."""
    title = _("The time to pay is over")
    if confirmable:
        said = sentence(FailureCode.NOT_PAID_IN_TIME, title=title)
    else:
        said = _("If you have paid, we will find the payment ourselves; do not pay twice.")
    return Told(
        code="not_paid_in_time",
        title=title,
        sentences=(said,),
        tone=Tone.WARN,
        ways=frozenset({Way.CONFIRM}) if confirmable else frozenset(),
        polls=polls,
    )


def changed(deposit: Deposit, *, confirmable: bool) -> Told:
    """Called off as the customer chose another way, or paid in another one."""
    system = {"system": deposit.payment_system.name}
    if confirmable:
        said = (
            _("If you paid with %(system)s all the same, enter that reference here: your money is not lost.") % system
        )
    else:
        said = (
            _("If you paid with %(system)s all the same, we will find the payment ourselves: your money is not lost.")
            % system
        )
    return Told(
        code="changed",
        title=_("You chose another way to pay"),
        sentences=(said,),
        ways=frozenset({Way.CONFIRM}) if confirmable else frozenset(),
    )


def taken_back(deposit: Deposit) -> Told:
    """The money came and went."""
    return Told(
        code="reversed",
        title=_("Your payment was taken back"),
        sentences=(
            _("%(system)s took the money back after it had arrived.") % {"system": deposit.payment_system.name},
            _("Please contact support before you pay again."),
        ),
        tone=Tone.BAD,
    )
