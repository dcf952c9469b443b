"""Orders of money in, found by everything that they are called by: each way is an index.

A bank's reference stands in a confirmation, as the customer typed it, and in a receipt, as the provider said it.
"""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Upper

from gateway import ids
from gateway.exact_search import spellings
from gateway.products.finding import of_customer, of_reference
from payments.models import CheckoutSession, Confirmation, Deposit, Receipt, Savings, Screenshot


def confirmed_by(term: str) -> "QuerySet[Confirmation]":
    """Confirmations that name this bank's reference."""
    return Confirmation.objects.filter(provider_reference__in=spellings(term))


def received_as(term: str) -> "QuerySet[Receipt]":
    """Receipts of this transaction, in capitals or not."""
    capitals = list(dict.fromkeys(one.upper() for one in spellings(term)))
    return Receipt.objects.alias(capitals=Upper("transaction_id")).filter(capitals__in=capitals)


def deposits(term: str) -> "list[QuerySet[Any]]":
    """Deposits by the product's reference, the customer, the bank's reference, or what belongs to them."""
    rows = Deposit.objects.all()
    ways = [of_reference(Deposit, term), *of_customer(Deposit, term)]
    # Later attempts of a session have a mark behind its reference.
    ways.append(rows.filter(checkout_session__in=of_reference(CheckoutSession, term).values("pk")))
    if (key := ids.decode(ids.CHECKOUT_SESSION, term)) is not None:
        ways.append(rows.filter(checkout_session=key))
    ways.append(rows.filter(pk__in=confirmed_by(term).values("deposit")))
    ways.append(rows.filter(pk__in=received_as(term).values("deposit")))
    if (key := ids.decode(ids.CONFIRMATION, term)) is not None:
        ways.append(rows.filter(pk__in=Confirmation.objects.filter(pk=key).values("deposit")))
    if (key := ids.decode(ids.RECEIPT, term)) is not None:
        ways.append(rows.filter(pk__in=Receipt.objects.filter(pk=key).values("deposit")))
    return ways


def checkout_sessions(term: str) -> "list[QuerySet[Any]]":
    """Checkout sessions by the product's reference, the customer, or one of their deposits."""
    ways = [of_reference(CheckoutSession, term), *of_customer(CheckoutSession, term)]
    if (key := ids.decode(ids.DEPOSIT, term)) is not None:
        ways.append(CheckoutSession.objects.filter(pk__in=Deposit.objects.filter(pk=key).values("checkout_session")))
    return ways


def confirmations(term: str) -> "list[QuerySet[Any]]":
    """Confirmations by the bank's reference or their deposit."""
    rows = Confirmation.objects.all()
    ways = [confirmed_by(term), rows.filter(pk__in=received_as(term).values("confirmation"))]
    ways.append(rows.filter(deposit__in=of_reference(Deposit, term).values("pk")))
    if (key := ids.decode(ids.DEPOSIT, term)) is not None:
        ways.append(rows.filter(deposit=key))
    return ways


def receipts(term: str) -> "list[QuerySet[Any]]":
    """Receipts by the provider's transaction, their deposit or their confirmation."""
    rows = Receipt.objects.all()
    ways = [received_as(term), rows.filter(deposit__in=of_reference(Deposit, term).values("pk"))]
    ways.append(rows.filter(confirmation__in=confirmed_by(term).values("pk")))
    if (key := ids.decode(ids.DEPOSIT, term)) is not None:
        ways.append(rows.filter(deposit=key))
    if (key := ids.decode(ids.CONFIRMATION, term)) is not None:
        ways.append(rows.filter(confirmation=key))
    return ways


def savings(term: str) -> "list[QuerySet[Any]]":
    """Savings by their customer."""
    return of_customer(Savings, term)


def screenshots(term: str) -> "list[QuerySet[Any]]":
    """Screenshots by their digest, or by the bank's reference or the id of their confirmation."""
    rows = Screenshot.objects.all()
    ways = [rows.filter(digest=term), rows.filter(confirmation__in=confirmed_by(term).values("pk"))]
    if (key := ids.decode(ids.CONFIRMATION, term)) is not None:
        ways.append(rows.filter(confirmation=key))
    return ways
