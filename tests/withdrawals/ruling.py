"""Rules about money out, as people agree on them. Test money takes one person."""

from decimal import Decimal
from typing import Any

from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.two_persons import persons
from withdrawals import blocklist
from withdrawals.models import BlockedRecipient, DuplicateWindow, OutflowCap, WithdrawalLimit


def limit(product: Product | None, *, amount: int | None = None, count: int | None = None, **changes: Any) -> None:
    """A limit on a product's test rupees: in a day, in all, refusing, unless the changes say otherwise."""
    row = {"mode": "test", "currency": "INR", "per": "product", "period": "day", "on_excess": "refuse", **changes}
    most = {"maximum_amount": None if amount is None else Decimal(amount), "maximum_count": count}
    WithdrawalLimit(product=product, **row, **most, reason="a test", created_by=persons()[0]).follow()


def window(product: Product, minutes: int) -> None:
    """For how long the same test order of a product is taken for a duplicate."""
    DuplicateWindow(product=product, mode="test", minutes=minutes, reason="a test", created_by=persons()[0]).follow()


def cap(whose: Product | ProviderAccount, maximum: int | None, **changes: Any) -> None:
    """A cap on what leaves in test rupees."""
    row = {"mode": "test", "currency": "INR", "maximum": None if maximum is None else Decimal(maximum), **changes}
    name = "product" if isinstance(whose, Product) else "account"
    OutflowCap(**{name: whose}, **row, reason="a test", created_by=persons()[0]).follow()


def blocked(account: str, product: Product | None = None) -> BlockedRecipient:
    """A block by one person."""
    return blocklist.block(account, product=product, by=persons()[0], reason="a test")
