"""What the database refuses about rules of money out, whoever writes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.balances.attackers import ATTACKERS, WAYS
from tests.two_persons import by_two_persons, persons
from tests.withdrawals.ruling import blocked, cap, limit, window
from withdrawals.models import BlockedRecipient, DuplicateWindow, OutflowCap, WithdrawalLimit

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = {
    "mode": "live",
    "currency": "INR",
    "per": "product",
    "period": "day",
    "on_excess": "refuse",
    "maximum_count": 5,
}
RULES: list[Any] = [WithdrawalLimit, DuplicateWindow, OutflowCap]


@pytest.fixture(params=sorted(ATTACKERS))
def attacker(request: pytest.FixtureRequest, rules: None) -> Iterator[str]:
    """Each role in turn, once everything is there."""
    with ATTACKERS[request.param]():
        yield request.param


@pytest.fixture
def rules(product: Product, account: ProviderAccount, catalogue: None) -> None:
    """One row of each kind, as people made them."""
    persons()
    limit(product, count=5)
    window(product, 5)
    cap(product, 5)
    blocked("987650001234567")
    told = {name: str(value) for name, value in LIMIT.items()}
    by_two_persons("limit_agreed", {**told, "product": str(product.pk)})


def insert(model: Any, **columns: Any) -> Callable[[], None]:
    """A row past all that checks it."""

    def step() -> None:
        model.objects.bulk_create([model(reason="an attack", created_by=persons()[0], version=7, **columns)])

    return step


def sql(statement: str, *values: Any) -> Callable[[], None]:
    def step() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    return step


@pytest.mark.parametrize("attack", WAYS)
def test_live_rules_take_two_persons(
    attack: Callable[[Any], None], attacker: str, product: Product, account: ProviderAccount
) -> None:
    steps = [
        insert(WithdrawalLimit, product=product, **LIMIT),
        insert(DuplicateWindow, product=product, mode="live", minutes=0),
        insert(OutflowCap, product=product, mode="live", currency="INR", maximum=None),
    ]
    before = [model.objects.count() for model in RULES]
    for step in steps:
        with pytest.raises(IntegrityError, match="need an instruction that two persons decided"):
            attack(step)
    assert [model.objects.count() for model in RULES] == before


@pytest.mark.parametrize(
    "changes",
    [
        {"maximum_count": 6},
        {"maximum_count": None},
        {"maximum_amount": 1},
        {"currency": "BDT"},
        {"per": "customer"},
        {"period": "hour"},
        {"on_excess": "hold"},
        {"product": None},
    ],
)
def test_what_is_written_is_what_two_persons_saw(changes: dict[str, Any], product: Product, catalogue: None) -> None:
    told = {**LIMIT, "product": str(product.pk)}
    verb_writes = WithdrawalLimit.follow

    def otherwise(row: WithdrawalLimit) -> None:
        for name, value in changes.items():
            setattr(row, name, value)
        verb_writes(row)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(WithdrawalLimit, "follow", otherwise)
        with pytest.raises(IntegrityError, match="need an instruction"):
            by_two_persons("limit_agreed", {name: str(value) for name, value in told.items()})
    assert not WithdrawalLimit.objects.exists()
    by_two_persons("limit_agreed", {name: str(value) for name, value in told.items()})
    assert WithdrawalLimit.objects.count() == 1


def test_play_money_takes_one(product: Product) -> None:
    limit(product, count=1)
    assert WithdrawalLimit.objects.get().mode == "test"


def test_rules_are_never_changed_removed_or_emptied(attacker: str) -> None:
    for model in RULES:
        table = model._meta.db_table
        for statement in (
            "UPDATE {} SET reason = 'nobody'",
            "UPDATE {} SET version = 99",
            "DELETE FROM {}",
            "TRUNCATE {}",
        ):
            with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic():
                sql(statement.format(table))()
        assert not model.objects.filter(version=99).exists()
        assert model.objects.exists()


@pytest.mark.parametrize("attack", WAYS)
def test_a_block_is_ended_by_two_persons_alone(attack: Callable[[Any], None], attacker: str) -> None:
    [made] = BlockedRecipient.objects.all()
    end = "UPDATE withdrawals_blockedrecipient SET ended_at = now(), ended_by_id = %s, ended_reason = 'mine'"
    with pytest.raises(IntegrityError, match="is ended by an instruction that two persons decided"):
        attack(sql(end, persons()[0].pk))
    for statement in (
        "UPDATE withdrawals_blockedrecipient SET product_id = NULL, hint = '*'",
        "UPDATE withdrawals_blockedrecipient SET hint = ''",
        "UPDATE withdrawals_blockedrecipient SET created_at = now()",
        "UPDATE withdrawals_blockedrecipient SET account_hashes = '{}'",
        "DELETE FROM withdrawals_blockedrecipient",
        "TRUNCATE withdrawals_blockedrecipient",
    ):
        with pytest.raises((IntegrityError, ProgrammingError)):
            attack(sql(statement))
    with pytest.raises(IntegrityError, match="a block begins open"):
        attack(
            lambda: BlockedRecipient.objects.bulk_create(
                [BlockedRecipient(account="1", hint="*", reason="-", created_by=persons()[0], ended_at=made.created_at)]
            )
        )
    assert BlockedRecipient.objects.get().ended_at is None


def test_an_instruction_ends_the_block_that_it_names_and_ends_it_once(attacker: str) -> None:
    [one] = BlockedRecipient.objects.all()
    if attacker == "owner":
        return  # people do not work as the owner of the tables
    other = blocked("111122223333")
    by_two_persons("recipient_unblocked", {"blocked": str(one.pk)})
    for pk in (one.pk, other.pk):
        with pytest.raises(IntegrityError), transaction.atomic():
            sql(
                "UPDATE withdrawals_blockedrecipient SET ended_at = now(), ended_by_id = %s, ended_reason = 'mine'"
                " WHERE id = %s",
                persons()[0].pk,
                pk,
            )()
    one.refresh_from_db()
    assert (one.ended_reason, BlockedRecipient.objects.get(ended_at=None)) == ("the tests' own money", other)


def test_keys_may_be_rotated_on_an_ended_block(attacker: str) -> None:
    [made] = BlockedRecipient.objects.all()
    if attacker != "owner":
        by_two_persons("recipient_unblocked", {"blocked": str(made.pk)})
    sql("UPDATE withdrawals_blockedrecipient SET account_hashes = '{" + "0" * 64 + "}'")()
    made.refresh_from_db()
    assert made.account_hashes == ["0" * 64]
