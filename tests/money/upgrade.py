"""``python -m tests.money.upgrade``: an empty database gets rows of before the ledger, then today's schema; JSON out.

Two products are upgraded together, each with an account of the provider of its own, for to migrate takes most of the
time: one that has everything there may be, and the one of the page's example (docs/money.md).
"""

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - models exist only now
from django.db import connection, transaction  # noqa: E402
from django.db.models import Q, Sum  # noqa: E402

from balances import accounts, reading  # noqa: E402
from balances.models import Entry, Hold, Journal  # noqa: E402
from gateway.lifecycles import Cause, CauseKind  # noqa: E402
from payments.models import Receipt, ReceiptMove  # noqa: E402
from tests import old_migrations, roles  # noqa: E402
from withdrawals.models import Withdrawal  # noqa: E402
from withdrawals.moves import lock_withdrawal, move_withdrawal  # noqa: E402
from withdrawals.states import WithdrawalStatus  # noqa: E402

BEFORE: Final = [("payments", "0003_no_index_for_nothing"), ("withdrawals", "0003_no_index_for_nothing")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The orders of a product of before.

    Attributes:
        name: of the product and of its account.
        deposits: status of the deposit (None: there is none), its amount, and the status of its receipt.
        withdrawals: status and amount.
    """

    name: str
    deposits: tuple[tuple[str | None, int, str], ...]
    withdrawals: tuple[tuple[str, int], ...]


FULL: Final = Installation(
    name="shop",
    deposits=(
        ("credited", 500, "credited"),
        ("in_review", 40, "credited"),
        ("in_review", 7, "in_review"),
        (None, 3, "suspense"),
    ),
    withdrawals=(
        ("paid", 100),
        ("rejected", 50),
        ("accepted", 450),
        ("unknown", 30),
        ("reversed", 5),
        ("cancelled", 9),
    ),
)
OF_THE_PAGE: Final = Installation(
    name="page",
    deposits=(("credited", 500, "credited"), (None, 3, "suspense")),
    withdrawals=(("paid", 100), ("accepted", 450)),
)


class Written:
    """The rows, as they ended, without their lives; ids of the product and the account."""

    def __init__(self, was: Any, system: Any, one: Installation, *, is_active: bool) -> None:
        product = was.get_model("products", "Product").objects.create(name=one.name)
        account = was.get_model("providers", "ProviderAccount").objects.create(
            name=one.name,
            mode="test",
            base_url="https://api.example.com",
            postback_token=f"token-{one.name}-0123456789",
            is_active=is_active,
        )
        self.product, self.account = product.pk, account.pk
        customer = was.get_model("products", "Customer").objects.create(product=product, mode="test", external_id="55")
        common = {"product": product, "mode": "test", "customer": customer, "account": account}
        common |= {"payment_system": system, "currency": "INR"}
        for number, (status, amount, kept) in enumerate(one.deposits):
            deposit = status and was.get_model("payments", "Deposit").objects.create(
                **common, reference=f"d{number}", amount=amount, flow="activation", status=status
            )
            was.get_model("payments", "Receipt").objects.create(
                account=account,
                wallet_type="paytm",
                transaction_id=f"T{number}",
                deposit=deposit or None,
                amount=amount,
                currency="INR",
                status=kept,
            )
        for number, (status, amount) in enumerate(one.withdrawals):
            request = {"recipient": {}, "body": b"{}", "body_digest": "0" * 64}
            was.get_model("withdrawals", "Withdrawal").objects.create(
                **common, **request, reference=f"w{number}", amount=amount, status=status
            )
        was.get_model("payments", "Savings").objects.create(
            account=account,
            customer=customer,
            payment_system=system,
            currency="INR",
            saved=60,
            lacking=88,
            minimum=148,
            observed_at=datetime.now(UTC),
        )

    def figures(self) -> list[str]:
        """Available, held, savings, owed."""
        [row] = reading.product_balances(self.product, "test")
        return [str(one) for one in (row.available, row.held, row.savings, row.owed)]

    def told(self) -> dict[str, Any]:
        """What the ledger says of it."""
        own = Q(entries__account__product=self.product) | Q(entries__account__provider_account=self.account)
        provider = accounts.provider_balance(self.account, "test", "INR", "paytm")
        return {
            "balances": self.figures(),
            "receipts": list(
                Receipt.objects.filter(account=self.account).order_by("transaction_id").values_list("status", flat=True)
            ),
            "moves": ReceiptMove.objects.filter(subject__account=self.account).count(),
            "holds": list(
                Hold.objects.filter(product=self.product).order_by("amount").values_list("status", flat=True)
            ),
            "suspense": str(reading.balance_of(accounts.suspense(self.account, "test", "INR"))),
            "provider": str(reading.balance_of(provider)),
            "journals": [
                [
                    one.kind,
                    [
                        [leg.account.kind, leg.account.payment_system, str(leg.amount), leg.currency]
                        for leg in one.entries.select_related("account")
                    ],
                ]
                for one in Journal.objects.filter(own).distinct().order_by("created_at")
            ],
        }


def main() -> None:
    """Upgrade, and tell what came of it."""
    with roles.as_owner():
        old = old_migrations.executor()
        was = old.migrate(BEFORE).apps
    with roles.as_superuser():
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # past the guards
        system = was.get_model("providers", "PaymentSystem").objects.create(
            code="paytm", name="PayTM", flow="activation", currencies=["INR"]
        )
        shop = Written(was, system, FULL, is_active=True)
        page = Written(was, system, OF_THE_PAGE, is_active=False)

    call_command("migrate", verbosity=0)

    told: dict[str, Any] = {
        "shop": shop.told(),
        "page": page.told(),
        "sum": str(Entry.objects.aggregate(total=Sum("amount"))["total"]),
    }
    with transaction.atomic():
        accepted = lock_withdrawal(Withdrawal.objects.get(status="accepted", product=shop.product).pk)
        move_withdrawal(accepted, WithdrawalStatus.PAID, Cause(kind=CauseKind.PULL))
    told["later"] = shop.figures()
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
