"""``python -m benchmarks.growth.withdrawals COUNT …``: times the same questions among so many ended withdrawals.

A process of its own, because it sets up the service's Django. Fills the fresh database that ``DATABASE_URL`` names step
by step, and says as JSON what each question took, and what its plan was.
"""

import os
import re
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import django
import psycopg
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - models exist only now
from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from balances import trial_money  # noqa: E402
from benchmarks.growth.copies import write_copies  # noqa: E402
from benchmarks.growth.ended_withdrawals import ENDED  # noqa: E402
from benchmarks.growth.least import least_milliseconds, measure_among  # noqa: E402
from gateway import due_work, ids  # noqa: E402
from gateway.lifecycles import Cause, CauseKind  # noqa: E402
from gateway.products.actions import keep_key  # noqa: E402
from gateway.products.models import Mode, Product, new_key  # noqa: E402
from gateway.providers.models import PaymentSystem, ProviderAccount  # noqa: E402
from withdrawals import asking, sending, sweeping  # noqa: E402
from withdrawals.actions import NewWithdrawal, open_withdrawal  # noqa: E402
from withdrawals.models import Withdrawal  # noqa: E402
from withdrawals.sending_together import TOGETHER, lock_due  # noqa: E402

_RECIPIENT: Final = {"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"}
#: Rows that are due while the others have ended: a busy minute's.
_DUE: Final = 100
#: They would be written row by row for each row; made anew from all rows, they take a tenth of the time.
_WRITTEN_LAST: Final = ("withdrawals_by_account", "withdrawals_to_redact", "withdrawals_of_a_product")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the questions are about."""

    product: Product
    api: APIClient
    one: Withdrawal

    def questions(self) -> dict[str, Callable[[], object]]:
        """What is asked again and again, by name."""
        due = Withdrawal.objects.filter(sending.to_send(), pk=self.one.pk).select_related("account")
        to_ask = Withdrawal.objects.filter(asking.to_ask_about(), account=self.one.account)
        return {
            "the sweep of an account": lambda: _undone(lambda: sweeping.ring_for_account(self.one.account_id)),
            "a claim of what leaves together": lambda: _undone(lambda: lock_due(self.one.account, TOGETHER, ())),
            "a claim of one": lambda: due_work.claim(due, limit=1, lease_seconds=0),
            "a claim of what is asked about": lambda: due_work.claim(
                to_ask, limit=asking.ASKED_AT_ONCE, lease_seconds=0
            ),
            "list": lambda: self._get(limit="50"),
            "search by reference": lambda: self._get(reference=self.one.reference),
            "search by recipient": lambda: self._get(recipient_account=_RECIPIENT["account_number"]),
        }

    def _get(self, **query: str) -> None:
        answer = self.api.get("/api/v1/withdrawals", query)
        assert answer.status_code == 200, answer.content  # noqa: PLR2004 - HTTP OK


def _undone(work: Callable[[], object]) -> None:
    """The same in a transaction that is rolled back: its locks are gone with it, and nobody is rung for."""
    with transaction.atomic():
        work()
        transaction.set_rollback(True)


def set_up() -> Stage:
    """The catalogue, a product with money and a key, an account, and the withdrawals that are due."""
    call_command("migrate", verbosity=0)
    call_command("seed", stdout=sys.stderr)
    product = Product.objects.create(name="Benchmark")
    requester, approver = (
        User.objects.create(username=name, password="!", is_staff=True, is_superuser=True)  # noqa: S106 - nobody logs in
        for name in ("requester", "approver")
    )
    trial_money.fund(product, [Mode.TEST], requester=requester, approver=approver)
    ProviderAccount.objects.create(name="Benchmark", mode=Mode.TEST, base_url="https://api.example", postback_token="t")  # noqa: S106
    key = new_key(Mode.TEST)
    keep_key(product=product, mode=Mode.TEST, name="benchmark", key=key)
    api = APIClient(SERVER_NAME="127.0.0.1")
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    system = PaymentSystem.objects.get(code="imps_ib")
    made = [_open(product, system, str(123456789 + number)) for number in range(_DUE)]
    return Stage(product=product, api=api, one=made[0])


def _open(product: Product, system: PaymentSystem, account_number: str) -> Withdrawal:
    wish = NewWithdrawal(
        payment_system=system,
        currency="INR",
        amount=Decimal(100),
        customer="customer",
        reference=secrets.token_hex(12),
        recipient={**_RECIPIENT, "account_number": account_number},
    )
    with transaction.atomic():
        cause = Cause(kind=CauseKind.API_KEY, id="benchmark")
        return open_withdrawal(product, Mode.TEST, wish, cause, withdrawal_id=ids.new_id())


def fill(stage: Stage, written: int, count: int) -> None:
    """Write more that have ended, until there are so many, and the statistics that autovacuum would make."""
    with psycopg.connect(os.environ["SUPERUSER_DATABASE_URL"], autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        names = ", ".join(f"'{name}'" for name in _WRITTEN_LAST)
        found = superuser.execute(
            f"SELECT indexdef FROM pg_indexes WHERE indexname IN ({names})".encode()  # noqa: S608 - our own names
        ).fetchall()
        superuser.execute(f"DROP INDEX {', '.join(_WRITTEN_LAST)}".encode())
        write_copies(superuser, stage.one, ENDED, count, written=written)
        superuser.execute("SET maintenance_work_mem = '1GB'")
        for (definition,) in found:
            superuser.execute(definition.encode())
        superuser.execute("VACUUM ANALYZE withdrawals_withdrawal")


def measure(stage: Stage) -> dict[str, Any]:
    """The least time of each question, and the plans of the statements that look for withdrawals."""
    seen = {}
    for name, ask in stage.questions().items():
        with CaptureQueriesContext(connection) as queries:
            ask()
        statements = [one["sql"] for one in queries.captured_queries if 'FROM "withdrawals_withdrawal"' in one["sql"]]
        seen[name] = {"milliseconds": least_milliseconds(ask), "plan": ", ".join(dict.fromkeys(map(_plan, statements)))}
    return seen


def _plan(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement.replace("%", "%%"))
        scans = [line for (line,) in cursor.fetchall() if re.search(r"Scan .*\bwithdrawals_", line)]
    return str(scans[0]).split("(", maxsplit=1)[0].strip().removeprefix("->").strip()


if __name__ == "__main__":
    measure_among(set_up(), fill, measure)
