"""Two tabs of one customer at once: whatever they do, one payment is asked for."""

import uuid
from functools import partial
from typing import Any

import pytest

from gateway.products.models import Product
from payments.checkout import paying
from payments.checkout.paying import Refusal, Refused
from payments.models import CheckoutSession, Confirmation, Deposit
from tests.conftest import Api
from tests.payments.checkout.stage import attempts, begin_session, choose, name_reference
from tests.payments.rivals import Gate, copy_of, in_thread, unlocked
from tests.payments.stage import ACTIVATE, AVAILABLE, OK, Book, create_path, details, news, offered, work
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def book(api: Api, provider: ScriptedProvider) -> Book:
    provider.script(AVAILABLE, offered(("upi_l", "INR", False), ("paytm", "INR", False)))
    for system in ("upi_l", "paytm"):
        provider.script(create_path(system), details())
    provider.script(ACTIVATE, OK)
    return Book(provider)


@pytest.fixture
def session(api: Api, book: Book) -> CheckoutSession:
    return begin_session(api)


def chosen_at_once(verb: Any, session: CheckoutSession, *systems: str, seen: int) -> list[Any]:
    with Gate("payments_depositmove") as gate:
        waiting = [in_thread(partial(verb, session.pk, system=system, details={}, seen=seen)) for system in systems]
        gate.await_waiting(len(systems))
        gate.open()
        return [result() for result in waiting]


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(one).__name__ for one in results)


def test_two_tabs_choose_at_once(session: CheckoutSession, product: Product) -> None:
    assert chosen_at_once(paying.choose, session, "upi_l", "paytm", seen=0) == [None, None]
    assert [one.checkout_attempt for one in attempts(session)] == [1]
    assert news(product) == [("deposit.created", 1)]


def test_two_tabs_choose_another_way_at_once(session: CheckoutSession) -> None:
    choose(session)
    work()
    assert chosen_at_once(paying.choose, session, "paytm", "paytm", seen=1) == [None, None]
    assert [one.status for one in attempts(session)] == ["cancelled", "created"]


def test_without_its_lock_the_database_still_refuses_a_second_attempt(session: CheckoutSession) -> None:
    naive = copy_of(paying, ("due_work.lock(", "unlocked("), unlocked=unlocked)
    results = chosen_at_once(naive.choose, session, "upi_l", "upi_l", seen=0)
    # The key of the attempt stops the second one, as a surprise; behind it stand its number, and the guard of attempts.
    assert kinds(results) == ["AlreadyAnswered", "NoneType"]
    assert Deposit.objects.count() == 1


def test_one_tab_names_a_reference_while_the_other_chooses_another_way(session: CheckoutSession) -> None:
    choose(session)
    work()
    with Gate("payments_confirmationmove") as gate:
        named = in_thread(partial(name_reference, session))
        gate.await_waiting(1)
        changed = in_thread(partial(paying.choose, session.pk, system="paytm", details={}, seen=1))
        gate.await_waiting(2)
        gate.open()
        assert named() is None
        refused = changed()
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.UNDER_WAY
    assert [(one.status, one.payment_system_id) for one in attempts(session)] == [("verifying", "upi_l")]


def test_the_same_form_twice_at_once(session: CheckoutSession, provider: ScriptedProvider) -> None:
    choose(session)
    work()
    form_id = uuid.uuid4()
    with Gate("payments_confirmationmove") as gate:
        waiting = [in_thread(partial(name_reference, session, form_id=form_id)) for _ in range(2)]
        gate.await_waiting(2)
        gate.open()
        assert [result() for result in waiting] == [None, None]
    work()
    assert (Confirmation.objects.count(), len(provider.to(ACTIVATE))) == (1, 1)


def test_two_tabs_name_the_same_reference_at_once(session: CheckoutSession, provider: ScriptedProvider) -> None:
    choose(session)
    work()
    with Gate("payments_confirmationmove") as gate:
        waiting = [in_thread(partial(name_reference, session)) for _ in range(2)]
        gate.await_waiting(2)
        gate.open()
        assert [result() for result in waiting] == [None, None]
    work()
    assert (Confirmation.objects.count(), len(provider.to(ACTIVATE))) == (1, 1)


def test_a_reference_for_an_earlier_attempt_while_yet_another_is_begun(session: CheckoutSession) -> None:
    choose(session)
    work()
    choose(session, "paytm", seen=1)
    with Gate("payments_confirmationmove") as gate:
        named = in_thread(partial(name_reference, session, attempt=1))
        gate.await_waiting(1)
        changed = in_thread(partial(paying.choose, session.pk, system="upi_l", details={}, seen=2))
        gate.await_waiting(2)
        gate.open()
        assert named() is None
        refused = changed()
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.UNDER_WAY
    assert [one.checkout_attempt for one in attempts(session)] == [1, 2]
