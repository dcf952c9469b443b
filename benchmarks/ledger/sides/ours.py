"""The ledger of the service: `balances.posting.post` of a credited receipt, as `payments` posts it.

The provider's account is insert-only, the product's keeps its balance: a row lock and a limit.
"""

import os
import uuid

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup()

from balances.journals import ProviderMoney, receipt_credited  # noqa: E402 - models exist only now
from balances.posting import post  # noqa: E402
from benchmarks.ledger.sides import AMOUNT, CURRENCY, Transfer  # noqa: E402
from gateway import ids  # noqa: E402
from gateway.lifecycles import Cause, CauseKind  # noqa: E402
from gateway.products.models import Mode, Product  # noqa: E402
from gateway.providers.models import ProviderAccount  # noqa: E402


def prepare(accounts: int) -> None:
    """Products, and a provider account with as many systems. One receipt each, so that every account is there."""
    call_command("migrate", verbosity=0)
    Product.objects.bulk_create(Product(name=f"Benchmark {number:05}") for number in range(accounts))
    ProviderAccount.objects.create(
        name="Benchmark",
        mode=Mode.TEST,
        base_url="https://api.example",
        api_secret="-",
        withdrawal_key="-",  # noqa: S106
    )
    transfer = transfers(accounts)
    for number in range(accounts):
        transfer(number, number)


def transfers(accounts: int) -> Transfer:
    """Receipts of a deposit each, caused by a pull."""
    products: list[uuid.UUID] = list(Product.objects.order_by("name").values_list("pk", flat=True))
    provider = ProviderAccount.objects.get().pk
    cause = Cause(kind=CauseKind.CLOCK, detail="benchmark")

    def transfer(left: int, right: int) -> None:
        money = ProviderMoney(
            account=provider, payment_system=f"system_{left}", mode=Mode.TEST, currency=CURRENCY, amount=AMOUNT
        )
        receipt = ids.encode(ids.RECEIPT, ids.new_id())
        post(receipt_credited(receipt, money, products[right], cause, subject=receipt))

    return transfer
