"""Refunds of one deposit at once: what fits is made, and no more. Without the lock the database says the same."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection

from gateway.api.problems import Problem
from gateway.products.actions import Caller
from gateway.providers.models import PaymentSystem
from gateway.refunds import actions
from payments.models import Deposit
from tests import roles
from tests.conftest import Api
from tests.gateway.refunds.stage import credited, refund
from tests.payments.rivals import at_once, copy_of
from tests.races.soundness import assert_sound
from withdrawals.actions import NewWithdrawal
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db(transaction=True)

RIVALS = 8


def refunded() -> int:
    return int(sum(Withdrawal.objects.exclude(refund_of=None).values_list("amount", flat=True)))


def without_the_lock(caller: Caller, deposit: Deposit, amount: int) -> list[Any]:
    """Two refunds whose verbs look before either has written."""
    both_looked = threading.Barrier(2)

    def looked(rows: Any, pk: Any) -> Any:
        return rows.get(pk=pk)

    def paused(made: Any) -> Any:
        left = actions.refundable(made)
        both_looked.wait(20)
        return left

    naive = copy_of(
        actions,
        ("due_work.lock(Deposit.objects.all(), deposit_id)", "looked(Deposit.objects.all(), deposit_id)"),
        ("left = refundable(deposit)", "left = paused(deposit)"),
        looked=looked,
        paused=paused,
    )
    system = PaymentSystem.objects.get(code="imps_ib")

    def one(number: int) -> Any:
        wish = NewWithdrawal(
            payment_system=system,
            currency="INR",
            amount=Decimal(amount),
            customer=deposit.customer.external_id,
            reference=f"race-{number}",
            recipient={"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"},
            refund_of=deposit.pk,
        )
        return naive.create_refund(caller, deposit.pk, wish, Unclaimed())

    return at_once(lambda: one(1), lambda: one(2))


class Unclaimed:
    """Two requests with a key each."""

    def take(self, **_: Any) -> None:
        """Always new."""


@pytest.fixture
def unguarded(transactional_db: None) -> Iterator[None]:
    """Without the database's own guards of withdrawals."""
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE withdrawals_withdrawal DISABLE TRIGGER USER")
    yield
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE withdrawals_withdrawal ENABLE TRIGGER USER")


def test_without_lock_and_guard_two_refunds_send_more_back_than_came(api: Api, caller: Caller, unguarded: None) -> None:
    deposit = credited(api)
    results = without_the_lock(caller, deposit, 700)
    assert [type(one) for one in results] == [Withdrawal, Withdrawal]
    assert refunded() == 1400  # of 1000


def test_without_the_lock_the_database_alone_stops_the_second(api: Api, caller: Caller) -> None:
    deposit = credited(api)
    results = without_the_lock(caller, deposit, 700)
    assert sorted(type(one).__name__ for one in results) == ["Problem", "Withdrawal"]
    [problem] = [one for one in results if isinstance(one, Problem)]
    # The database's own word, at COMMIT, as the product is told it.
    assert isinstance(problem.__context__, IntegrityError)
    assert "its deposit was credited less" in str(problem.__context__)
    assert (problem.status_code, problem.code) == (422, "refund_exceeds_receipts")
    assert problem.extra == {"refundable": "300.00"}
    assert refunded() == 700
    assert_sound()


def test_of_many_refunds_at_once_exactly_what_fits_is_made(api: Api) -> None:
    deposit = credited(api)
    line = threading.Barrier(RIVALS)

    def one() -> tuple[int, str]:
        line.wait(60)
        answer = refund(api, deposit, amount="300")
        return answer.status_code, answer.json().get("code", "")

    assert sorted(at_once(*[one] * RIVALS)) == [(201, "")] * 3 + [(422, "refund_exceeds_receipts")] * (RIVALS - 3)
    assert refunded() == 900
    assert_sound()
