"""The ledger of the service: `balances.posting.post` of a credited receipt, as `payments` posts it.

The provider's account is insert-only, the product's keeps its balance: a row lock and a limit.
"""

import os
import uuid
from typing import Final

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup()

from balances.journals import ProviderMoney, receipt_credited  # noqa: E402 - models exist only now
from balances.posting import NewJournal, post  # noqa: E402
from benchmarks.ledger.sides import AMOUNT, CURRENCY, Transfer  # noqa: E402
from gateway import ids  # noqa: E402
from gateway.lifecycles import Cause, CauseKind  # noqa: E402
from gateway.products.models import Mode, Product  # noqa: E402
from gateway.providers.models import ProviderAccount  # noqa: E402

_CAUSE: Final = Cause(kind=CauseKind.CLOCK, detail="benchmark")
#: Receipts that are posted together while the accounts are made.
_BATCH: Final = 100


def prepare(accounts: int) -> None:
    """Products, and a provider account with as many systems. One receipt each, so that every account is there."""
    call_command("migrate", verbosity=0)
    Product.objects.bulk_create(Product(name=f"Benchmark {number:05}") for number in range(accounts))
    ProviderAccount.objects.create(
        name="Benchmark",
        mode=Mode.TEST,
        base_url="https://api.example",
        api_secret="-",  # noqa: S106 - nobody is called
        withdrawal_key="-",
    )
    provider, products = _owners()
    for first in range(0, accounts, _BATCH):
        numbers = range(first, min(first + _BATCH, accounts))
        post(*(_receipt(provider, number, products[number]) for number in numbers))


def transfers(accounts: int) -> Transfer:
    """Receipts of a deposit each."""
    provider, products = _owners()
    assert len(products) == accounts

    def transfer(left: int, right: int) -> None:
        post(_receipt(provider, left, products[right]))

    return transfer


def _owners() -> tuple[uuid.UUID, list[uuid.UUID]]:
    return ProviderAccount.objects.get().pk, list(Product.objects.order_by("name").values_list("pk", flat=True))


def _receipt(provider: uuid.UUID, system: int, product: uuid.UUID) -> NewJournal:
    money = ProviderMoney(
        account=provider, payment_system=f"system_{system}", mode=Mode.TEST, currency=CURRENCY, amount=AMOUNT
    )
    receipt = ids.encode(ids.RECEIPT, ids.new_id())
    return receipt_credited(receipt, money, product, _CAUSE, subject=receipt)
