"""Caps on what leaves in a day: nothing goes beyond one, and what it is about pauses until a person resumes it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from balances.verb_fields import Refused
from gateway.products.models import Mode, Product
from gateway.providers.models import PayoutPause, ProviderAccount
from gateway.providers.pauses import resume_payouts
from tests.conftest import Api, fund, may_repeat_itself
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import by_two_persons, persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import BKASH, make_due, moves, order, send, sent
from tests.withdrawals.ruling import cap
from withdrawals import probing
from withdrawals.models import OutflowCap, Withdrawal

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def pauses() -> list[tuple[str, str, str, str]]:
    """All open ones."""
    rows = PayoutPause.objects.filter(ended_at=None).order_by("scope", "key")
    return list(rows.values_list("scope", "key", "mode", "kind"))


def resume() -> None:
    for pause in PayoutPause.objects.filter(ended_at=None):
        assert resume_payouts(pause.pk, "looked at it", persons()[1])


def test_what_would_go_beyond_a_cap_is_not_sent_and_the_product_pauses(
    api: Api, product: Product, provider: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    cap(product, 2436)
    assert sent(api, provider, words.OK).status == "accepted"
    assert sent(api, provider, words.OK).status == "accepted"  # to the last unit
    third, fourth = order(api, amount="1"), order(api)
    before = third.next_at
    assert send(third).status == "queued"
    assert (third.next_at, third.attempts, third.token) == (before, 0, None)
    assert pauses() == [("product", str(product.pk), "test", "outflow_cap")]
    [pause] = PayoutPause.objects.all()
    assert pause.reason == "Sent in 24 hours: 2436.00 INR; 1.00 more would go beyond the cap of 2436.00."
    assert pause.by is None
    assert "outflow_cap_reached" in caplog.text
    # Everything else of the product waits as well.
    assert send(fourth).status == "queued"
    assert moves(fourth) == [("queued", "api_key")]
    assert len(provider.to(words.CREATE)) == 2
    assert PayoutPause.objects.count() == 1


@pytest.mark.django_db
def test_a_pause_that_was_lost_is_made_by_the_next_one(
    api: Api, product: Product, provider: ScriptedProvider, django_capture_on_commit_callbacks: Any
) -> None:
    cap(product, 1000)
    made = sent(api, provider, words.OK)
    # The worker died between the commit and the pause.
    assert (made.status, pauses()) == ("queued", [])
    with django_capture_on_commit_callbacks(execute=True):
        assert send(made).status == "queued"
    assert pauses() == [("product", str(product.pk), "test", "outflow_cap")]
    assert provider.to(words.CREATE) == []


def test_an_account_has_a_cap_for_all_its_products(
    api: Api, product: Product, account: ProviderAccount, provider: ScriptedProvider, new_api: Any
) -> None:
    other = Product.objects.create(name="other")
    fund(other, "INR")
    may_repeat_itself(other)
    cap(account, 2000)
    assert sent(api, provider, words.OK).status == "accepted"
    assert sent(new_api(other), provider, words.OK).status == "queued"
    assert pauses() == [("provider_account", str(account.pk), "test", "outflow_cap")]
    assert send(order(api, amount="1")).status == "queued"


def test_after_a_person_resumed_it_counts_from_then_on(api: Api, product: Product, provider: ScriptedProvider) -> None:
    cap(product, 1300)
    with time_machine.travel(NOON, tick=False) as clock:
        sent(api, provider, words.OK)
        waiting = order(api)
        assert send(waiting).status == "queued"
        clock.shift(timedelta(minutes=5))
        resume()
        clock.shift(timedelta(minutes=1))
        # What was sent before has been looked at: it does not stop the same again at once.
        assert send(waiting).status == "accepted"
        # From now on it counts.
        assert send(order(api)).status == "queued"
        assert pauses() == [("product", str(product.pk), "test", "outflow_cap")]


def test_a_day_after_it_was_sent_it_does_not_count(api: Api, product: Product, provider: ScriptedProvider) -> None:
    cap(product, 1300)
    with time_machine.travel(NOON, tick=False):
        sent(api, provider, words.OK)
    with time_machine.travel(NOON + timedelta(hours=24) - timedelta(microseconds=1), tick=False):
        assert sent(api, provider, words.OK).status == "queued"
        resume()
    with time_machine.travel(NOON + timedelta(hours=24), tick=False):
        assert send(Withdrawal.objects.get(status="queued")).status == "accepted"


def test_what_is_surely_not_out_does_not_count_and_what_may_be_does(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    cap(product, 1218 * 2)
    assert sent(api, provider, words.REFUSED_FIELD).status == "failed"
    assert sent(api, provider, words.NO_FUNDS).status == "waiting_funds"
    assert sent(api, provider, (500, b"")).status == "unknown"
    assert sent(api, provider, words.OK).status == "accepted"
    assert pauses() == []
    assert sent(api, provider, words.OK).status == "queued"
    assert pauses() == [("product", str(product.pk), "test", "outflow_cap")]


def test_one_that_waited_for_money_passes_the_same_gate(api: Api, product: Product, provider: ScriptedProvider) -> None:
    waiting = sent(api, provider, words.NO_FUNDS)
    provider.script(words.PULL, words.pulled(words.not_found(waiting)))
    provider.script(words.CREATE, words.OK)
    cap(product, 1217)
    make_due(waiting)
    probing.probe_waiting(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.token) == ("waiting_funds", None)
    assert pauses() == [("product", str(product.pk), "test", "outflow_cap")]
    cap(product, 1218)
    resume()
    probing.probe_waiting(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.status == "accepted"


def test_other_products_modes_and_currencies_are_apart(
    api: Api,
    product: Product,
    provider: ScriptedProvider,
    live_account: ProviderAccount,
    funded_elsewhere: None,
    new_api: Any,
) -> None:
    other = Product.objects.create(name="other")
    fund(other, "INR")
    cap(product, 1)
    assert sent(new_api(other), provider, words.OK).status == "accepted"
    assert sent(api, provider, words.OK, BKASH).status == "accepted"
    assert sent(new_api(product, Mode.LIVE), provider, words.OK).status == "accepted"
    assert pauses() == []


def test_the_latest_version_counts_and_one_without_a_maximum_ends_it(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    cap(product, 1)
    cap(product, 1218)
    assert sent(api, provider, words.OK).status == "accepted"
    cap(product, None)
    assert sent(api, provider, words.OK).status == "accepted"
    assert pauses() == []


def test_two_persons_agree_on_a_cap_of_live_money(product: Product, live_account: ProviderAccount) -> None:
    told = {"mode": "live", "currency": "INR", "product": product.name, "maximum": "1000"}
    made = by_two_persons("outflow_cap_agreed", told)
    assert made.preview["notes"] == [
        f"From the approval on: live INR, {product}: at most 1000.00 INR in 24 hours.",
        "There was no such row before.",
    ]
    row = OutflowCap.objects.get()
    assert (row.maximum, row.version, row.created_by, row.account) == (Decimal(1000), 1, persons()[1], None)
    by_two_persons("outflow_cap_agreed", {**told, "maximum": ""})
    by_account = {"mode": "live", "currency": "INR", "provider_account": live_account.name, "maximum": "5"}
    by_two_persons("outflow_cap_agreed", by_account)
    assert list(OutflowCap.objects.order_by("id").values_list("version", "maximum")) == [
        (1, Decimal(1000)),
        (2, None),
        (1, Decimal(5)),
    ]
    for changes, says in (
        ({"maximum": ""}, "there is no such cap to end"),
        ({"provider_account": live_account.name}, "name one of them"),
        ({"product": ""}, "name one of them"),
        ({"product": "", "provider_account": live_account.name, "mode": "test"}, "It is a live account"),
        ({"maximum": "0"}, "Most that leaves"),
    ):
        with pytest.raises(Refused, match=says):
            by_two_persons("outflow_cap_agreed", {**told, **changes})
