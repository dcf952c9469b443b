"""The local stack's slabs: its demo product pays small sums out at once, and larger ones once people have looked."""

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import AbstractUser

from balances import agreeing
from gateway.products.models import Mode, Product
from gateway.providers.catalogue import SYSTEMS
from withdrawals import slabs
from withdrawals.models import SLABS_VERB

#: Ten times what the examples pay out, and a hundred times.
SLABS: Final = "0: none; 10000: approver; 100000: approver + finance_lead"
_REASON: Final = "The local stack's demo product, to try approvals with."


def agree(product: Product, modes: Iterable[Mode], *, requester: AbstractUser, approver: AbstractUser) -> int:
    """Give a product its slabs in every currency that the catalogue pays out; gives how many sets that took.

    They come as all slabs do: one person asks, another one approves. What was ever agreed is left as it is.
    """
    currencies = sorted({currency for system in SYSTEMS if system.pays_out for currency in system.currencies})
    missing = [
        (mode, currency)
        for mode in modes
        for currency in currencies
        if slabs.latest(product.pk, mode, currency) is None
    ]
    for mode, currency in missing:
        parameters = {"product": str(product.pk), "mode": mode.value, "currency": currency, "slabs": SLABS}
        agreeing.agree(SLABS_VERB, parameters, _REASON, requester=requester, approver=approver)
    return len(missing)
