"""What staff do with endpoints, by the verbs that products use, each for a reason that is kept.

Changes of settings are in the endpoint's history; a test and a replay change none, and are noted in the admin's log.
"""

from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from gateway.kept_history import decided_by
from gateway.people import check_permission
from gateway.products.models import Product
from gateway.webhooks import actions
from gateway.webhooks.models import WebhookEndpoint

ADD, CHANGES = "webhooks.add_webhookendpoint", "webhooks.change_webhookendpoint"


def add(
    product: Product, mode: str, url: str, event_types: list[str], *, by: AbstractBaseUser, reason: str
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint; gives it with its secret, to be shown this once. Raises as `actions.add_endpoint`."""
    check_permission(by, ADD, lock=False)
    with decided_by(by, reason):
        return actions.add_endpoint(product=product, mode=mode, url=url, event_types=event_types)


def change(endpoint: WebhookEndpoint, url: str, event_types: list[str], *, by: AbstractBaseUser, reason: str) -> None:
    """Tell another address, or other kinds of events. Raises as `actions.change_endpoint`."""
    check_permission(by, CHANGES, lock=False)
    with decided_by(by, reason):
        actions.change_endpoint(endpoint, url=url, event_types=event_types)


def switch(endpoint: WebhookEndpoint, *, on: bool, by: AbstractBaseUser, reason: str) -> None:
    """Enable it, or disable it and cancel what it is owed. Raises as `actions.enable_endpoint`."""
    check_permission(by, CHANGES, lock=False)
    with decided_by(by, reason):
        if on:
            actions.enable_endpoint(endpoint)
        else:
            actions.disable_endpoint(endpoint)


def rotate(endpoint: WebhookEndpoint, *, by: AbstractBaseUser, reason: str) -> str:
    """Give it a new secret, to be shown this once."""
    check_permission(by, CHANGES, lock=False)
    with decided_by(by, reason):
        return actions.rotate_secret(endpoint)[1]


def send_test(endpoint: WebhookEndpoint, *, by: AbstractBaseUser, reason: str) -> str:
    """Owe it an event that says nothing; gives its id. Raises as `actions.send_test`."""
    check_permission(by, CHANGES, lock=False)
    event = str(actions.send_test(endpoint))
    _note(endpoint, by, f"Test event {event}: {reason}")
    return event


def replay(endpoint: WebhookEndpoint, *, since: datetime, by: AbstractBaseUser, reason: str) -> int:
    """Begin anew with what failed; gives how many that is. Raises as `actions.replay`."""
    check_permission(by, CHANGES, lock=False)
    count = actions.replay(endpoint, since=since)
    _note(endpoint, by, f"Replayed {count} deliveries since {since:%Y-%m-%d %H:%M} UTC: {reason}")
    return count


@transaction.atomic(durable=True)
def _note(endpoint: WebhookEndpoint, by: AbstractBaseUser, what: str) -> None:
    LogEntry.objects.log_actions(by.pk, [endpoint], CHANGE, what, single_object=True)
