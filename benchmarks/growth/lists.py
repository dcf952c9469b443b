"""``python -m benchmarks.growth.lists COUNT …``: times pages of the admin among so many rows of each big table.

A process of its own, because it sets up the service's Django. Fills the fresh database that ``DATABASE_URL`` names step
by step, and says as JSON what each page took. What plans may be like is held by tests, among 200,000 rows.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup()

from django.conf import settings  # noqa: E402 - settings exist only now
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from balances.models import Journal  # noqa: E402
from benchmarks.growth.big_tables import BIG, one_of_each, own_of  # noqa: E402
from benchmarks.growth.copies import write_copies  # noqa: E402
from benchmarks.growth.least import least_milliseconds, measure_among  # noqa: E402
from gateway.products.models import Mode, Product  # noqa: E402
from gateway.providers.models import ProviderAccount  # noqa: E402
from payments.models import Confirmation, Deposit, Receipt  # noqa: E402
from tests.roles import as_superuser  # noqa: E402
from tests.staff import browser_of  # noqa: E402
from withdrawals.models import Withdrawal  # noqa: E402

#: As many rows as are asked for; the other tables that lists look at get a fiftieth, because a disk has an end. A
#: receipt belongs to its confirmation, and that to its deposit; all orders are the first customer's.
_WHOLE: Final = (Deposit, Confirmation, Receipt, Withdrawal, Journal)
_PART: Final = 50
_LINKS: Final = frozenset({"customer_id"})
#: What finance types: our own names, a bank's, a recipient's account, and what is nowhere.
_SEARCHED: Final = ("order-7", "BANK7", "bank7", "payout-7", "journal-7", "123456789", "nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is copied, and who looks."""

    rows: dict[type[models.Model], models.Model]
    browser: Client


def set_up() -> Stage:
    """The catalogue, one row of each table, and a browser of somebody who may see everything."""
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    call_command("seed", verbosity=0)
    product = Product.objects.create(name="Benchmark")
    account = ProviderAccount.objects.create(
        name="Benchmark",
        mode=Mode.TEST,
        base_url="https://api.example",
        postback_token="t",  # noqa: S106 - of an account that nobody has
    )
    browser = browser_of(User.objects.create_superuser("finance"))
    with as_superuser():
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
        rows = one_of_each(product, account)
    return Stage(rows=rows, browser=browser)


def fill(stage: Stage, written: int, count: int) -> None:
    """Write more rows until there are so many, and the statistics that autovacuum would make."""
    with as_superuser(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for model in BIG:
            share = 1 if model in _WHOLE else _PART
            own = own_of(model)
            if model in _WHOLE:
                own = {name: what for name, what in own.items() if name not in _LINKS}
            write_copies(cursor, stage.rows[model], own, count // share, written=written // share)
            cursor.execute(f"VACUUM ANALYZE {model._meta.db_table}")


def measure(stage: Stage) -> dict[str, Any]:
    """The least time of each page."""
    return {name: {"milliseconds": least_milliseconds(look)} for name, look in _pages(stage).items()}


def _pages(stage: Stage) -> dict[str, Callable[[], None]]:
    def look(address: str, **query: str) -> Callable[[], None]:
        return partial(_look, stage.browser, address, query)

    pages = {"the first page of the admin": look("/admin/", mode="test")}
    for model in _WHOLE:
        what = str(model._meta.verbose_name_plural)
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        middle = model._default_manager.order_by("pk").values_list("pk", flat=True)[50_000]
        pages |= {
            f"{what}, the first page": look(address, mode="test"),
            f"{what}, a page far behind": look(address, mode="test", after=str(middle)),
            f"{what} of a day": look(address, mode="test", **{f"{_time_of(model)}__gte": "today"}),
            f"{what} of live mode, where none are": look(address, mode="live"),
        }
        if any(field.name == "status" for field in model._meta.fields):
            status = "unmatched" if model is Receipt else "unknown"
            pages[f"{what} that are {status}, where none are"] = look(address, mode="test", status__exact=status)
    for term in _SEARCHED:
        pages[f"`{term}`, everywhere"] = look(reverse("find"), q=term)
    return pages


def _time_of(model: type[models.Model]) -> str:
    return "received_at" if model is Receipt else "created_at"


def _look(browser: Client, address: str, query: dict[str, str]) -> None:
    answer = browser.get(address, query)
    # A search that finds one row goes to its page.
    assert answer.status_code in {200, 302}, (address, query, answer.status_code)


if __name__ == "__main__":
    measure_among(set_up(), fill, measure)
