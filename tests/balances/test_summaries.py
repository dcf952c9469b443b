"""Money in one line: what instructions post, and what journals posted."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from balances import summaries
from balances.instruction_models import Instruction
from balances.models import Journal
from balances.proposing import propose
from gateway.products.models import Product
from tests.staff import browser_of
from tests.two_persons import by_two_persons, overdraft, persons

pytestmark = pytest.mark.django_db


def money(product: Product, amount: str) -> dict[str, str]:
    return {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": amount}


def exchange(product: Product) -> Instruction:
    return by_two_persons("exchanged", money(product, "2") | {"bought_currency": "BDT", "bought_amount": "2.75"})


@pytest.fixture
def looking(db: None) -> Client:
    client = Client()
    browser_of(User.objects.create_superuser("looking"), client)
    return client


def test_an_instruction_is_told_by_its_first_journal(product: Product) -> None:
    assert summaries.of_preview(by_two_persons("product_funded", money(product, "5")).preview) == (
        f"5.00 INR: debit bank, credit available of {product}"
    )
    assert summaries.of_preview(exchange(product).preview) == (
        f"2.00 INR, 2.75 BDT: debit available of {product}, fx position, credit fx position, available of {product}"
    )
    assert summaries.of_preview(by_two_persons("product_fee", money(product, "4")).preview) == (
        f"4.00 INR: debit available of {product}, product receivable of {product}, credit fee income of {product}"
    )


def test_what_posts_several_journals_or_none_says_so(product: Product) -> None:
    preview = by_two_persons("product_funded", money(product, "5")).preview
    several = {**preview, "journals": preview["journals"] * 3}
    assert summaries.of_preview(several) == f"5.00 INR: debit bank, credit available of {product}, and 2 more"
    overdraft(product, "50")
    assert summaries.of_preview(Instruction.objects.get(verb="overdraft_limit").preview) == (
        f"The overdraft limit of {product} (test) changes from 0.00 INR to 50.00 INR."
    )
    assert summaries.of_preview({"mode": "test", "notes": [], "journals": []}) == "-"


def test_a_journal_is_told_by_its_debits_and_whose_accounts_it_moved(product: Product) -> None:
    funded = by_two_persons("product_funded", money(product, "5")).journals.get()
    assert (summaries.amount_of(funded), summaries.owners_of(funded)) == ("5.00 INR", str(product))
    exchanged = exchange(product).journals.get()
    assert sorted(summaries.amount_of(exchanged).split(", ")) == ["2.00 INR", "2.75 BDT"]
    assert summaries.owners_of(exchanged) == str(product)


def test_the_list_of_journals_shows_both_in_as_many_queries_for_many_as_for_one(
    looking: Client, product: Product
) -> None:
    address = reverse("admin:balances_journal_changelist") + "?mode=test"

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page = looking.get(address).content.decode()
        assert f">{product}<" in page
        assert "5.00 INR" in page
        return len(seen)

    by_two_persons("product_funded", money(product, "5"))
    looking.get(address)
    one = queries()
    for number in range(2):
        by_two_persons("product_funded", money(Product.objects.create(name=f"other {number}"), "6"))
        exchange(product)
    assert (Journal.objects.count(), queries()) == (5, one)


def test_the_list_of_instructions_begins_with_what_waits(looking: Client, product: Product) -> None:
    waits = [propose("product_funded", money(product, amount), "it arrived", "line 1", persons()[0]) for amount in "12"]
    done = [by_two_persons("product_funded", money(product, amount)) for amount in "34"]
    address = reverse("admin:balances_instruction_changelist") + "?mode=test"
    looking.get(address)  # the first look writes down which mode was chosen
    with CaptureQueriesContext(connection) as seen:
        page = looking.get(address).content.decode()
    expected = [*reversed(waits), *reversed(done)]
    assert sorted(expected, key=lambda one: page.index(one.public_id)) == expected
    for amount in "1234":
        assert f"{amount}.00 INR: debit bank, credit available of {product}" in page
    queries = len(seen)
    by_two_persons("product_funded", money(Product.objects.create(name="other"), "6"))
    with CaptureQueriesContext(connection) as seen:
        looking.get(address)
    assert len(seen) == queries
