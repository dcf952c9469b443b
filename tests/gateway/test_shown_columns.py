"""Columns as people read them: named in words, amounts in groups, and facts without a sign of failure."""

from decimal import Decimal
from typing import Any

import pytest

from gateway.money import grouped, shown_amount
from gateway.products.models import ApiKey, Product
from gateway.shown_columns import column
from gateway.webhooks.models import WebhookEndpoint
from payments.models import Deposit, Receipt


@pytest.mark.parametrize(
    ("model", "name", "title"),
    [
        (Deposit, "public_id", "Deposit"),
        (Deposit, "created_at", "Created at (UTC)"),
        (Receipt, "wallet_type", "Payment system"),
        (Product, "is_active", "Active"),
        (WebhookEndpoint, "url", "URL"),
        (WebhookEndpoint, "id", "Webhook endpoint ID"),
        (ApiKey, "id", "API key ID"),
    ],
)
def test_a_column_has_a_name_for_people(model: Any, name: str, title: str) -> None:
    shown = column(model, name)
    assert (shown.__name__, shown.short_description) == (name, title)


def test_what_django_names_well_stays_with_it() -> None:
    assert column(ApiKey, "prefix") == "prefix"
    assert column(ApiKey, "no_column_of_it") == "no_column_of_it"


def test_a_status_is_words_in_a_list_and_has_its_sentence_on_its_page() -> None:
    row = Deposit(status="awaiting_payment")
    assert column(Deposit, "status")(row) == "awaiting payment"
    assert column(Deposit, "status").label["awaiting payment"] == "info"
    assert column(Deposit, "status", with_sentence=True)(row).startswith("awaiting payment: ")


def test_an_amount_is_in_groups_and_nothing_is_a_dash() -> None:
    row = Deposit(amount=Decimal("1234567.5"), currency="INR")
    assert column(Deposit, "amount")(row) == "1,234,567.50"
    assert column(Deposit, "amount", with_code=True)(row) == "1,234,567.50 INR"
    assert column(Deposit, "received_amount")(row) == "-"


def test_a_fact_is_kept_as_it_is_for_the_page_to_word() -> None:
    shown = column(Product, "is_active")
    assert (shown.boolean, shown(Product(is_active=False))) == (True, False)


def test_groups_keep_every_decimal() -> None:
    assert grouped(Decimal("187239.195"), "INR") == "187,239.195"
    assert shown_amount(Decimal(-1000), "INR") == "-1,000.00 INR"
