"""What is taken of money that arrives: once, of the money itself, and never in the way of it."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from balances import accounts, reading
from balances.models import Fee, Journal
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from payments.models import Receipt
from payments.resolutions import attach, credit_product, give_back, reverse_receipt, write_off
from tests.balances.charging import charge
from tests.payments.paid import Paid, postings, states
from tests.payments.stage import money
from tests.payments.test_suspense import found_by_transaction
from tests.two_persons import decided

pytestmark = pytest.mark.django_db

CREDITED = "receipt_credited: available -1000.00 INR, provider_balance 1000.00 INR"
PRODUCT_FEE = "product_fee: available 28.00 INR, fee_income -28.00 INR"
PROVIDER_FEE = "provider_fee: provider_balance -17.50 INR, provider_fees 17.50 INR"


@pytest.fixture
def funded(product: Product) -> Product:
    """In place of the fixture of all tests: the product has nothing but what comes."""
    return product


@pytest.fixture
def rows(paid: Paid) -> dict[str, Fee]:
    """The product pays 2.5 % and 3.00, the provider takes 1.75 %; and what must not count for money in."""
    charge("product", "withdrawal", "50")
    charge("provider", "withdrawal", "50")
    return {
        "product_fee": charge("product", "deposit", "2.5", "3"),
        "provider_fee": charge("provider", "deposit", "1.75"),
    }


def figures(product: Product) -> list[Decimal]:
    """Available, owed."""
    [row] = reading.product_balances(product.pk, "test", currencies=["INR"])
    return [row.available, row.owed]


def test_a_part_and_a_fixed_sum_of_exactly_the_money(paid: Paid, rows: dict[str, Fee], product: Product) -> None:
    ended = paid.arrives(money(amount="1000"))
    assert states(ended) == ("credited", Decimal(1000), "exact")
    assert postings() == [CREDITED, PRODUCT_FEE, PROVIDER_FEE]
    assert figures(product) == [Decimal(972), 0]
    assert reading.balance_of(accounts.fee_income(product.pk, "test", "INR")) == 28
    assert reading.balance_of(accounts.provider_fees(ended.account_id, "test", "INR", "upi_l")) == Decimal("17.5")
    assert reading.balance_of(accounts.provider_balance(ended.account_id, "test", "INR", "upi_l")) == Decimal("982.5")
    receipt = Receipt.objects.get()
    for kind, row in rows.items():
        journal = Journal.objects.get(kind=kind)
        assert (journal.reference, journal.subject) == (receipt.public_id, ended.public_id)
        assert (journal.document, journal.cause) == (row.public_id, "pull")
    # What the product is told is what its customer paid.
    shown = paid.shown()
    assert (shown["received_amount"], shown["receipts"][0]["amount"]) == ("1000.00", "1000.00")


def test_the_same_money_seen_again_pays_nothing(paid: Paid, rows: dict[str, Fee]) -> None:
    paid.arrives(money(amount="1000"))
    before = postings()
    found_by_transaction(paid.deposit.account, money(amount="1000"), label=paid.label)
    assert postings() == before


def test_of_more_than_asked_for_more_is_taken(paid: Paid, rows: dict[str, Fee]) -> None:
    assert states(paid.arrives(money(amount="1500.01"))) == ("credited", Decimal("1500.01"), "over")
    assert postings() == [
        "receipt_credited: available -1500.01 INR, provider_balance 1500.01 INR",
        "product_fee: available 40.50 INR, fee_income -40.50 INR",
        "provider_fee: provider_balance -26.25 INR, provider_fees 26.25 INR",
    ]


def test_of_less_the_provider_takes_its_fee_on_arrival_and_the_product_pays_when_it_is_credited(
    paid: Paid, rows: dict[str, Fee]
) -> None:
    paid.arrives(money(amount="600"))
    arrived = [
        "receipt_suspended: provider_balance 600.00 INR, suspense -600.00 INR",
        "provider_fee: provider_balance -10.50 INR, provider_fees 10.50 INR",
    ]
    assert postings() == arrived
    attach(Receipt.objects.get().pk, paid.deposit.pk, decided())
    assert postings() == [
        *arrived,
        "suspense_credited: available -600.00 INR, suspense 600.00 INR",
        "product_fee: available 18.00 INR, fee_income -18.00 INR",
    ]
    assert Journal.objects.get(kind="product_fee").cause == "person"


def test_each_of_two_receipts_pays_its_own(paid: Paid, rows: dict[str, Fee]) -> None:
    paid.arrives(money(amount="600"))
    ended = paid.arrives(money(amount="600"), money(amount="400", transaction_id="T2"))
    assert states(ended) == ("credited", Decimal(1000), "exact")
    assert postings()[2:] == [
        "suspense_credited: available -600.00 INR, suspense 600.00 INR",
        "product_fee: available 18.00 INR, fee_income -18.00 INR",
        "receipt_credited: available -400.00 INR, provider_balance 400.00 INR",
        "product_fee: available 13.00 INR, fee_income -13.00 INR",
        "provider_fee: provider_balance -7.00 INR, provider_fees 7.00 INR",
    ]


def test_money_of_nobody_pays_the_product_s_fee_once_it_is_a_product_s(
    paid: Paid, rows: dict[str, Fee], account: ProviderAccount, product: Product
) -> None:
    found_by_transaction(account, money(transaction_id="T5"), label="cus_somebody_else")
    arrived = ["receipt_suspended: provider_balance 1000.00 INR, suspense -1000.00 INR", PROVIDER_FEE]
    assert postings() == arrived
    assert Journal.objects.get(kind="provider_fee").subject == ""
    credit_product(Receipt.objects.get().pk, product, decided())
    assert postings() == [*arrived, "suspense_credited: available -1000.00 INR, suspense 1000.00 INR", PRODUCT_FEE]


@pytest.mark.parametrize(
    ("resolve", "journal"),
    [
        (give_back, "suspense_returned: provider_balance -1000.00 INR, suspense 1000.00 INR"),
        (write_off, "suspense_written_off: suspense 1000.00 INR, write_off -1000.00 INR"),
    ],
)
def test_money_that_is_never_credited_pays_no_product_s_fee(
    resolve: Any, journal: str, paid: Paid, rows: dict[str, Fee], account: ProviderAccount
) -> None:
    found_by_transaction(account, money(transaction_id="T5"), label="cus_somebody_else")
    before = postings()
    resolve(Receipt.objects.get().pk, decided())
    assert postings() == [*before, journal]


def test_fees_stay_where_the_money_is_taken_back(paid: Paid, rows: dict[str, Fee], product: Product) -> None:
    paid.arrives(money(amount="1000"))
    reverse_receipt(Receipt.objects.get().pk, decided())
    assert postings()[3:] == [
        "receipt_reversed: available 972.00 INR, product_receivable 28.00 INR, provider_balance -1000.00 INR"
    ]
    assert reading.balance_of(accounts.fee_income(product.pk, "test", "INR")) == 28


def test_what_the_money_does_not_cover_is_owed(paid: Paid, product: Product) -> None:
    charge("product", "deposit", "0", "1500")
    assert states(paid.arrives(money(amount="1000"))) == ("credited", Decimal(1000), "exact")
    assert postings() == [
        CREDITED,
        "product_fee: available 1000.00 INR, fee_income -1500.00 INR, product_receivable 500.00 INR",
    ]
    assert figures(product) == [0, Decimal(500)]


def test_the_fee_comes_first_and_what_is_left_covers_what_is_owed(paid: Paid, product: Product) -> None:
    charge("product", "deposit", "0", "1990")
    paid.arrives(money(amount="1000"))
    assert figures(product) == [0, Decimal(990)]
    charge("product", "deposit", "2.5", "3")
    before = postings()
    found_by_transaction(paid.deposit.account, money(transaction_id="T5"), label="")
    credit_product(Receipt.objects.get(transaction_id="T5").pk, product, decided())
    assert postings()[len(before) + 1 :] == [
        "suspense_credited: available -1000.00 INR, suspense 1000.00 INR",
        PRODUCT_FEE,
        "receivable_repaid: available 972.00 INR, product_receivable -972.00 INR",
    ]
    assert figures(product) == [0, Decimal(18)]


def test_a_fee_that_comes_to_nothing_is_no_journal(paid: Paid) -> None:
    charge("product", "deposit", "0.0001")
    charge("provider", "deposit", "0")
    paid.arrives(money(amount="1000"))
    assert postings() == [CREDITED]


def test_money_in_another_currency_pays_the_fee_of_that_currency(paid: Paid, rows: dict[str, Fee]) -> None:
    paid.deposit.payment_system.receipt_currencies = ["INR", "BDT"]
    paid.deposit.payment_system.save()
    charge("product", "deposit", "10", currency="BDT")
    paid.arrives(money(amount="50", currency_code="BDT"))
    assert postings() == [
        "receipt_credited: available -50.00 BDT, provider_balance 50.00 BDT",
        "product_fee: available 5.00 BDT, fee_income -5.00 BDT",
    ]


def ledger_statements(captured: CaptureQueriesContext) -> list[str]:
    """What was asked of the ledger, by the table or function."""
    names = ("balances_fee", "balances_post", "balances_account")
    return [name for query in captured for name in names if name in query["sql"]]


def test_without_rows_the_fees_cost_one_question(paid: Paid) -> None:
    paid.book.enter(paid.order, money(amount="1000"), label=paid.label)
    with CaptureQueriesContext(connection) as captured:
        paid.asked_again()
    assert postings() == [CREDITED]
    # The rows of fees, the posting (twice: nobody has used this wallet before), whether something is owed.
    assert ledger_statements(captured) == [
        "balances_fee",
        *("balances_post", "balances_account", "balances_post"),
        "balances_account",
    ]


def test_with_rows_they_cost_two_statements_more(paid: Paid, rows: dict[str, Fee], account: ProviderAccount) -> None:
    found_by_transaction(account, money(amount="10", transaction_id="T1"), label="")
    credit_product(Receipt.objects.get().pk, paid.deposit.product, decided())  # from now on every account is there
    paid.book.enter(paid.order, money(amount="1000"), label=paid.label)
    with CaptureQueriesContext(connection) as captured:
        paid.asked_again()
    # The available money is locked, and both fees are posted.
    assert ledger_statements(captured) == [
        *("balances_fee", "balances_post"),
        *("balances_account", "balances_post"),
        "balances_account",
    ]
