"""An installation from before the ledger: its rows get journals, and every figure can be derived from them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import roles

ROOT = Path(__file__).parents[2]
NAME = "opened_ledger"

#: In a process and a database of its own: the schema of before, rows in it, and then today's.
UPGRADE = """
import django
django.setup()
from datetime import datetime, timezone
from decimal import Decimal
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from tests import roles

before = [("payments", "0003_no_index_for_nothing"), ("withdrawals", "0003_no_index_for_nothing")]
for app, name in before:
    call_command("migrate", app, name, verbosity=0)
was = MigrationExecutor(connection).loader.project_state(before).apps
now = datetime.now(timezone.utc)
superuser = roles.as_superuser()
superuser.__enter__()
with connection.cursor() as cursor:
    cursor.execute("SET session_replication_role = replica")  # past the guards: rows as they ended, without their lives
product = was.get_model("products", "Product").objects.create(name="shop")
customer = was.get_model("products", "Customer").objects.create(product=product, mode="test", external_id="55")
account = was.get_model("providers", "ProviderAccount").objects.create(
    name="old", mode="test", base_url="https://api.example.com", postback_token="token-0123456789")
system = was.get_model("providers", "PaymentSystem").objects.create(
    code="paytm", name="PayTM", flow="activation", currencies=["INR"])
common = {"product": product, "mode": "test", "customer": customer, "account": account, "payment_system": system,
          "currency": "INR"}
Deposit, Receipt = was.get_model("payments", "Deposit"), was.get_model("payments", "Receipt")
for number, (status, amount, kept) in enumerate(
    [("credited", 500, "credited"), ("in_review", 40, "credited"), ("in_review", 7, "in_review"), (None, 3, "suspense")]
):
    deposit = status and Deposit.objects.create(
        **common, reference=f"d{number}", amount=amount, flow="activation", status=status)
    Receipt.objects.create(account=account, wallet_type="paytm", transaction_id=f"T{number}", deposit=deposit or None,
                           amount=amount, currency="INR", status=kept)
for number, (status, amount) in enumerate(
    [("paid", 100), ("rejected", 50), ("accepted", 450), ("unknown", 30), ("reversed", 5), ("cancelled", 9)]
):
    was.get_model("withdrawals", "Withdrawal").objects.create(
        **common, reference=f"w{number}", amount=amount, recipient={}, body=b"{}", body_digest="0" * 64, status=status)
was.get_model("payments", "Savings").objects.create(
    account=account, customer=customer, payment_system=system, currency="INR", saved=60, lacking=88, minimum=148,
    observed_at=now)
superuser.__exit__(None, None, None)

call_command("migrate", verbosity=0)

from django.db.models import Sum
from balances import accounts, reading
from balances.models import Entry, Hold, Journal
from payments.models import Receipt, ReceiptMove
from withdrawals.models import Withdrawal
from withdrawals.moves import lock_withdrawal, move_withdrawal
from withdrawals.states import WithdrawalStatus
from gateway.lifecycles import Cause, CauseKind
from django.db import transaction

[row] = reading.product_balances(product.pk, "test")
print("balances", row.available, row.held, row.savings, row.owed)
print("receipts", *Receipt.objects.order_by("transaction_id").values_list("status", flat=True))
print("moves", ReceiptMove.objects.count())
print("holds", *Hold.objects.order_by("amount").values_list("status", flat=True))
print("suspense", reading.balance_of(accounts.suspense(account.pk, "test", "INR")))
print("provider", reading.balance_of(accounts.provider_balance(account.pk, "test", "INR", "paytm")))
print("sum", Entry.objects.aggregate(total=Sum("amount"))["total"])
with transaction.atomic():
    accepted = lock_withdrawal(Withdrawal.objects.get(status="accepted").pk)
    move_withdrawal(accepted, WithdrawalStatus.PAID, Cause(kind=CauseKind.PULL))
[row] = reading.product_balances(product.pk, "test")
print("later", row.available, row.held, row.savings, row.owed)
"""


@pytest.fixture
def database(django_db_setup: None) -> Iterator[str]:
    """The name of an empty database beside that of the tests."""
    name = f"{NAME}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with roles.owner() as server, roles.superuser(autocommit=True) as superuser:
        superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        server.execute(f"CREATE DATABASE {name}".encode())
        yield name
        # The process has been the superuser, too, and its last connection may be about to end.
        superuser.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_rows_of_before_are_opened(database: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UPGRADE],
        cwd=ROOT,
        env={**os.environ, **roles.environment(database), "DJANGO_SETTINGS_MODULE": "gateway.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    # 500 came in; 100, 450, 30 and 5 went out or are reserved, 85 more than there was; 5 of them came back.
    assert [line for line in done.stdout.splitlines() if not line.startswith("{")] == [
        "balances 5.0000 480.0000 60.0000 85.0000",
        "receipts credited in_review in_review suspense",
        "moves 4",
        "holds spent released open released spent open",
        "suspense 50.0000",
        "provider 450.0000",
        "sum 0.0000",
        "later 5.0000 30.0000 60.0000 85.0000",
    ]
