"""Whatever is asked of a list, it reads a bounded number of rows and counts none, however many there are."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from balances import doors
from balances.models import Account
from benchmarks.growth.big_tables import BIG, at_their_time, one_of_each, own_of
from benchmarks.growth.copies import write_copies
from gateway import ids
from gateway.list_filters import Own, filters_of
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from gateway.range_filters import Period, Range
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.value_filters import Among, Empty, Text, YesNo
from gateway.walking_by_key import STEPS, STEPS_OF_PARTS
from tests.roles import clear_away, undisguised
from tests.staff import browser_of

pytestmark = [pytest.mark.usefixtures("disguised"), pytest.mark.timeout(900)]

#: The bar of the blueprint.
ROWS: Final = 200_000
TABLES: Final = tuple(model._meta.db_table for model in BIG)
#: A page, one row more, and a few of each table that is looked up for them.
PAGE_AT_MOST: Final = 51 * 8
#: What a page looks at: the keys of its steps, the rows within them, and for each of these a row of another table or
#: two, where the mode or what was asked for stands there. Where much of a step is one, it ends after a page of it.
FIRST_STEP_AT_MOST: Final = 4 * (STEPS[0] + 1) + PAGE_AT_MOST
#: Names of what is searched: each way in which a row is called.
SEARCHED: Final = (
    "order-7",
    "customer-7",
    "BANK7",
    "bank 7",
    "payout-7",
    "cnf_7",
    "dep_7",
    "journal-7",
    "line-7",
    "nothing",
)


@pytest.fixture(scope="module", autouse=True)
def _room_again(django_db_setup: None) -> Iterator[None]:
    yield
    clear_away(*TABLES)


@pytest.fixture
def grown(product: Product, account: ProviderAccount) -> dict[type[models.Model], models.Model]:
    """Every big table with its copies and the statistics that autovacuum would have made."""
    with undisguised() as cursor:
        made = one_of_each(product, account)
        Account.objects.create(
            id=ids.new_id(), kind="bank", mode="test", currency="INR"
        )  # journals can be asked for it
        for model, row in made.items():
            write_copies(cursor, row, own_of(model), ROWS)
            cursor.execute(f"ANALYZE {model._meta.db_table}")
    return made


def look_at_most(pages: ReadOnlyAdmin) -> int:
    """How many rows a page of a list may read for what no index knows."""
    return sum(4 * (step + 1) for step in (STEPS_OF_PARTS if pages.is_of_parts else STEPS)) + PAGE_AT_MOST


def read_by(statement: str) -> tuple[int, list[str]]:
    """How many rows of big tables a statement reads, and what of its plan should not be there."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.replace("%", "%%"))
        (found,) = cursor.fetchone()
    plan = found if isinstance(found, list) else json.loads(found)
    read, wrong = 0, []
    nodes = [plan[0]["Plan"]]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if node.get("Relation Name") in TABLES or node["Node Type"] == "Bitmap Index Scan":
            removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
            read += round((node["Actual Rows"] + removed) * node["Actual Loops"])
            if node["Node Type"] == "Seq Scan":
                wrong.append(f"reads all of {node['Relation Name']}")
        if "Aggregate" in node["Node Type"] and "count(" in statement.lower():
            wrong.append("counts")
    return read, wrong


def look(client: Client, model: Any, query: dict[str, Any]) -> tuple[Any, int, list[str]]:
    """The page of a list, how many rows of big tables it took, and what was wrong with that."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address, query)
    assert answer.status_code == 200, (address, query)
    read, wrong = 0, []
    for one in captured.captured_queries:
        if re.match(r"\(*SELECT", one["sql"]) and any(f'"{table}"' in one["sql"] for table in TABLES):
            rows, said = read_by(one["sql"])
            read += rows
            wrong += [f"{what}: {one['sql']}" for what in said]
    return answer, read, wrong


def questions(model: Any) -> Iterator[dict[str, Any]]:
    """Each filter alone, with a value that rows have, and one that they do not have where there is one."""
    pages = admin.site.get_model_admin(model)
    assert isinstance(pages, ReadOnlyAdmin)
    request: Any = None
    for one in filters_of(request, pages, "created_at"):
        match one:
            case Own():
                yield {one.parameters[0]: one.choices[0].value}
            case Empty() | YesNo():
                yield from ({one.parameters[0]: value} for value in ("1", "0"))
            case Period():
                yield {f"{one.path}__gte": "today"}
                yield {f"{one.path}__lt": "now-30h"}
            case Range():
                yield from ({f"{one.path}__gte": value} for value in ("1", "1000"))
            case Among() if one.target is not None and not one.has_form:
                row = one.target._default_manager.order_by("pk")[5:6].get() if one.target in BIG else None
                if row is not None:
                    yield {one.parameters[0]: str(row.pk)}
            case Among():
                yield from ({one.parameters[0]: choice.value} for choice in one.choices)
            case Text():
                yield {one.parameters[0]: "5"}


def test_no_list_reads_more_than_it_says(
    grown: dict[type[models.Model], models.Model], admin_user: User, subtests: pytest.Subtests
) -> None:
    with at_their_time():
        look_at_everything(grown, browser_of(admin_user), subtests)


def look_at_everything(
    grown: dict[type[models.Model], models.Model], client: Client, subtests: pytest.Subtests
) -> None:
    for model in grown:
        pages = admin.site.get_model_admin(model)
        assert isinstance(pages, ReadOnlyAdmin)
        mode = {"mode": "test"} if pages.mode_lookup else {}
        with subtests.test("first and deep pages", list=model._meta.label):
            answer, read, wrong = look(client, model, mode)
            assert not wrong
            assert read <= FIRST_STEP_AT_MOST
            assert len(answer.context["cl"].result_list) == 50
            deep = model._default_manager.order_by("pk").values_list("pk", flat=True)[60_000]
            for place in ("after", "before"):
                answer, read, wrong = look(client, model, {**mode, place: str(deep)})
                assert not wrong
                assert read <= FIRST_STEP_AT_MOST
                assert len(answer.context["cl"].result_list) == 50
        for query in questions(model):
            with subtests.test("a filter alone", list=model._meta.label, **query):
                _, read, wrong = look(client, model, {**mode, **query})
                assert not wrong
                assert read <= look_at_most(pages)
        if "mode" in mode:
            with subtests.test("the mode that has none", list=model._meta.label):
                answer, read, wrong = look(client, model, {"mode": "live"})
                assert not wrong
                assert read <= look_at_most(pages)
                assert answer.context["cl"].result_list == []
        for term in (*SEARCHED, str(deep)):
            with subtests.test("a search", list=model._meta.label, term=term):
                _, read, wrong = look(client, model, {**mode, "q": term})
                assert not wrong
                assert read <= PAGE_AT_MOST
    with subtests.test("what was asked for about one thing"), CaptureQueriesContext(connection) as captured:
        found = doors.of("receipt", {"receipt": "rcp_7"}, (), AnonymousUser())
        [asked] = captured.captured_queries
        read, wrong = read_by(asked["sql"])
        assert (len(found["instructions"]), wrong) == (1, [])
        assert read <= PAGE_AT_MOST
    for term in SEARCHED:
        with subtests.test("everywhere", term=term), CaptureQueriesContext(connection) as captured:
            answer = client.get(reverse("find"), {"q": term})
            assert answer.status_code == 200
            for one in captured.captured_queries:
                if re.match(r"\(*SELECT", one["sql"]) and any(f'"{table}"' in one["sql"] for table in TABLES):
                    read, wrong = read_by(one["sql"])
                    assert not wrong
                    assert read <= PAGE_AT_MOST
