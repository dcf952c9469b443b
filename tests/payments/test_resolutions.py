"""What people make of money that waits for them: one move, one journal, and never the same money twice."""

from decimal import Decimal

import pytest
from django.db import transaction

from balances import accounts, reading
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from payments.models import Receipt
from payments.resolutions import Unresolvable, attach, credit_product, give_back, reverse_receipt, write_off
from tests.payments.paid import Paid, postings, receipts, states
from tests.payments.stage import fresh, money, moves, news
from tests.two_persons import decided, settle

pytestmark = pytest.mark.django_db

BY_CLOCK = Cause(kind=CauseKind.CLOCK)
SUSPENDED = "receipt_suspended: provider_balance 1.00 INR, suspense -1.00 INR"


@pytest.fixture
def short(paid: Paid) -> Receipt:
    """Less arrived than was asked for."""
    paid.arrives(money(amount="1"))
    return Receipt.objects.get()


def available(product: Product, currency: str = "INR") -> Decimal:
    """Beside what the tests' product was funded with."""
    return reading.balance_of(accounts.available(product.pk, "test", currency)) - 1_000_000_000


def test_less_may_be_credited_to_its_own_deposit(paid: Paid, short: Receipt, product: Product) -> None:
    attach(short.pk, paid.deposit.pk, decided())
    ended = fresh(paid.deposit)
    assert states(ended) == ("credited", Decimal(1), "under")
    assert receipts() == [("credited", Decimal(1), "")]
    assert postings() == [SUSPENDED, "suspense_credited: available -1.00 INR, suspense 1.00 INR"]
    assert available(product) == 1
    assert moves(ended)[-1][1:] == ("in_review", "credited", "person")
    assert news(product)[-1] == ("deposit.credited_with_difference", 5)
    with pytest.raises(Unresolvable, match="The receipt is credited"), transaction.atomic():
        attach(short.pk, paid.deposit.pk, BY_CLOCK)


@pytest.mark.parametrize(
    ("resolve", "status", "journal"),
    [
        (give_back, "returned", "suspense_returned: provider_balance -1.00 INR, suspense 1.00 INR"),
        (write_off, "written_off", "suspense_written_off: suspense 1.00 INR, write_off -1.00 INR"),
    ],
)
def test_what_does_not_stay_ends_its_deposit_and_never_comes_back(
    resolve: object, status: str, journal: str, paid: Paid, short: Receipt, product: Product
) -> None:
    assert callable(resolve)
    resolve(short.pk, decided())
    assert postings() == [SUSPENDED, journal]
    ended = fresh(paid.deposit)
    assert (states(ended), ended.failure_code) == (("failed", None, ""), "money_returned")
    assert paid.shown()["receipts"] == []
    # The provider, asked again, still names it: that is no new money.
    again = paid.asked_again()
    assert states(again) == ("failed", None, "")
    assert receipts() == [(status, Decimal(1), "")]
    assert postings() == [SUSPENDED, journal]
    assert available(product) == 0


def test_what_a_product_was_given_is_never_credited_to_an_order_as_well(
    paid: Paid, short: Receipt, product: Product
) -> None:
    credit_product(short.pk, product, decided())
    assert postings()[1:] == ["suspense_credited: available -1.00 INR, suspense 1.00 INR"]
    assert states(paid.asked_again()) == ("failed", None, "")
    assert available(product) == 1
    assert len(postings()) == 2
    assert Receipt.objects.get().product == product
    with pytest.raises(Unresolvable), transaction.atomic():
        give_back(short.pk, BY_CLOCK)


def test_doubtful_money_may_be_attached(paid: Paid, product: Product) -> None:
    paid.arrives(money(amount="7", currency_code="USD"))
    attach(Receipt.objects.get().pk, paid.deposit.pk, decided())
    assert states(fresh(paid.deposit)) == ("credited", None, "other_currency")
    assert receipts() == [("credited", Decimal(7), "")]
    assert reading.balance_of(accounts.available(product.pk, "test", "USD")) == 7


def test_the_provider_takes_credited_money_back(paid: Paid, product: Product) -> None:
    paid.arrives(money(amount="1000"))
    settle(product, "1000000400")
    reverse_receipt(Receipt.objects.get().pk, decided())
    assert states(fresh(paid.deposit)) == ("reversed", None, "")
    assert postings()[-1] == (
        "receipt_reversed: available 600.00 INR, product_receivable 400.00 INR, provider_balance -1000.00 INR"
    )
    assert news(product)[-1] == ("deposit.reversed", 5)
    assert reading.balance_of(accounts.receivable(product.pk, "test", "INR")) == 400
    with pytest.raises(Unresolvable, match="The receipt is reversed"), transaction.atomic():
        reverse_receipt(Receipt.objects.get().pk, BY_CLOCK)
    assert states(paid.asked_again()) == ("reversed", None, "")


def test_one_of_two_receipts_taken_back_leaves_the_other(paid: Paid, product: Product) -> None:
    first, second = money(amount="1000", transaction_id="T1"), money(amount="5", transaction_id="T2")
    paid.arrives(first)
    assert states(paid.arrives(first, second)) == ("credited", Decimal(1005), "over")
    reverse_receipt(Receipt.objects.get(transaction_id="T2").pk, decided())
    assert states(fresh(paid.deposit)) == ("credited", Decimal(1000), "exact")
    assert available(product) == 1000


@pytest.mark.parametrize("resolve", [give_back, write_off, "credit_product"])
def test_what_came_after_a_reversal_finds_its_way_and_the_deposit_stays_reversed(
    resolve: object, paid: Paid, product: Product
) -> None:
    paid.arrives(money(amount="1000", transaction_id="T1"))
    reverse_receipt(Receipt.objects.get().pk, decided())
    paid.arrives(money(amount="1000", transaction_id="T2"), money(amount="5", transaction_id="T3"))
    assert [status for status, _, _ in receipts()] == ["reversed", "in_review", "in_review"]
    before = news(product)
    late = Receipt.objects.get(transaction_id="T2")
    if callable(resolve):
        resolve(late.pk, decided())
    else:
        credit_product(late.pk, product, decided())
    assert fresh(paid.deposit).status == "reversed"
    assert news(product) == before
    assert Receipt.objects.get(transaction_id="T2").status != "in_review"
