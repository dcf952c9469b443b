"""The older formats of a letter (C§2.3), by signatures worked out by hand with PHP's rules."""

import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest

from gateway.paykassma.older_postbacks import is_older, verify_older_postback
from gateway.paykassma.postbacks import Postback, PostbackItem, UnusableItem, parse_postback
from gateway.paykassma.signatures import PostbackKeys, Reason, Rejected, VerifiedLetter, verify_postback

KEYS = PostbackKeys(access_key="ACCESS", private_key="PRIVATE")
OTHER = PostbackKeys(access_key="OTHER", private_key="PAIR")

# What PHP signs without flags, and with the two that came with page version 32.
ESCAPED = (
    '[{"amount":"100.50","currency_code":"INR","wallet_type":"paytm","transaction_id":"T\\/1","transaction_type":0,'
    '"from":"\\u0442\\u0435\\u0441\\u0442","created_datetime":"2020-01-02 03:04:05",'
    '"activated_datetime":"2020-01-02 03:05:06","custom_id":"cnf_1"}]'
)
UNESCAPED = ESCAPED.replace("\\/", "/").replace("\\u0442\\u0435\\u0441\\u0442", "тест")
PRETTY = ESCAPED.replace(",", ", ")

# sha1("ACCESS" . "PRIVATE" . md5(text)), by hand.
SIGNATURES = {
    ESCAPED: "d3334ff9ca2b85be4b11d34a52b1349e55664bfb",
    UNESCAPED: "064183f9a355c0059be82e4238029e289cc3bbc5",
    PRETTY: "4cd592ee9a0319764f0e5ea171f771d1f9bc1e00",
}

WITHDRAWAL: dict[str, Any] = {
    "withdrawal_id": "wd_1",
    "status": 1,
    "comment": "done/so",
    "payment_system": "imps_ib",
    "amount": "1218",
    "currency_code": "INR",
    "label": "u1",
    "account_number": "000000000",
    "account_name": "Test Name",
    "account_email": "",
    "payments_details": {},
    "bank_details": {"bank_code": "TEST0000001", "branch_code": None},
}
JOINED = ":Test Name:000000000:1218:TEST0000001::done/so:INR:u1:imps_ib::1:wd_1"
# sha1("PRIVATE" . md5(JOINED)), by hand.
WITHDRAWAL_SIGNATURE = "c19f7920f972f9af2220f8a636843d0d0cb3a745"


def deposit(written: str, signature: str, access_key: str | None = "ACCESS", **changes: Any) -> bytes:
    head: dict[str, Any] = {
        "access_key": access_key,
        "signature": signature,
        "label": "u1",
        "stockpiling": {"INR": 100.5},
    }
    head |= {"stockpiling_id": 2233, **changes}
    text = json.dumps({name: value for name, value in head.items() if value is not None})
    return f'{text[:-1]},"transactions":{written}}}'.encode()


def withdrawal(signature: str = WITHDRAWAL_SIGNATURE, **changes: Any) -> bytes:
    return json.dumps({**WITHDRAWAL, **changes, "signature": signature}).encode()


def verified(raw: bytes, *keys: PostbackKeys) -> VerifiedLetter:
    letter = verify_older_postback(raw, keys or (KEYS,))
    assert isinstance(letter, VerifiedLetter), letter
    return letter


def item_of(letter: VerifiedLetter) -> PostbackItem:
    postback = parse_postback(letter.body)
    assert isinstance(postback, Postback)
    assert postback.disagreements() == ()
    (item,) = postback.items
    assert isinstance(item, PostbackItem)
    return item


def test_the_expected_signatures_follow_from_the_recipes() -> None:
    for text, signature in SIGNATURES.items():
        digest = hashlib.md5(text.encode()).hexdigest()
        assert hashlib.sha1(f"ACCESSPRIVATE{digest}".encode()).hexdigest() == signature
    digest = hashlib.md5(JOINED.encode()).hexdigest()
    assert hashlib.sha1(f"PRIVATE{digest}".encode()).hexdigest() == WITHDRAWAL_SIGNATURE


@pytest.mark.parametrize(
    ("signed", "written", "variant"),
    [
        (ESCAPED, UNESCAPED, "older_escaped"),
        (ESCAPED, ESCAPED, "older_slice"),
        (UNESCAPED, ESCAPED, "older_unescaped"),
        (UNESCAPED, UNESCAPED, "older_unescaped"),
        (PRETTY, PRETTY, "older_slice"),
    ],
)
def test_an_older_deposit_is_known_by_every_way_of_writing(signed: str, written: str, variant: str) -> None:
    letter = verified(deposit(written, SIGNATURES[signed]), OTHER, KEYS)
    assert (letter.variant, letter.key_index, letter.signed_text) == (variant, 1, signed.encode())
    assert item_of(letter) == PostbackItem(
        amount=Decimal("100.50"),
        currency="INR",
        label="u1",
        wallet_type="paytm",
        transaction_id="T/1",
        custom_id="cnf_1",
        withdrawal_id="",
        withdrawal_status=None,
        stockpiling_id="2233",
        transaction_type=0,
        activated_datetime="2020-01-02 03:05:06",
        exchanger_identifier="тест",
        comment="",
        account_number="",
        account_name="",
        account_email="",
        bank_code="",
        branch_code="",
    )


def test_an_older_withdrawal_is_read_whole() -> None:
    letter = verified(withdrawal(), OTHER, KEYS)
    assert (letter.variant, letter.key_index, letter.signed_text) == ("older_joined", 1, JOINED.encode())
    assert item_of(letter) == PostbackItem(
        amount=Decimal(1218),
        currency="INR",
        label="u1",
        wallet_type="imps_ib",
        transaction_id="",
        custom_id="",
        withdrawal_id="wd_1",
        withdrawal_status=1,
        stockpiling_id="",
        transaction_type=None,
        activated_datetime="",
        exchanger_identifier="",
        comment="done/so",
        account_number="000000000",
        account_name="Test Name",
        account_email="",
        bank_code="TEST0000001",
        branch_code="",
    )


@pytest.mark.parametrize("access_key", [None, "", "OTHER", "access", "ACCESS ", "\ud800"])
def test_an_older_deposit_has_to_name_the_key_that_signed_it(access_key: str | None) -> None:
    raw = deposit(ESCAPED, SIGNATURES[ESCAPED], access_key)
    assert verify_older_postback(raw, (KEYS, OTHER)) == Rejected(reason=Reason.MISMATCH)


@pytest.mark.parametrize(
    "raw",
    [
        deposit(ESCAPED.replace("100.50", "900.50"), SIGNATURES[ESCAPED]),
        deposit(ESCAPED.replace("cnf_1", "cnf_2"), SIGNATURES[ESCAPED]),
        deposit(ESCAPED.replace('"100.50"', "100.50"), SIGNATURES[ESCAPED]),
        deposit("[]", SIGNATURES[ESCAPED]),
        deposit(ESCAPED, SIGNATURES[ESCAPED].upper()),
        withdrawal(amount="1219"),
        withdrawal(status=5),
        withdrawal(label="u2"),
        withdrawal(extra=""),
        withdrawal(WITHDRAWAL_SIGNATURE.upper()),
        withdrawal(""),
    ],
)
def test_what_was_altered_is_refused(raw: bytes) -> None:
    assert verify_older_postback(raw, (KEYS, OTHER)) == Rejected(reason=Reason.MISMATCH)


def test_a_rekeyed_withdrawal_is_the_same_signed_text() -> None:
    """The recipe leaves the keys out, so this cannot be refused; it is told apart by nothing, and moves nothing."""
    rekeyed = withdrawal(account_name="000000000", account_number="Test Name")
    assert verify_older_postback(rekeyed, (KEYS,)) == Rejected(reason=Reason.MISMATCH)  # sorted, the values differ
    body = json.loads(withdrawal())
    body["account_numbed"] = body.pop("account_number")  # keeps its place among the sorted keys
    assert verified(json.dumps(body).encode()).signed_text == JOINED.encode()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"[]", Reason.NOT_JSON),
        (b'{"transactions":[]}', Reason.NO_SIGNATURE),
        (b'{"signature":null,"withdrawal_id":"x"}', Reason.NO_SIGNATURE),
        (b'{"signature":"x"}', Reason.NO_SIGNED_PART),
        (b'{"signature":"x","transactions":"x"}', Reason.NO_SIGNED_PART),
        (b'{"signature":"x","transactions":null,"access_key":"ACCESS"}', Reason.NO_SIGNED_PART),
        (b'{"signature":"x","transactions":[],"additional_data":null}', Reason.NO_SIGNED_PART),
        (b'{"signature":"x","withdrawal_id":"x","additional_data":[]}', Reason.NO_SIGNED_PART),
        (b'{"signature":"x","transactions":[],"transactions":[]}', Reason.NOT_JSON),
        (b'{"signature":"\\ud800","withdrawal_id":"\\ud800"}', Reason.MISMATCH),
        (b'{"signature":"x","transactions":' + b"[" * 40 + b"]" * 40 + b"}", Reason.NOT_JSON),
    ],
)
def test_what_is_no_older_letter(raw: bytes, reason: Reason) -> None:
    assert verify_older_postback(raw, (KEYS,)) == Rejected(reason=reason)


def test_a_letter_cannot_choose_its_format() -> None:
    """With today's signed part in it, it is a letter of today: the older rules do not look at it."""
    both = json.loads(deposit(ESCAPED, SIGNATURES[ESCAPED])) | {"additional_data": [{"amount": "9"}]}
    raw = json.dumps(both).encode()
    assert verify_postback(raw, (KEYS,)) == Rejected(reason=Reason.MISMATCH)
    assert verify_older_postback(raw, (KEYS,)) == Rejected(reason=Reason.NO_SIGNED_PART)
    assert not is_older(both)


def test_a_deposit_cannot_become_a_withdrawal_by_a_field_that_its_format_does_not_have() -> None:
    text = '[{"amount":"5","currency_code":"INR","wallet_type":"paytm","withdrawal_id":"wd_1","withdrawal_status":1}]'
    signature = hashlib.sha1(f"ACCESSPRIVATE{hashlib.md5(text.encode()).hexdigest()}".encode()).hexdigest()
    item = item_of(verified(deposit(text, signature)))
    assert (item.is_withdrawal, item.withdrawal_id, item.custom_id) == (False, "", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("[1]", "not_an_object"), ('[{"amount":"x"}]', "amount"), ('{"amount":"1"}', "currency_code")],
)
def test_an_item_that_cannot_be_read_is_kept_as_such(text: str, reason: str) -> None:
    signature = hashlib.sha1(f"ACCESSPRIVATE{hashlib.md5(text.encode()).hexdigest()}".encode()).hexdigest()
    postback = parse_postback(verified(deposit(text, signature)).body)
    assert isinstance(postback, Postback)
    (item,) = postback.items
    assert isinstance(item, UnusableItem)
    assert item.reason == reason


def test_a_pull_answers_in_todays_shape_only() -> None:
    """The contract gives pulls the present body (C§1.10): an older one in its place is money that nobody has named."""
    body = json.loads(deposit(ESCAPED, SIGNATURES[ESCAPED]))
    postback = parse_postback(body)
    assert isinstance(postback, Postback)
    assert postback.items == ()
