import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.paykassma import php_json
from gateway.paykassma.signatures import (
    PostbackKeys,
    Reason,
    Rejected,
    Variant,
    VerifiedLetter,
    postback_signature,
    verify_postback,
    withdrawal_signature,
)

VECTORS = json.loads((Path(__file__).parent / "signature-vectors.json").read_text(encoding="utf-8"))
KEYS = PostbackKeys(access_key="AK", private_key="PK")
OTHER_KEYS = PostbackKeys(access_key="other", private_key="pair")
SAMPLE = {
    "withdrawal_id": "1234567",
    "payment_system": "paytm",
    "amount": 1000,
    "currency_code": "INR",
    "label": "55",
    "is_test": False,
    "comment": "withdrawal",
}


def letter(signed_text: str, *, signature: str | None = None, body_text: str | None = None) -> bytes:
    signature = postback_signature(signed_text, "AK", "PK") if signature is None else signature
    return f'{{"signature":"{signature}","amount":1,"additional_data":{body_text or signed_text}}}'.encode()


def test_there_are_as_many_vectors_as_php_computed() -> None:
    assert (len(VECTORS["withdrawals"]), len(VECTORS["postbacks"])) == (30, 20)


@pytest.mark.parametrize("vector", VECTORS["withdrawals"], ids=lambda vector: vector["private_key"])
def test_withdrawal_vectors_of_php(vector: dict[str, Any]) -> None:
    assert withdrawal_signature(vector["request"], vector["private_key"]) == vector["signature"]
    as_sent = php_json.parse(json.dumps(vector["request"]).encode())
    assert withdrawal_signature(as_sent, vector["private_key"]) == vector["signature"]


@pytest.mark.parametrize(
    ("request_body", "signature"),
    [
        (
            (
                '{"withdrawal_id":"1234567","payment_system":"paytm","amount":1000,"currency_code":"INR","label":"55",'
                '"is_test":false,"comment":"withdrawal","account_number":"11111111","bank_details":{"bank_code":'
                '"MAHB0001821","branch_code":"000254","bank_code_in_payments_system":"9393"},'
                '"payments_details":{"payments_provider":"56","payments_method":"MOBILE_MONEY"}}'
            ),
            "d4d72d95681836388ccd726f33946c6a6c597d92",
        ),
        (
            (
                '{"withdrawal_id":"1234567","payment_system":"paytm","amount":1000,"currency_code":"INR","label":"55",'
                '"is_test":false,"comment":"withdrawal","account_number":"11111111","bank_details":{"bank_code":'
                '"MAHB0001821","branch_code":"000254","bank_code_in_payments_system":"9393"},'
                '"payments_details":{"payments_method":"MOBILE_MONEY","payments_provider":"56"}}'
            ),
            "64dd403ca88ae41da25b849d337549bfd3120a0a",
        ),
        (
            (
                '{"withdrawal_id":"297","payment_system":"imps_ib","amount":1218,"currency_code":"INR","label":"125199",'
                '"account_number":"123456789","account_name":"TestNameAcc","payments_details":{},'
                '"bank_details":{"bank_code":"IFCS0123456"},"is_test":true,"signature":"2237e83a"}'
            ),
            "86e61386f3dfd6c98b1409eb33db9af4c890e1d1",
        ),
        (
            (
                '{"withdrawal_id":"w1","payment_system":"upi_ib","amount":500,"currency_code":"INR","label":"u7",'
                '"is_test":false,"comment":"withdrawal","account_number":"a@upi"}'
            ),
            "54418ff3f608d105551e735c774359bb9cdee8de",
        ),
        (
            '{"amount":1000.50,"account_name":"Ünï Тест","label":"5","is_test":true,"iban":null}',
            "dbd498746a7b57bbfd1a0b16d829dec758a27154",
        ),
    ],
    ids=["sample", "other nested order", "imps", "upi", "float and unicode"],
)
def test_withdrawal_vectors_of_the_contract(request_body: str, signature: str) -> None:
    for request in (json.loads(request_body), php_json.parse(request_body.encode())):
        assert withdrawal_signature(request, "yourprivatekey") == signature


def test_neither_a_signature_nor_a_secret_is_signed() -> None:
    assert withdrawal_signature({**SAMPLE, "signature": "x", "secret": "y"}, "k") == withdrawal_signature(SAMPLE, "k")


def test_what_json_does_not_have_is_not_signed() -> None:
    with pytest.raises(TypeError, match=r"^object is not a JSON value$"):
        withdrawal_signature({"amount": object()}, "k")


@pytest.mark.parametrize("vector", VECTORS["postbacks"], ids=lambda vector: vector["access_key"])
def test_postback_vectors_of_php(vector: dict[str, Any]) -> None:
    keys = PostbackKeys(access_key=vector["access_key"], private_key=vector["private_key"])
    verified = verify_postback(vector["body"].encode(), [OTHER_KEYS, keys])
    assert isinstance(verified, VerifiedLetter)
    assert verified.signed_text == vector["signed_text"].encode()
    assert (verified.variant, verified.key_index) == (Variant.UNESCAPED, 1)
    assert verified.body == php_json.parse(vector["body"].encode())
    assert verify_postback(vector["body"].encode(), [OTHER_KEYS]) == Rejected(reason=Reason.MISMATCH)
    assert verify_postback(vector["body"].encode(), []) == Rejected(reason=Reason.MISMATCH)


CONTRACT_LIST = '[{"comment":"тест / \\u2028x","amount":"10.50","n":null,"f":100,"bank_details":{"bank_code":null}}]'
CONTRACT_LIST_ESCAPED = (
    r'[{"comment":"\u0442\u0435\u0441\u0442 \/ \u2028x","amount":"10.50","n":null,"f":100,'
    r'"bank_details":{"bank_code":null}}]'
)


@pytest.mark.parametrize("body_text", [CONTRACT_LIST, CONTRACT_LIST_ESCAPED], ids=["raw body", "escaped body"])
@pytest.mark.parametrize(
    ("signature", "variant", "signed_text"),
    [
        ("35366067cebd3e187e86c47aaac5c3fd6cbfbfbf", Variant.UNESCAPED, CONTRACT_LIST),
        ("540c40dfc3000b8a634ea6d3260e5121a865f89b", Variant.ESCAPED, CONTRACT_LIST_ESCAPED),
    ],
    ids=["flags", "default flags"],
)
def test_postback_vectors_of_the_contract(body_text: str, signature: str, variant: Variant, signed_text: str) -> None:
    verified = verify_postback(letter(body_text, signature=signature), [KEYS])
    assert isinstance(verified, VerifiedLetter)
    if body_text == signed_text and variant is Variant.ESCAPED:
        variant = Variant.SLICE  # the very bytes are tried before they are written anew
    assert (verified.variant, verified.signed_text, verified.key_index) == (variant, signed_text.encode(), 0)


def test_bytes_that_no_encoder_writes_are_matched_as_they_are() -> None:
    odd = '[ {"amount" : "1\\u0030.50" , "half":"\\ud800"} ]'
    verified = verify_postback(letter(odd), [KEYS])
    assert isinstance(verified, VerifiedLetter)
    assert (verified.variant, verified.signed_text) == (Variant.SLICE, odd.encode())
    assert verified.body["additional_data"] == [{"amount": "10.50", "half": "\ud800"}]


def test_the_slice_is_the_top_level_member_and_no_other() -> None:
    signed = '[{"a":"},{" , "additional_data":[1]}]'
    raw = (
        f'{{"x":{{"additional_data":[2]}},"y":"\\"additional_data\\":[3]","additional_data" : {signed} ,'
        f'"signature":"{postback_signature(signed, "AK", "PK")}","z":[{{"additional_data":4}}]}}'
    ).encode()
    verified = verify_postback(raw, [KEYS])
    assert isinstance(verified, VerifiedLetter)
    assert (verified.variant, verified.signed_text) == (Variant.SLICE, signed.encode())


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ('[{"f":10,"g":1.0e+25,"s":"/é"}]', '[{"f":10.0,"g":1.0e+25,"s":"/é"}]'),
        ('[{"f":10,"g":1.0e+25,"s":"\\/\\u00e9"}]', '[{"f":10.0,"g":1.0e+25,"s":"/é"}]'),
    ],
    ids=["flags", "default flags"],
)
def test_a_body_that_keeps_zero_fractions_is_read_as_it_was_signed(signed: str, sent: str) -> None:
    raw = letter(signed, body_text=sent)
    verified = verify_postback(raw, [KEYS])
    assert isinstance(verified, VerifiedLetter)
    assert verified.body["additional_data"] == [{"f": "10", "g": "1.0e+25", "s": "/é"}]


def test_a_number_that_only_rounds_to_the_signed_one_is_read_as_signed() -> None:
    raw = letter('[{"amount":0.1}]', body_text='[{"amount":0.1000000000000000000001}]')
    verified = verify_postback(raw, [KEYS])
    assert isinstance(verified, VerifiedLetter)
    assert verified.body["additional_data"] == [{"amount": "0.1"}]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"[]", Reason.NOT_JSON),
        (b'{"signature":"a","signature":"b","additional_data":[]}', Reason.NOT_JSON),
        (b'{"additional_data":[]}', Reason.NO_SIGNATURE),
        (b'{"signature":["x"],"additional_data":[]}', Reason.NO_SIGNATURE),
        (b'{"signature":"x"}', Reason.NO_SIGNED_PART),
        (b'{"signature":"x","additional_data":"[]"}', Reason.NO_SIGNED_PART),
        (b'{"signature":"\\ud800","additional_data":[]}', Reason.MISMATCH),
        (letter("[]", signature=postback_signature("[]", "AK", "PK").upper()), Reason.MISMATCH),
        (letter("[]", signature=""), Reason.MISMATCH),
        (b'{"signature":"x","additional_data":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Reason.NOT_JSON),
    ],
)
def test_what_is_rejected_and_why(raw: bytes, reason: Reason) -> None:
    assert verify_postback(raw, [KEYS]) == Rejected(reason=reason)


def test_every_digit_of_the_signature_counts() -> None:
    signature = postback_signature("[]", "AK", "PK")
    assert isinstance(verify_postback(letter("[]", signature=signature), [KEYS]), VerifiedLetter)
    for position, digit in enumerate(signature):
        wrong = signature[:position] + ("0" if digit != "0" else "1") + signature[position + 1 :]
        assert verify_postback(letter("[]", signature=wrong), [KEYS]) == Rejected(reason=Reason.MISMATCH)
    for wrong in (signature[:-1], signature + "0", signature + " "):
        assert verify_postback(letter("[]", signature=wrong), [KEYS]) == Rejected(reason=Reason.MISMATCH)


def test_keys_and_letters_show_nothing() -> None:
    assert repr(KEYS) == "PostbackKeys()"
    verified = verify_postback(letter('[{"account_number":"hidden-account"}]'), [KEYS])
    assert repr(verified) == "VerifiedLetter(variant=<Variant.UNESCAPED: 'unescaped'>, key_index=0)"


SIGNED_BODY = VECTORS["postbacks"][1]["body"].encode()
SIGNED_BODY_KEYS = PostbackKeys(
    access_key=VECTORS["postbacks"][1]["access_key"], private_key=VECTORS["postbacks"][1]["private_key"]
)
SIGNED_ITEMS = php_json.parse(SIGNED_BODY)["additional_data"]


@given(position=st.integers(0, len(SIGNED_BODY) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_changes_what_is_believed(position: int, bit: int) -> None:
    flipped = bytearray(SIGNED_BODY)
    flipped[position] ^= 1 << bit
    verified = verify_postback(bytes(flipped), [SIGNED_BODY_KEYS])
    if isinstance(verified, VerifiedLetter):
        # It hit the unsigned envelope, or only the spelling of a value.
        assert verified.body["additional_data"] == SIGNED_ITEMS


@given(data=st.data())
def test_no_moved_or_changed_field_is_accepted(data: st.DataObject) -> None:
    body = json.loads(SIGNED_BODY)
    items = body["additional_data"]
    source, target = data.draw(st.permutations(range(len(items))).map(lambda order: order[:2]))
    name = data.draw(st.sampled_from(sorted(items[source])))
    change = data.draw(st.sampled_from(["move", "swap", "drop", "replace", "reorder", "new"]))
    before = json.dumps(items)
    if change == "move":
        items[target][f"{name}2"] = items[source].pop(name)
    elif change == "swap":
        items[source][name], items[target][name] = items[target][name], items[source][name]
    elif change == "drop":
        del items[source][name]
    elif change == "replace":
        items[source][name] = data.draw(st.one_of(st.none(), st.booleans(), st.integers(), st.text()))
    elif change == "reorder":
        items[source][name] = items[source].pop(name)
    else:
        items.append({})
    if json.dumps(items) != before:
        assert verify_postback(json.dumps(body).encode(), [SIGNED_BODY_KEYS]) == Rejected(reason=Reason.MISMATCH)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(raw=st.binary() | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_verifying_never_raises(raw: bytes) -> None:
    assert isinstance(verify_postback(raw, [KEYS]), Rejected)
    wrapped = b'{"signature":"x","additional_data":[' + raw + b"]}"
    assert isinstance(verify_postback(wrapped, [KEYS]), Rejected)


@given(
    items=st.lists(st.dictionaries(st.text(), JSON_VALUES, max_size=4), max_size=3),
    as_ascii=st.booleans(),
    unescaped=st.booleans(),
)
def test_whatever_is_signed_verifies_in_either_encoding(
    items: list[dict[str, Any]], as_ascii: bool, unescaped: bool
) -> None:
    lexemes = php_json.parse(json.dumps(items).encode())
    signed_text = php_json.encode(lexemes, unescaped=unescaped)
    assert signed_text is not None
    body = {"signature": postback_signature(signed_text, "AK", "PK"), "additional_data": items}
    verified = verify_postback(json.dumps(body, ensure_ascii=as_ascii).encode(), [OTHER_KEYS, KEYS])
    assert isinstance(verified, VerifiedLetter)
    assert verified.body["additional_data"] == lexemes
    assert verified.key_index == 1
