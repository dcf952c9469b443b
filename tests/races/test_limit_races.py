"""Many at once at the edge of a limit, of a window and of a cap. Each race is first shown to go wrong without turns."""

import contextlib
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from gateway.products.models import Product
from gateway.providers.models import PayoutPause, ProviderAccount
from tests.conftest import Api, fund
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.interleaving import DEADLINE_SECONDS, together
from tests.withdrawals.orders import IMPS, order
from tests.withdrawals.ruling import cap, limit, window
from withdrawals import sending
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db(transaction=True)

RIVALS = 8
TURN = "SELECT pg_advisory_xact_lock(hashtextextended(thing"


@contextlib.contextmanager
def without_turns(pause: Callable[[], Any]) -> Iterator[None]:
    """In this thread nobody waits for a turn; after everything was counted the pause is made."""

    def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(TURN):
            return run("SELECT 1 WHERE %s IS NOT NULL", [True], many, context)
        marks = sql.startswith('UPDATE "withdrawals_withdrawal"') and '"sent_at" = ' in sql
        if marks or sql.startswith('INSERT INTO "withdrawals_withdrawal"'):
            pause()
        return run(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield


def body(**changes: Any) -> dict[str, Any]:
    return {**IMPS, "reference": secrets.token_hex(8), **changes}


def asked_for(api: Api, wish: Callable[[int], dict[str, Any]], *, takes_turns: bool) -> Counter[str]:
    """So many at once; how many were queued, held or refused."""
    all_counted = threading.Barrier(RIVALS)

    def ask(number: int) -> str:
        with contextlib.ExitStack() as stack:
            if not takes_turns:
                stack.enter_context(without_turns(lambda: all_counted.wait(DEADLINE_SECONDS)))
            answer = api.post("withdrawals", wish(number))
        told = answer.json()
        return str(told["code"] if answer.status_code >= 400 else "+".join(told["held_for"]) or told["status"])

    return Counter(together(*[lambda number=number: ask(number) for number in range(RIVALS)]))


def to(number: int) -> dict[str, Any]:
    return {**IMPS["recipient"], "account_number": f"{100000000000 + number}"}


#: What is asked for at once; how each limit counts it together.
KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "product": lambda number: body(customer=str(number), recipient=to(number)),
    "customer": lambda number: body(recipient=to(number)),
    "recipient": lambda number: body(customer=str(number)),
    "payment_system": lambda number: body(customer=str(number), recipient=to(number)),
}


def test_without_turns_all_fit_a_limit_that_has_room_for_three(api: Api, product: Product) -> None:
    limit(product, amount=1218 * 3)
    assert asked_for(api, KINDS["product"], takes_turns=False) == {"queued": RIVALS}


@pytest.mark.parametrize("per", KINDS)
@pytest.mark.parametrize("on_excess", ["refuse", "hold"])
def test_exactly_what_fits_is_made(per: str, on_excess: str, api: Api, product: Product) -> None:
    limit(product, per=per, amount=1218 * 3 + 1217, on_excess=on_excess)
    limit(product, per=per, count=100, period="month")
    assert asked_for(api, KINDS[per], takes_turns=True) == {"queued": 3, "limit_exceeded": RIVALS - 3}
    assert Withdrawal.objects.filter(status="queued").count() == 3
    assert Withdrawal.objects.count() == (3 if on_excess == "refuse" else RIVALS)


def test_limits_of_all_kinds_at_once_meet_no_deadlock(api: Api, product: Product) -> None:
    for per in KINDS:
        limit(product, per=per, count=4)
    window(product, 60)

    def wish(number: int) -> dict[str, Any]:
        # Crossed: neighbours share a customer, others an account.
        return body(customer=str(number // 2), recipient=to(number % 3), amount=str(100 + number))

    for _ in range(4):
        found = asked_for(api, wish, takes_turns=True)
        assert set(found) <= {"queued", "limit_exceeded", "duplicate_likely"}, found
    assert Withdrawal.objects.count() == 4


def test_without_turns_the_same_order_twice_is_sent_twice(api: Api, product: Product) -> None:
    window(product, 60)
    # Of customers of their own: who is met for the first time is met by one after the other.
    assert asked_for(api, lambda number: body(customer=str(number)), takes_turns=False) == {"queued": RIVALS}


def test_of_the_same_orders_at_one_instant_one_alone_is_sent(api: Api, product: Product) -> None:
    window(product, 60)
    found = asked_for(api, lambda number: body(customer=str(number)), takes_turns=True)
    assert found == {"queued": 1, "duplicate_likely": RIVALS - 1}


def test_the_same_reference_at_one_instant_is_one_order_beyond_which_nothing_is_said(
    api: Api, product: Product
) -> None:
    limit(product, count=1)
    found = asked_for(api, lambda _: body(reference="mine"), takes_turns=True)
    assert found == {"queued": 1, "reference_already_used": RIVALS - 1}


def sent_at_once(made: list[Withdrawal], *, takes_turns: bool) -> Counter[str]:
    """A worker for each; what became of them."""
    all_counted = threading.Barrier(len(made))

    def send(withdrawal: Withdrawal) -> None:
        with contextlib.ExitStack() as stack:
            if not takes_turns:
                stack.enter_context(without_turns(lambda: all_counted.wait(DEADLINE_SECONDS)))
            sending.send_withdrawal(withdrawal.pk)

    assert together(*[lambda one=one: send(one) for one in made]) == [None] * len(made)
    return Counter(Withdrawal.objects.values_list("status", flat=True))


@pytest.fixture
def made(api: Api, provider: ScriptedProvider) -> list[Withdrawal]:
    """Orders that are due."""
    provider.script(words.CREATE, words.OK)
    return [order(api) for _ in range(RIVALS)]


def test_without_turns_a_cap_with_room_for_three_lets_all_out(
    made: list[Withdrawal], product: Product, provider: ScriptedProvider
) -> None:
    cap(product, 1218 * 3)
    assert sent_at_once(made, takes_turns=False) == {"accepted": RIVALS}
    assert len(provider.to(words.CREATE)) == RIVALS


def test_exactly_what_a_cap_has_room_for_is_sent(
    made: list[Withdrawal], product: Product, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    cap(product, 1218 * 3 + 1217)
    cap(account, 1218 * 4)
    assert sent_at_once(made, takes_turns=True) == {"accepted": 3, "queued": RIVALS - 3}
    assert len(provider.to(words.CREATE)) == 3
    assert [(one.scope, one.kind) for one in PayoutPause.objects.filter(ended_at=None)] == [("product", "outflow_cap")]


def test_nobody_waits_for_another_product(api: Api, product: Product, new_api: Any) -> None:
    other = Product.objects.create(name="other")
    fund(other, "INR")
    limit(None, count=5)
    held, done = threading.Event(), threading.Event()

    def first() -> Any:
        def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            result = run(sql, params, many, context)
            if sql.startswith(TURN):
                held.set()
                assert done.wait(DEADLINE_SECONDS)
            return result

        with connection.execute_wrapper(execute):
            return api.post("withdrawals", body()).status_code

    def second() -> Any:
        assert held.wait(DEADLINE_SECONDS)
        answer = theirs.post("withdrawals", body()).status_code
        done.set()
        return answer

    theirs = new_api(other)
    assert together(first, second) == [201, 201]
