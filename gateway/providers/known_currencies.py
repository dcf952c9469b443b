"""The currencies that money can be in: those that a payment system has, here or by contract."""

from gateway.providers import catalogue
from gateway.providers.models import PaymentSystem


def codes() -> list[str]:
    """ISO 4217 codes in their order, of every row (whether or not it is enabled) and of the built-in catalogue."""
    known = {code for one in catalogue.SYSTEMS for code in one.currencies}
    for taken, received in PaymentSystem.objects.values_list("currencies", "receipt_currencies"):
        known.update(taken, received)
    return sorted(known)
