from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from gateway import ids
from gateway.products.models import Mode, Product
from gateway.webhooks import deliveries
from gateway.webhooks.actions import add_endpoint, live_secrets
from gateway.webhooks.models import Delivery, Event, WebhookEndpoint
from gateway.webhooks.shapes import (
    EventShape,
    EventWithDeliveriesShape,
    WebhookEndpointShape,
    WebhookEndpointWithSecretShape,
)
from tests.gateway.webhooks.conftest import client_of
from tests.gateway.webhooks.receiver import Receiver

pytestmark = pytest.mark.django_db

Owed = Callable[..., Event]
ENDPOINTS = "/api/v1/webhook-endpoints"
EVENTS = "/api/v1/events"
URL = "https://shop.example.com/hooks"


def refusal(response: Any) -> tuple[int, str, list[str]]:
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    return response.status_code, problem["code"], [error["pointer"] for error in problem["errors"]]


def test_adding_an_endpoint_shows_its_secret_once(client_api: APIClient, product: Product) -> None:
    response = client_api.post(ENDPOINTS, {"url": URL, "event_types": ["withdrawal.paid", "deposit.credited"]})
    assert response.status_code == 201
    row = WebhookEndpoint.objects.get()
    [secret] = live_secrets(row, at=timezone.now())
    shown = {
        "id": ids.encode("whe", row.pk),
        "object": "webhook_endpoint",
        "url": URL,
        "event_types": ["deposit.credited", "withdrawal.paid"],
        "enabled": True,
        "disabled_reason": None,
        "disabled_at": None,
        "failing_since": None,
        "mode": "test",
        "created_at": row.created_at.isoformat(),
    }
    assert response.json() == {**shown, "secret": secret}
    assert secret.startswith("whsec_")
    assert len(secret) == 6 + 44
    assert (row.product, row.mode) == (product, "test")
    assert client_api.get(f"{ENDPOINTS}/{shown['id']}").json() == shown
    assert client_api.get(ENDPOINTS).json() == {"object": "list", "data": [shown], "next_cursor": None}


def test_event_types_may_be_left_out(client_api: APIClient) -> None:
    assert client_api.post(ENDPOINTS, {"url": URL}).json()["event_types"] == []


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/url"]),
        ({"url": None}, ["/url"]),
        ({"url": 5}, ["/url"]),
        ({"url": ["https://a.example.com"]}, ["/url"]),
        ({"url": ""}, ["/url"]),
        ({"url": "http://shop.example.com/"}, ["/url"]),
        ({"url": "https://10.0.0.1/"}, ["/url"]),
        ({"url": "https://shop.example.com/#x"}, ["/url"]),
        ({"url": "https://u:p@shop.example.com/"}, ["/url"]),
        ({"url": "https://shop.example.com/" + "a" * 2048}, ["/url"]),
        ({"url": URL, "event_types": ["deposit.paid"]}, ["/event_types/0"]),
        ({"url": URL, "event_types": ["deposit.credited", 1]}, ["/event_types/1"]),
        ({"url": URL, "event_types": [["deposit.credited"]]}, ["/event_types/0"]),
        ({"url": URL, "event_types": ["deposit.credited"] * 40}, ["/event_types"]),
        ({"url": URL, "event_types": "deposit.credited"}, ["/event_types"]),
        ({"url": URL, "event_types": None}, ["/event_types"]),
        ({"url": URL, "secret": "mine"}, ["/secret"]),
    ],
)
def test_a_bad_endpoint_is_refused(client_api: APIClient, body: dict[str, Any], pointers: list[str]) -> None:
    assert refusal(client_api.post(ENDPOINTS, body)) == (400, "invalid_request", pointers)
    assert not WebhookEndpoint.objects.exists()


def test_the_same_address_twice_is_a_conflict(client_api: APIClient, product: Product) -> None:
    first = client_api.post(ENDPOINTS, {"url": URL}).json()["id"]
    second = client_api.post(ENDPOINTS, {"url": URL})
    assert refusal(second) == (409, "conflict", ["/url"])
    assert first in second.json()["detail"]
    assert client_api.delete(f"{ENDPOINTS}/{first}").status_code == 200
    assert client_api.post(ENDPOINTS, {"url": URL}).status_code == 201
    assert client_of(product, mode=Mode.LIVE).post(ENDPOINTS, {"url": URL}).status_code == 201


def test_too_many_endpoints(client_api: APIClient, product: Product) -> None:
    for number in range(16):
        add_endpoint(product=product, mode="test", url=f"https://h{number}.example.com/", event_types=[])
    assert refusal(client_api.post(ENDPOINTS, {"url": URL})) == (409, "conflict", [])
    assert WebhookEndpoint.objects.count() == 16


def test_deleting_disables_and_may_be_repeated(client_api: APIClient, owed: Owed) -> None:
    shown = client_api.post(ENDPOINTS, {"url": URL}).json()
    event = owed()
    first = client_api.delete(f"{ENDPOINTS}/{shown['id']}")
    row = WebhookEndpoint.objects.get()
    assert row.disabled_at is not None
    del shown["secret"]
    ended = shown | {"enabled": False, "disabled_reason": "product", "disabled_at": row.disabled_at.isoformat()}
    assert (first.status_code, first.json()) == (200, ended)
    assert client_api.delete(f"{ENDPOINTS}/{shown['id']}").json() == ended
    assert client_api.get(f"{ENDPOINTS}/{shown['id']}").json() == ended
    assert event.deliveries.get().status == "cancelled"


def test_rotating_shows_the_new_secret_only(client_api: APIClient) -> None:
    shown = client_api.post(ENDPOINTS, {"url": URL}).json()
    response = client_api.post(f"{ENDPOINTS}/{shown['id']}/rotate-secret")
    assert response.status_code == 200
    secret = response.json()["secret"]
    assert response.json() == {**shown, "secret": secret}
    assert secret != shown["secret"]
    assert live_secrets(WebhookEndpoint.objects.get(), at=timezone.now()) == [secret, shown["secret"]]


def test_scopes(product: Product) -> None:
    endpoint = add_endpoint(product=product, mode="test", url=URL, event_types=[])[0]
    reader, writer = client_of(product, scopes=("read",)), client_of(product, scopes=("webhooks:write",))
    writes = [
        ("post", ENDPOINTS),
        ("delete", f"{ENDPOINTS}/{endpoint}"),
        ("post", f"{ENDPOINTS}/{endpoint}/rotate-secret"),
    ]
    for method, path in writes:
        assert refusal(getattr(reader, method)(path)) == (403, "forbidden", [])
        assert refusal(getattr(APIClient(), method)(path)) == (401, "authentication_failed", [])
    for path in (ENDPOINTS, f"{ENDPOINTS}/{endpoint}", EVENTS):
        assert refusal(writer.get(path)) == (403, "forbidden", [])
        assert reader.get(path).status_code == 200
    assert WebhookEndpoint.objects.get().is_enabled


def test_somebody_elses_and_nobodys_are_the_same_404(product: Product, owed: Owed) -> None:
    endpoint = add_endpoint(product=product, mode="test", url=URL, event_types=[])[0]
    event = owed()
    strangers = [client_of(Product.objects.create(name="other")), client_of(product, mode=Mode.LIVE)]
    for stranger in strangers:
        for method, path in [
            ("get", f"{ENDPOINTS}/{endpoint}"),
            ("delete", f"{ENDPOINTS}/{endpoint}"),
            ("post", f"{ENDPOINTS}/{endpoint}/rotate-secret"),
            ("get", f"{EVENTS}/{event}"),
        ]:
            theirs = getattr(stranger, method)(path)
            nobodys = getattr(stranger, method)(path.replace(str(endpoint), ids.encode("whe", ids.new_id())))
            assert refusal(theirs) == refusal(nobodys) == (404, "not_found", [])
            assert {**theirs.json(), "request_id": ""} == {**nobodys.json(), "request_id": ""}
        assert stranger.get(ENDPOINTS).json()["data"] == stranger.get(EVENTS).json()["data"] == []
    before = live_secrets(WebhookEndpoint.objects.get(), at=timezone.now())
    assert WebhookEndpoint.objects.get().is_enabled
    assert len(before) == 1


def test_events_are_listed_newest_first_and_filtered(client_api: APIClient, owed: Owed) -> None:
    first = owed(data={"id": "dep_a"})
    second = owed(type="deposit.failed")
    third = owed(subject="dep_other", sequence=1)
    shown = [
        {
            "id": str(event),
            "object": "event",
            "type": event.type,
            "subject": event.subject,
            "sequence": event.sequence,
            "mode": "test",
            "data": event.data,
            "created_at": event.created_at.isoformat(),
        }
        for event in (third, second, first)
    ]
    assert client_api.get(EVENTS).json() == {"object": "list", "data": shown, "next_cursor": None}
    assert client_api.get(EVENTS, {"type": "deposit.failed"}).json()["data"] == shown[1:2]
    assert client_api.get(EVENTS, {"subject": first.subject}).json()["data"] == shown[1:]
    assert client_api.get(EVENTS, {"subject": first.subject, "type": "deposit.credited"}).json()["data"] == shown[2:]
    page = client_api.get(EVENTS, {"limit": 2}).json()
    assert (page["data"], page["next_cursor"]) == (shown[:2], str(second))
    rest = client_api.get(EVENTS, {"limit": 2, "cursor": page["next_cursor"]}).json()
    assert (rest["data"], rest["next_cursor"]) == (shown[2:], None)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"type": "deposit.paid"}, "/type"),
        ({"subject": "d" * 31}, "/subject"),
        ({"subject": "a\0"}, "/subject"),
        ({"cursor": "evt_x"}, "/cursor"),
        ({"limit": "0"}, "/limit"),
        ({"limit": "101"}, "/limit"),
        ({"state": "x"}, "/state"),
        ({"type": ["deposit.failed", "deposit.failed"]}, "/type"),
    ],
)
def test_a_bad_query_is_refused(client_api: APIClient, query: dict[str, Any], pointer: str) -> None:
    assert refusal(client_api.get(EVENTS, query)) == (400, "invalid_request", [pointer])


def test_an_event_with_what_became_of_it(
    client_api: APIClient, delivery: Delivery, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.status, receiver.answer = 503, b"canary-answer"
    deliveries.attempt(delivery.pk)
    delivery.refresh_from_db()
    made = delivery.tries.get()
    assert delivery.next_at is not None
    response = client_api.get(f"{EVENTS}/{delivery.event}")
    assert response.json()["deliveries"] == [
        {
            "endpoint": str(endpoint),
            "status": "pending",
            "next_attempt_at": delivery.next_at.isoformat(),
            "finished_at": None,
            "attempts": [
                {
                    "number": 1,
                    "outcome": "refused",
                    "http_status": 503,
                    "started_at": made.started_at.isoformat(),
                    "duration_ms": made.duration_ms,
                }
            ],
        }
    ]
    assert b"canary" not in response.content
    assert set(response.json()) == set(EventWithDeliveriesShape().fields)


def test_the_document_names_what_is_shown(client_api: APIClient, owed: Owed) -> None:
    created = client_api.post(ENDPOINTS, {"url": URL}).json()
    owed()
    assert set(created) == set(WebhookEndpointWithSecretShape().fields)
    assert set(client_api.get(ENDPOINTS).json()["data"][0]) == set(WebhookEndpointShape().fields)
    assert set(client_api.get(EVENTS).json()["data"][0]) == set(EventShape().fields)
