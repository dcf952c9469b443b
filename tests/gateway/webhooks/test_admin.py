from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway.webhooks import deliveries
from gateway.webhooks.actions import live_secrets
from gateway.webhooks.models import Delivery, Event, WebhookEndpoint
from tests.gateway.webhooks.receiver import Receiver
from tests.staff import browser_of

pytestmark = pytest.mark.django_db

MODELS = ["webhookendpoint", "event", "delivery"]


@pytest.fixture
def staff(client: Client) -> Client:
    person = User.objects.create_user("viewer", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="webhooks"))
    browser_of(person, client)
    return client


def test_staff_look_and_nothing_more(
    staff: Client, delivery: Delivery, endpoint: WebhookEndpoint, receiver: Receiver, owed: Callable[..., Event]
) -> None:
    receiver.status, receiver.answer = 500, b"<b>canary-answer</b>"
    deliveries.attempt(delivery.pk)
    rows = {"webhookendpoint": endpoint, "event": delivery.event, "delivery": delivery}
    pages = {}
    for name, row in rows.items():
        listed = staff.get(reverse(f"admin:webhooks_{name}_changelist"), {"mode": "test"})
        shown = staff.get(reverse(f"admin:webhooks_{name}_change", args=[row.pk]))
        assert (listed.status_code, shown.status_code) == (200, 200)
        assert str(row).split(" ")[0] in listed.content.decode()
        pages[name] = shown.content.decode()
        for view in ("change", "delete"):
            assert staff.post(reverse(f"admin:webhooks_{name}_{view}", args=[row.pk])).status_code == 403
        assert staff.get(reverse(f"admin:webhooks_{name}_add")).status_code == 403
    assert "&lt;b&gt;canary-answer&lt;/b&gt;" in pages["delivery"]
    assert endpoint.url in pages["webhookendpoint"]
    [secret] = live_secrets(endpoint, at=timezone.now())
    everything = "".join(pages.values())
    assert secret not in everything
    assert "10.00" not in everything


@pytest.mark.parametrize("name", MODELS)
def test_without_permission_there_is_nothing_to_see(client: Client, name: str) -> None:
    browser_of(User.objects.create_user("other", is_staff=True), client)
    assert client.get(reverse(f"admin:webhooks_{name}_changelist")).status_code == 403


def test_a_full_id_finds_exactly_its_row(staff: Client, owed: Callable[..., Event]) -> None:
    wanted, other = owed(), owed()
    found = staff.get(reverse("admin:webhooks_event_changelist"), {"q": f" {wanted} "}).content.decode()
    assert str(wanted) in found
    assert str(other) not in found
    found = staff.get(reverse("admin:webhooks_event_changelist"), {"q": wanted.subject}).content.decode()
    assert str(wanted) in found
    assert str(other) in found
