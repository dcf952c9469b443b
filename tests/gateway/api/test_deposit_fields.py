"""Each field of a deposit: what is wrong is named, and what would be right is said."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.providers.models import PaymentSystem
from payments.models import Deposit
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body
from tests.gateway.api.refusals import assert_refused, nothing_changes

NOT_TEXT: list[Any] = [None, 1, 1.5, True, [], ["a"], {}, {"a": "b"}]
UNCLEAN = [
    "a\0b",
    "a\u202eb",
    "a\u2066b",
    "\u200ba",
    "a\u2028b",
    "a\tb",
    "a\x7fb",
    "a\ufeffb",
    "\ue000",
    " a",
    "a\u3000",
]


def refuse(api: Api, *pointers: str, code: Any = "invalid_request", **changes: Any) -> dict[str, Any]:
    with nothing_changes():
        return assert_refused(api.post("deposits", deposit_body(**changes)), 400, code, *pointers)


@pytest.mark.parametrize("field", ["payment_system", "currency", "amount", "customer", "reference"])
class TestEveryRequiredField:
    def test_is_missed_by_name(self, api: Api, field: str) -> None:
        refuse(api, f"/{field}", **{field: ...})

    def test_is_a_string(self, api: Api, field: str, subtests: pytest.Subtests) -> None:
        for value in NOT_TEXT:
            with subtests.test(value=value):
                refuse(api, f"/{field}", **{field: value})

    def test_is_not_empty(self, api: Api, field: str) -> None:
        refuse(api, f"/{field}", **{field: ""})

    def test_is_visible_text(self, api: Api, field: str, subtests: pytest.Subtests) -> None:
        for value in UNCLEAN:
            with subtests.test(value=ascii(value)):
                refuse(api, f"/{field}", **{field: value})


ODD_NUMERALS = [
    "0",
    "0.00",
    "-1",
    "-0",
    "+1",
    "1.000",
    "0.001",
    "1e2",
    "1E2",
    "1_000",
    "1,000",
    "1,000.00",
    "1.0.0",
    ".5",
    "5.",
    "01",
    "1000000000000",
    "0x10",
    "NaN",
    "Infinity",
    "\u0661\u0660\u0660",
    "\uff11\uff10\uff10",
    "\u0967\u0966\u0966",
    "\u00bd",
    "1/2",
    "\u20b91",
    "1000INR",
    " 1",
    "1 ",
    "1\n",
    "1 000",
    "9" * 200,
    "0." + "0" * 200 + "1",
    "1\0",
]


def test_odd_numerals_are_no_amounts(api: Api, subtests: pytest.Subtests) -> None:
    for amount in ODD_NUMERALS:
        with subtests.test(amount=ascii(amount)):
            refuse(api, "/amount", amount=amount)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("1", "1.00"), ("1.5", "1.50"), ("0.01", "0.01"), ("1000.00", "1000.00"), ("999999999999.99", "999999999999.99")],
)
def test_amounts_are_shown_with_all_decimals(api: Api, new_deposit: Callable[..., Any], sent: str, shown: str) -> None:
    made = new_deposit(amount=sent)
    assert made["amount"] == shown
    assert api.get(f"deposits/{made['id']}").json()["amount"] == shown


@pytest.mark.parametrize(
    ("currency", "right", "wrong"), [("JPY", "5", "5.0"), ("KWD", "5.125", "5.1250"), ("CLF", "5.1234", "5.12345")]
)
def test_decimals_are_those_of_the_currency(
    api: Api, new_deposit: Callable[..., Any], currency: str, right: str, wrong: str
) -> None:
    PaymentSystem.objects.filter(code="upi_l").update(currencies=[currency])
    assert new_deposit(currency=currency, amount=right)["amount"] == right
    document = refuse(api, "/amount", currency=currency, amount=wrong)
    assert currency in document["detail"]


def test_limits_of_the_system_have_codes_of_their_own(api: Api, new_deposit: Callable[..., Any]) -> None:
    PaymentSystem.objects.filter(code="upi_l").update(deposit_minimum="100", deposit_maximum="500")
    low = refuse(api, "/amount", code="amount_below_minimum", amount="99.99")
    high = refuse(api, "/amount", code="amount_above_maximum", amount="500.01")
    assert "100.00 INR" in low["detail"]
    assert "500.00 INR" in high["detail"]
    assert new_deposit(amount="100")["amount"] == "100.00"
    assert new_deposit(amount="500")["amount"] == "500.00"


@pytest.mark.parametrize("currency", ["inr", "IN", "INRR", " INR", "INR\n", "\uff29\uff2e\uff32", "USD", "\u0130NR"])
def test_a_currency_is_one_of_the_system_s(api: Api, currency: str) -> None:
    refuse(api, "/currency", currency=currency)


@pytest.mark.parametrize("system", ["nope", "UPI_L", "imps_ib", "a" * 191])
def test_a_payment_system_is_one_that_takes_deposits(api: Api, system: str) -> None:
    refuse(api, "/payment_system", payment_system=system)


def test_a_disabled_payment_system_takes_nothing(api: Api) -> None:
    PaymentSystem.objects.filter(code="upi_l").update(is_enabled=False)
    refuse(api, "/payment_system")


@pytest.mark.parametrize("field", ["customer", "reference"])
def test_a_product_s_own_ids_have_128_characters_at_most(api: Api, new_deposit: Callable[..., Any], field: str) -> None:
    refuse(api, f"/{field}", **{field: "a" * 129})
    assert new_deposit(**{field: "\U0001d7d8" * 128})[field] == "\U0001d7d8" * 128


def test_references_are_compared_exactly(new_deposit: Callable[..., Any]) -> None:
    composed, decomposed = new_deposit(reference="\u00e9"), new_deposit(reference="e\u0301")
    assert composed["id"] != decomposed["id"]
    assert [composed["reference"], decomposed["reference"]] == ["\u00e9", "e\u0301"]


def test_unknown_fields_are_refused_together(api: Api) -> None:
    refuse(api, "/foo", "/status", status="credited", foo=None)
    refuse(api, "/return_urls/cancel", return_urls={"cancel": "https://shop.example/"})


def test_pointers_escape_by_rfc_6901(api: Api) -> None:
    refuse(api, "/", "/a~0b~1c", "/~01", **{"a~b/c": 1, "": 1, "~1": 1})
    refuse(api, "/metadata/a~1b~0", metadata={"a/b~": 1})
    refuse(api, "/details/~1~0", details={"/~": "1"})


@pytest.mark.parametrize("field", ["return_urls", "details", "metadata"])
def test_objects_are_objects(api: Api, field: str, subtests: pytest.Subtests) -> None:
    odd: tuple[Any, ...] = (None, 1, "a", True, [], [{}])
    for value in odd:
        with subtests.test(value=value):
            refuse(api, f"/{field}", **{field: value})


@pytest.mark.parametrize("value", [None, "", "de", "EN", "en ", 1, True, [], ["en"], {"en": 1}], ids=repr)
def test_a_language_is_one_of_ours(api: Api, value: Any) -> None:
    refuse(api, "/language", language=value)


NO_WEB_ADDRESSES: list[Any] = [
    None,
    1,
    "",
    "shop.example/paid",
    "//shop.example/paid",
    "javascript:alert(1)",
    "JavaScript://shop.example/%0aalert(1)",
    "data:text/html,hello",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "https://",
    "https:///paid",
    "https://shop.example/a b",
    " https://shop.example/",
    "https://shop.example/\n",
    "https://user:password@shop.example/",
    "https://user@shop.example/",
    "https://shop.example\\@other.example/",
    "https://shop.example/\\other",
    "https://shop.example/\u202e",
    "https://sh\u00f6p.example/",
    "https://shop.example/\0",
    "https://[::1",
    "https://shop.example:99999999/",
    "https://shop.example/" + "a" * 480,
]


@pytest.mark.parametrize("which", ["success", "failure", "pending"])
def test_return_urls_are_web_addresses(api: Api, which: str, subtests: pytest.Subtests) -> None:
    for value in NO_WEB_ADDRESSES:
        with subtests.test(value=ascii(value)):
            refuse(api, f"/return_urls/{which}", return_urls={which: value})


@pytest.mark.parametrize(
    "value",
    [
        "https://shop.example",
        "https://shop.example:8443/paid?order=1&x=%20#top",
        "http://127.0.0.1:9000/",
        "https://[::1]/",
    ],
)
def test_return_urls_are_kept_as_sent(new_deposit: Callable[..., Any], value: str) -> None:
    made = new_deposit(return_urls={"success": value})
    assert Deposit.objects.get(reference=made["reference"]).return_urls == {"success": value}


def test_a_redirect_needs_a_way_back(api: Api) -> None:
    refuse(api, "/return_urls/success", payment_system="upi_s")
    refuse(api, "/return_urls/success", payment_system="upi_s", return_urls={"failure": "https://shop.example/"})


@pytest.mark.parametrize(
    "metadata",
    [
        {"": "1"},
        {"a" * 41: "1"},
        {"a\0": "1"},
        {"a\u202e": "1"},
        {"a\nb": "1"},
        {"a": 1},
        {"a": None},
        {"a": ["1"]},
        {"a": {"b": "c"}},
        {"a": "\0"},
        {"a": "x" * 501},
    ],
    ids=ascii,
)
def test_metadata_is_flat_text(api: Api, metadata: dict[str, Any]) -> None:
    refuse(api, f"/metadata/{next(iter(metadata))}", metadata=metadata)


def test_metadata_has_fifty_keys_at_most(api: Api, new_deposit: Callable[..., Any]) -> None:
    fifty = {f"key {number}": "x" * 500 for number in range(50)}
    assert new_deposit(metadata=fifty)["metadata"] == fifty
    refuse(api, "/metadata", metadata={**fifty, "one more": ""})


def test_metadata_comes_back_unchanged(api: Api, new_deposit: Callable[..., Any]) -> None:
    notes = {"note": "line\nline \u202e </script> \u2028", "ключ": "ü\U0001f600", "empty": "", "a~/b": "'; DROP TABLE"}
    made = new_deposit(metadata=notes)
    assert made["metadata"] == notes
    assert api.get(f"deposits/{made['id']}").json()["metadata"] == notes


@pytest.mark.parametrize(
    ("system", "details", "pointer"),
    [
        ("upi_l", {"phone_number": "254700000000"}, "/details/phone_number"),
        ("mpesa", {}, "/details/phone_number"),
        ("mpesa", ..., "/details/phone_number"),
        ("mpesa", {"phone_number": 254700000000}, "/details/phone_number"),
        ("mpesa", {"phone_number": None}, "/details/phone_number"),
        ("mpesa", {"phone_number": ["254700000000"]}, "/details/phone_number"),
        ("mpesa", {"phone_number": "0700000000"}, "/details/phone_number"),
        ("mpesa", {"phone_number": "254700000000 "}, "/details/phone_number"),
        ("mpesa", {"phone_number": "254700000000\n"}, "/details/phone_number"),
        (
            "mpesa",
            {"phone_number": "254\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660"},
            "/details/phone_number",
        ),
        ("mpesa", {"phone_number": "254700000000", "extra": "1"}, "/details/extra"),
        ("mpesa", {"phone_number": "254700000000", "bidi\u202e": "1"}, "/details/bidi\u202e"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_details_are_what_the_system_asks_for(api: Api, system: str, details: Any, pointer: str) -> None:
    currency = "KES" if system == "mpesa" else "INR"
    refuse(api, pointer, payment_system=system, currency=currency, details=details)


def test_several_faults_are_named_at_once(api: Api) -> None:
    refuse(api, "/currency", "/amount", "/customer", amount=1, currency="rupees", customer="")


def test_what_was_accepted_is_shown_whole(new_deposit: Callable[..., Any], api: Api) -> None:
    made = new_deposit(reference="order-1", language="hi", metadata={"a": "b"})
    assert made.pop("id").startswith("dep_")
    assert made.pop("created_at") == made.pop("updated_at")
    assert made == {
        "object": "deposit",
        "status": "created",
        "payment_system": "upi_l",
        "currency": "INR",
        "amount": "1000.00",
        "received_amount": None,
        "amount_check": None,
        "late": False,
        "receipts": [],
        "customer": "55",
        "reference": "order-1",
        "next_action": {"type": "wait"},
        "savings": None,
        "failure": None,
        "checkout_session": None,
        "mode": "test",
        "metadata": {"a": "b"},
    }
