"""A ledger to attack, past everything that posts: what every attack needs."""

import uuid
from typing import Any

from django.db import connection, transaction

from balances import accounts
from balances.accounts import AccountKey
from balances.kinds import JournalKind
from balances.models import Account, Entry, Hold, Journal
from balances.posting import post
from gateway.products.models import Product
from tests.balances.test_posting import BY_CLOCK, funded


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

    def leg(
        self, journal: uuid.UUID, account: AccountKey, amount: str, currency: str = "", sequence: int | None = None
    ) -> None:
        self.sql(
            "INSERT INTO balances_entry (id, journal_id, account_id, amount, currency, mode, sequence, created_at)"
            " VALUES (%s, %s, %s, %s::text::numeric, %s, '', %s, now())",
            uuid.uuid4(),
            journal,
            account.id,
            amount,
            currency,
            sequence,
        )

    def legs(self, *legs: tuple[AccountKey, str], **journal: str) -> None:
        made = self.journal(**journal)
        for account, amount in legs:
            self.leg(made, account, amount)

    def legs_too_late(self, sequence: int | None = None) -> None:
        """They agree with each other, and their journal is an old one."""
        old = Journal.objects.order_by("id")[0].pk
        self.leg(old, self.available, "-5", sequence=sequence)
        self.leg(old, self.bank, "5", sequence=sequence)

    def early_check(self) -> None:
        """The legs agree when they are looked at, and one more comes afterwards."""
        made = self.journal()
        self.leg(made, self.bank, "5")
        self.leg(made, self.available, "-5")
        self.sql("SET CONSTRAINTS ALL IMMEDIATE")
        self.sql("SET CONSTRAINTS ALL DEFERRED")
        self.leg(made, self.bank, "7")

    def early_check_and_two_currencies(self) -> None:
        """The same with two legs of two currencies, which look balanced together."""
        made = self.journal()
        self.leg(made, self.bank, "5")
        self.leg(made, self.available, "-5")
        self.sql("SET CONSTRAINTS ALL IMMEDIATE")
        self.sql("SET CONSTRAINTS ALL DEFERRED")
        self.leg(made, self.bank, "7")
        self.leg(made, accounts.bank("test", "BDT"), "-7")

    def numbered(self, account: AccountKey, amount: str, currency: str = "") -> None:
        """A leg whose writer says that its account keeps a balance."""
        self.leg(self.journal(), account, amount, currency, sequence=7)

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


def image() -> tuple[Any, ...]:
    return (
        sorted(Account.objects.values_list()),
        sorted(Journal.objects.values_list()),
        sorted(Entry.objects.values_list()),
        list(Hold.objects.values_list()),
    )


@transaction.atomic
def together(ledger: Ledger, *statements: str) -> None:
    for statement in statements:
        ledger.sql(statement)
