"""What a pause of payouts stops, what it does not, and how the line goes on afterwards."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.products.models import Mode, Product
from gateway.providers import health
from gateway.providers.models import PayoutPause, ProviderAccount, may_pay_out
from gateway.providers.pauses import pause_payouts, resume_payouts
from tests import roles
from tests.conftest import Api, fund
from tests.payments.stage import listening
from tests.scripted_provider import DROP, ScriptedProvider
from tests.two_persons import persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import BKASH, begin_sending, make_due, moves, order, send, sent
from withdrawals import asking, probing, sending_together
from withdrawals.models import Withdrawal
from withdrawals.tasks import sweep_withdrawals

pytestmark = pytest.mark.django_db

#: Longer than one sweep rings for.
A_LONG_LINE = 1000


def rings() -> list[str]:
    """For which withdrawals, or accounts, one sweep rings."""
    with listening() as heard:
        sweep_withdrawals()
    return [arguments[0] for _, arguments in heard]


def going() -> set[Any]:
    return set(Withdrawal.objects.filter(may_pay_out()).values_list("pk", flat=True))


def go_on(pause: PayoutPause) -> list[str]:
    """Resumed by a person; what is rung for at once."""
    with listening() as heard:
        resume_payouts(pause.pk, "well again", persons()[1])
    return [name for name, _ in heard]


@pytest.fixture
def others(
    api: Api, funded_elsewhere: None, live_account: ProviderAccount, new_api: Callable[..., Api]
) -> dict[str, Withdrawal]:
    """One withdrawal of the product, and one that differs from it in each one thing."""
    other = Product.objects.create(name="another product")
    fund(other, "INR")
    return {
        "mine": order(api),
        "other product": order(new_api(other)),
        "other system": order(api, BKASH),
        "other mode": order(new_api(Product.objects.exclude(pk=other.pk).get(), Mode.LIVE)),
    }


@pytest.mark.parametrize(
    ("scope", "key", "stopped"),
    [
        ("everything", lambda _: "", {"mine", "other product", "other system"}),
        ("provider_account", lambda mine: mine.account_id, {"mine", "other product", "other system"}),
        ("product", lambda mine: mine.product_id, {"mine", "other system"}),
        ("payment_system", lambda mine: mine.payment_system_id, {"mine", "other product"}),
    ],
)
def test_a_pause_stops_what_it_is_of_and_nothing_else(
    others: dict[str, Withdrawal], scope: str, key: Callable[[Withdrawal], Any], stopped: set[str]
) -> None:
    names = {one.pk: name for name, one in others.items()}
    assert {names[pk] for pk in going()} == set(others)
    pause_payouts(scope, key(others["mine"]), "outflow_cap", "x", mode="test")
    assert {names[pk] for pk in going()} == set(others) - stopped


def test_of_two_pauses_the_last_to_end_lets_it_go_on(api: Api, product: Product) -> None:
    withdrawal = order(api)
    first = pause_payouts("product", product.pk, "outflow_cap", "x", mode="test")
    second = pause_payouts("everything", "", "outflow_cap", "y", mode="test")
    go_on(first)
    assert going() == set()
    go_on(second)
    assert going() == {withdrawal.pk}


def test_a_paused_account_is_not_paid_through_either(api: Api, account: ProviderAccount) -> None:
    order(api)
    health.pause_by_hand(account, "maintenance")
    assert going() == set()


def test_while_it_lasts_orders_are_taken_and_nothing_of_them_is_sent_or_rung_for(
    api: Api, product: Product, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    pause = pause_payouts("product", product.pk, "outflow_cap", "x", mode="test")
    line = [order(api) for _ in range(3)]  # 201 each
    due = {one.pk: one.next_at for one in line}
    assert rings() == []
    for one in line:
        assert send(one).status == "queued"
        assert (one.next_at, one.attempts, one.token) == (due[one.pk], 0, None)
    sending_together.send_withdrawals(account.pk)
    assert provider.requests == []

    # At once, and in their old order.
    assert go_on(pause) == ["withdrawals.tasks.sweep_withdrawals"]
    assert rings() == [str(account.pk)]
    provider.script(words.CREATE, words.OK)
    account.calls_at_once = 1  # what leaves together leaves in no order
    account.save(update_fields=["calls_at_once"])
    sending_together.send_withdrawals(account.pk)
    assert [one.json()["withdrawal_id"] for one in provider.to(words.CREATE)] == [one.public_id for one in line]


def test_a_pause_that_came_after_the_claim_stops_at_the_gate(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    due_at = withdrawal.next_at
    seen: list[PayoutPause] = []

    def before_the_gate(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "callpace" in sql and not seen:
            seen.append(pause_payouts("product", product.pk, "outflow_cap", "x", mode="test"))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(before_the_gate):
        send(withdrawal)
    assert len(seen) == 1
    # In its old place of the line, and not attempted.
    assert (withdrawal.status, withdrawal.next_at, withdrawal.attempts, withdrawal.token) == ("queued", due_at, 0, None)
    assert moves(withdrawal) == [("queued", "api_key")]
    assert provider.requests == []


def test_one_that_waits_for_money_is_not_probed(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    make_due(withdrawal)
    provider.requests.clear()
    pause = pause_payouts("provider_account", account.pk, "outflow_cap", "x")
    assert rings() == []
    probing.probe_waiting(withdrawal.pk)
    assert provider.requests == []
    go_on(pause)
    assert rings() == [str(withdrawal.pk)]


def test_what_was_sent_is_asked_about_as_ever(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    withdrawal = sent(api, provider, DROP)
    assert withdrawal.status == "unknown"
    pause_payouts("everything", "", "outflow_cap", "x", mode="test")
    make_due(withdrawal)
    assert rings() == [str(account.pk)]
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    asking.ask_withdrawals(account.pk)
    withdrawal.refresh_from_db()
    assert withdrawal.status == "paid"


def test_a_worker_that_was_lost_while_sending_is_looked_after(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    begin_sending(withdrawal)
    pause_payouts("everything", "", "outflow_cap", "x", mode="test")
    make_due(withdrawal)
    assert send(withdrawal).status == "unknown"
    assert provider.to(words.CREATE) == []


def test_a_lost_answer_is_called_unknown_while_its_account_is_paused_and_nobody_is_asked(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal, waits = order(api), order(api)
    begin_sending(withdrawal)
    health.pause_by_hand(account, "the provider is gone")
    for one in (withdrawal, waits):
        make_due(one)
    assert rings() == [str(withdrawal.pk)]
    # Else people could never decide about it, however long the pause.
    assert send(withdrawal).status == "unknown"
    assert send(waits).status == "queued"
    make_due(withdrawal)
    assert rings() == []
    asking.ask_withdrawals(account.pk)
    assert provider.requests == []


@pytest.mark.usefixtures("disguised")
def test_a_long_line_that_is_paused_hides_nobody_behind_it(
    api: Api, product: Product, account: ProviderAccount, provider: ScriptedProvider, new_api: Any
) -> None:
    paused = order(api)
    _repeat(paused, A_LONG_LINE)
    pause_payouts("product", product.pk, "outflow_cap", "x", mode="test")
    other = Product.objects.create(name="another product")
    fund(other, "INR")
    free = order(new_api(other))
    with CaptureQueriesContext(connection) as captured:
        assert rings() == [str(account.pk)]
    # However long the line is: the pauses are constants, and no row of it is looked at by a query of its own.
    assert len(captured) <= 10
    provider.script(words.CREATE, words.OK)
    sending_together.send_withdrawals(account.pk)
    assert [one.body for one in provider.to(words.CREATE)] == [bytes(free.body)]
    due = Withdrawal.objects.filter(may_pay_out(), next_at__lte=timezone.now())
    plan = due.order_by("next_at")[:200].explain()
    assert "SubPlan" not in plan
    assert "providers_payoutpause" not in plan


def _repeat(withdrawal: Withdrawal, times: int) -> None:
    """Copies of a row, all due before it."""
    columns = [f'"{one.column}"' for one in Withdrawal._meta.concrete_fields]
    different = {
        '"id"': "gen_random_uuid()",
        '"reference"': "'copy ' || n",
        '"next_at"': "next_at - n * interval '1 second'",
    }
    with roles.undisguised() as cursor:
        cursor.execute(
            f"INSERT INTO withdrawals_withdrawal ({', '.join(columns)})"  # noqa: S608 - our own columns
            f" SELECT {', '.join(different.get(one, one) for one in columns)}"
            " FROM withdrawals_withdrawal, generate_series(1, %s) AS n WHERE id = %s",
            [times, withdrawal.pk],
        )
