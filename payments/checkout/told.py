"""What the customer is told in each state, and what the page offers then: one closed list of sentences.

Read inside of `translation.override`: the English sentences are the keys of the catalogues.

Another payment is offered in two places only: where nothing was chosen yet, and where an attempt failed in a way of
which `payments.failures` says that it is safe. As long as an outcome is unknown, nobody is asked to pay again.
"""

from datetime import datetime

from payments.checkout.standing import Attempt, NextAttempt, Standing
from payments.checkout.telling import Told, Way, may_confirm
from payments.checkout.told_ended import called_off, changed, elsewhere, ended, link_expired, stopped, taken_back
from payments.checkout.told_money import checking, credited, in_review, saved_up
from payments.checkout.told_paying import asking_after_return, awaiting, choose, opening
from payments.states import DepositStatus

__all__ = ["Told", "Way", "about", "may_confirm", "of"]


def of(standing: Standing, *, merchant: str, now: datetime, came_back: bool = False) -> Told:
    """What the page of a session says.

    Args:
        standing: the session with its attempts.
        merchant: the name under which its customers know the product.
        now: what time it is.
        came_back: the customer was sent here by the provider's page, so they may just have paid there.
    """
    if (attempt := standing.shown) is None:
        if standing.is_cancelled:
            return called_off(merchant, paid=False, ways=frozenset())
        if standing.is_elsewhere:
            return elsewhere(merchant)
        if standing.is_stopped:
            return stopped(merchant, paid=False, ways=frozenset())
        return choose() if standing.next_attempt is NextAttempt.ALLOWED else link_expired(merchant)
    said = about(attempt, standing, merchant=merchant, now=now)
    return asking_after_return(attempt, standing) if came_back and said.code == "pay_there" else said


def about(attempt: Attempt, standing: Standing, *, merchant: str, now: datetime) -> Told:
    """What is said of one attempt of a session, whether or not it is the latest."""
    deposit = attempt.deposit
    match DepositStatus(deposit.status):
        case DepositStatus.CREATED | DepositStatus.AWAITING_PAYMENT if standing.has_money:
            # Of another attempt. Nobody is shown how to pay once more; who has done so may still say it.
            return changed(deposit, confirmable=may_confirm(attempt, now))
        case DepositStatus.CREATED:
            return opening(deposit, standing, merchant, now)
        case DepositStatus.AWAITING_PAYMENT:
            return awaiting(attempt, standing, merchant, now)
        case DepositStatus.VERIFYING:
            return checking(attempt, now)
        case DepositStatus.ACCUMULATING:
            return saved_up(deposit)
        case DepositStatus.IN_REVIEW:
            return in_review(attempt, standing, now)
        case DepositStatus.CREDITED:
            return credited(attempt, standing, merchant)
        case DepositStatus.REVERSED:
            return taken_back(deposit)
        case _:
            return ended(attempt, standing, merchant, now)
