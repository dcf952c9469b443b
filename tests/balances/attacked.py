"""A ledger to attack, past everything that posts: what every attack needs."""

import uuid
from collections.abc import Callable, Mapping
from copy import copy
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction

from balances.accounts import AccountKey
from balances.journals import ProviderMoney, receipt_credited
from balances.kinds import AccountKind
from balances.models import Account, Entry, Hold, Journal
from balances.posting import open_accounts, post
from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount
from tests.balances.past import BY_CLOCK, moved

_OF_A_PRODUCT: Final = {"available", "held", "savings", "product_receivable", "fee_income"}
_OF_THE_PROVIDER: Final = {"provider_balance", "provider_fees", "provider_settlement", "savings_observed", "suspense"}
#: Arguments of `balances_post` that are given once for each journal, and their types.
_OF_A_JOURNAL: Final = {
    **dict.fromkeys(("kind", "mode", "reference", "subject"), "text[]"),
    "reverses": "uuid[]",
    **dict.fromkeys(("cause", "cause_id", "detail", "document", "request_id"), "text[]"),
    "instruction": "uuid[]",
}
RIGHT: Final[Mapping[str, str | None]] = {
    "kind": "receipt_credited",
    "mode": "test",
    "reference": "attack",
    "subject": "",
    "reverses": None,
    "cause": "clock",
    "cause_id": "",
    "detail": "",
    "document": "",
    "request_id": "",
    "instruction": None,
}


class Ledger:
    """A product with 100, and raw SQL against its accounts."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.owner = ProviderAccount.objects.create(
            name="attacked",
            mode=Mode.TEST,
            base_url="https://api.example",
            api_secret="-",
            withdrawal_key="-",
            is_active=False,
        )
        self.provider, self.available = self.account_of("provider_balance"), self.account_of("available")
        for mode, currency in (("test", "INR"), ("test", "BDT"), ("live", "INR")):
            money = ProviderMoney(
                account=self.owner.pk, payment_system="paytm", mode=mode, currency=currency, amount=Decimal(100)
            )
            post(receipt_credited(f"{mode} {currency}", money, product.pk, BY_CLOCK, subject=""))

    def account_of(self, kind: str, mode: str = "test", currency: str = "INR") -> AccountKey:
        """Of the product or of the provider's account, as its kind has it."""
        return AccountKey(
            kind=AccountKind(kind),
            mode=mode,
            currency=currency,
            product=self.product.pk if kind in _OF_A_PRODUCT else None,
            provider_account=self.owner.pk if kind in _OF_THE_PROVIDER else None,
            payment_system="paytm" if kind in _OF_THE_PROVIDER - {"suspense", "provider_settlement"} else "",
        )

    def sql(self, statement: str, *values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    def posts(
        self, *legs: tuple[AccountKey, str], journal: uuid.UUID | None = None, **differs: str | uuid.UUID | None
    ) -> uuid.UUID:
        """`balances_post` of a journal of which all is right but what differs; its legs may name another journal."""
        made = uuid.uuid4()
        columns = {**RIGHT, **differs}
        self.call(
            [made],
            *([columns[name]] for name in _OF_A_JOURNAL),
            [uuid.uuid4() for _ in legs],
            [journal or made for _ in legs],
            [key.id for key, _ in legs],
            [amount for _, amount in legs],
        )
        return made

    def call(self, *arrays: Any) -> None:
        """`balances_post` as anybody may call it; every account has to be there."""
        types = ("uuid[]", *_OF_A_JOURNAL.values(), *("uuid[]", "uuid[]", "uuid[]", "text[]::numeric[]"))
        with connection.cursor() as cursor:
            places = ", ".join(f"%s::{one}" for one in types)
            cursor.execute(f"SELECT balances_post({places})", arrays)
            ((missing,),) = cursor.fetchall()
        assert missing is None

    def transfers(
        self, left: tuple[AccountKey, str], right: tuple[AccountKey, str], **differs: str | uuid.UUID | None
    ) -> uuid.UUID:
        """The same by `balances_post_transfer`."""
        made = uuid.uuid4()
        columns = {**RIGHT, **differs}
        types = [one.removesuffix("[]") for one in _OF_A_JOURNAL.values()]
        leg = "%s::uuid, %s::uuid, %s::text::numeric"
        places = ", ".join(["%s::uuid", *(f"%s::{one}" for one in types), leg, leg])
        values = [made, *(columns[name] for name in _OF_A_JOURNAL)]
        for key, amount in (left, right):
            values += [uuid.uuid4(), key.id, amount]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT balances_post_transfer({places})", values)
            ((missing,),) = cursor.fetchall()
        assert missing is None
        return made

    def inserted_journal(self) -> None:
        """Past the functions, and right in all else."""
        self.sql(
            "INSERT INTO balances_journal (id, kind, mode, reference, subject, cause, cause_id, detail, document,"
            " request_id, xact, begun_at, created_at) VALUES (%s, 'receipt_credited', 'test', 'attack', '', 'clock',"
            " '', '', '', '', pg_current_xact_id()::text::bigint, transaction_timestamp(), clock_timestamp())",
            uuid.uuid4(),
        )

    def inserted_entry(self, amount: str = "5") -> None:
        """Into a journal that is there."""
        self.sql(
            "INSERT INTO balances_entry (id, journal_id, account_id, amount, currency, mode, created_at)"
            " VALUES (%s, %s, %s, %s, 'INR', 'test', clock_timestamp())",
            uuid.uuid4(),
            Journal.objects.order_by("id")[0].pk,
            self.provider.id,
            amount,
        )

    def account(self, kind: str, mode: str, balance: str | None, overdraft: str = "0") -> None:
        self.sql(
            "INSERT INTO balances_account (id, kind, mode, currency, payment_system, balance, entry_count,"
            " overdraft_limit) VALUES (gen_random_uuid(), %s, %s, 'EUR', '', %s, 0, %s)",
            kind,
            mode,
            balance,
            overdraft,
        )

    def holds(self, amount: str = "30", currency: str = "INR", product: str = "") -> None:
        """A hold of 30 INR, and its journal, which says the same unless it differs."""
        with transaction.atomic():
            self.sql(
                "INSERT INTO balances_hold (id, order_id, product_id, mode, currency, amount, status, created_at)"
                " VALUES (%s, 'wd_held', %s, 'test', 'INR', 30, 'open', now())",
                uuid.uuid4(),
                self.product.pk,
            )
            who = self.of_another() if product else self
            left, right = (who.account_of(kind, currency=currency) for kind in ("available", "held"))
            open_accounts([right])
            self.posts((left, amount), (right, f"-{amount}"), kind="withdrawal_held", reference="wd_held")

    def of_another(self) -> "Ledger":
        """The same with accounts of another product, which has 100 of its own to hold and has held them."""
        other = copy(self)
        other.product = Product.objects.create(name="another")
        other.provider, other.available = other.account_of("provider_balance"), other.account_of("available")
        open_accounts([other.available, other.account_of("held")])
        kept = other.account_of("held"), other.available
        other.posts((other.provider, "200"), (other.available, "-200"), reference="of another")
        post(moved(kept[1], kept[0], "100"))
        return other

    def ends_hold(self, status: str, attack: "Callable[[Ledger], object]") -> None:
        """The hold is as its end says, and then comes a journal."""
        if status != "open":
            self.sql("UPDATE balances_hold SET status = %s WHERE order_id = 'wd_held'", status)
        attack(self)

    def takes(self, kind: str, amount: str, currency: str = "INR", once_more: str = "") -> None:
        """What was held goes to where such a journal has it go."""
        held = self.account_of("held", currency=currency)
        where = self.account_of("provider_balance" if kind == "withdrawal_paid" else "available", currency=currency)
        if currency != "INR":  # something is held there, too
            open_accounts([held])
            post(moved(self.account_of("available", currency=currency), held, amount))
        legs = [(held, amount), (where, f"-{amount}")]
        self.posts(*legs, *(legs if once_more else ()), kind=kind, reference="wd_held")

    def takes_snapshot(self, isolation: str) -> None:
        self.sql(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        self.sql(
            "INSERT INTO balances_snapshot (account_id, covered_until, balance, created_at)"
            " VALUES (%s, now(), 0, now())",
            self.provider.id,
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
