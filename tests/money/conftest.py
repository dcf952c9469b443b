from collections.abc import Iterator

import pytest
import time_machine

from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.conftest import Api, fund, may_repeat_itself
from tests.money.world import FUNDED, World
from tests.payments.conftest import START
from tests.scripted_provider import ScriptedProvider


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still until a test moves it."""
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def funded(product: Product) -> Product:
    """In place of the fixture of all tests: so little that a test can use it up."""
    fund(product, "INR", amount=FUNDED)
    may_repeat_itself(product)
    return product


@pytest.fixture
def world(
    clock: time_machine.Traveller, api: Api, product: Product, account: ProviderAccount, provider: ScriptedProvider
) -> World:
    """A product with 5,000.00 INR, and a provider that is well."""
    return World(api=api, product=product, account=account, provider=provider, clock=clock)
