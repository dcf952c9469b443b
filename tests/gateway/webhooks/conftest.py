from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from gateway.products.actions import keep_key
from gateway.products.models import Mode, Product, new_key
from gateway.webhooks.actions import add_endpoint, owe
from gateway.webhooks.models import Delivery, Event, WebhookEndpoint
from tests.gateway.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.LOCAL_STACK = True
    with receiving() as running:
        yield running


@pytest.fixture
def product() -> Product:
    return Product.objects.create(name="shop")


@pytest.fixture
def endpoint(product: Product, receiver: Receiver) -> WebhookEndpoint:
    return add_endpoint(product=product, mode="test", url=receiver.url, event_types=[])[0]


@pytest.fixture
def owed(product: Product) -> Callable[..., Event]:
    """Owe one event more of one deposit."""
    sequences = iter(range(1, 1000))

    def owe_one(**changes: Any) -> Event:
        with transaction.atomic():
            return owe(
                **{
                    "product": product,
                    "mode": "test",
                    "type": "deposit.credited",
                    "subject": "dep_01kbhw4p3sfy9a2xjfv1vw9g5r",
                    "sequence": next(sequences),
                    "data": {"id": "dep_01kbhw4p3sfy9a2xjfv1vw9g5r", "amount": "10.00", "note": "ü \u2028 </script>"},
                    **changes,
                }
            )

    return owe_one


@pytest.fixture
def delivery(endpoint: WebhookEndpoint, owed: Callable[..., Event]) -> Delivery:
    return owed().deliveries.get()


def client_of(
    product: Product, *, mode: Mode = Mode.TEST, scopes: tuple[str, ...] = ("read", "webhooks:write")
) -> APIClient:
    key = new_key(mode)
    keep_key(product=product, mode=mode, name="tests", key=key, scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


@pytest.fixture
def client_api(product: Product) -> APIClient:
    return client_of(product)
