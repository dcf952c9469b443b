"""Statements by hand: planned once, with the columns of the models, in Django's own connection."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg.errors import DivisionByZero, NotNullViolation, UndefinedColumn
from psycopg.types.json import Jsonb

from gateway import ids, prepared_sql
from gateway.api.idempotency import claiming
from gateway.products import lookups as key_lookups
from gateway.products.models import ApiKey, Customer, Mode, Product, digest_of
from gateway.providers import lookups
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.webhooks import actions as webhooks
from payments import beginning
from payments.models import Deposit
from postbacks import keeping
from tests.conftest import Api

ASKED = "SELECT id, name FROM products_product WHERE name = %(name)s::text"
STATEMENTS = {
    "find_key": key_lookups.KEYS.statement,
    "find_enabled_system": lookups.ENABLED_SYSTEMS.statement,
    "find_addressee": lookups.ADDRESSEES.statement,
    "owe": webhooks._OWE,
    "begin_deposit": beginning._BEGIN,
    "keep a letter": keeping._KEEP,
}


def plans(text: str) -> int:
    """How many plans the present connection keeps for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [f"%{text}%"])
        (count,) = cursor.fetchone()
    return int(count)


def test_a_statement_is_planned_once_in_a_connection(product: Product) -> None:
    for _ in range(3):
        assert prepared_sql.run(ASKED, {"name": product.name}) == [(product.id, product.name)]
    assert prepared_sql.run(ASKED, {"name": "nobody"}) == []
    assert plans("SELECT id, name FROM products_product") == 1


def test_whoever_counts_statements_sees_it(product: Product) -> None:
    with CaptureQueriesContext(connection) as captured:
        prepared_sql.run(ASKED, {"name": product.name})
    assert [query["sql"] for query in captured] == [ASKED.replace("%(name)s", "$1")]


def test_errors_are_django_s_and_a_broken_transaction_is_not_used(product: Product) -> None:
    again = "INSERT INTO products_product SELECT * FROM products_product WHERE id = %(id)s::uuid RETURNING id"
    with transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic(savepoint=False):
            prepared_sql.run(again, {"id": product.id})
        with pytest.raises(transaction.TransactionManagementError):
            prepared_sql.run(ASKED, {"name": product.name})
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_durable_statement_is_committed_by_itself_and_refuses_a_transaction() -> None:
    made = "INSERT INTO products_customer SELECT * FROM products_customer RETURNING id"
    assert prepared_sql.run_durably(made, {}) == []
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        prepared_sql.run_durably(made, {})


EVERYTHING = """
    SELECT %(text)s::text, %(none)s::text, %(amount)s::numeric, %(id)s::uuid, %(moment)s::timestamptz, %(raw)s::bytea,
        %(yes)s::boolean, %(number)s::smallint, %(document)s::jsonb, %(texts)s::text[], %(word)s::text, 50 %% 3, now(),
        %(text)s::text
"""
VALUES = {
    "text": "it's 5 % of \\ 'é'\U0001f600",
    "none": None,
    "amount": Decimal("1000.0010"),
    "id": ids.new_id(),
    "moment": datetime(2026, 3, 1, 12, tzinfo=UTC),
    "raw": b"\x00\xff'\\",
    "yes": False,
    "number": -7,
    "document": Jsonb({"a": [1, "\u20ac"]}),
    "texts": ["a", 'b"c', ""],
    "word": Mode.TEST,
}


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_it_is_one_call_and_gives_the_same() -> None:
    direct = prepared_sql.run(EVERYTHING, VALUES)
    with transaction.atomic():
        by_cursor = prepared_sql.run(EVERYTHING, VALUES)
    assert direct[0][:12] == by_cursor[0][:12]
    assert [type(value) for value in direct[0]] == [type(value) for value in by_cursor[0]]
    assert direct[0][:5] == (VALUES["text"], None, VALUES["amount"], VALUES["id"], VALUES["moment"])
    assert bytes(direct[0][5]) == VALUES["raw"]
    assert direct[0][6:12] == (False, -7, '{"a": [1, "\u20ac"]}', ["a", 'b"c', ""], "test", 2)


@pytest.mark.django_db(transaction=True)
def test_texts_alone_are_sent_as_they_are_and_give_the_same() -> None:
    statement = "SELECT %(text)s::text, %(none)s::uuid, %(word)s::text"
    values = {name: VALUES[name] for name in ("text", "none", "word")}
    direct = prepared_sql.run(statement, values)
    with transaction.atomic():
        by_cursor = prepared_sql.run(statement, values)
    assert direct == by_cursor == [(VALUES["text"], None, "test")]
    with pytest.raises(DataError, match="NUL"):
        prepared_sql.run(statement, {**values, "text": "a\0b"})


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_it_is_planned_once_too() -> None:
    for name in ("one", "another"):
        for _ in range(3):
            assert prepared_sql.run(ASKED, {"name": name}) == []
    assert plans("SELECT id, name FROM products_product") == 1
    connection.close()
    assert prepared_sql.run(ASKED, {"name": "one"}) == []  # a connection of the pool, that one or another
    assert plans("SELECT id, name FROM products_product") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["a ROLLBACK", "DEALLOCATE ALL", "DISCARD ALL"])
def test_plans_that_the_connection_has_lost_are_made_again(how: str) -> None:
    counts = "SELECT count(*) FROM products_product WHERE name <> %(name)s::text"
    assert prepared_sql.run(counts, {"name": ""}) == [(0,)]
    with connection.cursor() as cursor:
        if how == "a ROLLBACK":  # after one psycopg gives up its own plans, and all others with them
            with transaction.atomic():
                prepared_sql.run(ASKED, {"name": "one"})
                transaction.set_rollback(True)
        else:
            cursor.execute(how)
    assert plans("SELECT count(*) FROM products_product") == 0
    assert prepared_sql.run(counts, {"name": ""}) == [(0,)]
    assert prepared_sql.run(counts, {"name": ""}) == [(0,)]
    assert plans("SELECT count(*) FROM products_product") == 1


@pytest.mark.django_db(transaction=True)
def test_plans_that_were_made_after_the_others_were_lost_are_kept() -> None:
    one, another = (f"SELECT {number}, %(name)s::text" for number in (1, 2))
    for lost in (False, True):
        if lost:
            with connection.cursor() as cursor:
                cursor.execute("DEALLOCATE ALL")
        for statement, number in ((one, 1), (another, 2), (one, 1), (another, 2)):
            assert prepared_sql.run(statement, {"name": "x"}) == [(number, "x")]
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    third = "SELECT 3, %(name)s::text"
    for statement, number in ((third, 3), (one, 1), (third, 3), (another, 2), (one, 1)):
        assert prepared_sql.run(statement, {"name": "x"}) == [(number, "x")]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_may_not_prepare_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a pooler, with DATABASE_PREPARE=off."""
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    asked = ASKED.replace("id, name", "name, id")
    assert prepared_sql.run(asked, {"name": "one"}) == []
    assert plans("SELECT name, id FROM products_product") == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "kind", "cause"),
    [
        ("INSERT INTO products_product (id) VALUES (%(id)s::uuid) RETURNING id", IntegrityError, NotNullViolation),
        ("SELECT 1 / (%(id)s::uuid::text = '')::integer", DataError, DivisionByZero),
        ("SELECT nothing FROM products_product WHERE id = %(id)s::uuid", ProgrammingError, UndefinedColumn),
    ],
    ids=["a rule", "a value", "no such column"],
)
def test_outside_of_a_transaction_errors_are_django_s_too(
    statement: str, kind: type[Exception], cause: type[Exception]
) -> None:
    with pytest.raises(kind) as direct:
        prepared_sql.run(statement, {"id": ids.new_id()})
    assert type(direct.value.__cause__) is cause
    assert prepared_sql.run(ASKED, {"name": "one"}) == []  # the connection works on
    with pytest.raises(kind) as by_cursor, transaction.atomic():
        prepared_sql.run(statement, {"id": ids.new_id()})
    assert type(by_cursor.value.__cause__) is cause


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_breaks_off_is_told_and_given_up() -> None:
    broken = connection.cursor().connection
    with pytest.raises(OperationalError):
        prepared_sql.run("SELECT pg_terminate_backend(pg_backend_pid()), %(name)s::text", {"name": ""})
    connection.close_if_unusable_or_obsolete()  # as Django does after each request
    assert prepared_sql.run(ASKED, {"name": "one"}) == []
    assert connection.connection is not broken


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_no_statement_is_too_long_for_the_driver_to_translate_it_once(statement: str) -> None:
    """psycopg/_queries.py: MAX_CACHED_STATEMENT_LENGTH, MAX_CACHED_STATEMENT_PARAMS."""
    assert len(statement.encode()) <= 4096
    assert len(set(re.findall(r"%\((\w+)\)s", statement))) <= 50
    assert statement == prepared_sql.one_line(statement)


def test_a_deposit_depends_on_its_key() -> None:
    assert prepared_sql.one_line(claiming("unchanged")) in beginning._BEGIN


def test_rows_come_back_as_django_would_have_read_them(api: Api, account: ProviderAccount) -> None:
    key = ApiKey.objects.select_related("product").get()
    found = key_lookups.KEYS.find(digest_of(api.client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")))  # type: ignore[attr-defined]
    assert found is not None
    assert values(found) == values(key)
    assert values(found.product) == values(key.product)
    assert key_lookups.KEYS.find("pk_test_other") is None
    for system in PaymentSystem.objects.all():
        same = lookups.ENABLED_SYSTEMS.find(system.code)
        assert values(same) == values(system)
    PaymentSystem.objects.filter(code="upi_l").update(is_enabled=False)
    assert lookups.ENABLED_SYSTEMS.find("upi_l") is None
    addressee = lookups.ADDRESSEES.find(account.postback_token)
    assert addressee is not None
    assert addressee.postback_private_key == "canary-private-key-0123456789"
    assert "api_secret" in addressee.get_deferred_fields()
    assert addressee.api_secret == "canary-api-secret-0123456789"


def values(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_an_insertion_writes_defaults_where_it_is_given_nothing(product: Product) -> None:
    insertion = prepared_sql.Insertion(
        Product, {"id": "%(id)s::uuid", "name": "'50%%'", "created_at": "now()"}, source="(SELECT) AS always"
    )
    fresh = ids.new_id()
    assert prepared_sql.run(f"{insertion.sql} RETURNING name", {"id": fresh}) == [("50%",)]
    row = Product.objects.get(pk=fresh)
    assert (row.is_active, row.underpayment) == (True, "review")


def test_an_insertion_refuses_to_guess() -> None:
    with pytest.raises(ValueError, match=r"Customer\.created_at needs a value"):
        prepared_sql.Insertion(Customer, {"id": "1", "product_id": "2", "mode": "3", "external_id": "4"}, source="x")
    with pytest.raises(ValueError, match="Customer has no column for label"):
        prepared_sql.Insertion(Customer, {**dict.fromkeys(values(Customer()), "1"), "label": "2"}, source="x")


def test_a_value_that_would_be_lost_is_refused() -> None:
    deposit = Deposit(mode=Mode.TEST, amount=Decimal(1), created_at=datetime.now(UTC))
    beginning._DEPOSIT.check(deposit)
    deposit.late = True
    with pytest.raises(ValueError, match=r"Deposit\.late has a value that would not be written"):
        beginning._DEPOSIT.check(deposit)
