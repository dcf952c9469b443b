"""What the database refuses, whoever writes: plainly, in a savepoint, and with the variable of stock triggers set."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from balances import accounts, holds
from balances.accounts import AccountKey
from balances.kinds import HoldStatus, JournalKind
from balances.models import Account, Entry, Hold, Journal
from balances.posting import post
from gateway import ids
from gateway.products.models import Product
from tests.balances.test_posting import BY_CLOCK, funded

pytestmark = pytest.mark.django_db(transaction=True)


class Ledger:
    """A product with 100, and raw SQL against its accounts."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.bank = accounts.bank("test", "INR")
        self.available = accounts.available(product.pk, "test", "INR")
        for mode, currency in (("test", "INR"), ("test", "BDT"), ("live", "INR")):
            money = funded(product, "100", f"{mode} {currency}", currency)
            legs = tuple(_in_mode(leg, mode) for leg in money.legs)
            post(type(money)(kind=money.kind, reference=money.reference, legs=legs, cause=money.cause))

    def sql(self, statement: str, *values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    def journal(self, kind: str = "adjusted", reference: str = "attack", mode: str = "test") -> uuid.UUID:
        journal = uuid.uuid4()
        self.sql(
            "INSERT INTO balances_journal (id, kind, mode, reference, subject, cause, cause_id, detail, document,"
            " request_id, xact, begun_at, created_at)"
            " VALUES (%s, %s, %s, %s, '', 'person', '', '', '', '', 0, now(), now())",
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

    def account(self, kind: str, mode: str, balance: str | None, overdraft: str = "0") -> None:
        self.sql(
            "INSERT INTO balances_account (id, kind, mode, currency, payment_system, balance, entry_count,"
            " overdraft_limit) VALUES (gen_random_uuid(), %s, %s, 'EUR', '', %s, 0, %s)",
            kind,
            mode,
            balance,
            overdraft,
        )

    def overdraft(self, limit: str) -> None:
        self.sql("UPDATE balances_account SET overdraft_limit = %s WHERE kind = 'available'", limit)

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
    "account of no kind": lambda one: one.account("gift", "test", None),
    "account of no mode": lambda one: one.account("held", "demo", "0"),
    "account without a balance": lambda one: one.account("held", "test", None),
    "account with a balance": lambda one: one.account("bank", "test", "0"),
    "account of held money begun with an overdraft": lambda one: one.account("held", "test", "0", "5"),
    "balance taken away": lambda one: one.sql("UPDATE balances_account SET balance = NULL"),
    "overdraft of held money": lambda one: one.sql("UPDATE balances_account SET overdraft_limit = 5"),
    "overdraft below nothing": lambda one: one.overdraft("-5"),
    "overdraft without end": lambda one: one.overdraft("NaN"),
    "no number": lambda one: one.legs((one.bank, "NaN"), (one.available, "NaN")),
    "infinity": lambda one: one.legs((one.bank, "Infinity"), (one.available, "-Infinity")),
    "nothing": lambda one: one.legs((one.bank, "0"), (one.available, "0")),
    "two currencies": lambda one: one.legs((one.bank, "5"), (accounts.bank("test", "BDT"), "-5")),
    "another currency than the account's": lambda one: one.leg(one.journal(), one.bank, "5", "BDT"),
    "two modes": lambda one: one.legs((one.bank, "5"), (accounts.bank("live", "INR"), "-5")),
    "overdrawn": lambda one: one.legs((one.available, "100.0001"), (one.bank, "-100.0001")),
    "posted twice": lambda one: one.legs(
        (one.bank, "5"), (one.available, "-5"), kind="product_funded", reference="test INR"
    ),
    "without a reference": lambda one: one.legs((one.bank, "5"), (one.available, "-5"), reference=""),
    "of no kind": lambda one: one.legs((one.bank, "5"), (one.available, "-5"), kind="gift"),
    "of no mode": lambda one: one.legs((one.bank, "5"), (one.available, "-5"), mode="demo"),
    "spent without a hold": lambda one: one.legs(
        (one.available, "5"), (one.bank, "-5"), kind=JournalKind.WITHDRAWAL_PAID
    ),
    "held without a hold": lambda one: one.legs(
        (one.available, "5"), (one.bank, "-5"), kind=JournalKind.WITHDRAWAL_HELD
    ),
    "a hold without its journal": lambda one: one.hold_without_journal(),
}


#: What each is refused with.
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
    "without a reference": "a journal has a reference",
    "of no kind": "there are no test journals of kind gift",
    "of no mode": "there are no demo journals of kind adjusted",
    "account of no kind": "there are no test accounts of kind gift",
    "account of no mode": "there are no demo accounts of kind held",
    "account without a balance": "keeps a balance where it is limited, and nowhere else",
    "account with a balance": "keeps a balance where it is limited, and nowhere else",
    "balance taken away": "what a ledger account stands for is never changed",
    "overdraft of held money": "an overdraft is an amount, and of available money alone",
    "overdraft below nothing": "an overdraft is an amount, and of available money alone",
    "overdraft without end": "an overdraft is an amount, and of available money alone",
    "account of held money begun with an overdraft": "an overdraft is an amount, and of available money alone",
    "spent without a hold": "does not agree with the hold",
    "held without a hold": "does not agree with the hold",
    "a hold without its journal": "is open without its journal",
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


@pytest.mark.parametrize("way", [attack_plainly, attack_in_a_savepoint, attack_with_the_variable])
@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_refused_and_nothing_is_left(
    name: str, way: Callable[[Callable[[], None]], None], ledger: Ledger
) -> None:
    before = image()
    with pytest.raises((IntegrityError, DataError), match=SAYS[name]):
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


def test_a_temporary_table_in_front_changes_nothing(ledger: Ledger) -> None:
    before = image()
    with pytest.raises(IntegrityError, match="does not sum to zero"), transaction.atomic():
        behind_a_temporary_table(ledger)
    assert image() == before


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
    for attack in ("status = 'open', closed_at = NULL", "status = 'spent'", "amount = 1", "closed_at = NULL"):
        with pytest.raises(IntegrityError), transaction.atomic():
            ledger.sql(f"UPDATE balances_hold SET {attack}")  # noqa: S608 - our own
    with pytest.raises(IntegrityError), transaction.atomic():
        holds.release("wd_1", BY_CLOCK)
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        ledger.sql("DELETE FROM balances_hold")
    assert image() == before
