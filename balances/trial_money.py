"""The local stack's trial money: its demo product can pay out from the first minute on."""

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import AbstractUser

from balances import accounts
from balances.agreeing import agree
from balances.models import Account
from gateway.products.models import Mode, Product
from gateway.providers.catalogue import SYSTEMS

#: Of each currency: a thousand payouts of the size that the examples have.
AMOUNT: Final = "1000000"
_REASON: Final = "The local stack's trial money; nobody has ever paid it."
_DOCUMENT: Final = "none: it is trial money"


def fund(product: Product, modes: Iterable[Mode], *, requester: AbstractUser, approver: AbstractUser) -> int:
    """Give a product its trial money in every currency of the catalogue; gives how many journals that took.

    It comes by the door by which all money comes: one person asks, another one approves. A currency of which the
    product ever had any is left as it is.
    """
    currencies = sorted({currency for system in SYSTEMS for currency in system.currencies})
    keys = [accounts.available(product.pk, mode, currency) for mode in modes for currency in currencies]
    there = set(Account.objects.filter(pk__in=[key.id for key in keys]).values_list("pk", flat=True))
    missing = [key for key in keys if key.id not in there]
    for key in missing:
        parameters = {"product": str(product.pk), "mode": key.mode, "currency": key.currency, "amount": AMOUNT}
        agree("product_funded", parameters, _REASON, _DOCUMENT, requester=requester, approver=approver)
    return len(missing)
