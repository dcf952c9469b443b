from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from gateway.products.models import Product
from tests import roles
from tests.balances.attacked import Ledger


@pytest.fixture
def ledger(product: Product) -> Ledger:
    return Ledger(product)


@pytest.fixture(scope="module")
def disguised(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """For a whole file of tests (`tests.roles.as_disguised`): before the first of their transactions begins."""
    with django_db_blocker.unblock(), roles.as_disguised():
        yield
