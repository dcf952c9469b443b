from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from gateway.products.models import Product
from gateway.webhooks.actions import add_endpoint, disable_endpoint
from gateway.webhooks.event_types import EventType
from gateway.webhooks.models import Delivery, DeliveryAttempt, Event, WebhookEndpoint
from payments.states import DepositStatus
from tests import roles
from withdrawals.states import WithdrawalStatus

pytestmark = pytest.mark.django_db

Owed = Callable[..., Event]


def endpoint_at(name: str, product: Product, mode: str = "test", event_types: tuple[str, ...] = ()) -> WebhookEndpoint:
    url = f"https://{name}.example.com/"
    return add_endpoint(product=product, mode=mode, url=url, event_types=list(event_types))[0]


def test_every_enabled_endpoint_that_takes_it_is_owed_once(
    product: Product, owed: Owed, django_capture_on_commit_callbacks: Any
) -> None:
    other = Product.objects.create(name="other")
    takes_all = endpoint_at("all", product)
    takes_it = endpoint_at("some", product, event_types=("deposit.failed", "deposit.credited"))
    endpoint_at("else", product, event_types=("withdrawal.paid",))
    endpoint_at("live", product, mode="live")
    endpoint_at("all", other)
    disable_endpoint(endpoint_at("off", product))

    with django_capture_on_commit_callbacks() as rings:
        event = owed(data={"id": "dep_x"})

    event.refresh_from_db()
    assert (event.type, event.mode, event.sequence, event.data) == ("deposit.credited", "test", 1, {"id": "dep_x"})
    assert event.product == product
    assert list(Event.objects.all()) == [event]
    rows = Delivery.objects.order_by("pk").values_list(
        "event", "endpoint", "status", "attempts", "token", "sending_until", "finished_at", "next_at"
    )
    assert set(rows) == {
        (event.pk, one.pk, "pending", 0, None, None, None, event.created_at) for one in (takes_all, takes_it)
    }
    assert len(rows) == len(rings) == 2
    assert not DeliveryAttempt.objects.exists()


def test_nothing_is_owed_when_the_callers_transaction_rolls_back(product: Product, owed: Owed) -> None:
    endpoint_at("all", product)
    with transaction.atomic():
        owed()
        transaction.set_rollback(True)
    assert not Event.objects.exists()
    assert not Delivery.objects.exists()


def test_the_same_move_is_told_once(owed: Owed) -> None:
    owed(sequence=7)
    with pytest.raises(IntegrityError, match="one_event_per_move"), transaction.atomic():
        owed(sequence=7)
    assert Event.objects.count() == 1


def test_owing_costs_one_statement(product: Product, owed: Owed, django_assert_num_queries: Any) -> None:
    endpoint_at("one", product)
    endpoint_at("two", product)
    with django_assert_num_queries(3):  # the savepoint of the test's caller, and its release
        owed()


def test_an_unknown_type_is_refused(product: Product, owed: Owed) -> None:
    with pytest.raises(ValueError, match=r"deposit\.paid"):
        owed(type="deposit.paid")


def test_every_status_of_an_order_has_its_event() -> None:
    # A status without a word would roll back the very move that it reports.
    said = {f"deposit.{status}" for status in DepositStatus.values}
    said |= {f"withdrawal.{status}" for status in WithdrawalStatus.values} - {"withdrawal.sending"}
    said |= {"deposit.credited_with_difference", "confirmation.refused", "savings.increased", "savings.released"}
    said |= {"withdrawal_batch.finished", "webhook_endpoint.test"}
    assert said == set(EventType.values)


@pytest.mark.django_db(transaction=True)
def test_events_and_attempts_are_never_changed(owed: Owed) -> None:
    event = owed()
    with pytest.raises(ProgrammingError, match="permission denied"):
        Event.objects.update(sequence=9)
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute("SET pgtrigger.ignore = '{}'")
        with pytest.raises(IntegrityError, match="never changed"):
            cursor.execute("UPDATE webhooks_event SET sequence = 9")
        with pytest.raises(IntegrityError, match="never changed"):
            cursor.execute("DELETE FROM webhooks_event WHERE id = %s", [event.pk])
        with pytest.raises(IntegrityError, match="never emptied"):
            cursor.execute("TRUNCATE webhooks_event CASCADE")


@pytest.mark.parametrize(
    ("status", "then"),
    [
        ("delivered", "pending"),  # whoever took it has it
        ("delivered", "exhausted"),
        # A person replays these, and then they are attempted again: nothing else comes of them.
        ("exhausted", "delivered"),
        ("cancelled", "delivered"),
    ],
)
def test_the_database_refuses_illegal_moves(product: Product, owed: Owed, status: str, then: str) -> None:
    endpoint_at("all", product)
    delivery = owed().deliveries.get()
    ended = {"next_at": None, "finished_at": delivery.created_at}
    with pytest.raises(IntegrityError, match="may not begin as"), transaction.atomic():
        Delivery.objects.create(event=owed(), endpoint=delivery.endpoint, status=status, **ended)
    Delivery.objects.filter(pk=delivery.pk).update(status=status, **ended)
    changes = {"next_at": delivery.created_at, "finished_at": None} if then == "pending" else {}
    with pytest.raises(IntegrityError, match=f"{status} may not become {then}"), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(status=then, **changes)


def test_data_and_secrets_are_encrypted_at_rest(product: Product, owed: Owed) -> None:
    endpoint, secret = add_endpoint(product=product, mode="test", url="https://a.example.com/", event_types=[])
    owed(data={"account": "canary-account"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM webhooks_webhookendpoint UNION ALL SELECT data FROM webhooks_event")
        stored = b"".join(bytes(row[0]) for row in cursor.fetchall())
    assert secret.encode() not in stored
    assert b"canary-account" not in stored
    assert secret not in repr(endpoint)
