"""The currencies that people may move money in."""

from balances.models import Account
from gateway.providers import catalogue
from gateway.providers.models import PaymentSystem


def codes() -> list[str]:
    """ISO 4217 codes in their order: every currency that a payment system has, and what is in the ledger already.

    A system has a currency by its row, enabled or not, or by the built-in catalogue. The ledger may hold another one,
    for the provider may send what nobody expected, and people have to be able to put that right.
    """
    known = {code for one in catalogue.SYSTEMS for code in one.currencies}
    for taken, received in PaymentSystem.objects.values_list("currencies", "receipt_currencies"):
        known.update(taken, received)
    known.update(Account.objects.order_by().values_list("currency", flat=True).distinct())
    return sorted(known)
