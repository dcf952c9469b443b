"""Rows that are called by what a product calls them, found by the indexes that keep them unique."""

from typing import Any

from django.db.models import Model, QuerySet

from gateway import ids
from gateway.products.models import Customer, Mode, Product


def of_reference(model: type[Model], reference: str) -> "QuerySet[Any]":
    """Rows with a product's reference, whichever product's: the index begins with product and mode, which are few."""
    rows: QuerySet[Any] = model._default_manager.all()  # noqa: SLF001 - Django's documented name
    return rows.filter(product__in=Product.objects.values("pk"), mode__in=Mode.values, reference=reference)


def customers(term: str) -> "QuerySet[Customer]":
    """Whom a product calls so."""
    products = Product.objects.values("pk")
    return Customer.objects.filter(product__in=products, mode__in=Mode.values, external_id=term)


def of_customer(model: type[Model], term: str) -> "list[QuerySet[Any]]":
    """Rows of the customers who are called so, by a product or by us."""
    rows: QuerySet[Any] = model._default_manager.all()  # noqa: SLF001 - as above
    ways = [rows.filter(customer__in=customers(term).values("pk"))]
    if (key := ids.decode(ids.CUSTOMER, term)) is not None:
        ways.append(rows.filter(customer=key))
    return ways
