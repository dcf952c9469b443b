import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.paykassma import php_json
from gateway.paykassma.signatures import withdrawal_signature
from gateway.paykassma.withdrawals import WithdrawalOrder, freeze_withdrawal, sign_again, unsignable_fields


def order(**changes: Any) -> WithdrawalOrder:
    fields: dict[str, Any] = {
        "withdrawal_id": "wd_1",
        "payment_system": "imps_ib",
        "amount": 1218,
        "currency_code": "INR",
        "label": "u1",
        "is_test": False,
        **changes,
    }
    return WithdrawalOrder(**fields)


def test_the_frozen_bytes() -> None:
    frozen = freeze_withdrawal(
        order(
            account_number=" 000111 ",
            account_name="Ünï / x",
            account_email="  ",
            comment=None,
            payments_details={"payments_provider": "56", "payments_method": "MOBILE", "none": ""},
            bank_details={},
            extra={"account_type": "0"},
        ),
        "key",
    )
    body, _, signature = frozen.decode().rpartition(',"signature":')
    assert body == (
        '{"account_name":"Ünï / x","account_number":"000111","account_type":"0","amount":1218,'
        '"currency_code":"INR","is_test":false,"label":"u1","payment_system":"imps_ib",'
        '"payments_details":{"payments_method":"MOBILE","payments_provider":"56"},"withdrawal_id":"wd_1"'
    )
    assert signature == f'"{withdrawal_signature(json.loads(body + "}"), "key")}"}}'


def test_the_sample_of_the_contract_is_signed_as_php_signs_it() -> None:
    frozen = freeze_withdrawal(
        order(
            withdrawal_id="w1",
            payment_system="upi_ib",
            amount=500,
            label="u7",
            comment="withdrawal",
            account_number="a@upi",
        ),
        "yourprivatekey",
    )
    assert json.loads(frozen)["signature"] == "54418ff3f608d105551e735c774359bb9cdee8de"


@pytest.mark.parametrize("is_test", [True, False])
def test_whether_it_is_a_test_is_always_said_as_a_boolean(is_test: bool) -> None:
    assert json.loads(freeze_withdrawal(order(is_test=is_test), "key"))["is_test"] is is_test


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ()),
        ({"account_number": "a:b"}, ("account_number",)),
        (
            {"bank_details": {"bank_code": "a:b", "branch_code": "\x00"}},
            ("bank_details.bank_code", "bank_details.branch_code"),
        ),
        ({"account_name": "\ud800"}, ("account_name",)),
        ({"account_name": "two\nlines", "label": "a:b"}, ("account_name", "label")),
        ({"account_name": "\n trimmed \t"}, ()),
        ({"amount": 0}, ("amount",)),
        ({"amount": -1}, ("amount",)),
        ({"amount": True}, ("amount",)),
        ({"amount": 2**63}, ("amount",)),
        ({"extra": {"signature": "x", "secret": "y", "amount": "1"}}, ("amount", "secret", "signature")),
        ({"extra": {"a:b": "x"}}, ("a:b",)),
    ],
)
def test_what_cannot_be_signed_is_named_and_not_shown(changes: dict[str, Any], names: tuple[str, ...]) -> None:
    wrong = order(**changes)
    assert unsignable_fields(wrong) == names
    if names:
        with pytest.raises(ValueError, match=r"^cannot be signed: ") as refusal:
            freeze_withdrawal(wrong, "key")
        assert str(refusal.value) == f"cannot be signed: {', '.join(names)}"


def test_no_recipient_shows_in_a_repr() -> None:
    shown = repr(order(account_number="hidden", account_name="hidden", account_email="hidden", iban="hidden"))
    shown += repr(order(bank_details={"x": "hidden"}, payments_details={"x": "hidden"}, extra={"x": "hidden"}))
    assert "hidden" not in shown


TEXT = st.text(st.characters(blacklist_characters=":", blacklist_categories=("Cs", "Cc")), max_size=12)
DETAILS = st.dictionaries(TEXT, TEXT, max_size=4)


@given(
    amount=st.integers(1, 2**63 - 1),
    texts=st.tuples(TEXT, TEXT, TEXT, st.none() | TEXT),
    bank_details=DETAILS,
    payments_details=DETAILS,
    is_test=st.booleans(),
)
def test_what_is_sent_is_what_was_signed(
    amount: int,
    texts: tuple[str, str, str, str | None],
    bank_details: dict[str, str],
    payments_details: dict[str, str],
    is_test: bool,
) -> None:
    account_number, account_name, label, comment = texts
    frozen = freeze_withdrawal(
        order(
            amount=amount,
            account_number=account_number,
            account_name=account_name,
            label=label,
            comment=comment,
            bank_details=bank_details,
            payments_details=payments_details,
            is_test=is_test,
        ),
        "key",
    )
    received = php_json.parse(frozen)
    assert received["signature"] == withdrawal_signature(received, "key")
    assert received["amount"] == str(amount)
    assert received["is_test"] is is_test
    # Whether or not the provider sorts nested keys, it comes to the same.
    for value in received.values():
        assert not isinstance(value, dict) or (value and list(value) == sorted(value))
        assert not isinstance(value, str) or value == value.strip() != ""


@given(account_name=TEXT, bank_details=DETAILS, comment=st.none() | TEXT, is_test=st.booleans())
def test_signed_again_it_is_what_the_other_key_would_have_made_of_it_in_the_first_place(
    account_name: str, bank_details: dict[str, str], comment: str | None, is_test: bool
) -> None:
    made = order(account_name=account_name, bank_details=bank_details, comment=comment, is_test=is_test)
    frozen = freeze_withdrawal(made, "key")
    assert sign_again(frozen, "key") == frozen
    assert sign_again(frozen, "other") == freeze_withdrawal(made, "other") != frozen
