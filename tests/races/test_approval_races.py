"""People, keys, the product and time at one withdrawal at once: one row lock, and one of them is first."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from balances import accounts, reading
from balances.verb_fields import Refused
from gateway.products.actions import Caller
from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount
from tests import roles
from tests.conftest import Api, agree_on_slabs
from tests.payments.rivals import Gate, at_once, copy_of, in_thread
from tests.races.soundness import assert_sound
from tests.withdrawals.approving import REASON, decisions, key, person, waiting
from tests.withdrawals.orders import make_due, moves, order
from withdrawals import actions, approvals
from withdrawals.models import SlabSet, Withdrawal

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 6
Step = Callable[[], Any]


@pytest.fixture
def ann(transactional_db: None) -> User:
    """An approver."""
    return person("ann")


@pytest.fixture
def ben(transactional_db: None) -> User:
    """Another one."""
    return person("ben")


def held(product: Product) -> Decimal:
    return reading.balance_of(accounts.held(product.pk, "test", "INR"))


def outcomes(*steps: Step) -> list[str]:
    """What became of each: the status, or the sentence by which it was refused."""
    found = at_once(*steps)
    for one in found:
        assert isinstance(one, (Withdrawal, Refused, bool)), one
    return [one.status if isinstance(one, Withdrawal) else str(one) for one in found]


def in_turn(number: int, *steps: Step) -> list[str]:
    """The same, with the other one started first in every second round; in the order of the steps."""
    return outcomes(*steps) if number % 2 else outcomes(*steps[::-1])[::-1]


def status_of(withdrawal: Withdrawal) -> str:
    withdrawal.refresh_from_db()
    return withdrawal.status


def test_of_two_who_approve_what_takes_one_one_is_written_down(
    api: Api, product: Product, ann: User, ben: User
) -> None:
    waiting(api)
    for _ in range(ROUNDS):
        withdrawal = order(api)
        found = outcomes(*(partial(approvals.approve, withdrawal.pk, by, REASON) for by in (ann, ben)))
        assert sorted(found) == ["The withdrawal is queued; it waits for no approval.", "queued"]
        assert len(decisions(withdrawal)) == 1
        assert moves(withdrawal) == [("pending_approval", "api_key"), ("queued", "person")]
    assert_sound()


def test_two_who_approve_what_takes_both_are_both_written_down(api: Api, ann: User) -> None:
    lea = person("lea", "finance_lead")
    waiting(api, "0: approver + finance_lead")
    for _ in range(ROUNDS):
        withdrawal = order(api)
        found = outcomes(*(partial(approvals.approve, withdrawal.pk, by, REASON) for by in (ann, lea)))
        # The lead may have been first, and then it is the last that sends it, whoever that is.
        assert sorted(found) == ["pending_approval", "queued"]
        assert sorted(decisions(withdrawal)) == [("approve", "approver", "ann"), ("approve", "finance_lead", "lea")]
        assert [status for status, _ in moves(withdrawal)] == ["pending_approval", "pending_approval", "queued"]


def test_one_who_presses_twice_approves_once(api: Api, ann: User) -> None:
    waiting(api, "0: approver + approver")
    for _ in range(ROUNDS):
        withdrawal = order(api)
        found = outcomes(*[partial(approvals.approve, withdrawal.pk, ann, REASON)] * 2)
        assert found == ["pending_approval"] * 2
        assert decisions(withdrawal) == [("approve", "approver", "ann")]
        assert len(moves(withdrawal)) == 2


def test_two_keys_at_once_are_one_approval(api: Api, product: Product) -> None:
    keys = [key(product), key(product)]
    waiting(api, "0: approver + approver")
    for _ in range(ROUNDS):
        withdrawal = order(api)
        found = outcomes(*(partial(approvals.approve, withdrawal.pk, one, REASON) for one in keys))
        assert sorted(found) == ["An API key has approved it already; a person has to.", "pending_approval"]
        assert decisions(withdrawal) == [("approve", "approver", "key")]


def test_one_who_approves_and_one_who_rejects(api: Api, product: Product, ann: User, ben: User) -> None:
    reserved = waiting(api).amount
    for number in range(ROUNDS):
        withdrawal = order(api)
        found = in_turn(
            number,
            partial(approvals.approve, withdrawal.pk, ann, REASON),
            partial(approvals.reject, withdrawal.pk, ben, REASON),
        )
        status = status_of(withdrawal)
        refusal = f"The withdrawal is {status}; it waits for no approval."
        assert found == (["queued", refusal] if status == "queued" else [refusal, "cancelled"])
        assert len(decisions(withdrawal)) == 1
        reserved += withdrawal.amount if status == "queued" else 0
    assert held(product) == reserved
    assert_sound()


def test_one_who_approves_and_the_product_that_cancels(api: Api, product: Product, caller: Caller, ann: User) -> None:
    reserved = waiting(api).amount
    for number in range(ROUNDS):
        withdrawal = order(api)
        approved, cancelled = in_turn(
            number,
            partial(approvals.approve, withdrawal.pk, ann, REASON),
            partial(actions.cancel_withdrawal, caller, withdrawal.pk),
        )
        # What was approved and not yet sent may be called off, too.
        assert (cancelled, status_of(withdrawal)) == ("cancelled", "cancelled")
        was_first = approved == "queued"
        assert was_first or approved == "The withdrawal is cancelled; it waits for no approval."
        assert len(decisions(withdrawal)) == was_first
        assert [status for status, _ in moves(withdrawal)] == [
            *("pending_approval", *(["queued"] if was_first else [])),
            "cancelled",
        ]
    assert held(product) == reserved
    assert_sound()


#: Whoever approves looks at a clock that is a moment behind that of the sweep.
SLOW_CLOCK = (
    "def _is_over(withdrawal: Withdrawal) -> bool:\n    return",
    "def _is_over(withdrawal):\n    return False and",
)


def test_one_who_approves_at_the_last_moment_and_the_sweep(api: Api, product: Product, ann: User) -> None:
    punctual = copy_of(approvals, SLOW_CLOCK)
    reserved = waiting(api).amount
    for number in range(ROUNDS):
        withdrawal = order(api)
        make_due(withdrawal)
        found = in_turn(
            number, partial(punctual.approve, withdrawal.pk, ann, REASON), partial(approvals.expire, withdrawal.pk)
        )
        status = status_of(withdrawal)
        if status == "queued":
            assert found == ["queued", "False"]
            reserved += withdrawal.amount
        else:
            assert found == ["The withdrawal is cancelled; it waits for no approval.", "True"]
            assert (status, withdrawal.failure_code) == ("cancelled", "approval_expired")
        assert len(moves(withdrawal)) == 2
        assert len(decisions(withdrawal)) == (status == "queued")
    assert held(product) == reserved
    assert_sound()


def test_two_sweeps_call_it_off_once(api: Api) -> None:
    withdrawal = waiting(api)
    make_due(withdrawal)
    assert sorted(outcomes(*[partial(approvals.expire, withdrawal.pk)] * 3)) == ["False", "False", "True"]
    assert moves(withdrawal) == [("pending_approval", "api_key"), ("cancelled", "clock")]


#: The verb without its row lock: everybody finds it waiting.
UNLOCKED = ("lock_withdrawal(withdrawal_id)", "Withdrawal.objects.get(pk=withdrawal_id)")


def test_without_the_lock_the_database_takes_only_one_of_two(api: Api, ann: User, ben: User) -> None:
    withdrawal = waiting(api)
    lockless = copy_of(approvals, UNLOCKED)
    with Gate("withdrawals_approval") as gate:
        steps = [in_thread(partial(lockless.approve, withdrawal.pk, by, REASON)) for by in (ann, ben)]
        gate.await_waiting(2)
        gate.open()
        found = [step() for step in steps]
    [refused] = [one for one in found if isinstance(one, IntegrityError)]
    assert "waits for no approval" in str(refused)
    assert (status_of(withdrawal), len(decisions(withdrawal)), len(moves(withdrawal))) == ("queued", 1, 2)


def test_who_loses_the_right_while_they_wait_decides_nothing(api: Api, ann: User) -> None:
    withdrawal = waiting(api)
    with roles.superuser() as admin, Gate("withdrawals_slabset") as watcher:
        admin.execute("UPDATE auth_user SET is_active = false WHERE id = %s", [ann.pk])
        step = in_thread(partial(approvals.approve, withdrawal.pk, ann, REASON))
        watcher.await_waiting(1)
        admin.commit()
        assert isinstance(step(), PermissionDenied)
    assert (status_of(withdrawal), decisions(withdrawal)) == ("pending_approval", [])


def test_slabs_are_not_agreed_between_the_look_at_them_and_the_withdrawal(
    funded_elsewhere: None,
    catalogue: None,
    product: Product,
    live_account: ProviderAccount,
    new_api: Callable[..., Api],
) -> None:
    live = new_api(product, Mode.LIVE)
    with Gate("withdrawals_withdrawal") as gate:
        made = in_thread(partial(order, live))
        gate.await_waiting(1)  # it has looked, and is about to be written
        agreed = in_thread(partial(agree_on_slabs, product, "0: approver", mode=Mode.LIVE))
        gate.await_waiting(2)
        gate.open()
        withdrawal = made()
        agreed()
    assert isinstance(withdrawal, Withdrawal), withdrawal
    assert (withdrawal.status, withdrawal.approvals_needed) == ("queued", [])
    assert SlabSet.objects.filter(mode="live").count() == 2
    assert order(live).approvals_needed == ["approver"]
