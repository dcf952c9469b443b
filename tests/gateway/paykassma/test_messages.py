import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.paykassma import messages, php_json
from gateway.paykassma.messages import (
    AvailableSystem,
    Balance,
    Postback,
    PostbackItem,
    PullEntry,
    PullState,
    RedirectHashes,
    Savings,
    UnusableItem,
    parse_available,
    parse_balances,
    parse_details,
    parse_media_hints,
    parse_postback,
    parse_pull,
    parse_push_message,
    parse_read_postback,
    parse_redirect_hashes,
    parse_redirect_url,
    parse_savings,
)
from gateway.paykassma.php_numbers import NumberLexeme
from gateway.paykassma.wire_values import read_amount, read_id, read_integer, read_text

ITEM = {
    "activated_datetime": "2026-01-02 03:04:05",
    "exchanger_identifier": "payer-wallet",
    "comment": "operator-words",
    "amount": "13628.5",
    "currency_code": "INR",
    "wallet_type": "paytm",
    "stockpiling_id": None,
    "transaction_id": "T1",
    "transaction_type": 0,
    "plugin_custom_order_id": "dep_1",
    "withdrawal_id": None,
    "withdrawal_status": None,
    "account_number": "account-number",
    "account_name": "account-name",
    "account_email": "account-email",
    "bank_details": {"bank_code": "bank-code", "branch_code": None},
}
BODY = {
    "signature": "s",
    "wallet_type": "paytm",
    "amount": 13629,
    "currency_code": "INR",
    "label": "u1",
    "converted_amount": {"USD": 40.43, "BTC": 0.00209234, "XX": 1, "INR": "x"},
    "direction": "ingoing",
    "created_datetime": "2026-01-02 03:04:06",
    "additional_data": [ITEM],
}
PAID_OUT = {
    **ITEM,
    "transaction_id": "",
    "plugin_custom_order_id": "",
    "withdrawal_id": "wd_1",
    "withdrawal_status": 1,
}


def wire(value: Any) -> Any:
    return php_json.parse(json.dumps(value).encode())


def postback(**changes: Any) -> Postback:
    parsed = parse_postback(wire({**BODY, **changes}))
    assert isinstance(parsed, Postback)
    return parsed


def only_item(**changes: Any) -> PostbackItem | UnusableItem:
    (item,) = postback(additional_data=[{**ITEM, **changes}]).items
    return item


def test_a_deposit_is_read_whole() -> None:
    assert postback() == Postback(
        items=(
            PostbackItem(
                amount=Decimal("13628.5"),
                currency="INR",
                label="u1",
                wallet_type="paytm",
                transaction_id="T1",
                custom_id="dep_1",
                withdrawal_id="",
                withdrawal_status=None,
                stockpiling_id="",
                transaction_type=0,
                activated_datetime="2026-01-02 03:04:05",
                exchanger_identifier="payer-wallet",
                comment="operator-words",
                account_number="account-number",
                account_name="account-name",
                account_email="account-email",
                bank_code="bank-code",
                branch_code="",
            ),
        ),
        wallet_type="paytm",
        amount=Decimal(13629),
        currency="INR",
        label="u1",
        direction="ingoing",
        created_datetime="2026-01-02 03:04:06",
        malformed=(),
    )


def test_a_withdrawal_is_one_by_its_id_or_its_status() -> None:
    paid = only_item(**PAID_OUT)
    assert isinstance(paid, PostbackItem)
    assert (paid.withdrawal_id, paid.withdrawal_status, paid.is_withdrawal) == ("wd_1", 1, True)
    by_id, by_status, neither = (
        only_item(withdrawal_id="wd_1"),
        only_item(withdrawal_status="5"),
        only_item(withdrawal_id="", withdrawal_status=""),
    )
    assert [isinstance(item, PostbackItem) and item.is_withdrawal for item in (by_id, by_status, neither)] == [
        True,
        True,
        False,
    ]


def test_no_customer_shows_in_a_repr() -> None:
    shown = repr(postback()) + repr(only_item(amount="secret")) + repr(parse_postback("account-number"))
    for private in ("payer-wallet", "operator-words", "account-n", "account-email", "bank-code", "secret"):
        assert private not in shown


@pytest.mark.parametrize(
    ("lexeme", "amount"),
    [
        ("1", "1"),
        ("-0.50", "-0.50"),
        ("1.0e+3", "1000"),
        ("1e-8", "0.00000001"),
        ("0e999999999", "0"),
        ("-0", "0"),
        ("999999999999999.9", "999999999999999.9"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1e15", None),
        ("1e999999999", None),
        ("1e99999999999999999999", None),
        ("1e-99999999999999999999", None),
        ("1e-40", None),
        ("1" * 33, None),
    ],
)
def test_amounts_from_json_numbers(lexeme: str, amount: str | None) -> None:
    read = read_amount(NumberLexeme(lexeme))
    assert (None if read is None else format(read, "f")) == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("13628.5", "13628.5"),
        ("0012.00", "12.00"),
        ("-5", "-5"),
        ("123456789012345.12345678", "123456789012345.12345678"),
        *[
            (bad, None)
            for bad in (
                "",
                " 1",
                "1 ",
                "1\n",
                "+1",
                "1.",
                ".5",
                "1e3",
                "1,000",
                "1_000",
                "0x10",
                "NaN",
                "Infinity",
                "١٢",
                "1234567890123456",
                "1.123456789",
                "--1",
            )
        ],
    ],
)
def test_amounts_from_strings(text: str, amount: str | None) -> None:
    read = read_amount(text)
    assert (None if read is None else format(read, "f")) == amount


@pytest.mark.parametrize("value", [None, True, False, [], {}, ["1"], 1, 1.0])
def test_nothing_else_is_an_amount_and_no_bool_is_an_id(value: Any) -> None:
    assert read_amount(value) is None
    assert read_integer(value) is None
    assert read_id(value) == ("" if value is None else None)
    assert read_text(value) == ""


def test_ids_come_as_strings_or_integers() -> None:
    assert (read_id("a b"), read_id(NumberLexeme("12")), read_id("1.5")) == ("a b", "12", "1.5")
    assert read_id(NumberLexeme("9223372036854775807")) == "9223372036854775807"
    for bad in (
        NumberLexeme("1.5"),
        NumberLexeme("1e5"),
        NumberLexeme("9223372036854775808"),
        "a\x00",
        "\ud800",
        "x" * 191,
    ):
        assert read_id(bad) is None
    assert read_text("a\x00\ud800b") == "a\ufffd\ufffdb"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": "1e3"}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": {"INR": 1}}, "amount"),
        ({"currency_code": None}, "currency_code"),
        ({"currency_code": 123}, "currency_code"),
        ({"currency_code": "RUPEE"}, "currency_code"),
        ({"wallet_type": ""}, "wallet_type"),
        ({"wallet_type": ["paytm"]}, "wallet_type"),
        ({"transaction_id": 1.5}, "transaction_id"),
        ({"transaction_id": True}, "transaction_id"),
        ({"plugin_custom_order_id": {}}, "plugin_custom_order_id"),
        ({"withdrawal_id": ["wd_1"]}, "withdrawal_id"),
        ({"stockpiling_id": False}, "stockpiling_id"),
        ({"withdrawal_status": "paid"}, "withdrawal_status"),
        ({"withdrawal_status": 1.0}, "withdrawal_status"),
        ({"withdrawal_status": True}, "withdrawal_status"),
        ({"withdrawal_status": []}, "withdrawal_status"),
        ({"transaction_type": {}}, "transaction_type"),
    ],
)
def test_an_item_that_cannot_be_believed_is_kept_aside(changes: dict[str, Any], reason: str) -> None:
    assert only_item(**changes) == UnusableItem(reason=reason, raw=wire({**ITEM, **changes}))


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 13628.5},
        {"currency_code": "inr"},
        {"bank_details": []},
        {"bank_details": None},
        {"unknown": {"nested": [1]}},
        {"account_number": 12345},
        {"comment": None},
        {"transaction_id": 12345},
        {"stockpiling_id": 402299},
        {"transaction_type": "p2p"},
        {"transaction_type": ""},
    ],
)
def test_what_varies_without_meaning_is_tolerated(changes: dict[str, Any]) -> None:
    item = only_item(**changes)
    assert isinstance(item, PostbackItem)
    assert (item.amount, item.currency) == (Decimal("13628.5"), "INR")


@pytest.mark.parametrize("items", [[ITEM], ITEM, {"0": ITEM}, {"7": ITEM}])
def test_items_come_as_a_list_or_as_what_php_makes_of_one(items: Any) -> None:
    assert postback(additional_data=items).items == postback().items


@pytest.mark.parametrize("items", [[], {}, None, "x", 1])
def test_no_items_are_no_items(items: Any) -> None:
    assert postback(additional_data=items).items == ()


def test_items_of_all_kinds_stay_in_their_places() -> None:
    first, second, third = postback(additional_data=[ITEM, "junk", PAID_OUT]).items
    assert isinstance(first, PostbackItem)
    assert second == UnusableItem(reason="not_an_object", raw="junk")
    assert isinstance(third, PostbackItem)


def test_what_is_no_postback() -> None:
    for body in ([], "x", None, [BODY, BODY], True):
        assert parse_postback(wire(body)) == UnusableItem(reason="not_an_object", raw=wire(body))
    assert parse_postback(wire([BODY])) == postback()


@pytest.mark.parametrize(
    ("changes", "disagreements"),
    [
        ({}, ()),
        ({"amount": 13628}, ()),
        ({"amount": "13629.5"}, ()),
        ({"amount": "13629.51"}, ("amount",)),
        ({"amount": 13627.49}, ("amount",)),
        ({"amount": "junk"}, ("amount",)),
        ({"amount": None}, ()),
        ({"currency_code": "USD"}, ("currency_code",)),
        ({"currency_code": None, "amount": 1}, ("amount",)),
        ({"currency_code": "RUPEE"}, ("currency_code",)),
        ({"wallet_type": "upi_s"}, ("wallet_type",)),
        ({"direction": "outgoing"}, ("direction",)),
        ({"direction": "sideways"}, ("direction",)),
        ({"direction": None, "wallet_type": None}, ()),
        ({"wallet_type": "x", "amount": 1, "direction": "outgoing"}, ("wallet_type", "amount", "direction")),
        ({"additional_data": [PAID_OUT]}, ("direction",)),
        ({"additional_data": [PAID_OUT], "direction": "outgoing"}, ()),
        ({"additional_data": [PAID_OUT, ITEM], "direction": "outgoing", "amount": 27257}, ("direction",)),
        ({"additional_data": [ITEM, ITEM], "amount": 27257}, ()),
        ({"additional_data": [ITEM, ITEM]}, ("amount",)),
        ({"additional_data": [ITEM, {**ITEM, "currency_code": "USD"}]}, ("currency_code",)),
        (
            {"additional_data": [ITEM, {**ITEM, "currency_code": "USD"}], "currency_code": None, "amount": 1},
            (),
        ),
        ({"additional_data": [ITEM, {**ITEM, "amount": "junk"}], "amount": 1}, ()),
        ({"additional_data": []}, ()),
    ],
)
def test_where_the_envelope_contradicts_its_items(changes: dict[str, Any], disagreements: tuple[str, ...]) -> None:
    assert postback(**changes).disagreements() == disagreements


def pulled(name: str, entries: Any) -> Any:
    return wire({"status": "success", "code": 20000, "data": {name: entries}, "paginate": {"total": 1}})


def test_a_pull_of_deposits() -> None:
    entries = [
        {"plugin_custom_order_id": "dep_0", "message": "Postback not found"},
        {"plugin_custom_order_id": "dep_1", "postback": BODY},
        {"plugin_custom_order_id": 2, "postback": [BODY]},
        {"plugin_custom_order_id": "dep_3", "postback": []},
        {"plugin_custom_order_id": "dep_4", "postback": "junk"},
        {"plugin_custom_order_id": "dep_5", "postback": {**BODY, "additional_data": []}},
        {"plugin_custom_order_id": "dep_6", "message": "Withdrawal with this ID not found"},
        {"plugin_custom_order_id": "dep_7", "message": "Try again later"},
        {"plugin_custom_order_id": "dep_8"},
        {"message": "Postback not found"},
        "junk",
    ]
    unusable = PullState.UNUSABLE
    assert parse_pull("deposit", pulled("transactions", entries)) == {
        "dep_0": PullEntry(state=PullState.NO_POSTBACK),
        "dep_1": PullEntry(state=PullState.FOUND, postback=postback()),
        "2": PullEntry(state=PullState.FOUND, postback=postback(), inner_id_agrees=False),
        "dep_3": PullEntry(state=unusable, reason="unknown_message"),
        "dep_4": PullEntry(state=unusable, reason="not_an_object"),
        "dep_5": PullEntry(state=unusable, reason="no_items"),
        "dep_6": PullEntry(state=unusable, reason="unknown_message"),
        "dep_7": PullEntry(state=unusable, reason="unknown_message"),
        "dep_8": PullEntry(state=unusable, reason="unknown_message"),
    }


def test_a_pull_of_withdrawals() -> None:
    body = {**BODY, "additional_data": [PAID_OUT], "direction": "outgoing"}
    entries = [
        {"withdrawal_id": "wd_0", "message": "Withdrawal with this ID not found"},
        {"withdrawal_id": "wd_1", "postback": body},
        {"withdrawal_id": "wd_2", "message": "Postback not found"},
        {"withdrawal_id": "wd_3", "postback": {**body, "additional_data": [{**PAID_OUT, "amount": "x"}]}},
        {"withdrawal_id": "wd_4", "message": "Postback not found"},
        {"withdrawal_id": "wd_4", "postback": body},
        {"withdrawal_id": "wd_5", "message": "Postback not found"},
        {"withdrawal_id": "wd_5", "message": "Postback not found"},
    ]
    answered = parse_pull("withdrawal", pulled("withdrawals", entries))
    assert {wd_id: (entry.state, entry.inner_id_agrees) for wd_id, entry in answered.items()} == {
        "wd_0": (PullState.NOT_FOUND, True),
        "wd_1": (PullState.FOUND, True),
        "wd_2": (PullState.NO_POSTBACK, True),
        "wd_3": (PullState.FOUND, True),
        "wd_4": (PullState.UNUSABLE, True),
        "wd_5": (PullState.NO_POSTBACK, True),
    }
    unreadable = answered["wd_3"].postback
    assert unreadable is not None
    assert unreadable.items == (UnusableItem(reason="amount", raw=wire({**PAID_OUT, "amount": "x"})),)
    assert answered["wd_4"].reason == "found_twice"


def test_a_pull_in_the_shapes_of_php() -> None:
    entry = {"plugin_custom_order_id": "dep_0", "message": "Postback not found"}
    known = {"dep_0": PullEntry(state=PullState.NO_POSTBACK)}
    shapes: list[Any] = [{"transactions": [entry]}, {"transactions": {"0": entry}}, {"transactions": entry}, [entry]]
    for data in (*shapes, [{"transactions": [entry]}]):
        assert parse_pull("deposit", wire({"data": data})) == known
    nothings: list[Any] = [None, [], {}, {"data": None}, {"data": []}, {"data": {"transactions": None}}, "x"]
    for nothing in nothings:
        assert parse_pull("deposit", wire(nothing)) == {}
    assert parse_pull("withdrawal", pulled("transactions", [entry])) == {}


def test_one_postback_asked_for_again() -> None:
    assert parse_read_postback(wire({"status": "ok", "postback": BODY})) == postback()
    nothings: list[Any] = [{"status": "ok"}, {"postback": []}, None]
    for nothing in nothings:
        read = parse_read_postback(wire(nothing))
        assert isinstance(read, UnusableItem)
        assert read.reason == "no_postback"


def test_available_systems_of_the_contract() -> None:
    wallets = [
        {
            "type": "staging_b_ml",
            "currency_code": "INR",
            "order": 6,
            "logo": "https://cdn.example/b.png",
            "name": "staging B ml",
            "is_manual": True,
            "uploading_payment_bill": True,
        },
        {"type": "nagad", "currency_code": "usd", "logo": "javascript:alert(1)", "hints": [], "order": "17"},
        {"type": "nagad"},
        "junk",
    ]
    payload = wire({"status": "ok", "params": {"currency_data": [], "wallets": wallets}})
    assert parse_available(payload) == (
        AvailableSystem(
            wallet_type="staging_b_ml",
            currency="INR",
            name="staging B ml",
            logo="https://cdn.example/b.png",
            order=6,
            is_manual=True,
            uploading_payment_bill=True,
        ),
        AvailableSystem(
            wallet_type="nagad",
            currency="USD",
            name="",
            logo="",
            order=17,
            is_manual=None,
            uploading_payment_bill=None,
        ),
    )
    assert parse_available(wire({"status": "ok", "params": []})) == ()


def test_details_keep_their_order_and_their_digits() -> None:
    params = b'{"Wallet number":"012","n":10.50,"is_check_amount":null,"f":true,"e":" ","more":{"x":[1,"b"]},"a":" z "}'
    assert parse_details(php_json.parse(b'{"status":"ok","params":' + params + b"}")) == (
        ("Wallet number", "012"),
        ("n", "10.50"),
        ("x", "1"),
        ("x", "b"),
        ("a", "z"),
    )
    assert parse_details(wire({"params": []})) == ()
    assert parse_details(None) == ()


def test_details_are_single_lines_that_can_be_copied() -> None:
    params = {
        "Account\u00a0number\n": "\u202a12 34\u200b56\u202c\r\n",
        "Bank": "People's\n\tBank",
        "Name": "\u200eক্ষুদ্র\u200cঋণ",
        "bad": "a\x00b",
        "unseen": "\u200b\ufeff",
    }
    assert parse_details(wire({"params": params})) == (
        ("Account number", "12 3456"),
        ("Bank", "People's Bank"),
        ("Name", "ক্ষুদ্র\u200cঋণ"),
        ("bad", "a\ufffdb"),
    )


@pytest.mark.parametrize("flag", [True, 1, "1", 0, "0", "true", None])
def test_the_flag_among_the_details_is_shown_to_nobody(flag: Any) -> None:
    payload = wire({"params": {"identifier": "0171", "is_check_amount": flag}})
    assert parse_details(payload) == (("identifier", "0171"),)


def test_what_people_copy_has_no_unseen_signs() -> None:
    params = {
        "ident\u202eifier": "\u200e6234234234\ufeff",
        "name": "\u2067क्\u200dष\u2069 \u202eاحمد",  # a joiner of letters stays
        "nothing": "\u200b \u2060",
    }
    assert parse_details(wire({"params": params})) == (("identifier", "6234234234"), ("name", "क्\u200dष احمد"))
    assert parse_push_message(wire({"data": {"message": "Enter \u202eyour PIN"}})) == "Enter your PIN"


@pytest.mark.parametrize(
    ("payload", "url"),
    [
        ({"data": {"url": "https://a.example/1"}}, "https://a.example/1"),
        ({"data": {"redirect_url": "http://a.example/2"}}, "http://a.example/2"),
        ({"data": {"payment_url": "HTTPS://a.example/3?x=1#y"}}, "HTTPS://a.example/3?x=1#y"),
        ({"url": "https://a.example/4", "data": []}, "https://a.example/4"),
        ({"data": [{"url": "https://a.example/5"}]}, "https://a.example/5"),
        (
            {"data": {"url": "javascript:1", "payment_url": "https://a.example/6"}},
            "https://a.example/6",
        ),
        ({"redirect_url": "https://a.example/7"}, "https://a.example/7"),
        ({"params": {"payment_url": "https://a.example/8"}, "url": "https://a.example/9"}, "https://a.example/8"),
        ({"data": {"url": "https://a.example/pay now?x=a b"}}, "https://a.example/pay%20now?x=a%20b"),
        ({"data": {"order_id": "x", "link": "https://a.example"}}, None),
        *[
            ({"data": {"url": bad}}, None)
            for bad in (
                "javascript:alert(1)",
                "//a.example",
                "/local",
                "https://",
                "https:///x",
                "http://[bad",
                "https://a.example/\n",
                'https://a.example/"',
                "https://a.example\\@b.example",
                "https://a.example/" + "x" * 2000,
                5,
                None,
                ["https://a.example"],
            )
        ],
        (None, None),
    ],
)
def test_only_a_web_address_is_a_redirect(payload: Any, url: str | None) -> None:
    assert parse_redirect_url(wire(payload)) == url


def test_an_address_that_we_sent_is_no_page_to_pay_on() -> None:
    ours, page = "https://shop.example/ok", "https://a.example/pay"
    data = {"redirect_url": ours, "payment_url": page}
    assert parse_redirect_url(wire({"data": data}), sent=[ours, "hi"]) == page
    assert parse_redirect_url(wire({"data": {"redirect_url": ours}}), sent=[ours]) is None


def test_push_messages() -> None:
    assert parse_push_message(wire({"data": {"message": "Approve it"}})) == "Approve it"
    assert parse_push_message(wire({"message": "Approve it", "data": []})) == "Approve it"
    assert parse_push_message(wire({"data": {"message": ["x"]}})) == ""
    assert parse_push_message(None) == ""


def test_balances_keep_sign_and_decimals() -> None:
    payload = php_json.parse(
        b'{"data":{"balances":[{"wallet_type":"paytm","currency_code":"IDR","amount":-324324.00},'
        b'{"wallet_type":"upi_s","currency_code":"INR","amount":187239.195},{"wallet_type":"x"},3]}}'
    )
    assert parse_balances(payload) == (
        Balance(wallet_type="paytm", currency="IDR", amount=Decimal("-324324.00")),
        Balance(wallet_type="upi_s", currency="INR", amount=Decimal("187239.195")),
        UnusableItem(reason="balance", raw={"wallet_type": "x"}),
        UnusableItem(reason="balance", raw="3"),
    )
    assert parse_balances(wire({"data": []})) == ()


def test_savings_that_are_not_reported_are_not_zero() -> None:
    payload = wire({"status": "ok", "stockpiling_sum": 0, "lacks_sum": "1.5", "minimum_deposit": 148})
    assert parse_savings(payload) == Savings(
        stockpiling_sum=Decimal(0), lacks_sum=Decimal("1.5"), minimum_deposit=Decimal(148)
    )
    assert parse_savings(wire({"status": "ok"})) == UnusableItem(reason="savings", raw={"status": "ok"})


def test_media_hints() -> None:
    hints = {"imps": {"id": 486, "url": "https://a.example/1.mp4"}, "upi": {"url": "data:x"}, "paytm": []}
    assert parse_media_hints(wire({"data": hints})) == {"imps": "https://a.example/1.mp4"}
    assert parse_media_hints(wire({"data": []})) == {}


def test_redirect_hashes_by_ascending_position() -> None:
    first, second = "a" * 64, "b" * 64
    urls = {
        "success_url": [{"order": 2, "url": second}, {"order": 1, "url": first}],
        "fail_url": [],
        "pending_url": {"0": {"order": 1, "url": first}},
    }
    assert parse_redirect_hashes(wire({"urls": urls})) == RedirectHashes(
        success=(first, second), fail=(), pending=(first,)
    )
    broken = wire({"urls": {"success_url": [{"order": 1, "url": "short"}]}})
    assert parse_redirect_hashes(broken) == UnusableItem(reason="success_url", raw=broken)


NAMES = st.sampled_from(
    [
        *ITEM,
        *BODY,
        "data",
        "params",
        "wallets",
        "urls",
        "success_url",
        "transactions",
        "message",
        "type",
        "order",
    ]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


@given(payload=ANY_JSON)
def test_no_parser_raises(payload: Any) -> None:
    parsed = wire(payload)
    for name in messages.__all__:
        if name.startswith("parse_") and name != "parse_pull":
            getattr(messages, name)(parsed)
    found = parse_postback(parsed)
    if isinstance(found, Postback):
        assert isinstance(found.disagreements(), tuple)
    parse_pull("deposit", parsed)
    parse_pull("withdrawal", parsed)
