"""What staff do with webhook endpoints: by the verbs of products, each with a reason, each secret shown once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway.products.models import Product
from gateway.webhooks import deliveries
from gateway.webhooks.actions import add_endpoint, disable_endpoint, live_secrets
from gateway.webhooks.models import Delivery, Event, WebhookEndpoint, WebhookEndpointHistory
from tests.gateway.webhooks.conftest import delivery, endpoint, owed, receiver
from tests.gateway.webhooks.receiver import Receiver
from tests.leaks import leaks
from tests.staff import logged_in

__all__ = ["delivery", "endpoint", "owed", "receiver"]

pytestmark = pytest.mark.django_db

WHY = {"reason": "the shop asked for it"}


@pytest.fixture
def staff(db: None) -> Client:
    codes = ("add_webhookendpoint", "change_webhookendpoint", "view_webhookendpoint", "view_event", "view_delivery")
    return logged_in("ada", *codes)


def page(name: str, endpoint: WebhookEndpoint) -> str:
    return reverse(f"admin:webhooks_webhookendpoint_{name}", args=[endpoint.pk])


def last(endpoint: WebhookEndpoint) -> Any:
    return WebhookEndpointHistory.objects.filter(pgh_obj=endpoint.pk).order_by("pgh_id").last()


def test_one_is_added_and_its_secret_shown_once(staff: Client, product: Product) -> None:
    add = reverse("admin:webhooks_webhookendpoint_add_endpoint")
    told: dict[str, Any] = {"product": str(product.pk), "mode": "live", "url": "https://shop.example.com/hooks", **WHY}
    told |= {"event_types": ["withdrawal.paid", "deposit.credited"]}
    shown = staff.post(add, told)
    made = WebhookEndpoint.objects.get()
    assert (made.product, made.mode, made.url) == (product, "live", "https://shop.example.com/hooks")
    assert made.event_types == ["deposit.credited", "withdrawal.paid"]
    [secret] = live_secrets(made, at=timezone.now())
    assert secret in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert secret not in staff.get(page("change", made)).content.decode()
    assert secret not in staff.get(page("history", made)).content.decode()
    assert leaks(secret) == set()
    assert (last(made).pgh_context["username"], last(made).pgh_context["reason"]) == ("ada", WHY["reason"])
    for wrong, words in (
        ({"url": "http://shop.example.com/"}, "https"),
        ({"url": "https://127.0.0.1/"}, ""),
        ({}, f"told already, by {made}"),
        ({"reason": ""}, "required"),
    ):
        refused = staff.post(add, told | wrong)
        assert refused.status_code == 200
        assert words in refused.content.decode()
    assert WebhookEndpoint.objects.count() == 1


def test_the_secret_is_rotated_and_the_former_one_lives_on(staff: Client, endpoint: WebhookEndpoint) -> None:
    [former] = live_secrets(endpoint, at=timezone.now())
    shown = staff.post(page("rotate", endpoint), WHY).content.decode()
    endpoint.refresh_from_db()
    new, still = live_secrets(endpoint, at=timezone.now())
    assert still == former
    assert new in shown
    assert former not in shown
    assert last(endpoint).secret_changes == {"secrets": "changed"}


def test_another_address_takes_what_is_owed(staff: Client, endpoint: WebhookEndpoint, delivery: Delivery) -> None:
    told = {"url": "https://shop.example.com/new", "event_types": ["deposit.credited"], **WHY}
    assert staff.post(page("edit", endpoint), told).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.event_types) == ("https://shop.example.com/new", ["deposit.credited"])
    delivery.refresh_from_db()
    assert delivery.status == "pending"
    other, _ = add_endpoint(product=endpoint.product, mode="test", url="https://other.example.com/", event_types=[])
    refused = staff.post(page("edit", endpoint), told | {"url": other.url})
    assert f"told already, by {other}" in refused.content.decode()


def test_it_is_switched_off_and_on(staff: Client, endpoint: WebhookEndpoint, delivery: Delivery) -> None:
    assert 'name="wish" value="off"' in staff.get(page("switch", endpoint)).content.decode()
    for _ in range(2):  # a second click, or after it went off by itself
        assert staff.post(page("switch", endpoint), {"wish": "off", **WHY}).status_code == 302
    for row in (endpoint, delivery):
        row.refresh_from_db()
    assert (endpoint.is_enabled, delivery.status) == (False, "cancelled")
    assert 'name="wish" value="on"' in staff.get(page("switch", endpoint)).content.decode()
    for wrong in ({}, {"wish": "other"}):
        assert staff.post(page("switch", endpoint), {**wrong, **WHY}).status_code == 400
    assert "switch it on first" in staff.post(page("test", endpoint), WHY).content.decode()
    assert (
        "switch it on first"
        in staff.post(page("replay", endpoint), {"since": "2026-01-01 00:00", **WHY}).content.decode()
    )
    for _ in range(2):
        assert staff.post(page("switch", endpoint), {"wish": "on", **WHY}).status_code == 302
    for row in (endpoint, delivery):
        row.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.disabled_at, endpoint.disabled_reason) == (True, None, "")
    assert delivery.status == "cancelled"


def test_another_one_at_its_address_keeps_it_off(staff: Client, endpoint: WebhookEndpoint) -> None:
    disable_endpoint(endpoint)
    other, _ = add_endpoint(product=endpoint.product, mode="test", url=endpoint.url, event_types=[])
    assert f"told already, by {other}" in staff.post(page("switch", endpoint), {"wish": "on", **WHY}).content.decode()
    endpoint.refresh_from_db()
    assert not endpoint.is_enabled


def test_a_test_event_comes_to_this_endpoint_alone_whatever_it_takes(
    staff: Client, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    WebhookEndpoint.objects.update(event_types=["withdrawal.paid"])
    add_endpoint(product=endpoint.product, mode="test", url="https://other.example.com/", event_types=[])
    for _ in range(2):
        assert staff.post(page("test", endpoint), WHY).status_code == 302
    told = list(Event.objects.order_by("sequence").values_list("type", "subject", "sequence"))
    assert told == [("webhook_endpoint.test", str(endpoint), 1), ("webhook_endpoint.test", str(endpoint), 2)]
    assert set(Delivery.objects.values_list("endpoint", flat=True)) == {endpoint.pk}
    for one in Delivery.objects.all():
        deliveries.attempt(one.pk)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered"}
    assert [one.change_message.partition(" evt_")[0] for one in LogEntry.objects.all()] == ["Test event"] * 2


def test_what_failed_is_replayed_with_a_new_round_of_attempts(
    staff: Client, endpoint: WebhookEndpoint, delivery: Delivery, receiver: Receiver, owed: Callable[..., Event]
) -> None:
    receiver.status = 500
    Delivery.objects.update(attempts=deliveries.ATTEMPTS_MAX - 1)
    deliveries.attempt(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("exhausted", deliveries.ATTEMPTS_MAX)
    waiting = owed().deliveries.get()
    assert staff.post(page("replay", endpoint), {"since": "2100-01-01 00:00", **WHY}).status_code == 200
    since = f"{timezone.now().year}-01-01 00:00"
    assert staff.post(page("replay", endpoint), {"since": since, **WHY}).status_code == 302
    for row in (delivery, waiting):
        row.refresh_from_db()
    assert (delivery.status, delivery.attempts_of_round, waiting.attempts) == ("pending", 0, 0)
    deliveries.attempt(delivery.pk)
    delivery.refresh_from_db()
    # One more that failed: the ladder begins anew, its numbers go on.
    assert (delivery.status, delivery.attempts_of_round) == ("pending", 1)
    assert list(delivery.tries.order_by("number").values_list("number", flat=True)) == [10, 11]
    receiver.status = 200
    Delivery.objects.update(next_at=timezone.now())
    deliveries.attempt(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.status == "delivered"
    assert "Replayed 1 deliveries" in LogEntry.objects.get().change_message
    shown = staff.get(page("change", endpoint)).content.decode()
    assert "1 pending, 1 delivered" in shown


@pytest.mark.parametrize("name", ["edit", "switch", "rotate", "test", "replay"])
def test_each_takes_its_permission(endpoint: WebhookEndpoint, name: str) -> None:
    looker = logged_in("looker", "view_webhookendpoint", "add_webhookendpoint")
    assert looker.get(page(name, endpoint)).status_code == 403
    assert looker.post(page(name, endpoint), WHY).status_code == 403
    assert WebhookEndpointHistory.objects.count() == 1
    changer = logged_in("changer", "view_webhookendpoint", "change_webhookendpoint")
    assert changer.get(page(name, endpoint)).status_code == 200
    assert changer.get(reverse("admin:webhooks_webhookendpoint_add_endpoint")).status_code == 403
