"""A fee that is entered while money is credited and paid: each event pays by one row, and nobody waits for ever."""

import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction

from balances import reading
from balances.models import Fee, Journal
from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from payments.models import Receipt
from payments.resolutions import credit_product
from tests.balances.charging import charge
from tests.conftest import Api
from tests.payments.rivals import Gate, at_once, in_thread
from tests.payments.stage import money
from tests.payments.test_suspense import found_by_transaction
from tests.races.soundness import assert_sound
from tests.two_persons import decided, persons
from tests.withdrawals.orders import order
from withdrawals.models import Withdrawal
from withdrawals.moves import lock_withdrawal, move_withdrawal
from withdrawals.states import WithdrawalStatus

pytestmark = pytest.mark.django_db(transaction=True)

PULLED = Cause(kind=CauseKind.PULL)
CREDITORS, EACH, ROWS = 4, 15, 12


def suspended(account: ProviderAccount, count: int) -> list[Receipt]:
    """Money of nobody, 1000.00 INR each; and the persons who will say whose it is, before many ask for them at once."""
    persons()
    found_by_transaction(account, *[money(transaction_id=f"T{number}") for number in range(count)], label="")
    assert Receipt.objects.filter(status="suspense").count() == count
    return list(Receipt.objects.order_by("id"))


def give(receipt: Receipt, product: Product) -> Receipt:
    """Two persons say whose it is."""
    with transaction.atomic():
        return credit_product(receipt.pk, product, decided())


def fee_of(receipt: Receipt) -> Decimal | None:
    """What the product paid for a receipt, as the journal has it."""
    journal = Journal.objects.filter(kind="product_fee", reference=receipt.public_id).first()
    if journal is None:
        return None
    amount: Decimal = -journal.entries.get(account__kind="fee_income").amount
    row_id = ids.decode(ids.FEE, journal.document)
    assert row_id is not None
    row = Fee.objects.get(pk=row_id)
    assert amount == row.percent * 10  # of 1000, by the row that it names
    return amount


def test_a_fee_counts_for_what_begins_after_it_was_entered(
    account: ProviderAccount, product: Product, catalogue: None
) -> None:
    first, second, third = suspended(account, 3)
    give(first, product)
    with Gate("balances_journal") as gate:
        waiting = in_thread(lambda: give(second, product))
        gate.await_waiting(1)
        charge("product", "deposit", "1")
        gate.open()
        waiting()
    give(third, product)
    assert [fee_of(one) for one in (first, second, third)] == [None, None, Decimal(10)]
    assert {one.status for one in Receipt.objects.all()} == {"credited"}
    assert_sound()


def test_while_fees_are_entered_each_receipt_pays_by_one_of_them_and_never_by_an_older_one(
    account: ProviderAccount, product: Product, catalogue: None
) -> None:
    last, *rest = suspended(account, 1 + CREDITORS * EACH)
    shares = [rest[number::CREDITORS] for number in range(CREDITORS)]
    line = threading.Barrier(CREDITORS + 1)

    def credit(share: list[Receipt]) -> list[Receipt]:
        line.wait(60)
        return [give(one, product) for one in share]

    def enter() -> list[Receipt]:
        line.wait(60)
        for percent in range(1, ROWS + 1):
            charge("product", "deposit", str(percent))
        return []

    outcomes = at_once(enter, *[lambda share=share: credit(share) for share in shares])
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    for share in shares:
        paid = [fee_of(one) or Decimal(0) for one in share]
        assert paid == sorted(paid)
    assert Journal.objects.filter(kind="suspense_credited").count() == CREDITORS * EACH
    give(last, product)
    assert fee_of(last) == ROWS * 10
    assert_sound()


def move(withdrawal: Withdrawal, *statuses: WithdrawalStatus) -> None:
    for status in statuses:
        with transaction.atomic():
            move_withdrawal(lock_withdrawal(withdrawal.pk), status, PULLED)


def test_payouts_whose_fees_are_owed_and_money_that_covers_them_do_not_stand_in_each_others_way(
    api: Api, account: ProviderAccount, product: Product
) -> None:
    orders = [order(api) for _ in range(4 * EACH)]
    for withdrawal in orders:
        move(withdrawal, WithdrawalStatus.SENDING)
    receipts = suspended(account, 2 * EACH)
    # More than the product has: sooner or later every fee is owed, and what is left of each receipt covers some of it.
    charge("product", "withdrawal", "0", "900000000")
    charge("product", "deposit", "90")
    charge("provider", "withdrawal", "1")
    line = threading.Barrier(6)

    def end(withdrawals: list[Withdrawal], status: WithdrawalStatus) -> None:
        line.wait(60)
        for one in withdrawals:
            move(one, status)

    def credit(share: list[Receipt]) -> None:
        line.wait(60)
        for one in share:
            give(one, product)

    work: list[Callable[[], None]] = []
    for number in range(2):
        work.append(partial(end, orders[number::4], WithdrawalStatus.PAID))
        work.append(partial(end, orders[number + 2 :: 4], WithdrawalStatus.REJECTED))
        work.append(partial(credit, receipts[number::2]))
    assert at_once(*work) == [None] * 6
    assert Journal.objects.filter(kind="product_fee").count() == 4 * EACH
    assert Journal.objects.filter(kind="provider_fee").count() == 2 * EACH
    assert_sound()
    [money_left] = reading.product_balances(product.pk, "test", currencies=["INR"])
    assert [money_left.available, money_left.held] == [0, 0]
    assert money_left.owed > 0
