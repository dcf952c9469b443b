"""Money in one line: what instructions post, and what journals posted."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from balances import doors, summaries
from balances.instruction_admin import InstructionAdmin
from balances.instruction_models import Instruction
from balances.models import Journal
from balances.proposing import propose
from gateway import ids
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
    much = by_two_persons("product_funded", money(product, "1234567.5"))
    assert summaries.of_preview(much.preview).startswith("1,234,567.50 INR: ")


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


def test_the_list_of_instructions_shows_the_newest_and_a_view_what_waits(looking: Client, product: Product) -> None:
    waits = [propose("product_funded", money(product, amount), "it arrived", "line 1", persons()[0]) for amount in "12"]
    done = [by_two_persons("product_funded", money(product, amount)) for amount in "34"]
    address = reverse("admin:balances_instruction_changelist") + "?mode=test"
    looking.get(address)  # the first look writes down which mode was chosen
    with CaptureQueriesContext(connection) as seen:
        answer = looking.get(address)
    assert answer.context["cl"].result_list == [*reversed(done), *reversed(waits)]
    page = answer.content.decode()
    for amount in "1234":
        assert f"{amount}.00 INR: debit bank, credit available of {product}" in page
    assert not [one["sql"] for one in seen if "COUNT(" in one["sql"].upper() or "CASE WHEN" in one["sql"].upper()]
    [waiting] = dict(InstructionAdmin.views).values()
    assert looking.get(f"{address}&{waiting}").context["cl"].result_list == waits[::-1]
    by_two_persons("product_funded", money(Product.objects.create(name="other"), "6"))
    with CaptureQueriesContext(connection) as again:
        looking.get(address)
    assert len(again) == len(seen)


def test_instructions_are_found_by_what_they_are_called_and_by_nothing_else(looking: Client, product: Product) -> None:
    made = by_two_persons("product_funded", money(product, "1"))
    other = by_two_persons("product_funded", money(product, "2"))
    [journal] = Journal.objects.filter(instruction=made)
    back = by_two_persons("reversed", {"journal": str(journal.pk)})
    address = reverse("admin:balances_instruction_changelist")

    def found(term: str) -> Any:
        return looking.get(address, {"mode": "test", "q": term}).context["cl"].result_list

    assert found(made.public_id) == [made]
    assert found("a test") == [back, other, made], "the document of all three"
    assert found(str(journal.pk)) == found(ids.encode(ids.JOURNAL, journal.pk)) == [back]
    assert found("a tes") == found("tests' own") == []


def test_beside_a_thing_stand_the_newest_of_what_was_asked_for(product: Product) -> None:
    made = [by_two_persons("product_funded", money(product, "1")) for _ in range(21)]
    told = {"product": str(product.pk)}
    with CaptureQueriesContext(connection) as seen:
        found = doors.of("product", told, (), persons()[0])
    assert [one["sql"].endswith("LIMIT 21") for one in seen if "balances_instruction" in one["sql"]] == [True]
    assert found["instructions"] == made[:0:-1]
    assert found["all"] == f"{reverse('admin:balances_instruction_changelist')}?q={product.pk}"
    assert doors.of("product", {"product": "another"}, (), persons()[0])["all"] == ""
