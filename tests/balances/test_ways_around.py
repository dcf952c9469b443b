"""How somebody could get around what the ledger refuses: by another role, by switching it off, by standing in front."""

from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction

from balances.models import Account, Snapshot
from balances.posting import post
from tests import roles
from tests.balances.attacked import Ledger, image, together
from tests.balances.past import moved
from tests.two_persons import overdraft

pytestmark = pytest.mark.django_db(transaction=True)

OWNER: str = settings.DATABASE_OWNER["USER"]
TRIGGER_ON = "CREATE TRIGGER own BEFORE UPDATE ON"
DOES_NOTHING = "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
#: How the application could get around what it is refused.
WAYS_AROUND: dict[str, tuple[str, str]] = {
    "as a replica": ("SET session_replication_role = replica", "permission denied to set parameter"),
    "as a replica for once": ("SET LOCAL session_replication_role = replica", "permission denied to set parameter"),
    "as the owner": (f"SET ROLE {OWNER}", "permission denied to set role"),
    "as another session": (f"SET SESSION AUTHORIZATION {OWNER}", "permission denied to set session auth"),
    "without triggers": ("ALTER TABLE balances_entry DISABLE TRIGGER ALL", "must be owner of table"),
    "without a check": ("ALTER TABLE balances_hold DROP CONSTRAINT hold_amount_is_positive", "must be owner"),
    "with a trigger of its own": (f"{TRIGGER_ON} balances_entry {DOES_NOTHING}", "permission denied for table"),
    "with a function in front": (
        "CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT $$somebody$$'",
        "permission denied for schema public",
    ),
    "with another posting": ("DROP FUNCTION balances_post", "must be owner of function"),
    "with a table in front": ("CREATE TABLE balances_front (amount int)", "permission denied for schema public"),
    "with a temporary table in front": (
        "CREATE TEMPORARY TABLE balances_entry (amount int)",
        "permission denied to create temporary tables",
    ),
    "with a schema in front": ("CREATE SCHEMA front", "permission denied for database"),
}


@pytest.mark.parametrize("name", WAYS_AROUND)
def test_the_application_finds_no_way_around(name: str, ledger: Ledger) -> None:
    statement, sentence = WAYS_AROUND[name]
    with pytest.raises(ProgrammingError, match=sentence), transaction.atomic():
        ledger.sql(statement)


WRITE_A_BALANCE = "UPDATE balances_account SET balance = 1000 WHERE balance IS NOT NULL"


@pytest.mark.parametrize(
    "statement",
    [
        *("RESET ROLE", "SET ROLE NONE", "RESET SESSION AUTHORIZATION", "RESET ALL"),
        "GRANT UPDATE ON balances_account TO CURRENT_USER",
    ],
)
def test_the_application_is_nobody_else(statement: str, ledger: Ledger) -> None:
    before = image()
    with pytest.raises(ProgrammingError, match="permission denied for table balances_account"):
        together(ledger, statement, WRITE_A_BALANCE)
    assert image() == before


@pytest.mark.parametrize("scope", ["SESSION", "LOCAL"])
def test_the_owner_does_not_get_past_its_triggers(scope: str, ledger: Ledger) -> None:
    with roles.as_owner(), pytest.raises(ProgrammingError, match="permission denied to set parameter"):
        together(ledger, f"SET {scope} session_replication_role = replica")


#: What would say that somebody else asks.
IN_FRONT = {
    "a function": ["CREATE FUNCTION {}.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT $$somebody$$'"],
    "an operator": [
        "CREATE FUNCTION {}.differ(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
        "CREATE OPERATOR {0}.= (leftarg = text, rightarg = text, function = {0}.differ)",
        "CREATE FUNCTION {}.differ(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
        "CREATE OPERATOR {0}.= (leftarg = name, rightarg = text, function = {0}.differ)",
    ],
    "a type": ["CREATE DOMAIN {}.text AS pg_catalog.text CHECK (VALUE <> 'gateway_owner')"],
}


@pytest.mark.parametrize("schema", ["pg_temp", "public"])
@pytest.mark.parametrize("what", IN_FRONT)
def test_nothing_in_front_is_taken_for_postgresql_s_own(what: str, schema: str, ledger: Ledger) -> None:
    before = image()
    made = [one.format(schema) for one in IN_FRONT[what]]
    with roles.as_owner(), pytest.raises(IntegrityError, match="balances are written by balances_post alone"):
        together(ledger, *made, "SET LOCAL search_path = pg_temp, public, pg_catalog", WRITE_A_BALANCE)
    assert image() == before


def behind_a_temporary_type(ledger: Ledger) -> None:
    """Whatever looks at a journal later, with the rights of whose function wrote it, would convert to this type."""
    ledger.sql(
        "CREATE FUNCTION pg_temp.evil(pg_catalog.jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_user <> 'gateway_application' THEN UPDATE public.balances_account SET balance = 999999"
        " WHERE kind = 'available'; END IF; RETURN true; END $$"
    )
    ledger.sql("CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb CHECK (pg_temp.evil(VALUE))")
    ledger.sql("SET LOCAL search_path = pg_temp, public, pg_catalog")
    ledger.posts((ledger.provider, "5"), (ledger.available, "-5"))


def test_a_temporary_type_in_front_changes_nothing(ledger: Ledger) -> None:
    with roles.allowed("TEMPORARY", on=f"DATABASE {connection.settings_dict['NAME']}"), transaction.atomic():
        behind_a_temporary_type(ledger)
    assert Account.objects.get(pk=ledger.available.id).balance == Decimal(105)
    assert set(Account.objects.filter(kind="available").values_list("balance", flat=True)) == {
        Decimal(100),
        Decimal(105),
    }


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_snapshot_counts_what_is_there_and_not_what_was(isolation: str, ledger: Ledger) -> None:
    with (
        pytest.raises(IntegrityError, match="snapshots are taken in a read committed transaction"),
        transaction.atomic(),
    ):
        ledger.takes_snapshot(isolation)
    assert not Snapshot.objects.exists()


def test_a_guard_with_the_owners_rights_guards_no_other_table(ledger: Ledger) -> None:
    """It would write to accounts whatever rows such a table is given."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regproc::text, prorettype = 'trigger'::regtype FROM pg_proc"
            " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        )
        definers = dict(cursor.fetchall())
    guards = [name for name, is_a_triggers in definers.items() if is_a_triggers]
    assert len(guards) == 7, "the books', and one that keeps a history for each of six sorts of settings"
    assert definers == {**dict.fromkeys(guards, True), "balances_post": False, "balances_post_transfer": False}
    # The application has no table of its own to put a trigger on; were it allowed a temporary one, that would not help.
    for guard in guards:
        with (
            roles.allowed("TEMPORARY", on=f"DATABASE {connection.settings_dict['NAME']}"),
            pytest.raises(ProgrammingError, match="permission denied for function"),
        ):
            together(
                ledger,
                "CREATE TEMPORARY TABLE mine (LIKE balances_snapshot)",
                f"CREATE TRIGGER mine BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION {guard}()",
            )


def test_the_application_may_grant_an_overdraft_and_only_for_two_persons(ledger: Ledger) -> None:
    """The one column of an account that is its own to write."""
    before = image()
    for key in (ledger.available, ledger.provider):
        with pytest.raises(IntegrityError, match="an overdraft"), transaction.atomic():
            Account.objects.filter(pk=key.id).update(overdraft_limit=Decimal(5))
    assert image() == before
    overdraft(ledger.product, "5")
    assert Account.objects.get(pk=ledger.available.id).overdraft_limit == 5


@pytest.mark.parametrize("who", [roles.as_application, roles.as_owner])
def test_an_overdraft_in_use_is_not_taken_away(who: Any, ledger: Ledger) -> None:
    overdraft(ledger.product, "50")
    with transaction.atomic():
        post(moved(ledger.available, ledger.account_of("bank"), "130"))
    before = image()
    for limit in ("29.9999", "0"):
        with who(), pytest.raises(IntegrityError, match="below its limit"), transaction.atomic():
            ledger.sql("UPDATE balances_account SET overdraft_limit = %s WHERE id = %s", limit, ledger.available.id)
    assert image() == before
    overdraft(ledger.product, "30")
    assert Account.objects.get(pk=ledger.available.id).overdraft_limit == 30


def behind_temporary_tables(ledger: Ledger) -> None:
    for table in ("account", "journal", "entry"):
        ledger.sql(f"CREATE TEMPORARY TABLE balances_{table} AS SELECT * FROM public.balances_{table}")  # noqa: S608
    ledger.sql("UPDATE balances_account SET balance = 1000 WHERE kind = 'available'")
    ledger.sql("SET LOCAL search_path = pg_temp, public")
    legs = (ledger.available, "100.0001"), (ledger.provider, "-100.0001")
    ledger.posts(*legs, kind="withdrawal_proved_paid")


def test_temporary_tables_in_front_change_nothing(ledger: Ledger) -> None:
    """What is posted is posted to the ledger, and its accounts alone say how far it may go."""
    before = image()
    with (
        roles.allowed("TEMPORARY", on=f"DATABASE {connection.settings_dict['NAME']}"),
        pytest.raises(IntegrityError, match="below its limit"),
        transaction.atomic(),
    ):
        behind_temporary_tables(ledger)
    assert image() == before
