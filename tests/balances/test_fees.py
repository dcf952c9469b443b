"""Which row of fees counts for an event, what it comes to, and what no row may say."""

import itertools
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from balances import fees
from balances.journals import ProviderMoney
from balances.kinds import FeeDirection, FeeKind
from balances.models import Entry, Fee, Journal
from balances.posting import AlreadyPosted, post
from gateway.lifecycles import Cause, CauseKind
from gateway.money import exponent
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.balances.attackers import ATTACKERS
from tests.balances.charging import agree_on, charge
from tests.properties import PURE, WITH_DATABASE
from tests.two_persons import agreed

BY_CLOCK = Cause(kind=CauseKind.CLOCK)
START = datetime(2026, 3, 1, tzinfo=UTC)


def arrived(account: ProviderAccount, amount: str = "1000", **changes: str) -> ProviderMoney:
    facts = {"payment_system": "upi_l", "mode": "test", "currency": "INR", **changes}
    return ProviderMoney(account=account.pk, amount=Decimal(amount), **facts)


def due(money: ProviderMoney, product: Product | None = None, direction: str = "deposit") -> list[tuple[str, Decimal]]:
    charges = fees.due(FeeDirection(direction), money, product=None if product is None else product.pk)
    assert all(one.product == (product.pk if product and one.row.kind == "product" else None) for one in charges)
    return [(one.row.kind, one.fee.amount) for one in charges]


#: From the widest to the narrowest: whether the row names its owner, and whether its payment system. Each takes as
#: many percent as its place says.
WIDTHS = [(False, False), (False, True), (True, False), (True, True)]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", FeeKind.values)
@pytest.mark.parametrize("there", [one for size in range(5) for one in itertools.combinations(range(1, 5), size)])
def test_the_narrowest_row_counts(
    kind: str, there: tuple[int, ...], product: Product, account: ProviderAccount, catalogue: None
) -> None:
    owner: Any = {"product": product} if kind == "product" else {"provider_account": account}
    for place in there:
        names_owner, names_system = WIDTHS[place - 1]
        system = {"payment_system_id": "upi_l"} if names_system else {}
        charge(kind, "deposit", str(place), **(owner if names_owner else {}), **system)
    wanted = [(kind, Decimal(10 * max(there)))] if there else []
    assert due(arrived(account), product) == wanted


@pytest.mark.django_db
def test_rows_of_something_else_do_not_count(
    product: Product, account: ProviderAccount, live_account: ProviderAccount, catalogue: None
) -> None:
    other = Product.objects.create(name="other")
    charge("product", "withdrawal", "1")
    charge("product", "deposit", "2", mode="live")
    charge("product", "deposit", "3", currency="BDT")
    charge("product", "deposit", "4", product=other)
    charge("product", "deposit", "5", payment_system_id="upi_ib")
    charge("provider", "withdrawal", "6")
    charge("provider", "deposit", "7", mode="live", provider_account=live_account)
    charge("provider", "deposit", "8", payment_system_id="upi_ib")
    assert due(arrived(account), product) == []
    assert due(arrived(account), product, "withdrawal") == [("product", Decimal(10)), ("provider", Decimal(60))]
    assert due(arrived(account), direction="withdrawal") == [("provider", Decimal(60))]
    assert due(arrived(live_account, mode="live"), product) == [("product", Decimal(20)), ("provider", Decimal(70))]
    assert due(arrived(account), other) == [("product", Decimal(40))]


@pytest.mark.django_db
def test_a_provider_that_has_had_its_fee_takes_no_other(
    product: Product, account: ProviderAccount, catalogue: None
) -> None:
    charge("provider", "deposit", "1")
    charge("product", "deposit", "2")
    found = fees.due(FeeDirection.DEPOSIT, arrived(account), product=product.pk, taken_by_provider=False)
    assert [(one.row.kind, one.fee.amount) for one in found] == [("product", Decimal(20))]
    assert fees.due(FeeDirection.DEPOSIT, arrived(account), taken_by_provider=False) == []


@pytest.mark.django_db
def test_a_row_counts_from_its_very_time_on_and_until_the_next(
    product: Product, account: ProviderAccount, catalogue: None
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        charge("product", "deposit", "1")
        charge("product", "deposit", "3", valid_from=START + timedelta(seconds=2))
        charge("product", "deposit", "2", valid_from=START + timedelta(seconds=1))
        charge("product", "deposit", "0", valid_from=START + timedelta(seconds=3))
        assert due(arrived(account), product) == [("product", Decimal(10))]
        clock.move_to(START + timedelta(microseconds=999_999))
        assert due(arrived(account), product) == [("product", Decimal(10))]
        clock.move_to(START + timedelta(seconds=1))
        assert due(arrived(account), product) == [("product", Decimal(20))]
        clock.move_to(START + timedelta(seconds=2))
        assert due(arrived(account), product) == [("product", Decimal(30))]
        clock.move_to(START + timedelta(seconds=3))  # from now on nothing
        assert due(arrived(account), product) == []


owners = st.sampled_from([None, 0, 1])
systems = st.sampled_from([None, "upi_l", "upi_ib"])
days = st.integers(0, 4)


def wanted(rows: list[tuple[Any, Any, int]], owner: int, system: str, day: int) -> int | None:
    """The rule in other words: the first key that has a valid row, and of that the latest. Which row of the list."""
    for key in ((owner, system), (owner, None), (None, system), (None, None)):
        fitting = {when: place for place, (*names, when) in enumerate(rows) if tuple(names) == key and when <= day}
        if fitting:
            return fitting[max(fitting)]
    return None


@pytest.mark.django_db
@pytest.mark.parametrize("kind", FeeKind.values)
@WITH_DATABASE
@given(rows=st.lists(st.tuples(owners, systems, days), unique=True, max_size=24), owner=st.integers(0, 1), day=days)
def test_whatever_rows_there_are_one_counts_and_it_is_the_right_one(
    rows: list[tuple[Any, Any, int]],
    owner: int,
    day: int,
    kind: str,
    product: Product,
    account: ProviderAccount,
    live_account: ProviderAccount,
    catalogue: None,
) -> None:
    with transaction.atomic():
        finance = User.objects.create(username="finance")
        products, accounts = [product, Product.objects.create(name="other")], [account, live_account]
        made = [
            Fee(
                kind=kind,
                direction="deposit",
                mode="test",
                currency="INR",
                product=products[whose] if whose is not None and kind == "product" else None,
                provider_account=accounts[whose] if whose is not None and kind == "provider" else None,
                payment_system_id=system,
                percent=Decimal(1),
                valid_from=START + timedelta(days=when),
                created_by=finance,
            )
            for whose, system, when in rows
        ]
        for fee in made:
            agree_on(fee)
        Fee.objects.bulk_create(made)
        with time_machine.travel(START + timedelta(days=day), tick=False):
            for system in ("upi_l", "upi_ib"):
                money = arrived(accounts[owner], payment_system=system)
                found = fees.due(FeeDirection.DEPOSIT, money, product=products[owner].pk)
                place = wanted(rows, owner, system, day)
                assert [one.row.pk for one in found] == ([] if place is None else [made[place].pk])
        transaction.set_rollback(True)


def fee_of(percent: str, fixed: str = "0", currency: str = "INR") -> Fee:
    return Fee(percent=Decimal(percent), fixed=Decimal(fixed), currency=currency)


@pytest.mark.parametrize(
    ("fee", "amount", "comes_to"),
    [
        (fee_of("2.5", "3"), "1000", "28.00"),
        (fee_of("2.5", "3"), "1500.01", "40.50"),
        (fee_of("1", "0"), "0.49", "0.00"),
        (fee_of("1", "0"), "0.50", "0.01"),
        (fee_of("1", "0.01"), "0.50", "0.02"),  # rounded once: not 0.01 and 0.01 of 0.005 rounded down
        (fee_of("0.0001", "0"), "5000", "0.01"),
        (fee_of("50", "0", "JPY"), "3", "2"),
        (fee_of("50", "0", "KWD"), "0.003", "0.002"),
        (fee_of("100", "0"), "1218", "1218.00"),
        (fee_of("0", "0"), "1218", "0.00"),
        (fee_of("0", "1500"), "1", "1500.00"),
        (fee_of("1", "0"), "0.4950", "0.00"),  # the provider sends finer amounts than the currency has
    ],
)
def test_a_fee_is_a_part_and_a_fixed_sum_rounded_half_up(fee: Fee, amount: str, comes_to: str) -> None:
    assert str(fees.amount_of(fee, Decimal(amount))) == comes_to


@PURE
@given(
    st.integers(1, 10**20 - 1),
    st.integers(0, 10**6),
    st.integers(0, 10**16 - 1),
    st.sampled_from(["INR", "JPY", "KWD", "CLF"]),
)
def test_a_fee_is_exact_until_it_is_rounded_once(amount: int, percent: int, fixed: int, currency: str) -> None:
    fee = Fee(percent=Decimal(percent).scaleb(-4), fixed=Decimal(fixed).scaleb(-4), currency=currency)
    exact = Fraction(amount, 10**4) * Fraction(percent, 10**6) + Fraction(fixed, 10**4)
    units = 10 ** exponent(currency)
    found = fees.amount_of(fee, Decimal(amount).scaleb(-4))
    assert Fraction(found) == Fraction((exact * units + Fraction(1, 2)).__floor__(), units)
    assert found.as_tuple().exponent == -exponent(currency)
    assert found >= 0


@pytest.mark.django_db
def test_no_fee_of_an_order_is_taken_twice(product: Product, account: ProviderAccount, catalogue: None) -> None:
    row = charge("provider", "deposit", "1")
    charges = fees.due(FeeDirection.DEPOSIT, arrived(account))
    post(*fees.journals_of(charges, "rcp_1", BY_CLOCK, subject="dep_1"))
    with pytest.raises(AlreadyPosted), transaction.atomic():
        post(*fees.journals_of(charges, "rcp_1", BY_CLOCK, subject="dep_1"))
    journal = Journal.objects.get()
    assert (journal.kind, journal.reference, journal.subject, journal.document) == (
        "provider_fee",
        "rcp_1",
        "dep_1",
        row.public_id,
    )
    assert row.public_id.startswith("fee_")
    legs = {one.account.kind: one for one in Entry.objects.select_related("account")}
    assert {kind: one.amount for kind, one in legs.items()} == {
        "provider_fees": Decimal(10),
        "provider_balance": Decimal(-10),
    }
    assert {(one.account.provider_account_id, one.account.payment_system) for one in legs.values()} == {
        (account.pk, "upi_l")
    }


@pytest.mark.django_db
class TestWhatARowMayNotSay:
    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"percent": "100.0001"}, {"__all__": "The percentage is from 0 to 100."}),
            ({"percent": "-0.0001"}, {"__all__": "The percentage is from 0 to 100."}),
            ({"percent": "0.00001"}, {"percent": "no more than 4 decimal places"}),
            ({"percent": "NaN"}, {"percent": "must be a decimal number"}),
            ({"fixed": "-1"}, {"__all__": "The fixed amount is 0 or more"}),
            ({"fixed": "1000000000000"}, {"__all__": "less than a trillion"}),
            ({"fixed": "0.001"}, {"fixed": "INR has 2 decimals."}),
            ({"fixed": "0.5", "currency": "KRW"}, {"currency": "No money comes or goes in 'KRW' there."}),
            ({"currency": "inr"}, {"currency": "No money comes or goes in 'inr' there."}),
            ({"currency": "BDT", "payment_system_id": "upi_l"}, {"currency": "No money comes or goes in 'BDT' there."}),
            ({"kind": "gift"}, {"kind": "is not a valid choice"}),
            ({"direction": "sideways"}, {"direction": "is not a valid choice"}),
            ({"mode": "real"}, {"mode": "is not a valid choice"}),
            ({"reason": ""}, {"reason": "cannot be blank"}),
            ({"valid_from": START}, {"valid_from": "That is past."}),
            ({"kind": "provider", "owner": "product"}, {"__all__": "names no provider account"}),
            ({"kind": "product", "owner": "provider_account"}, {"__all__": "names no provider account"}),
            ({"kind": "provider", "owner": "provider_account", "mode": "live"}, {"provider_account": "a test account"}),
        ],
    )
    def test_the_verb_says_what_is_wrong(
        self,
        changes: dict[str, Any],
        says: dict[str, str],
        product: Product,
        account: ProviderAccount,
        catalogue: None,
    ) -> None:
        owner = changes.pop("owner", "")
        named = {owner: {"product": product, "provider_account": account}[owner]} if owner else {}
        with pytest.raises(ValidationError) as refused, transaction.atomic():
            charge(**{"kind": "product", "direction": "deposit", "percent": "1", **changes, **named})
        [(field, text)] = says.items()
        assert text in " ".join(refused.value.message_dict[field])
        assert not Fee.objects.exists()

    def test_two_rows_of_the_same_with_one_time(self, catalogue: None) -> None:
        when = datetime(2200, 1, 1, tzinfo=UTC)
        charge("product", "deposit", "1", valid_from=when)
        charge("product", "deposit", "1", valid_from=when, payment_system_id="upi_l")
        with pytest.raises(ValidationError, match="with this time"), transaction.atomic():
            charge("product", "deposit", "2", valid_from=when)
        assert Fee.objects.count() == 2


def columns(**changes: Any) -> dict[str, Any]:
    row = {
        "id": uuid.uuid4(),
        "kind": "product",
        "direction": "deposit",
        "mode": "test",
        "currency": "INR",
        "percent": "1",
        "fixed": "0",
        "valid_from": START,
        "reason": "",
        "created_by_id": User.objects.get(username="finance").pk,
        "created_at": START,
    }
    return {**row, **changes}


def insert(**changes: Any) -> None:
    row = columns(**changes)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO balances_fee ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",  # noqa: S608
            list(row.values()),
        )


def insert_as_agreed(inserted: str = "INR", **differs: str) -> None:
    """A row of a currency, and an instruction about it that says something else where it differs."""
    insert(currency=inserted)
    agreed(
        {
            "fee_kind": "product",
            "direction": "deposit",
            "mode": "test",
            "currency": inserted,
            "percent": "1",
            "fixed": "0",
            "valid_from": START.isoformat(),
            **differs,
        }
    )


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


#: What each is refused with, and the attack.
ATTACKS: list[tuple[str, Callable[[Product, ProviderAccount], None]]] = [
    ("are never changed", lambda *_: run("UPDATE balances_fee SET percent = 0")),
    ("are never changed", lambda *_: run("UPDATE balances_fee SET valid_from = valid_from + interval '1 day'")),
    ("are never changed", lambda *_: run("DELETE FROM balances_fee")),
    ("are never emptied", lambda *_: run("TRUNCATE balances_fee")),
    ("one_fee_per_time", lambda *_: insert()),
    ("fee_percent_is_a_part", lambda *_: insert(percent="100.0001", currency="BDT")),
    ("fee_percent_is_a_part", lambda *_: insert(percent="-0.0001", currency="BDT")),
    ("fee_percent_is_a_part", lambda *_: insert(percent="NaN", currency="BDT")),
    ("fee_fixed_is_an_amount", lambda *_: insert(fixed="-0.0001", currency="BDT")),
    ("fee_fixed_is_an_amount", lambda *_: insert(fixed="NaN", currency="BDT")),
    ("fee_fixed_is_an_amount", lambda *_: insert(fixed="1000000000000", currency="BDT")),
    ("fee_direction_is_known", lambda *_: insert(direction="sideways", currency="BDT")),
    ("fee_mode_is_known", lambda *_: insert(mode="real", currency="BDT")),
    ("fee_is_of_one_owner", lambda *_: insert(kind="gift", currency="BDT")),
    ("fee_is_of_one_owner", lambda _, account: insert(provider_account_id=account.pk, currency="BDT")),
    ("fee_is_of_one_owner", lambda product, _: insert(kind="provider", product_id=product.pk, currency="BDT")),
    ("a fee row needs an instruction", lambda *_: insert(currency="BDT")),
    *(
        ("a fee row needs an instruction", lambda *_, other=other: insert_as_agreed("BDT", **other))
        for other in (
            {"fee_kind": "provider"},
            {"direction": "withdrawal"},
            {"mode": "live"},
            {"currency": "PKR"},
            {"percent": "1.0001"},
            {"fixed": "0.01"},
            {"payment_system": "upi_l"},
            {"provider_account": str(uuid.uuid4())},
            {"product": str(uuid.uuid4())},
            {"valid_from": (START + timedelta(seconds=1)).isoformat()},
        )
    ),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ignored", ["{}", "{append_only,never_truncated}"])
@pytest.mark.parametrize(("says", "attack"), ATTACKS)
def test_the_database_refuses_it_too(
    says: str,
    attack: Callable[[Product, ProviderAccount], None],
    ignored: str,
    product: Product,
    account: ProviderAccount,
    catalogue: None,
) -> None:
    charge("product", "deposit", "1")
    with transaction.atomic():
        insert_as_agreed()
    before = list(Fee.objects.values_list())
    # The application is not even let near what is there.
    to_the_application = "permission denied" if says in {"are never changed", "are never emptied"} else says
    for role, refusal in (("application", to_the_application), ("owner", says)):
        with ATTACKERS[role]():
            run(f"SELECT set_config('pgtrigger.ignore', '{ignored}', false)")
            with pytest.raises((IntegrityError, ProgrammingError), match=refusal), transaction.atomic():
                attack(product, account)
            run("RESET pgtrigger.ignore")
    assert list(Fee.objects.values_list()) == before
