"""Workers at once, on real connections: nothing sent twice, nothing held, no product in another's way."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from gateway.products.models import Product
from gateway.webhooks import deliveries
from gateway.webhooks.actions import add_endpoint, disable_endpoint
from gateway.webhooks.models import Delivery, DeliveryAttempt, Event, WebhookEndpoint
from tests.gateway.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)

Owed = Callable[..., Event]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def workers(*delivery_ids: UUID) -> Iterator[list[threading.Thread]]:
    """One worker for each id, all at once."""
    barrier = threading.Barrier(len(delivery_ids))

    def work(delivery_id: UUID) -> None:
        try:
            barrier.wait(10)
            deliveries.attempt(delivery_id)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[one]) for one in delivery_ids]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_one_delivery_rung_six_times_is_sent_once(delivery: Delivery, receiver: Receiver) -> None:
    with workers(*[delivery.pk] * 6):
        pass
    assert len(receiver.letters) == 1
    assert DeliveryAttempt.objects.get().number == 1
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("delivered", 1)


def test_no_lock_is_held_and_the_lease_is_committed_during_the_call(delivery: Delivery, receiver: Receiver) -> None:
    seen: list[tuple[int, bool, bool]] = []

    def look() -> None:
        try:
            with transaction.atomic():
                row = Delivery.objects.select_for_update(nowait=True).get(pk=delivery.pk)
                WebhookEndpoint.objects.select_for_update(nowait=True).get()
                now = timezone.now()
                assert row.next_at is not None
                assert row.sending_until is not None
                seen.append((row.attempts, row.next_at > now, row.sending_until > now))
        finally:
            connection.close()

    receiver.during = look
    deliveries.attempt(delivery.pk)
    assert seen == [(1, True, True)]


@pytest.mark.parametrize("failing", [False, True])
def test_a_product_that_hangs_fills_its_own_places_only(
    product: Product, endpoint: WebhookEndpoint, receiver: Receiver, owed: Owed, failing: bool
) -> None:
    if failing:
        WebhookEndpoint.objects.update(failing_since=timezone.now())
    places = 1 if failing else 4
    let_go = threading.Event()
    receiver.during = lambda: let_go.wait(10)
    mine = [owed().deliveries.get().pk for _ in range(places + 3)]
    other = Product.objects.create(name="other")
    with receiving() as healthy:
        add_endpoint(product=other, mode="test", url=healthy.url, event_types=[])
        theirs = owed(product=other).deliveries.get()
        with workers(*mine) as threads:
            until(lambda: sum(thread.is_alive() for thread in threads) == places == len(receiver.letters))
            # Those without a place were given back as they were.
            given_back = Delivery.objects.filter(pk__in=mine, token=None)
            assert list(given_back.values_list("status", "attempts", "sending_until")) == [("pending", 0, None)] * 3
            assert all(row.next_at <= timezone.now() for row in given_back if row.next_at)
            deliveries.attempt(theirs.pk)
            assert len(healthy.letters) == 1
            assert len(receiver.letters) == places
            let_go.set()
    for pk in mine:
        deliveries.attempt(pk)
    assert len(receiver.letters) == len(mine)
    assert set(Delivery.objects.values_list("status", "attempts")) == {("delivered", 1)}


def test_whoever_leaves_a_place_rings_for_the_next(
    endpoint: WebhookEndpoint, owed: Owed, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = owed().deliveries.get(), owed().deliveries.get()
    rung: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "gateway.after_commit.task_messages.push", lambda _, rings, **__: rung.extend(ids for _, ids in rings)
    )
    deliveries.attempt(first.pk)
    assert rung == [(str(second.pk),)]
    deliveries.attempt(second.pk)
    assert rung == [(str(second.pk),)]


def test_disabling_and_delivering_at_once_never_wait_for_each_other(
    endpoint: WebhookEndpoint, receiver: Receiver, owed: Owed
) -> None:
    receiver.status = 410
    mine = [owed().deliveries.get().pk for _ in range(4)]
    barrier = threading.Barrier(4)
    receiver.during = lambda: barrier.wait(10)
    errors: list[Any] = []

    def disable() -> None:
        try:
            disable_endpoint(endpoint)
        except Exception as error:  # noqa: BLE001 - a deadlock would arrive here
            errors.append(error)
        finally:
            connection.close()

    with workers(*mine):
        until(lambda: len(receiver.letters) == 4)
        thread = threading.Thread(target=disable)
        thread.start()
        thread.join(10)
    assert errors == []
    assert set(Delivery.objects.values_list("status", "attempts")) == {("cancelled", 1)}
    assert DeliveryAttempt.objects.count() == 4


def test_endpoints_added_at_once_are_counted(product: Product) -> None:
    for number in range(15):
        add_endpoint(product=product, mode="test", url=f"https://h{number}.example.com/", event_types=[])
    barrier = threading.Barrier(4)

    def add(number: int) -> None:
        try:
            barrier.wait(10)
            add_endpoint(product=product, mode="test", url=f"https://x{number}.example.com/", event_types=[])
        except Exception as error:  # noqa: BLE001 - its kind is what is asserted
            refused.append(type(error).__name__)
        finally:
            connection.close()

    refused: list[str] = []
    threads = [threading.Thread(target=add, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert refused == ["TooManyEndpoints"] * 3
    assert WebhookEndpoint.objects.count() == 16
