"""What is taken of money that is paid out: beside the amount, once, and never in the way of it."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from balances import accounts, reading
from balances.models import Fee, Journal
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.balances.charging import charge
from tests.conftest import Api, fund
from tests.payments.paid import postings
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import decided
from tests.withdrawals import provider_words as words
from tests.withdrawals.money_stage import HELD, PAID, RELEASED, ended, figures, funded_with, given_past_the_verbs
from tests.withdrawals.orders import IMPS, order, sent
from withdrawals import asking
from withdrawals.corrections import prove_paid, reverse

pytestmark = pytest.mark.django_db

PRODUCT_FEE = "product_fee: available 29.36 INR, fee_income -29.36 INR"
PROVIDER_FEE = "provider_fee: provider_balance -18.27 INR, provider_fees 18.27 INR"


@pytest.fixture
def funded(product: Product) -> Product:
    """In place of the fixture of all tests: enough for one with its fees, and ten more."""
    return funded_with(product, "1257.36")


@pytest.fixture
def rows(api: Api) -> dict[str, Fee]:
    """The product pays 2 % and 5.00, the provider takes 1.5 %; and what must not count for money out."""
    charge("product", "deposit", "50")
    charge("provider", "deposit", "50")
    return {
        "product_fee": charge("product", "withdrawal", "2", "5"),
        "provider_fee": charge("provider", "withdrawal", "1.5"),
    }


def test_what_is_paid_pays_its_fees_beside_it(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product, rows: dict[str, Fee]
) -> None:
    withdrawal = sent(api, provider, words.OK)
    assert postings() == [HELD]  # neither held nor taken before
    assert figures(product) == [Decimal("39.36"), Decimal(1218), 0]
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    for _ in range(2):
        asking.ask(account, [withdrawal.public_id])
    assert postings() == [HELD, PAID, PRODUCT_FEE, PROVIDER_FEE]
    assert figures(product) == [Decimal(10), 0, 0]
    assert reading.balance_of(accounts.fee_income(product.pk, "test", "INR")) == Decimal("29.36")
    taken = accounts.provider_fees(account.pk, "test", "INR", IMPS["payment_system"])
    assert reading.balance_of(taken) == Decimal("18.27")
    for kind, row in rows.items():
        journal = Journal.objects.get(kind=kind)
        assert (journal.reference, journal.subject) == (withdrawal.public_id, withdrawal.public_id)
        assert (journal.document, journal.cause) == (row.public_id, "pull")


def test_what_is_not_paid_pays_nothing(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product, rows: dict[str, Fee]
) -> None:
    ended(api, provider, account, 5)
    cancelled = order(api)
    assert api.post(f"withdrawals/{cancelled.public_id}/cancel").status_code == 200
    assert postings() == [HELD, RELEASED, HELD, RELEASED]
    assert figures(product) == [Decimal("1257.36"), 0, 0]


def test_what_is_not_there_for_the_fee_is_owed_and_blocks(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product, rows: dict[str, Fee]
) -> None:
    withdrawal = sent(api, provider, words.OK)
    order(api, amount="30")  # takes what would have been there for the fee
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    asking.ask(account, [withdrawal.public_id])
    withdrawal.refresh_from_db()
    assert withdrawal.status == "paid"
    assert postings()[2:] == [
        PAID,
        "product_fee: available 9.36 INR, fee_income -29.36 INR, product_receivable 20.00 INR",
        PROVIDER_FEE,
    ]
    assert figures(product) == [0, Decimal(30), Decimal(20)]
    given_past_the_verbs(product, "200")
    answer = api.post("withdrawals", {**IMPS, "amount": "100", "reference": "blocked"})
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_funds")


def test_what_proves_paid_pays_then(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product, rows: dict[str, Fee]
) -> None:
    withdrawal = ended(api, provider, account, 5)
    prove_paid(withdrawal.pk, decided())
    assert postings()[2:] == [
        "withdrawal_proved_paid: available 1218.00 INR, provider_balance -1218.00 INR",
        PRODUCT_FEE,
        PROVIDER_FEE,
    ]
    assert figures(product) == [Decimal(10), 0, 0]
    assert Journal.objects.get(kind="product_fee").cause == "person"


def test_what_proves_paid_and_is_not_there_is_owed_with_its_fee(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product, rows: dict[str, Fee]
) -> None:
    withdrawal = ended(api, provider, account, 5)
    order(api, amount="1000")
    prove_paid(withdrawal.pk, decided())
    assert postings()[-3:] == [
        "withdrawal_proved_paid: available 257.36 INR, product_receivable 960.64 INR, provider_balance -1218.00 INR",
        "product_fee: fee_income -29.36 INR, product_receivable 29.36 INR",
        PROVIDER_FEE,
    ]
    assert figures(product) == [0, Decimal(1000), Decimal(990)]


def test_fees_stay_where_the_money_comes_back(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product, rows: dict[str, Fee]
) -> None:
    withdrawal = ended(api, provider, account, 1)
    reverse(withdrawal.pk, decided())
    assert postings()[4:] == ["withdrawal_returned: available -1218.00 INR, provider_balance 1218.00 INR"]
    assert figures(product) == [Decimal(1228), 0, 0]


def test_without_rows_the_fees_cost_one_question_and_with_them_a_lock(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product
) -> None:
    fund(product, "INR", amount="5000")
    asked: list[list[str]] = []
    names = ("balances_fee", "balances_hold", "balances_post", "balances_account")
    for _ in range(3):
        withdrawal = sent(api, provider, words.OK)
        provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
        with CaptureQueriesContext(connection) as captured:
            asking.ask(account, [withdrawal.public_id])
        asked.append([name for query in captured for name in names if name in query["sql"]])
        if not Fee.objects.exists():
            charge("product", "withdrawal", "1")
            charge("provider", "withdrawal", "1")
    without, _, with_both = asked  # the second one opens the accounts of fees
    # The rows, the hold and its end, the posting (twice: nobody has used this wallet before).
    assert without == [
        "balances_fee",
        *("balances_hold", "balances_hold", "balances_post", "balances_account", "balances_post"),
    ]
    # One posting of all three, in which the available money is locked before what is held.
    assert with_both == ["balances_fee", "balances_account", "balances_hold", "balances_hold", "balances_post"]
