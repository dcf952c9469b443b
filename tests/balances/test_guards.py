"""What the database refuses, to the application and to the owner.

Each attack is made by both: plainly, in a savepoint, and with the variable of stock triggers set. What the functions
refuse that write the ledger is in ``test_posting_functions``.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, transaction

from balances import holds
from balances.kinds import HoldStatus
from balances.models import Hold
from gateway import ids
from tests import roles
from tests.balances.attacked import Ledger, image
from tests.balances.attackers import ATTACKERS, WAYS
from tests.balances.test_posting import BY_CLOCK

pytestmark = pytest.mark.django_db(transaction=True)


ATTACKS: dict[str, Callable[[Ledger], None]] = {
    "a journal inserted": lambda one: one.inserted_journal(),
    "an entry inserted": lambda one: one.inserted_entry(),
    "an entry of no number inserted": lambda one: one.inserted_entry("NaN"),
    "entries changed": lambda one: one.sql("UPDATE balances_entry SET amount = amount * 2"),
    "entries deleted": lambda one: one.sql("DELETE FROM balances_entry"),
    "entries emptied": lambda one: one.sql("TRUNCATE balances_entry CASCADE"),
    "journals changed": lambda one: one.sql("UPDATE balances_journal SET detail = 'other'"),
    "journals deleted": lambda one: one.sql("DELETE FROM balances_journal"),
    "journals emptied": lambda one: one.sql("TRUNCATE balances_journal CASCADE"),
    "accounts emptied": lambda one: one.sql("TRUNCATE balances_account CASCADE"),
    "account deleted": lambda one: one.sql("DELETE FROM balances_account"),
    "balance written": lambda one: one.sql("UPDATE balances_account SET balance = 1000 WHERE balance IS NOT NULL"),
    "entries uncounted": lambda one: one.sql("UPDATE balances_account SET entry_count = 0"),
    "last entry set back": lambda one: one.sql("UPDATE balances_account SET last_entry_at = NULL"),
    "taken for counted": lambda one: one.sql("UPDATE balances_account SET covered_until = now()"),
    "account of another": lambda one: one.sql("UPDATE balances_account SET currency = 'EUR'"),
    **{
        f"account of another {column}": partial(Ledger.sql, statement=f"UPDATE balances_account SET {column} = {value}")  # noqa: S608 - our own columns
        for column, value in {
            "id": "gen_random_uuid()",
            "kind": "'bank'",
            "mode": "'demo'",
            "product_id": "NULL",
            "provider_account_id": "NULL",
            "payment_system": "'other'",
        }.items()
    },
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
    "a hold without its journal": lambda one: one.hold_without_journal(),
}


#: What each is refused with by a guard or a constraint: to the owner always, and to the application where its role
#: would let it try.
SAYS: dict[str, str] = {
    "a journal inserted": "journals are posted by balances_post alone",
    "an entry inserted": "entries are posted by balances_post alone",
    "an entry of no number inserted": "entries are posted by balances_post alone",
    "entries changed": "entries are never changed",
    "entries deleted": "entries are never changed",
    "entries emptied": "entries are never emptied",
    "journals changed": "journals are never changed",
    "journals deleted": "journals are never changed",
    "journals emptied": "journals are never emptied",
    "accounts emptied": "ledger accounts are never emptied",
    "account deleted": "ledger accounts are never deleted",
    "balance written": "balances are written by balances_post alone",
    "entries uncounted": "balances are written by balances_post alone",
    "last entry set back": "balances are written by balances_post alone",
    "taken for counted": "balances are written by balances_post alone",
    "account of another": "what a ledger account stands for is never changed",
    **{
        f"account of another {column}": "what a ledger account stands for is never changed"
        for column in ("id", "kind", "mode", "product_id", "provider_account_id", "payment_system")
    },
    "account begun with money": "a ledger account begins without entries",
    "account of no kind": "there are no test accounts of kind gift",
    "account of no mode": "there are no demo accounts of kind held",
    "account without a balance": "keeps a balance where it is limited, and nowhere else",
    "account with a balance": "keeps a balance where it is limited, and nowhere else",
    "balance taken away": "balances are written by balances_post alone",
    "overdraft of held money": "an overdraft is an amount, and of available money alone",
    "overdraft below nothing": "an overdraft is an amount, and of available money alone",
    "overdraft without end": "an overdraft is an amount, and of available money alone",
    "account of held money begun with an overdraft": "an overdraft is an amount, and of available money alone",
    "a hold without its journal": "is open without its journal",
}


#: What the application is not even let near.
PERMISSION_DENIED = {
    *("a journal inserted", "an entry inserted", "an entry of no number inserted"),
    *("entries changed", "entries deleted", "entries emptied"),
    *("journals changed", "journals deleted", "journals emptied"),
    *("accounts emptied", "account deleted", "balance written", "balance taken away", "account of another"),
    *("entries uncounted", "last entry set back", "taken for counted"),
    *(name for name in ATTACKS if name.startswith("account of another ")),
}


@pytest.mark.parametrize("attacker", ATTACKERS)
@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_refused_and_nothing_is_left(name: str, attacker: str, ledger: Ledger, subtests: pytest.Subtests) -> None:
    before = image()
    kinds: tuple[type[Exception], ...] = (IntegrityError, DataError)
    sentence = SAYS[name]
    if attacker == "application" and name in PERMISSION_DENIED:
        kinds, sentence = (ProgrammingError,), "permission denied for table"
    for way in WAYS:
        with subtests.test(way.__name__):
            with ATTACKERS[attacker](), pytest.raises(kinds, match=sentence):
                way(lambda: ATTACKS[name](ledger))
            assert image() == before


#: What a journal may say of a hold of 30 that is in some status: its kind, what goes from the held money, of whom.
HELD: dict[str, tuple[str, Callable[[Ledger], object]]] = {
    "paid while it is open": ("open", lambda one: one.takes("withdrawal_paid", "30")),
    "released while it is open": ("open", lambda one: one.takes("withdrawal_released", "30")),
    "less paid than held": ("spent", lambda one: one.takes("withdrawal_paid", "29.9999")),
    "less released than held": ("released", lambda one: one.takes("withdrawal_released", "29.9999")),
    "paid by another product": ("spent", lambda one: one.of_another().takes("withdrawal_paid", "30")),
    "paid in another currency": ("spent", lambda one: one.takes("withdrawal_paid", "30", "BDT")),
    "paid in two parts": ("spent", lambda one: one.takes("withdrawal_paid", "15", "INR", "15")),
}


@pytest.mark.parametrize("name", HELD)
def test_a_journal_of_a_withdrawal_says_what_its_hold_says(name: str, ledger: Ledger) -> None:
    status, attack = HELD[name]
    ledger.holds()
    before = image()
    with pytest.raises(IntegrityError, match="does not agree with the hold"), transaction.atomic():
        ledger.ends_hold(status, attack)
    assert image() == before


@pytest.mark.parametrize(("status", "kind"), [("released", "withdrawal_paid"), ("spent", "withdrawal_released")])
def test_a_hold_ends_with_the_journal_of_its_end(status: str, kind: str, ledger: Ledger) -> None:
    ledger.holds()
    before = image()
    with pytest.raises(IntegrityError, match=f"hold of wd_held is {status} without its journal"), transaction.atomic():
        ledger.ends_hold(status, lambda one: one.takes(kind, "30"))
    assert image() == before


@pytest.mark.parametrize("differs", [{"amount": "29"}, {"currency": "BDT"}, {"product": "another"}])
def test_what_is_held_is_what_the_hold_says(differs: dict[str, str], ledger: Ledger) -> None:
    before = image()
    with pytest.raises(IntegrityError, match="does not agree with the hold"), transaction.atomic():
        ledger.holds(**differs)
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
