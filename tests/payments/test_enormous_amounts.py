"""Amounts that no order has, and balances that are full: a person looks, and nobody else's money waits for it."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from balances import accounts, proposing, reading
from balances.accounts import AccountKey
from balances.kinds import JournalKind
from balances.posting import NewJournal, credit, debit, post
from balances.verb_fields import Refused
from gateway.products.models import Product, UnderpaymentPolicy
from gateway.providers.models import ProviderAccount
from payments.models import Receipt, Savings
from tests.conftest import Api, fund
from tests.payments.paid import Paid, postings, receipts, states
from tests.payments.queue import waiting
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    OK,
    Book,
    Placed,
    create_path,
    details,
    fresh,
    money,
    news,
    offered,
    place,
    work,
)
from tests.payments.test_savings import INFO, reports
from tests.payments.test_savings import paid as saving
from tests.payments.test_suspense import found_by_transaction
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import by_two_persons, decided

pytestmark = pytest.mark.django_db

#: The most that is read as an amount at all, and the most that a balance holds: eleven such amounts are too many.
MOST = "999999999999999.9999"
FULL = "9999999999999999.9999"
SAID = "it is more than any order may ask for"
NO_ROOM = "a balance has no room for it"

#: Everybody is due by then: a deposit is asked about anew after 15 seconds, and a tenth more at most.
SOON = timedelta(seconds=17)

Another = Callable[[], Paid]


@pytest.fixture
def another(api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller) -> Another:
    """Further deposits of 1000.00 INR whose customers named a reference, asked about together with the first."""
    provider.script(ACTIVATE, OK)
    return lambda: Paid(api, opened(customer=secrets.token_hex(4)), book, clock)


def other_product(new_api: Callable[..., Api]) -> tuple[Product, Api]:
    made = Product.objects.create(name=f"product {secrets.token_hex(4)}")
    fund(made, "INR", amount="1")
    return made, new_api(made)


def fill(key: AccountKey, other: AccountKey) -> None:
    """Leave no room in a product's account."""
    amount = Decimal(FULL) - reading.balance_of(key)
    legs = (debit(other, amount), credit(key, amount))
    post(NewJournal(kind=JournalKind.ADJUSTED, reference="filled up", legs=legs, cause=decided()))


def said_in_the_book(paid: Paid, amount: str, transaction_id: str) -> None:
    paid.book.enter(paid.order, money(amount=amount, transaction_id=transaction_id), label=paid.label)


def all_asked_again(paid: Paid) -> None:
    """In one question, for they are due at nearly the same time."""
    paid.clock.shift(SOON)
    work()


@pytest.mark.parametrize("amount", ["1000000000000", MOST])
def test_more_than_any_order_asks_for_waits_for_a_person(paid: Paid, product: Product, amount: str) -> None:
    Product.objects.update(underpayment=UnderpaymentPolicy.CREDIT)
    ended = paid.arrives(money(amount=amount))
    assert states(ended) == ("in_review", None, "")
    assert receipts() == [("in_review", Decimal(amount), SAID)]
    shown = f"{Decimal(amount):.2f}"
    assert postings() == [f"receipt_suspended: provider_balance {shown} INR, suspense -{shown} INR"]
    assert news(product)[-1] == ("deposit.in_review", 4)
    assert [(one.order, one.why) for one in waiting()] == [(ended.public_id, f"Something speaks against it: {SAID}.")]
    # And so it stays, however often it is named.
    assert states(paid.asked_again()) == ("in_review", None, "")
    assert len(postings()) == 1


def test_just_below_it_is_money_like_any_other(paid: Paid) -> None:
    most = "999999999999.9999"
    assert states(paid.arrives(money(amount=most))) == ("credited", Decimal(most), "over")


def test_without_an_order_it_lies_in_suspense_and_its_order_does_not_get_it(
    paid: Paid, account: ProviderAccount
) -> None:
    found_by_transaction(account, money(transaction_id="T5", amount=MOST), label=paid.label)
    assert receipts() == [("suspense", Decimal(MOST), "")]
    ended = paid.arrives(money(transaction_id="T5", amount=MOST))
    assert states(ended) == ("in_review", None, "")
    assert receipts() == [("in_review", Decimal(MOST), SAID)]


def test_orders_of_the_same_answer_do_not_wait_for_it(paid: Paid, another: Another, account: ProviderAccount) -> None:
    second, third = another(), another()
    for number, (one, amount) in enumerate(((paid, MOST), (second, MOST), (third, "1000"))):
        said_in_the_book(one, amount, f"T{number}")
    all_asked_again(paid)
    ended = [states(fresh(one.deposit)) for one in (paid, second, third)]
    assert ended == [("in_review", None, ""), ("in_review", None, ""), ("credited", Decimal(1000), "exact")]
    assert reading.balance_of(accounts.suspense(account.pk, "test", "INR")) == 2 * Decimal(MOST)


def test_a_product_whose_balance_is_full_holds_up_nobody_else(
    paid: Paid, product: Product, book: Book, clock: time_machine.Traveller, new_api: Callable[..., Api]
) -> None:
    _, theirs = other_product(new_api)
    deposit = place(theirs)
    work()
    other = Paid(theirs, fresh(deposit), book, clock)
    fill(accounts.available(product.pk, "test", "INR"), accounts.bank("test", "INR"))
    said_in_the_book(paid, "1000", "T1")
    said_in_the_book(other, "1000", "T2")
    all_asked_again(paid)
    assert states(fresh(paid.deposit)) == ("in_review", None, "")
    assert states(fresh(other.deposit)) == ("credited", Decimal(1000), "exact")
    assert sorted(receipts()) == [("credited", Decimal(1000), ""), ("in_review", Decimal(1000), NO_ROOM)]
    assert reading.balance_of(accounts.available(product.pk, "test", "INR")) == Decimal(FULL)
    # The money is in the books, once, and waits there.
    assert reading.balance_of(accounts.suspense(paid.deposit.account_id, "test", "INR")) == 1000
    paid.asked_again()
    assert Receipt.objects.count() == 2
    # With room, two persons credit it.
    parameters = {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": "999999999999.99"}
    by_two_persons("product_settled", parameters)
    receipt = Receipt.objects.get(contradiction=NO_ROOM)
    by_two_persons("receipt_attached", {"receipt": receipt.public_id, "deposit": paid.deposit.public_id})
    assert states(fresh(paid.deposit)) == ("credited", Decimal(1000), "exact")


def test_people_are_told_that_it_has_no_room_and_may_have_it_taken_back(paid: Paid, product: Product) -> None:
    paid.arrives(money(amount=MOST))
    fill(accounts.available(product.pk, "test", "INR"), accounts.bank("test", "INR"))
    receipt = Receipt.objects.get()
    with pytest.raises(Refused, match=r"^One of the sums would be larger than the books can hold\.$"):
        proposing.look("receipt_credited_to_product", {"receipt": receipt.public_id, "product": str(product.pk)})
    by_two_persons("receipt_given_back", {"receipt": receipt.public_id})
    receipt.refresh_from_db()
    assert receipt.status == "returned"
    assert reading.balance_of(accounts.suspense(receipt.account_id, "test", "INR")) == 0


def test_people_are_told_so_where_they_approve_it(product: Product) -> None:
    fill(accounts.available(product.pk, "test", "INR"), accounts.bank("test", "INR"))
    with pytest.raises(Refused, match="larger than the books can hold"):
        fund(product, "INR", amount="1")
    assert reading.balance_of(accounts.available(product.pk, "test", "INR")) == Decimal(FULL)


@pytest.fixture
def paytm(book: Book, provider: ScriptedProvider) -> None:
    """PayTM, which saves up, hands out details and takes every reference."""
    provider.script(AVAILABLE, offered(("paytm", "INR", False)))
    provider.script(create_path("paytm"), details())
    provider.script(ACTIVATE, OK)


@pytest.mark.parametrize("reported", ["1000000000000", f'"{FULL}"', f'"{MOST}"'])
@pytest.mark.usefixtures("paytm")
def test_savings_that_nobody_has_are_not_reported(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller, reported: str
) -> None:
    provider.script(INFO, reports(reported, "48"))
    deposit, _ = saving(api, "100.00", "REF-000001")
    clock.shift(SOON)
    saving(api, "100.00", "REF-000002")
    assert fresh(deposit).status == "verifying"
    assert not Savings.objects.exists()
    assert postings() == []


@pytest.mark.usefixtures("paytm")
def test_savings_of_a_product_without_room_hold_up_nobody_elses(
    api: Api,
    product: Product,
    account: ProviderAccount,
    provider: ScriptedProvider,
    clock: time_machine.Traveller,
    new_api: Callable[..., Api],
) -> None:
    provider.script(INFO, reports("0", "148"))
    _, theirs = other_product(new_api)
    mine, _ = saving(api, "100.00", "REF-000001")
    other, _ = saving(theirs, "100.00", "REF-000002")
    observed = accounts.savings_observed(account.pk, "test", "INR", "paytm")
    fill(accounts.savings(product.pk, "test", "INR"), observed)
    provider.script(INFO, reports("100", "48"))
    clock.shift(SOON)
    work()
    assert (fresh(mine).status, fresh(other).status) == ("verifying", "accumulating")
    kept = dict(Savings.objects.values_list("customer__product", "is_reported"))
    assert kept == {product.pk: False, other.product_id: True}
