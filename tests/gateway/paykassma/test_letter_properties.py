"""What holds for every letter: what PHP signed is found and read; what was altered is not; nothing is a surprise."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.paykassma.older_postbacks import verify_older_postback
from gateway.paykassma.php_json import parse
from gateway.paykassma.postbacks import Postback, PostbackItem, UnusableItem, parse_postback
from gateway.paykassma.signatures import PostbackKeys, Rejected, VerifiedLetter, verify_postback
from tests.gateway.paykassma.php_letters import ESCAPED, RAW, items, letters, php_json, php_signature, texts, values
from tests.properties import PURE

KEYS = [PostbackKeys(access_key="OTHER", private_key="PAIR"), PostbackKeys(access_key="ACCESS", private_key="PRIVATE")]


def same(parsed: Any, meant: Any) -> bool:
    """Whether a parsed value is the one that was encoded; numbers by their digits."""
    if isinstance(meant, dict):
        return (
            isinstance(parsed, dict) and list(parsed) == list(meant) and all(same(parsed[k], meant[k]) for k in meant)
        )
    if isinstance(meant, list):
        return isinstance(parsed, list) and len(parsed) == len(meant) and all(map(same, parsed, meant))
    if isinstance(meant, int | Decimal) and not isinstance(meant, bool):
        return isinstance(parsed, str) and parsed == str(meant)
    return bool(parsed == meant) and type(parsed) is type(meant)


@PURE
@given(letters())
def test_whatever_php_signed_is_found_and_read_as_it_was_meant(letter: tuple[bytes, str, list[dict[str, Any]]]) -> None:
    raw, signed, meant = letter
    verified = verify_postback(raw, KEYS)
    assert isinstance(verified, VerifiedLetter)
    assert (verified.key_index, verified.signed_text.decode()) == (1, signed)
    assert same(verified.body["additional_data"], meant)
    postback = parse_postback(verified.body)
    assert isinstance(postback, Postback)
    for read, written in zip(postback.items, meant, strict=True):
        assert isinstance(read, PostbackItem)
        assert (read.amount, read.currency) == (Decimal(str(written["amount"])), written["currency_code"].upper())
        assert (read.transaction_id, read.custom_id) == (written["transaction_id"], written["plugin_custom_order_id"])
        assert not read.is_withdrawal


@PURE
@given(letters(), st.data())
def test_a_bit_turned_round_anywhere_never_changes_what_was_signed(
    letter: tuple[bytes, str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    raw, signed, meant = letter
    position = data.draw(st.integers(0, len(raw) - 1))
    turned = bytearray(raw)
    turned[position] ^= 1 << data.draw(st.integers(0, 7))
    verified = verify_postback(bytes(turned), KEYS)
    if isinstance(verified, VerifiedLetter):
        # It hit the envelope, or changed how something is written and not what it says.
        assert verified.signed_text.decode() == signed
        assert same(verified.body["additional_data"], meant)


@PURE
@given(st.lists(items(), min_size=1, max_size=3), values, st.data())
def test_a_changed_value_is_refused(meant: list[dict[str, Any]], other: Any, data: st.DataObject) -> None:
    item = data.draw(st.integers(0, len(meant) - 1))
    name = data.draw(st.sampled_from(sorted(meant[item])))
    changed = [{**one, name: other} if index == item else one for index, one in enumerate(meant)]
    unchanged = php_json(changed, raw=RAW) == php_json(meant, raw=RAW)
    body = php_json({"signature": php_signature(php_json(meant, raw=RAW)), "additional_data": changed}, raw=ESCAPED)
    verified = verify_postback(body.encode(), KEYS)
    assert isinstance(verified, VerifiedLetter) == unchanged


@PURE
@given(st.lists(items(), min_size=1, max_size=2), st.data())
def test_a_field_moved_out_of_the_signed_part_or_into_it_counts_for_nothing(
    meant: list[dict[str, Any]], data: st.DataObject
) -> None:
    signature = php_signature(php_json(meant, raw=RAW))
    name = data.draw(st.sampled_from(sorted(meant[0])))
    # Out: what is left is not what was signed.
    out = [{key: value for key, value in meant[0].items() if key != name}, *meant[1:]]
    moved: dict[str, Any] = {name: meant[0][name]} | {"signature": signature, "additional_data": out}
    assert isinstance(verify_postback(php_json(moved, raw=ESCAPED).encode(), KEYS), Rejected)
    # In: the envelope's word is not the item's.
    into = {name: "9999", "signature": signature, "additional_data": [{**meant[0], "new": "9999"}, *meant[1:]]}
    assert isinstance(verify_postback(php_json(into, raw=ESCAPED).encode(), KEYS), Rejected)
    # Beside: the same names in the envelope change no item.
    beside = {**meant[0], "signature": signature, "additional_data": meant, "label": "u1"}
    verified = verify_postback(php_json(beside, raw=ESCAPED).encode(), KEYS)
    assert isinstance(verified, VerifiedLetter)
    postback, plain = (
        parse_postback(verified.body),
        parse_postback(parse(php_json({"label": "u1", "additional_data": meant}, raw=RAW).encode())),
    )
    assert isinstance(postback, Postback)
    assert isinstance(plain, Postback)
    assert postback.items == plain.items


@PURE
@given(
    st.lists(items(), min_size=1, max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "amount": st.decimals(min_value=2_000_000, max_value=9_000_000, places=0),
            "currency_code": st.just("EUR"),
            "wallet_type": st.just("another"),
            "direction": st.sampled_from(["outgoing", "sideways"]),
        },
    ).filter(bool),
)
def test_another_envelope_round_a_signed_part_is_named_for_what_it_is(
    meant: list[dict[str, Any]], wrapping: dict[str, Any]
) -> None:
    currencies = {one["currency_code"].upper() for one in meant}
    body = {"signature": php_signature(php_json(meant, raw=RAW)), **wrapping, "additional_data": meant}
    verified = verify_postback(php_json(body, raw=ESCAPED).encode(), KEYS)
    assert isinstance(verified, VerifiedLetter)
    postback = parse_postback(verified.body)
    assert isinstance(postback, Postback)
    # An amount of another currency, or over items of several, is compared with nothing.
    incomparable = {"amount"} if "currency_code" in wrapping or len(currencies) > 1 else set()
    assert set(postback.disagreements()) == set(wrapping) - incomparable


@PURE
@given(st.binary(max_size=300) | values.map(lambda value: php_json(value, raw=RAW).encode()))
def test_no_bytes_are_a_surprise(raw: bytes) -> None:
    for verify in (verify_postback, verify_older_postback):
        assert isinstance(verify(raw, KEYS), Rejected)


@PURE
@given(st.dictionaries(st.sampled_from(["signature", "additional_data", "transactions", "withdrawal_id"]), values))
def test_no_shape_of_the_known_members_is_a_surprise(body: dict[str, Any]) -> None:
    raw = php_json(body, raw=ESCAPED).encode()
    for verify in (verify_postback, verify_older_postback):
        assert isinstance(verify(raw, KEYS), Rejected)
    assert isinstance(parse_postback(parse(raw)), Postback | UnusableItem)


@PURE
@given(values)
def test_no_parsed_value_is_a_surprise_as_a_postback(value: Any) -> None:
    parsed = parse(php_json({"value": value}, raw=RAW).encode())["value"]
    assert isinstance(parse_postback(parsed), Postback | UnusableItem)
    assert isinstance(parse_postback({"additional_data": parsed}), Postback)


@PURE
@given(texts, texts)
def test_a_key_twice_is_refused_wherever_it_stands(name: str, other: str) -> None:
    key = php_json(name, raw=RAW)
    twice = f"{{{key}:1,{key}:2}}"
    signature = php_signature(f"[{twice}]")
    for raw in (
        f'{{"signature":"{signature}","additional_data":[{twice}]}}',
        f'{{"signature":"{signature}","additional_data":[],{key}:1,{key}:2}}',
        f'{{"signature":"{signature}","additional_data":[{{"in":{twice}}}],"label":{php_json(other, raw=RAW)}}}',
    ):
        assert isinstance(verify_postback(raw.encode(), KEYS), Rejected)


@pytest.mark.parametrize("bracket", ["[", '{"a":', '[{"a":['])
@pytest.mark.parametrize("levels", [33, 1_000, 50_000])
def test_a_depth_bomb_is_refused(bracket: str, levels: int) -> None:
    for raw in (bracket * levels, '{"signature":"x","additional_data":' + bracket * levels):
        assert isinstance(verify_postback(raw.encode(), KEYS), Rejected)
        assert isinstance(verify_older_postback(raw.encode(), KEYS), Rejected)


def test_floats_as_php_writes_them_keep_their_digits() -> None:
    text = '[{"amount":13628.5,"a":1.0e+25,"b":-0.0,"c":100,"d":0.1}]'
    raw = f'{{"signature":"{php_signature(text)}","additional_data":{text}}}'
    verified = verify_postback(raw.encode(), KEYS)
    assert isinstance(verified, VerifiedLetter)
    assert (
        json.dumps(verified.body["additional_data"])
        == '[{"amount": "13628.5", "a": "1.0e+25", "b": "-0.0", "c": "100", "d": "0.1"}]'
    )
