import json
import socket
import struct
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from gateway import ids
from gateway.due_work import claim
from gateway.products.models import Product
from gateway.webhooks import deliveries, sending
from gateway.webhooks.actions import add_endpoint, disable_endpoint, live_secrets, rotate_secret
from gateway.webhooks.models import Delivery, DeliveryAttempt, Event, WebhookEndpoint
from gateway.webhooks.states import DELIVERY_DELAYS_SECONDS
from tests.gateway.webhooks.receiver import Receiver, saying
from tests.ports import closed_port

pytestmark = pytest.mark.django_db

Owed = Callable[..., Event]


def make_due(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(next_at=timezone.now())


def waits_seconds(delivery: Delivery) -> float:
    delivery.refresh_from_db()
    assert delivery.next_at is not None
    return (delivery.next_at - timezone.now()).total_seconds()


def test_a_delivered_event(delivery: Delivery, receiver: Receiver) -> None:
    before = timezone.now()
    deliveries.attempt(delivery.pk)
    after = timezone.now()

    [letter] = receiver.letters
    event = Event.objects.get()
    event_id = ids.encode(ids.EVENT, event.pk)
    assert letter.path == "/hooks"
    assert letter.headers["webhook-id"] == event_id
    assert letter.headers["content-type"] == "application/json"
    assert letter.headers["user-agent"] == "payment-gateway-webhooks/1"
    assert int(before.timestamp()) <= int(letter.headers["webhook-timestamp"]) <= int(after.timestamp())
    assert json.loads(letter.body) == {
        "id": event_id,
        "type": "deposit.credited",
        "timestamp": event.created_at.isoformat().replace("+00:00", "Z"),
        "sequence": 1,
        "mode": "test",
        "data": {"id": "dep_01kbhw4p3sfy9a2xjfv1vw9g5r", "amount": "10.00", "note": "ü \u2028 </script>"},
    }
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.next_at, delivery.token, delivery.sending_until) == (
        "delivered", 1, None, None, None
    )  # fmt: skip
    assert delivery.finished_at is not None
    assert before <= delivery.finished_at <= after
    [made] = DeliveryAttempt.objects.all()
    assert (made.delivery_id, made.number, made.outcome, made.http_status) == (delivery.pk, 1, "delivered", 200)
    assert bytes(made.answer) == b"ok"
    assert before <= made.started_at <= after
    assert 0 <= made.duration_ms <= (after - before).total_seconds() * 1000 + 1
    assert WebhookEndpoint.objects.get().failing_since is None


def test_the_signature_verifies_and_guards_every_part(
    delivery: Delivery, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    [secret] = live_secrets(endpoint, at=timezone.now())
    deliveries.attempt(delivery.pk)
    [letter] = receiver.letters
    assert letter.headers["webhook-signature"].count("v1,") == 1
    assert Webhook(secret).verify(letter.body, letter.headers)["sequence"] == 1
    changes: list[tuple[bytes, dict[str, str]]] = [
        (letter.body.replace(b"10.00", b"99.00"), {}),
        (letter.body, {"webhook-id": "evt_0"}),
        (letter.body, {"webhook-timestamp": str(int(letter.headers["webhook-timestamp"]) + 1)}),
    ]
    for body, headers in changes:
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, letter.headers | headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(letter.body, letter.headers)


def test_during_a_rotation_both_secrets_verify(
    delivery: Delivery, endpoint: WebhookEndpoint, receiver: Receiver, owed: Owed
) -> None:
    [old] = live_secrets(endpoint, at=timezone.now())
    rotated, new = rotate_secret(endpoint)
    deliveries.attempt(delivery.pk)
    [letter] = receiver.letters
    for secret in (old, new):
        assert Webhook(secret).verify(letter.body, letter.headers)["type"] == "deposit.credited"
    tomorrow = timezone.now() + timedelta(hours=24, seconds=1)
    assert live_secrets(rotated, at=tomorrow) == [new]
    assert live_secrets(rotated, at=tomorrow - timedelta(seconds=10)) == [new, old]
    for _ in range(5):
        rotated, new = rotate_secret(rotated)
    assert len(rotated.secrets) == 4
    assert rotated.secrets[0] == {"secret": new, "until": None}


def test_every_attempt_sends_the_same_bytes_under_the_same_id(delivery: Delivery, receiver: Receiver) -> None:
    receiver.status = 500
    for _ in range(2):
        make_due(delivery)
        deliveries.attempt(delivery.pk)
    first, second = receiver.letters
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(204, "delivered"), (299, "delivered"), (301, "redirected"), (307, "redirected"), (400, "refused"),
     (404, "refused"), (429, "refused"), (500, "refused"), (503, "refused"), (999, "refused")],
)  # fmt: skip
def test_status_codes(delivery: Delivery, receiver: Receiver, status: int, outcome: str) -> None:
    receiver.status, receiver.answer = status, b""
    receiver.headers = {"location": f"{receiver.url}/elsewhere"}
    deliveries.attempt(delivery.pk)
    assert [letter.path for letter in receiver.letters] == ["/hooks"]
    made = DeliveryAttempt.objects.get()
    assert (made.outcome, made.http_status) == (outcome, status)
    delivery.refresh_from_db()
    endpoint = WebhookEndpoint.objects.get()
    if outcome == "delivered":
        assert (delivery.status, endpoint.failing_since) == ("delivered", None)
    else:
        assert (delivery.status, endpoint.failing_since) == ("pending", made.started_at)
        assert 4 < waits_seconds(delivery) < 5.6
    assert endpoint.is_enabled


def test_ten_attempts_with_the_promised_waits_and_then_the_end(delivery: Delivery, receiver: Receiver) -> None:
    assert DELIVERY_DELAYS_SECONDS == (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    receiver.status = 500
    for seconds in DELIVERY_DELAYS_SECONDS:
        deliveries.attempt(delivery.pk)
        assert seconds - 1 < waits_seconds(delivery) <= seconds * 1.1
        deliveries.attempt(delivery.pk)  # not due: nothing happens
        make_due(delivery)
    assert DeliveryAttempt.objects.count() == len(receiver.letters) == 9
    deliveries.attempt(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.next_at, delivery.token) == ("exhausted", 10, None, None)
    assert [made.number for made in DeliveryAttempt.objects.order_by("number")] == list(range(1, 11))
    deliveries.attempt(delivery.pk)
    assert len(receiver.letters) == 10


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("120", 118, 120),
        ("1", 4, 5.6),
        ("0", 4, 5.6),
        ("999999999", 86_398, 86_400),
        ("99999999999999999999", 4, 5.6),
        ("-5", 4, 5.6),
        ("soon", 4, 5.6),
        ("1.5", 4, 5.6),
        ("date+600", 597, 600),
        ("date-600", 4, 5.6),
        ("date+999999", 86_398, 86_400),
    ],
)
def test_retry_after(delivery: Delivery, receiver: Receiver, asked: str, least: float, most: float) -> None:
    if asked.startswith("date"):
        asked = format_datetime(datetime.now(UTC) + timedelta(seconds=int(asked[4:])), usegmt=True)
    receiver.status, receiver.headers = 503, {"retry-after": asked}
    deliveries.attempt(delivery.pk)
    assert least < waits_seconds(delivery) <= most


def test_a_success_ends_the_failing(delivery: Delivery, receiver: Receiver) -> None:
    receiver.status = 500
    deliveries.attempt(delivery.pk)
    since = WebhookEndpoint.objects.get().failing_since
    make_due(delivery)
    deliveries.attempt(delivery.pk)
    assert WebhookEndpoint.objects.get().failing_since == since is not None
    receiver.status = 200
    make_due(delivery)
    deliveries.attempt(delivery.pk)
    assert WebhookEndpoint.objects.get().failing_since is None


def test_410_disables_the_endpoint_and_cancels_what_it_is_owed(
    delivery: Delivery, product: Product, receiver: Receiver, owed: Owed
) -> None:
    elsewhere = add_endpoint(product=product, mode="test", url="https://b.example.com/", event_types=[])[0]
    waiting = owed()
    receiver.status = 410
    deliveries.attempt(delivery.pk)

    endpoint = WebhookEndpoint.objects.exclude(pk=elsewhere.pk).get()
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "gone")
    assert endpoint.disabled_at is not None
    assert DeliveryAttempt.objects.get().outcome == "gone"
    rows = Delivery.objects.values_list("event", "endpoint", "status", "next_at")
    assert set(rows) == {
        (delivery.event_id, endpoint.pk, "cancelled", None),
        (waiting.pk, endpoint.pk, "cancelled", None),
        (waiting.pk, elsewhere.pk, "pending", waiting.created_at),
    }
    later = owed()
    assert [row.endpoint for row in later.deliveries.all()] == [elsewhere]


def test_a_disabled_endpoint_is_not_called(endpoint: WebhookEndpoint, owed: Owed, receiver: Receiver) -> None:
    # As it is left by a worker that died while the endpoint was being disabled.
    disable_endpoint(endpoint)
    left = Delivery.objects.create(event=owed(), endpoint=endpoint, next_at=timezone.now())
    deliveries.attempt(left.pk)
    left.refresh_from_db()
    assert (left.status, left.next_at) == ("cancelled", None)
    assert receiver.letters == []
    assert not DeliveryAttempt.objects.exists()


@pytest.mark.parametrize(("status", "ends"), [(200, "delivered"), (500, "cancelled")])
def test_what_is_under_way_while_its_endpoint_is_disabled_ends_by_its_own_answer(
    delivery: Delivery, endpoint: WebhookEndpoint, receiver: Receiver, status: int, ends: str
) -> None:
    def resolver(host: str, _: int) -> list[str]:
        return [host]

    receiver.status = status
    [claimed] = claim(Delivery.objects.all(), limit=1, lease_seconds=deliveries.LEASE_SECONDS)
    mine = deliveries._take_place(claimed)
    assert mine is not None
    disable_endpoint(endpoint)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.token) == ("pending", claimed.token)
    deliveries._record(mine, deliveries._send(mine, resolver))
    delivery.refresh_from_db()
    assert (delivery.status, delivery.next_at, delivery.token) == (ends, None, None)
    assert DeliveryAttempt.objects.get().http_status == status


def test_a_worker_that_lost_its_lease_writes_nothing(delivery: Delivery, receiver: Receiver) -> None:
    [claimed] = claim(Delivery.objects.all(), limit=1, lease_seconds=deliveries.LEASE_SECONDS)
    mine = deliveries._take_place(claimed)
    assert mine is not None
    made = deliveries._send(mine, lambda host, _: [host])
    # The lease ended, and another worker has the row.
    Delivery.objects.update(token=uuid.uuid4(), attempts=F("attempts") + 1)
    before = Delivery.objects.values().get(), WebhookEndpoint.objects.values().get()
    deliveries._record(mine, made)
    assert (Delivery.objects.values().get(), WebhookEndpoint.objects.values().get()) == before
    assert not DeliveryAttempt.objects.exists()
    assert deliveries._take_place(claimed) is None
    assert Delivery.objects.values().get() == before[0]


def test_a_crash_leaves_a_row_that_becomes_due_again(delivery: Delivery, receiver: Receiver) -> None:
    [claimed] = claim(Delivery.objects.all(), limit=1, lease_seconds=deliveries.LEASE_SECONDS)
    assert deliveries._take_place(claimed) is not None
    deliveries.attempt(delivery.pk)
    assert receiver.letters == []
    assert 55 < waits_seconds(delivery) <= 60
    Delivery.objects.update(next_at=timezone.now(), sending_until=timezone.now())  # the lease ends
    deliveries.attempt(delivery.pk)
    assert len(receiver.letters) == 1
    assert DeliveryAttempt.objects.get().number == 2


def test_only_the_beginning_of_an_answer_is_kept(delivery: Delivery, receiver: Receiver) -> None:
    receiver.answer = b"x" * 200_000
    deliveries.attempt(delivery.pk)
    made = DeliveryAttempt.objects.get()
    assert (made.outcome, bytes(made.answer)) == ("delivered", b"x" * 65_536)


def test_a_compressed_answer_is_not_unpacked(delivery: Delivery, receiver: Receiver) -> None:
    receiver.answer, receiver.headers = b"\x1f\x8bbomb", {"content-encoding": "gzip"}
    deliveries.attempt(delivery.pk)
    made = DeliveryAttempt.objects.get()
    assert (made.outcome, bytes(made.answer)) == ("delivered", b"")


def hang(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def drip_headers(connection: socket.socket) -> None:
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        while True:
            connection.sendall(b"a")
            connection.settimeout(0.05)
            try:
                if not connection.recv(65_536):
                    return
            except TimeoutError:
                continue
    except OSError:
        return


def talk_garbage(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")


def reset(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("script", "outcome"),
    [(hang, "timed_out"), (drip_headers, "timed_out"), (talk_garbage, "broken"), (reset, "broken")],
)
def test_servers_that_do_not_answer(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch, script: Callable[[socket.socket], None], outcome: str
) -> None:
    monkeypatch.setattr(sending, "ATTEMPT_MAX_SECONDS", 0.5)
    with saying(script) as port:
        WebhookEndpoint.objects.update(url=f"http://127.0.0.1:{port}/")
        deliveries.attempt(delivery.pk)
    made = DeliveryAttempt.objects.get()
    assert (made.outcome, made.http_status, bytes(made.answer)) == (outcome, None, b"")
    assert made.duration_ms < 3_000
    assert 4 < waits_seconds(delivery) < 5.6


def test_nobody_listens(delivery: Delivery) -> None:
    with closed_port() as port:
        WebhookEndpoint.objects.update(url=f"http://127.0.0.1:{port}/")
        deliveries.attempt(delivery.pk)
    assert DeliveryAttempt.objects.get().outcome == "unreachable"


def no_such_name(host: str, _: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, host)


@pytest.mark.parametrize("resolver", [no_such_name, lambda *_: [], lambda *_: ["not an address"]])
def test_a_name_without_address(delivery: Delivery, resolver: Any, receiver: Receiver) -> None:
    deliveries.attempt(delivery.pk, resolver=resolver)
    made = DeliveryAttempt.objects.get()
    assert (made.outcome, made.http_status) == ("unreachable", None)
    assert receiver.letters == []


@pytest.mark.parametrize("host", ["xn--a.example", "xn--0.example", "xn--.example"])
def test_a_name_that_only_looks_like_an_international_one(delivery: Delivery, host: str) -> None:
    """Kept from before such names were refused: no request can be made of it, wherever it resolves to."""
    WebhookEndpoint.objects.update(url=f"https://{host}/")
    deliveries.attempt(delivery.pk, resolver=lambda *_: ["9.9.9.9"])
    made = DeliveryAttempt.objects.get()
    assert (made.outcome, made.http_status) == ("unreachable", None)
    assert 4 < waits_seconds(delivery) < 5.6
    assert WebhookEndpoint.objects.get().failing_since == made.started_at


def test_no_secret_and_no_account_data_in_logs_or_reprs(
    delivery: Delivery, endpoint: WebhookEndpoint, receiver: Receiver, caplog: pytest.LogCaptureFixture, owed: Owed
) -> None:
    caplog.set_level("DEBUG")
    WebhookEndpoint.objects.update(url=f"{receiver.url}?key=canary-url")
    receiver.answer, receiver.status = b"canary-answer", 500
    receiver.headers = {"x-canary": "canary-header"}
    row = owed(data={"account": "canary-account"}).deliveries.get()
    [secret] = live_secrets(endpoint, at=timezone.now())
    deliveries.attempt(row.pk)
    said = caplog.text + repr(DeliveryAttempt.objects.get()) + repr(row) + repr(endpoint)
    assert "webhook_attempt" in said
    for canary in ("canary-account", "canary-answer", "canary-url", secret, secret.removeprefix("whsec_")):
        assert canary not in said


def test_the_sweep_rings_for_what_is_due_few_of_each_endpoint(
    product: Product, endpoint: WebhookEndpoint, owed: Owed, django_capture_on_commit_callbacks: Any
) -> None:
    for _ in range(deliveries.PLACES + 3):
        owed()
    add_endpoint(product=product, mode="test", url="https://b.example.com/", event_types=[])
    owed()
    Delivery.objects.filter(pk=owed().deliveries.exclude(endpoint=endpoint).get().pk).update(
        next_at=timezone.now() + timedelta(minutes=1)
    )
    before = list(Delivery.objects.order_by("pk").values())
    with django_capture_on_commit_callbacks() as rings:
        assert deliveries.ring_for_due() == deliveries.PLACES + 1
    assert len(rings) == deliveries.PLACES + 1
    assert list(Delivery.objects.order_by("pk").values()) == before


def test_a_delivery_that_kills_every_worker_ends(delivery: Delivery, receiver: Receiver) -> None:
    Delivery.objects.update(attempts=10)
    deliveries.attempt(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.next_at) == ("exhausted", 11, None)
    assert receiver.letters == []
