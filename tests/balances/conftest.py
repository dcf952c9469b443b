import pytest

from gateway.products.models import Product
from tests.balances.attacked import Ledger


@pytest.fixture
def ledger(product: Product) -> Ledger:
    return Ledger(product)
