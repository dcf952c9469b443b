"""What the database refuses, to the application and to the owner.

Each attack is made by both: plainly, in a savepoint, and with the variable of stock triggers set.
"""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from balances import accounts, holds
from balances.accounts import AccountKey
from balances.kinds import HoldStatus, JournalKind
from balances.models import Account, Entry, Hold, Journal
from balances.posting import post
from gateway import ids
from gateway.products.models import Product
from tests import roles
from tests.balances.test_posting import BY_CLOCK, funded

pytestmark = pytest.mark.django_db(transaction=True)


class Ledger:
    """A product with 100, and raw SQL against its accounts."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.bank = accounts.bank("test", "INR")
        self.available = accounts.available(product.pk, "test", "INR")
        for mode, currency in (("test", "INR"), ("test", "BDT"), ("live", "INR")):
            # Of a kind that machines may post, so that what is attacked is the rule in question and no other.
            money = funded(product, "100", f"{mode} {currency}", currency, JournalKind.PRODUCT_FEE, BY_CLOCK)
            legs = tuple(_in_mode(leg, mode) for leg in money.legs)
            post(type(money)(kind=money.kind, reference=money.reference, legs=legs, cause=money.cause))

    def sql(self, statement: str, *values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    def journal(self, kind: str = "product_fee", reference: str = "attack", mode: str = "test") -> uuid.UUID:
        journal = uuid.uuid4()
        self.sql(
            "INSERT INTO balances_journal (id, kind, mode, reference, subject, cause, cause_id, detail, document,"
            " request_id, xact, begun_at, created_at)"
            " VALUES (%s, %s, %s, %s, '', 'clock', '', '', '', '', 0, now(), now())",
            journal,
            kind,
            mode,
            reference,
        )
        return journal

    def leg(self, journal: uuid.UUID, account: AccountKey, amount: str, currency: str = "") -> None:
        self.sql(
            "INSERT INTO balances_entry (id, journal_id, account_id, amount, currency, mode, created_at)"
            " VALUES (%s, %s, %s, %s::text::numeric, %s, '', now())",
            uuid.uuid4(),
            journal,
            account.id,
            amount,
            currency,
        )

    def legs(self, *legs: tuple[AccountKey, str], **journal: str) -> None:
        made = self.journal(**journal)
        for account, amount in legs:
            self.leg(made, account, amount)

    def legs_too_late(self) -> None:
        """They agree with each other, and their journal is an old one."""
        old = Journal.objects.order_by("id")[0].pk
        self.leg(old, self.bank, "5")
        self.leg(old, self.available, "-5")

    def early_check(self) -> None:
        """The legs agree when they are looked at, and one more comes afterwards."""
        made = self.journal()
        self.leg(made, self.bank, "5")
        self.leg(made, self.available, "-5")
        self.sql("SET CONSTRAINTS ALL IMMEDIATE")
        self.sql("SET CONSTRAINTS ALL DEFERRED")
        self.leg(made, self.bank, "7")

    def hold_without_journal(self) -> None:
        self.sql(
            "INSERT INTO balances_hold (id, order_id, product_id, mode, currency, amount, status, created_at)"
            " VALUES (%s, 'wd_attack', %s, 'test', 'INR', 5, 'open', now())",
            uuid.uuid4(),
            self.product.pk,
        )


def _in_mode(leg: Any, mode: str) -> Any:
    key = leg.account
    moved = AccountKey(kind=key.kind, mode=mode, currency=key.currency, product=key.product)
    return type(leg)(account=moved, amount=leg.amount)


@pytest.fixture
def ledger(product: Product) -> Ledger:
    return Ledger(product)


ATTACKS: dict[str, Callable[[Ledger], None]] = {
    "does not sum to zero": lambda one: one.legs((one.bank, "5"), (one.available, "-4")),
    "one leg": lambda one: one.legs((one.bank, "5")),
    "no legs": lambda one: one.legs(),
    "a leg too late": lambda one: one.leg(Journal.objects.order_by("id")[0].pk, one.bank, "5"),
    "two legs too late": lambda one: one.legs_too_late(),
    "a leg after the check": lambda one: one.early_check(),
    "a leg of no journal": lambda one: one.leg(uuid.uuid4(), one.bank, "5"),
    "a leg of no account": lambda one: one.legs(
        (one.bank, "5"), (AccountKey(kind=one.bank.kind, mode="test", currency="XXX"), "-5")
    ),
    "entries changed": lambda one: one.sql("UPDATE balances_entry SET amount = amount * 2"),
    "entries deleted": lambda one: one.sql("DELETE FROM balances_entry"),
    "entries emptied": lambda one: one.sql("TRUNCATE balances_entry CASCADE"),
    "journals changed": lambda one: one.sql("UPDATE balances_journal SET detail = 'other'"),
    "journals deleted": lambda one: one.sql("DELETE FROM balances_journal"),
    "journals emptied": lambda one: one.sql("TRUNCATE balances_journal CASCADE"),
    "accounts emptied": lambda one: one.sql("TRUNCATE balances_account CASCADE"),
    "account deleted": lambda one: one.sql("DELETE FROM balances_account"),
    "balance written": lambda one: one.sql("UPDATE balances_account SET balance = 1000 WHERE balance IS NOT NULL"),
    "account of another": lambda one: one.sql("UPDATE balances_account SET currency = 'EUR'"),
    "account begun with money": lambda one: one.sql(
        "INSERT INTO balances_account (id, kind, mode, currency, payment_system, balance, entry_count,"
        " overdraft_limit) VALUES (gen_random_uuid(), 'held', 'test', 'EUR', '', 5, 0, 0)"
    ),
    "no number": lambda one: one.legs((one.bank, "NaN"), (one.available, "NaN")),
    "infinity": lambda one: one.legs((one.bank, "Infinity"), (one.available, "-Infinity")),
    "nothing": lambda one: one.legs((one.bank, "0"), (one.available, "0")),
    "two currencies": lambda one: one.legs((one.bank, "5"), (accounts.bank("test", "BDT"), "-5")),
    "another currency than the account's": lambda one: one.leg(one.journal(), one.bank, "5", "BDT"),
    "two modes": lambda one: one.legs((one.bank, "5"), (accounts.bank("live", "INR"), "-5")),
    "overdrawn": lambda one: one.legs((one.available, "100.0001"), (one.bank, "-100.0001")),
    "posted twice": lambda one: one.legs(
        (one.bank, "5"), (one.available, "-5"), kind="product_fee", reference="test INR"
    ),
    "without a reference": lambda one: one.legs((one.bank, "5"), (one.available, "-5"), reference=""),
    "of no kind": lambda one: one.legs((one.bank, "5"), (one.available, "-5"), kind="gift"),
    "spent without a hold": lambda one: one.legs(
        (one.available, "5"), (one.bank, "-5"), kind=JournalKind.WITHDRAWAL_PAID
    ),
    "held without a hold": lambda one: one.legs(
        (one.available, "5"), (one.bank, "-5"), kind=JournalKind.WITHDRAWAL_HELD
    ),
    "a hold without its journal": lambda one: one.hold_without_journal(),
}


#: What each is refused with by a guard or a constraint: to the owner always, and to the application where its role
#: would let it try.
SAYS: dict[str, str] = {
    "does not sum to zero": "does not sum to zero",
    "one leg": "has 1 legs",
    "no legs": "has 0 legs",
    "a leg too late": "in the transaction of their journal alone",
    "two legs too late": "in the transaction of their journal alone",
    "a leg after the check": "does not sum to zero",
    "a leg of no journal": "in the transaction of their journal alone",
    "a leg of no account": "there is no such ledger account",
    "entries changed": "entries are never changed",
    "entries deleted": "entries are never changed",
    "entries emptied": "entries are never emptied",
    "journals changed": "journals are never changed",
    "journals deleted": "journals are never changed",
    "journals emptied": "journals are never emptied",
    "accounts emptied": "ledger accounts are never emptied",
    "account deleted": "ledger accounts are never deleted",
    "balance written": "a balance is written by entries alone",
    "account of another": "what a ledger account stands for is never changed",
    "account begun with money": "a ledger account begins without entries",
    "no number": "entry_amount_is_a_number",
    "infinity": "numeric field overflow",
    "nothing": "entry_amount_is_a_number",
    "two currencies": "does not sum to zero",
    "another currency than the account's": "a INR account takes no BDT entry",
    "two modes": "a test journal takes no entry of a live account",
    "overdrawn": "account_within_its_limit",
    "posted twice": "one_journal_per_reference",
    "without a reference": "journal_has_a_reference",
    "of no kind": "journal_kind_is_known",
    "spent without a hold": "does not agree with the hold",
    "held without a hold": "does not agree with the hold",
    "a hold without its journal": "is open without its journal",
}


#: What the application is not even let near.
PERMISSION_DENIED = {
    *("entries changed", "entries deleted", "entries emptied"),
    *("journals changed", "journals deleted", "journals emptied"),
    *("accounts emptied", "account deleted", "balance written", "account of another"),
}
ATTACKERS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "application": roles.as_application,
    "owner": roles.as_owner,
}


def image() -> tuple[Any, ...]:
    return (
        sorted(Account.objects.values_list()),
        sorted(Journal.objects.values_list()),
        sorted(Entry.objects.values_list()),
        list(Hold.objects.values_list()),
    )


def attack_plainly(step: Callable[[], None]) -> None:
    with transaction.atomic():
        step()


def attack_in_a_savepoint(step: Callable[[], None]) -> None:
    with transaction.atomic(), transaction.atomic():
        step()


def attack_with_the_variable(step: Callable[[], None]) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger%%'")
            names = [name for trigger, table in cursor.fetchall() for name in (trigger, f"{table}:{trigger}")]
            cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{','.join(names)}}}"])
        step()


@pytest.mark.parametrize("attacker", ATTACKERS)
@pytest.mark.parametrize("way", [attack_plainly, attack_in_a_savepoint, attack_with_the_variable])
@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_refused_and_nothing_is_left(
    name: str, way: Callable[[Callable[[], None]], None], attacker: str, ledger: Ledger
) -> None:
    before = image()
    kinds: tuple[type[Exception], ...] = (IntegrityError, DataError)
    sentence = SAYS[name]
    if attacker == "application" and name in PERMISSION_DENIED:
        kinds, sentence = (ProgrammingError,), "permission denied for table"
    with ATTACKERS[attacker](), pytest.raises(kinds, match=sentence):
        way(lambda: ATTACKS[name](ledger))
    assert image() == before


def behind_a_temporary_table(ledger: Ledger) -> None:
    ledger.sql("CREATE TEMPORARY TABLE balances_entry (journal_id uuid, amount numeric, currency text)")
    made = ledger.journal()
    for amount in (5, -4):
        ledger.sql(
            "INSERT INTO public.balances_entry (id, journal_id, account_id, amount, currency, mode, created_at)"
            " VALUES (gen_random_uuid(), %s, %s, %s, '', '', now())",
            made,
            ledger.bank.id,
            amount,
        )


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_a_temporary_table_in_front_changes_nothing(attacker: str, ledger: Ledger) -> None:
    before = image()
    with (
        ATTACKERS[attacker](),
        pytest.raises(IntegrityError, match="does not sum to zero"),
        transaction.atomic(),
    ):
        behind_a_temporary_table(ledger)
    assert image() == before


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
    "without a check": ("ALTER TABLE balances_account DROP CONSTRAINT account_within_its_limit", "must be owner"),
    "with a trigger of its own": (f"{TRIGGER_ON} balances_entry {DOES_NOTHING}", "permission denied for table"),
    "with a function in front": (
        "CREATE FUNCTION public.pg_trigger_depth() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "permission denied for schema public",
    ),
    "with another posting": ("DROP FUNCTION balances_post", "must be owner of function"),
    "with a schema in front": ("CREATE SCHEMA front", "permission denied for database"),
}


@pytest.mark.parametrize("name", WAYS_AROUND)
def test_the_application_finds_no_way_around(name: str, ledger: Ledger) -> None:
    statement, sentence = WAYS_AROUND[name]
    with pytest.raises(ProgrammingError, match=sentence), transaction.atomic():
        ledger.sql(statement)


WRITE_A_BALANCE = "UPDATE balances_account SET balance = 1000 WHERE balance IS NOT NULL"


@transaction.atomic
def together(ledger: Ledger, *statements: str) -> None:
    for statement in statements:
        ledger.sql(statement)


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


def test_a_function_in_front_changes_nothing(ledger: Ledger) -> None:
    """PostgreSQL looks for its own first, and in a temporary schema never."""
    before = image()
    for schema in ("pg_temp", "public"):
        with roles.as_owner(), pytest.raises(IntegrityError, match="a balance is written by entries alone"):
            together(
                ledger,
                f"CREATE FUNCTION {schema}.pg_trigger_depth() RETURNS int LANGUAGE sql AS 'SELECT 2'",
                "SET LOCAL search_path = pg_temp, public",
                WRITE_A_BALANCE,
            )
    assert image() == before


def test_a_guard_with_the_owners_rights_guards_no_other_table(ledger: Ledger) -> None:
    """It would write to balances whatever rows such a table is given."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regproc::text FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        )
        definers = [name for (name,) in cursor.fetchall()]
    assert len(definers) == 2
    for name in definers:
        with pytest.raises(ProgrammingError, match="permission denied for function"):
            together(
                ledger,
                "CREATE TEMPORARY TABLE mine (LIKE balances_entry)",
                f"CREATE TRIGGER mine BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION {name}()",
            )


def test_the_application_may_grant_an_overdraft(ledger: Ledger) -> None:
    """The one column of an account that is its own to write."""
    assert Account.objects.filter(pk=ledger.available.id).update(overdraft_limit=Decimal(5)) == 1
    with pytest.raises(IntegrityError, match="account_overdraft_is_of_available_money"), transaction.atomic():
        Account.objects.filter(pk=ledger.bank.id).update(overdraft_limit=Decimal(5))


def test_a_hold_is_closed_once(ledger: Ledger) -> None:
    order = ids.new_id()
    with transaction.atomic():
        holds.hold(
            order,
            "wd_1",
            product=ledger.product,
            mode="test",
            currency="INR",
            amount=Decimal(30),
            cause=BY_CLOCK,
        )
    with transaction.atomic():
        holds.release("wd_1", BY_CLOCK)
    assert Hold.objects.get().status == HoldStatus.RELEASED
    before = image()
    attacks = ["status = 'open', closed_at = NULL", "status = 'spent'", "closed_at = NULL"]
    for attack in attacks:
        with pytest.raises(IntegrityError), transaction.atomic():
            ledger.sql(f"UPDATE balances_hold SET {attack}")  # noqa: S608 - our own
    with pytest.raises(IntegrityError), transaction.atomic():
        holds.release("wd_1", BY_CLOCK)
    denied = ["UPDATE balances_hold SET amount = 1", "DELETE FROM balances_hold", "TRUNCATE balances_hold"]
    for statement in denied:
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            ledger.sql(statement)
    with roles.as_owner():
        for statement in [*(f"UPDATE balances_hold SET {attack}" for attack in attacks), *denied]:  # noqa: S608
            with pytest.raises(IntegrityError), transaction.atomic():
                ledger.sql(statement)
    assert image() == before
