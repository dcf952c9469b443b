"""What a product owes is repaid first, and corrections never fail for want of money."""

from decimal import Decimal

import pytest

from balances import reading
from balances.kinds import JournalKind
from balances.models import Journal
from balances.verb_fields import Refused
from gateway.products.models import Product
from tests.balances.charging import charge
from tests.conftest import Api, fund
from tests.payments.paid import postings
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import by_two_persons, overdraft, settle
from tests.withdrawals import provider_words as words
from tests.withdrawals.money_stage import figures as available_held_owed
from tests.withdrawals.orders import IMPS, sent
from withdrawals import asking

pytestmark = pytest.mark.django_db


def money(product: Product, amount: str) -> dict[str, str]:
    return {"product": product.name, "mode": "test", "currency": "INR", "amount": amount}


def figures(product: Product) -> list[Decimal]:
    """Available, owed."""
    [row] = reading.product_balances(product.pk, "test", currencies=["INR"])
    return [row.available, row.owed]


def posted(kind: JournalKind) -> str:
    return str(Journal.objects.get(kind=kind).pk)


def owes_more(product: Product, amount: str = "50") -> None:
    sides = {"debit_account": "product_receivable", "debit_product": product.name, "credit_account": "bank"}
    by_two_persons("adjusted", {"mode": "test", "currency": "INR", "amount": amount, **sides})


def test_a_new_debt_is_repaid_from_what_is_there(product: Product) -> None:
    fund(product, "INR", amount="100")
    owes_more(product)
    assert figures(product) == [50, 0]
    assert postings()[-1] == "receivable_repaid: available 50.00 INR, product_receivable -50.00 INR"


def test_who_owes_is_not_paid_out_and_exchanges_nothing(product: Product) -> None:
    owes_more(product)
    overdraft(product, "1000")
    for verb, more in (("product_settled", {}), ("exchanged", {"bought_currency": "BDT", "bought_amount": "1"})):
        with pytest.raises(Refused, match=r"has 0\.00 INR available"):
            by_two_persons(verb, {**money(product, "1"), **more})
    assert figures(product) == [0, 50]


def test_a_write_off_that_is_taken_back_is_repaid_first(product: Product) -> None:
    by_two_persons("product_fee", money(product, "50"))
    by_two_persons("written_off", money(product, "50"))
    fund(product, "INR", amount="5000")
    by_two_persons("reversed", {"journal": posted(JournalKind.WRITTEN_OFF)})
    assert figures(product) == [4950, 0]


def test_what_was_funded_and_spent_is_owed_when_it_is_taken_back(product: Product) -> None:
    fund(product, "INR", amount="100")
    settle(product, "60")
    by_two_persons("reversed", {"journal": posted(JournalKind.PRODUCT_FUNDED)})
    assert figures(product) == [0, 60]
    assert postings() == [
        "reversed: available 40.00 INR, bank -100.00 INR, product_receivable 60.00 INR",
    ]


def test_a_fee_that_was_owed_and_repaid_meanwhile_is_given_back(product: Product) -> None:
    by_two_persons("product_fee", money(product, "50"))
    fund(product, "INR", amount="100")
    assert figures(product) == [50, 0]
    by_two_persons("reversed", {"journal": posted(JournalKind.PRODUCT_FEE)})
    assert figures(product) == [100, 0]
    assert postings()[-1] == "reversed: available -50.00 INR, fee_income 50.00 INR"


def test_a_fee_that_is_owed_in_part_is_given_back_to_the_debt_first(product: Product) -> None:
    by_two_persons("product_fee", money(product, "50"))
    fund(product, "INR", amount="20")
    assert figures(product) == [0, 30]
    by_two_persons("reversed", {"journal": posted(JournalKind.PRODUCT_FEE)})
    assert figures(product) == [20, 0]
    assert postings()[-1] == "reversed: available -20.00 INR, fee_income 50.00 INR, product_receivable -30.00 INR"


def test_a_correction_leaves_the_overdraft_to_withdrawals(product: Product) -> None:
    fund(product, "INR", amount="100")
    overdraft(product, "100")
    sides = {"debit_account": "available", "debit_product": product.name, "credit_account": "bank"}
    by_two_persons("adjusted", {"mode": "test", "currency": "INR", "amount": "130", **sides})
    assert figures(product) == [0, 30]
    assert postings() == ["adjusted: available 100.00 INR, bank -130.00 INR, product_receivable 30.00 INR"]


def test_the_fee_of_a_payout_uses_the_overdraft_and_does_not_close_it(
    api: Api, provider: ScriptedProvider, product: Product
) -> None:
    settle(product, "1000000000")
    overdraft(product, "10000")
    charge("product", "withdrawal", "1")
    withdrawal = sent(api, provider, words.OK)
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    asking.ask(withdrawal.account, [withdrawal.public_id])
    assert available_held_owed(product) == [Decimal("-1230.18"), 0, 0]
    assert api.post("withdrawals", {**IMPS, "amount": "1000", "reference": "next"}).status_code == 201
