"""Letters as PHP writes them, by an encoder of the tests' own: it knows nothing of the code that it is held against."""

import hashlib
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

#: JSON_UNESCAPED_SLASHES|JSON_UNESCAPED_UNICODE, and PHP's default.
RAW: Final = True
ESCAPED: Final = False

_NAMED: Final = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def php_json(value: Any, *, raw: bool, gap: str = "") -> str:
    """`json_encode`; `gap` is blank space that a body may have between its parts, and a signed text has not."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value, raw=raw)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return str(value)  # the digits of a float as they stand
    if isinstance(value, list):
        return "[" + f",{gap}".join(php_json(one, raw=raw, gap=gap) for one in value) + "]"
    members = (f"{_text(key, raw=raw)}:{gap}{php_json(one, raw=raw, gap=gap)}" for key, one in value.items())
    return "{" + f",{gap}".join(members) + "}"


def _text(text: str, *, raw: bool) -> str:
    written = []
    for character in text:
        code = ord(character)
        if code in _NAMED:
            written.append(_NAMED[code])
        elif character == "/":
            written.append("/" if raw else "\\/")
        elif code < 0x20 or (raw and code in (0x2028, 0x2029)):
            written.append(f"\\u{code:04x}")
        elif raw or code < 0x80:
            written.append(character)
        else:
            units = character.encode("utf-16-be").hex()
            written += [f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)]
    return '"' + "".join(written) + '"'


def php_signature(text: str, access_key: str = "ACCESS", private_key: str = "PRIVATE") -> str:
    digest = hashlib.md5(text.encode()).hexdigest()
    return hashlib.sha1((access_key + private_key + digest).encode()).hexdigest()


#: Everything that PHP can write: no halves of surrogate pairs; the separators, astral characters and slashes often.
texts = st.text(max_size=12) | st.sampled_from(["a/b", "\u2028", "x\u2029/", "😀", "টাকা", "\\", '"', "\x7f", "\x00"])
texts = texts.filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text))

#: Numbers as PHP writes them: integers of 64 bits and floats in digits or with an exponent.
numbers = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(
    [Decimal(one) for one in ("0.1", "13628.5", "1.0e+25", "1.0e-5", "-0.0", "187239.195", "0.30000000000000004")]
)
scalars = st.none() | st.booleans() | texts | numbers
values = st.recursive(
    scalars, lambda one: st.lists(one, max_size=3) | st.dictionaries(texts, one, max_size=3), max_leaves=8
)

amounts = st.decimals(min_value="0.01", max_value="999999", places=2, allow_nan=False, allow_infinity=False)


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    """An item of money in, some of it strange, and now and then with a member that nobody knows."""
    amount = draw(amounts)
    item: dict[str, Any] = {
        "activated_datetime": draw(texts),
        "exchanger_identifier": draw(texts),
        "comment": draw(texts),
        "amount": draw(st.sampled_from([str(amount), amount])),
        "currency_code": draw(st.sampled_from(["INR", "BDT", "usd"])),
        "wallet_type": draw(st.sampled_from(["upi_l", "paytm_api"])),
        "stockpiling_id": draw(st.none() | st.integers(1, 10**6)),
        "transaction_id": draw(st.from_regex(r"[0-9A-Z]{1,12}", fullmatch=True)),
        "transaction_type": draw(st.sampled_from([0, None])),
        "plugin_custom_order_id": draw(st.from_regex(r"cnf_[0-9a-z]{4}", fullmatch=True)),
        "withdrawal_id": None,
        "withdrawal_status": None,
        "account_number": draw(texts),
        "account_name": draw(texts),
        "account_email": draw(texts),
        "bank_details": {"bank_code": draw(st.none() | texts), "branch_code": None},
    }
    return item | draw(st.dictionaries(st.sampled_from(["rate", "x/y"]), values, max_size=1))


@st.composite
def letters(draw: st.DrawFn) -> tuple[bytes, str, list[dict[str, Any]]]:
    """A signed letter: its body, the text that was signed, and the items; each encoding of the contract."""
    content = draw(st.lists(items(), min_size=1, max_size=3))
    signed = php_json(content, raw=draw(st.booleans()))
    written = (
        signed
        if draw(st.booleans())
        else php_json(content, raw=draw(st.booleans()), gap=draw(st.sampled_from(["", " ", "\n  "])))
    )
    head = {"signature": php_signature(signed), "wallet_type": "upi_l", "amount": None, "label": draw(texts)}
    text = php_json(head, raw=draw(st.booleans()))
    return f'{text[:-1]},"additional_data":{written}}}'.encode(), signed, content
