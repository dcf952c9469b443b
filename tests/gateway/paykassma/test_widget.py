"""The address of the provider's payment window (C§1.8)."""

from decimal import Decimal
from typing import Any

import pytest

from gateway.paykassma.widget import widget_address

ORDER: dict[str, Any] = {
    "label": "cus_1",
    "currency": "INR",
    "language": "hi",
    "wallet_type": "upi_l",
    "custom_transaction_id": "dep_1",
    "amount": Decimal("1000.0000"),
}


@pytest.mark.parametrize(
    ("base", "start"),
    [
        ("https://plugin.example.com", "https://plugin.example.com/?"),
        ("https://plugin.example.com/", "https://plugin.example.com/?"),
        ("http://127.0.0.1:8001/widget", "http://127.0.0.1:8001/widget/?"),
    ],
)
def test_the_address_says_everything_about_the_deposit(base: str, start: str) -> None:
    assert widget_address(base, **ORDER) == (
        f"{start}label=cus_1&currency_code=INR&lang=hi&wallet_type=upi_l&custom_transaction_id=dep_1&fixed_amount=1000"
    )


def test_ways_back_are_in_it_where_there_are_any() -> None:
    address = widget_address("https://p.example", **ORDER, success_hash="a" * 64, pending_hash="c" * 64)
    assert address.endswith(f"&fixed_amount=1000&success_url={'a' * 64}&pending_url={'c' * 64}")


def test_whatever_has_a_meaning_in_an_address_is_percent_encoded() -> None:
    odd = {**ORDER, "label": "a b+c&d=e/f?g#h%i", "custom_transaction_id": "\u00fc\u0926"}
    address = widget_address("https://p.example", **odd)
    assert address.startswith("https://p.example/?label=a%20b%2Bc%26d%3De%2Ff%3Fg%23h%25i&currency_code=INR&")
    assert "&custom_transaction_id=%C3%BC%E0%A4%A6&" in address


@pytest.mark.parametrize("amount", ["0.01", "1000.5", "1E-7"])
def test_what_is_not_whole_has_no_address(amount: str) -> None:
    with pytest.raises(ValueError, match="whole units"):
        widget_address("https://p.example", **{**ORDER, "amount": Decimal(amount)})


def test_a_round_amount_is_written_in_digits() -> None:
    assert "fixed_amount=1000000&" in widget_address("https://p.example", **{**ORDER, "amount": Decimal("1E6")}) + "&"
