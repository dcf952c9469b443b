"""What the database refuses, to the application and to the owner.

Each attack is made by both: plainly, in a savepoint, and with the variable of stock triggers set.
"""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from balances import accounts, holds
from balances.accounts import AccountKey
from balances.kinds import HoldStatus, JournalKind
from balances.models import Account, Entry, Hold, Journal
from gateway import ids
from tests import roles
from tests.balances.attacked import Ledger, image
from tests.balances.test_posting import BY_CLOCK

pytestmark = pytest.mark.django_db(transaction=True)


ATTACKS: dict[str, Callable[[Ledger], None]] = {
    "does not sum to zero": lambda one: one.legs((one.bank, "5"), (one.available, "-4")),
    "one leg": lambda one: one.legs((one.bank, "5")),
    "no legs": lambda one: one.legs(),
    "a leg too late": lambda one: one.leg(Journal.objects.order_by("id")[0].pk, one.bank, "5"),
    "two legs too late": lambda one: one.legs_too_late(),
    "two numbered legs too late": lambda one: one.legs_too_late(sequence=1),
    "a leg after the check": lambda one: one.early_check(),
    "two legs after the check": lambda one: one.early_check_and_two_currencies(),
    "a numbered leg of another mode": lambda one: one.numbered(accounts.available(one.product.pk, "live", "INR"), "5"),
    "a numbered leg of another currency": lambda one: one.numbered(one.available, "5", "BDT"),
    "a numbered leg of no account": lambda one: one.numbered(accounts.bank("test", "XXX"), "5"),
    "a numbered leg above the limit": lambda one: one.numbered(one.available, "100.0001"),
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
        (one.bank, "5"), (one.available, "-5"), kind="product_fee", reference="test INR"
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


#: What each is refused with by a guard or a constraint: to the owner always, and to the application where its role
#: would let it try.
SAYS: dict[str, str] = {
    "does not sum to zero": "does not sum to zero",
    "one leg": "has 1 legs",
    "no legs": "has 0 legs",
    "a leg too late": "in the transaction of their journal alone",
    "two legs too late": "in the transaction of their journal alone",
    "two numbered legs too late": "in the transaction of their journal alone",
    "a leg after the check": "does not sum to zero",
    "two legs after the check": "does not sum to zero",
    "a numbered leg of another mode": "a test journal takes no entry of a live account",
    "a numbered leg of another currency": "a INR account takes no BDT entry",
    "a numbered leg of no account": "there is no such ledger account",
    "a numbered leg above the limit": "account_within_its_limit",
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
    "of no mode": "there are no demo journals of kind product_fee",
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


#: What the application is not even let near.
PERMISSION_DENIED = {
    *("entries changed", "entries deleted", "entries emptied"),
    *("journals changed", "journals deleted", "journals emptied"),
    *("accounts emptied", "account deleted", "balance written", "balance taken away", "account of another"),
}
ATTACKERS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "application": roles.as_application,
    "owner": roles.as_owner,
}


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


@pytest.mark.parametrize("sequence", [None, 0, 7])
def test_the_number_of_an_entry_is_the_databases_own(sequence: int | None, ledger: Ledger) -> None:
    with transaction.atomic():
        made = ledger.journal()
        ledger.leg(made, ledger.bank, "5", sequence=sequence)
        ledger.leg(made, ledger.available, "-5", sequence=sequence)
    of_bank, of_available = Entry.objects.filter(journal=made).order_by("-amount")
    assert (of_bank.sequence, of_bank.balance_after) == (None, None)
    assert (of_available.sequence, of_available.balance_after) == (2, Decimal(105))
    kept = Account.objects.get(pk=ledger.available.id)
    assert (kept.balance, kept.entry_count, kept.last_entry_at) == (Decimal(105), 2, of_available.created_at)


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
