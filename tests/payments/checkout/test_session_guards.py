"""What the database refuses of checkout sessions, whatever the code does."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from payments.failures import FailureCode
from payments.models import CheckoutSession, Deposit, DepositMove
from payments.moves import move_deposit
from payments.states import DepositStatus
from tests.conftest import Api
from tests.payments.checkout.stage import begin_session, choose
from tests.payments.stage import Book, fresh, place, work


def copied(deposit: Deposit, **changes: Any) -> None:
    """Insert another deposit like this one, as code without our verbs would."""
    row = fresh(deposit)
    row.pk = None
    row.id = ids.new_id()
    row._state.adding = True
    row.status, row.sequence = DepositStatus.CREATED, 1
    row.reference = f"{row.id}"
    row.checkout_attempt = 2
    for name, value in changes.items():
        setattr(row, name, value)
    with transaction.atomic():
        row.save(force_insert=True)
        DepositMove.objects.create(
            subject=row, sequence=1, to_status="created", cause="clock", created_at=timezone.now()
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def deposit(api: Api, book: Book) -> Deposit:
    made = choose(begin_session(api))
    work()
    return fresh(made)


def moved(deposit: Deposit, *statuses: DepositStatus, **changes: Any) -> None:
    for status in statuses:
        move_deposit(fresh(deposit), status, Cause(kind=CauseKind.CLOCK), **changes)


@pytest.mark.parametrize("statuses", [(), ("verifying",), ("in_review",), ("credited",), ("expired",)])
def test_no_second_attempt_while_the_first_may_be_paid(deposit: Deposit, statuses: tuple[str, ...]) -> None:
    moved(deposit, *map(DepositStatus, statuses))
    with pytest.raises(IntegrityError, match="has an attempt that may be paid"):
        copied(deposit)
    assert Deposit.objects.count() == 1


def test_a_second_attempt_after_the_first_was_called_off(deposit: Deposit) -> None:
    moved(deposit, DepositStatus.CANCELLED)
    copied(deposit)
    assert Deposit.objects.count() == 2


@pytest.mark.parametrize("code", FailureCode)
def test_after_a_failure_only_where_nothing_was_asked_of_the_customer(api: Api, book: Book, code: FailureCode) -> None:
    deposit = choose(begin_session(api))
    moved(deposit, DepositStatus.FAILED, failure_code=code)
    if code in {FailureCode.PROVIDER_REFUSED, FailureCode.PROVIDER_UNAVAILABLE}:
        copied(deposit)
    else:
        with pytest.raises(IntegrityError, match="has an attempt that may be paid"):
            copied(deposit)


@pytest.mark.parametrize(
    "changes", [{"amount": 999}, {"currency": "BDT"}, {"mode": "live"}, {"customer_id": "another"}]
)
def test_an_attempt_is_what_its_session_asks_for(api: Api, deposit: Deposit, changes: dict[str, Any]) -> None:
    moved(deposit, DepositStatus.CANCELLED)
    if "customer_id" in changes:
        changes = {"customer_id": place(api, customer="other").customer_id}
    with pytest.raises(IntegrityError, match="is not what its checkout session asks for"):
        copied(deposit, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"checkout_attempt": None},
        {"checkout_session": None},
        {"checkout_attempt": 0},
        {"checkout_attempt": 1},
    ],
)
def test_attempts_are_numbered(deposit: Deposit, changes: dict[str, Any]) -> None:
    moved(deposit, DepositStatus.CANCELLED)
    with pytest.raises(IntegrityError):
        copied(deposit, **changes)


def test_a_deposit_stays_with_its_session(api: Api, deposit: Deposit) -> None:
    other = begin_session(api, customer="55")
    every: list[dict[str, Any]] = [
        {"checkout_session": other},
        {"checkout_session": None, "checkout_attempt": None},
        {"checkout_attempt": 2},
    ]
    for changes in every:
        with pytest.raises(IntegrityError, match="stays with its checkout session"), transaction.atomic():
            Deposit.objects.filter(pk=deposit.pk).update(**changes)
    plain = place(api)
    with pytest.raises(IntegrityError, match="stays with its checkout session"), transaction.atomic():
        Deposit.objects.filter(pk=plain.pk).update(checkout_session=other, checkout_attempt=1)


@pytest.mark.parametrize("when", [None, timezone.now()])
def test_a_session_is_called_off_once(api: Api, when: Any) -> None:
    session = begin_session(api)
    CheckoutSession.objects.filter(pk=session.pk).update(cancelled_at=timezone.now())
    with pytest.raises(IntegrityError, match="stays as it ended"), transaction.atomic():
        CheckoutSession.objects.filter(pk=session.pk).update(cancelled_at=when)


@pytest.mark.parametrize(
    "changes",
    [
        {"token": None},
        {"return_secret": None},
        {"return_urls": {"success": "https://elsewhere.example/"}},
        {"redacted_at": timezone.now()},
    ],
)
def test_the_link_of_a_session_goes_whole_or_not_at_all(api: Api, changes: dict[str, Any]) -> None:
    session = begin_session(api)
    with pytest.raises(IntegrityError, match="is taken away whole"), transaction.atomic():
        CheckoutSession.objects.filter(pk=session.pk).update(**changes)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"redacted_at": None}, "stays as it ended"),
        ({"redacted_at": timezone.now()}, "stays as it ended"),
        ({"token": "x"}, "is taken away whole"),
        ({"return_secret": "x"}, "is taken away whole"),
        ({"return_urls": {"success": "https://elsewhere.example/"}}, "is taken away whole"),
    ],
)
def test_a_link_that_was_taken_away_stays_away(api: Api, changes: dict[str, Any], refusal: str) -> None:
    session = CheckoutSession.objects.filter(pk=begin_session(api).pk)
    session.update(token=None, return_secret=None, return_urls={}, redacted_at=timezone.now())
    with pytest.raises(IntegrityError, match=refusal), transaction.atomic():
        session.update(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"amount": 1}, {"language": "hi"}, {"expires_at": timezone.now()}, {"token_digest": "x"}, {"reference": "x"}],
)
def test_what_a_session_asks_for_stays(api: Api, as_superuser: None, changes: dict[str, Any]) -> None:
    session = begin_session(api)
    with pytest.raises(IntegrityError, match="checkout sessions are never changed"), transaction.atomic():
        CheckoutSession.objects.filter(pk=session.pk).update(**changes)
    with pytest.raises(IntegrityError, match="checkout sessions are never changed"), transaction.atomic():
        CheckoutSession.objects.filter(pk=session.pk)._raw_delete("default")
