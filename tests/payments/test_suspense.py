"""Money that names no order of ours (C§1.10): kept, and credited once its order is known; never by its amount."""

import json
from decimal import Decimal
from typing import Any

import pytest

from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma import php_json
from gateway.paykassma.messages import Postback, parse_postback
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from payments.asking import record_postback
from payments.models import Confirmation, Receipt
from tests.payments.paid import Paid, receipts, states
from tests.payments.stage import (
    Placed,
    confirm,
    fresh,
    money,
    news,
    work,
)
from tests.two_persons import live_account_of

pytestmark = pytest.mark.django_db

VERIFYING_NEWS = [("deposit.created", 1), ("deposit.awaiting_payment", 2), ("deposit.verifying", 3)]


def found_by_transaction(account: ProviderAccount, *items: dict[str, Any], label: str) -> None:
    """Money that came out of a question about a transaction (C§1.10): it names no order of ours."""
    raw = json.dumps({"label": label, "wallet_type": "upi_l", "additional_data": items}).encode()
    postback = parse_postback(php_json.parse(raw))
    assert isinstance(postback, Postback)
    record_postback(account, postback, asked_for="", cause=Cause(kind=CauseKind.PULL, id="letter"))


def test_money_that_names_no_order_waits_until_its_order_is_known(
    paid: Paid, account: ProviderAccount, product: Product
) -> None:
    found_by_transaction(account, money(transaction_id="T5"), label=paid.label)
    assert receipts() == [("suspense", Decimal(1000), "")]
    assert Receipt.objects.get().deposit is None
    assert paid.shown()["receipts"] == []
    assert fresh(paid.deposit).status == "verifying"

    ended = paid.arrives(money(transaction_id="T5"))
    assert states(ended) == ("credited", Decimal(1000), "exact")
    receipt = Receipt.objects.get()
    assert (receipt.status, receipt.deposit, receipt.confirmation) == ("credited", ended, Confirmation.objects.get())
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited", 4)]


def test_a_contradiction_in_suspense_is_not_forgotten(paid: Paid, account: ProviderAccount) -> None:
    found_by_transaction(account, money(transaction_id="T5"), label=paid.label)
    found_by_transaction(account, money(transaction_id="T5", amount="1.00"), label=paid.label)
    said = "now 1.00 INR, before 1,000.00 INR"
    assert receipts() == [("suspense", Decimal(1000), said)]
    ended = paid.arrives(money(transaction_id="T5"))
    assert states(ended) == ("in_review", None, "")
    assert receipts() == [("in_review", Decimal(1000), said)]


def test_money_that_names_no_order_finds_the_one_customer_who_named_it(paid: Paid, account: ProviderAccount) -> None:
    found_by_transaction(account, money(), label=paid.label)
    assert fresh(paid.deposit).status == "credited"
    assert Receipt.objects.get().confirmation == Confirmation.objects.get()


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "cus_somebody_else"),
        ({}, ""),
        ({"wallet_type": "upi_ib"}, None),
        ({"plugin_custom_order_id": "an-order-of-somebody"}, None),
        ({"transaction_id": "999999999999"}, None),
    ],
)
def test_money_is_never_matched_by_its_amount(
    changes: dict[str, Any], label: str | None, paid: Paid, account: ProviderAccount
) -> None:
    found_by_transaction(account, money(**changes), label=paid.label if label is None else label)
    assert [status for status, _, _ in receipts()] == ["suspense"]
    assert fresh(paid.deposit).status == "verifying"


def test_a_reference_that_two_customers_claim_matches_neither(
    paid: Paid, opened: Placed, account: ProviderAccount
) -> None:
    theirs = opened(customer="another")
    assert confirm(paid.api, theirs).status_code == 201
    work()
    found_by_transaction(account, money(), label=paid.label)
    assert [status for status, _, _ in receipts()] == ["suspense"]
    assert {fresh(paid.deposit).status, fresh(theirs).status} == {"verifying"}


def test_an_order_of_another_account_is_not_this_accounts_business(paid: Paid) -> None:
    stranger = live_account_of(
        name="stranger",
        base_url="http://127.0.0.1:1",
        api_secret="s" * 20,
        withdrawal_key="w" * 20,
        postback_access_key="a" * 20,
        postback_private_key="p" * 20,
        postback_token="t" * 20,
    )
    found_by_transaction(stranger, money(plugin_custom_order_id=paid.order), label=paid.label)
    assert [status for status, _, _ in receipts()] == ["suspense"]
    assert fresh(paid.deposit).status == "verifying"


def test_money_with_no_key_at_all_is_not_taken(paid: Paid, account: ProviderAccount) -> None:
    """Two such items could not be told apart: the second would count as the first, seen again."""
    found_by_transaction(account, money(transaction_id=""), money(transaction_id=""), label=paid.label)
    assert not Receipt.objects.exists()
