import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from gateway.http import build_client
from gateway.paykassma.answers import Answer, Outcome
from gateway.paykassma.client import Client, Credentials, Paths
from gateway.paykassma.messages import Screenshot

SECRET = "made-up+secret/1"  # its plus and its slash must survive the address
HOST = "https://api.provider.example"
SENT_SECRET = "secret=made-up%2Bsecret%2F1"

Call = Callable[[Client], Answer]


class Provider:
    """The outside, at its border: keeps what arrives, answers what it is told."""

    def __init__(self, http_status: int = 200, body: bytes = b'{"status":"ok"}') -> None:
        self.requests: list[httpx.Request] = []
        self.answer = httpx.Response(http_status, content=body)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        return self.answer


def client_of(provider: Provider, **changes: Any) -> Client:
    credentials = Credentials(
        base_url=changes.pop("base_url", HOST), api_secret=SECRET, withdrawal_key="made-up-withdrawal-key"
    )
    http = build_client(connect_seconds=1, read_seconds=2, transport=httpx.MockTransport(provider))
    return Client(credentials=credentials, http=http, **changes)


def only_request(call: Call, **changes: Any) -> httpx.Request:
    provider = Provider()
    answer = call(client_of(provider, **changes))
    assert (answer.outcome, answer.payload) == (Outcome.ACCEPTED, {"status": "ok"})
    (request,) = provider.requests
    return request


@pytest.mark.parametrize(
    ("call", "address"),
    [
        (
            lambda client: client.available(currencies=["USD", "INR"], label="u 1&x"),
            "/api/v1/payment-systems/available?currency_code%5B%5D=USD&currency_code%5B%5D=INR&label=u+1%26x&",
        ),
        (lambda client: client.media_hints(), "/wallet-type/images/?"),
        (
            lambda client: client.savings(wallet_type="paytm", currency="INR", label="u1"),
            "/api/v1/deposit-info?label=u1&wallet_type=paytm&currency=INR&",
        ),
        (
            lambda client: client.savings(wallet_type="manual", currency="INR", label="u1", code="c"),
            "/api/v1/deposit-info?label=u1&wallet_type=manual&currency=INR&code=c&",
        ),
        (
            lambda client: client.postback(kind="deposit", transaction_id=" T1 "),
            "/api/v1/postback?type=deposit&transaction_id=T1&",
        ),
        (
            lambda client: client.postback(kind="deposit", custom_id="dep_1"),
            "/api/v1/postback?type=deposit&custom_id=dep_1&",
        ),
        (
            lambda client: client.postback(kind="withdrawal", withdrawal_id="wd_1"),
            "/api/v1/postback?type=withdrawal&withdrawal_id=wd_1&",
        ),
        (lambda client: client.balances(), "/api/v1/accounts-balance?"),
        (
            lambda client: client.pull(kind="deposit", ids=["dep_1", "cnf_2"]),
            "/api/v1/pullpostbacks?type=deposit&plugin_custom_order_id%5B%5D=dep_1&plugin_custom_order_id%5B%5D=cnf_2&",
        ),
        (
            lambda client: client.pull(kind="withdrawal", ids=["wd_1"]),
            "/api/v1/pullpostbacks?type=withdrawal&withdrawal_id%5B%5D=wd_1&",
        ),
    ],
)
def test_what_is_asked(call: Call, address: str) -> None:
    request = only_request(call)
    assert (request.method, str(request.url), request.content) == ("GET", HOST + address + SENT_SECRET, b"")
    assert "content-type" not in request.headers


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        (
            lambda client: client.create_transaction(wallet_type="upi_l", currency="INR", label=" u1 "),
            "/api/v1/transaction/create/upi_l",
            '{"currency":"INR","label":"u1"}',
        ),
        (
            lambda client: client.activate(
                wallet_type="paytm",
                currency="INR",
                label="u1",
                key1=" 123456789012 ",
                amount=Decimal("1000.00"),
                custom_transaction_id="cnf_1",
            ),
            "/api/v1/transaction/activate",
            (
                '{"currency_code":"INR","wallet_type":"paytm","label":"u1","key1":"123456789012","amount":1000.00,'
                '"custom_transaction_id":"cnf_1"}'
            ),
        ),
        (
            lambda client: client.activate(
                wallet_type="bkash",
                currency="BDT",
                label="u1",
                key1='ü"/',
                amount=None,
                custom_transaction_id="cnf_1",
            ),
            "/api/v1/transaction/activate",
            '{"currency_code":"BDT","wallet_type":"bkash","label":"u1","key1":"ü\\"/","custom_transaction_id":"cnf_1"}',
        ),
        (
            lambda client: client.create_payment(
                wallet_type="mpesa",
                currency="KES",
                amount=Decimal("1E+2"),
                label="u1",
                custom_transaction_id="dep_1",
                fields={"phone_number": "254700000000", "amount": "1", "label": "other"},
            ),
            "/api/v1/payment/create/mpesa",
            '{"phone_number":"254700000000","amount":100,"label":"u1","currency":"KES","custom_transaction_id":"dep_1"}',
        ),
        (
            lambda client: client.create_payment(
                wallet_type="a/../b?c",
                currency="INR",
                amount=Decimal("0.10"),
                label="u1",
                custom_transaction_id="dep_1",
                fields={},
            ),
            "/api/v1/payment/create/a%2F..%2Fb%3Fc",
            '{"currency":"INR","amount":0.10,"label":"u1","custom_transaction_id":"dep_1"}',
        ),
        (
            lambda client: client.hash_redirects(success=["https://a.example/1", "https://a.example/2"], fail=[]),
            "/payment-plugin/hash-url",
            (
                '{"success_urls":[{"order":1,"url":"https://a.example/1"},{"order":2,"url":"https://a.example/2"}],'
                '"fail_urls":[],"pending_urls":[]}'
            ),
        ),
    ],
)
def test_what_is_told(call: Call, path: str, body: str) -> None:
    request = only_request(call)
    assert (request.method, str(request.url)) == ("POST", f"{HOST}{path}?{SENT_SECRET}")
    assert request.content.decode() == body
    assert request.headers["content-type"] == "application/json"


def test_the_headers_of_every_call() -> None:
    headers = only_request(lambda client: client.balances()).headers
    assert (headers["accept"], headers["accept-encoding"], headers["connection"]) == (
        "application/json",
        "identity",
        "close",
    )
    assert "authorization" not in headers
    assert "cookie" not in headers


def test_a_withdrawal_is_sent_as_it_was_frozen_and_without_the_secret() -> None:
    frozen = b'{ "any": "bytes\xc3\xbc" ,"signature":"x"}'
    request = only_request(lambda client: client.send_withdrawal(frozen))
    assert (request.method, str(request.url), request.content) == (
        "POST",
        HOST + "/v2/withdrawal/create",
        frozen,
    )
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(frozen))


def test_a_manual_activation_is_a_form_with_a_picture() -> None:
    picture = Screenshot(filename="cnf_1.png", content_type="image/png", content=b"\x89PNG\r\n\x00")
    request = only_request(
        lambda client: client.activate_manually(
            wallet_type="bnb_ml",
            currency="BTN",
            label="u1",
            key1=" ü1 ",
            amount=Decimal("10.50"),
            screenshot=picture,
            custom_transaction_id="cnf_1",
        )
    )
    assert (request.method, str(request.url)) == (
        "POST",
        f"{HOST}/api/v1/possible-transaction/activate?{SENT_SECRET}",
    )
    content_type, _, boundary = request.headers["content-type"].partition("; boundary=")
    assert content_type == "multipart/form-data"
    texts = {
        "currency_code": "BTN",
        "wallet_type": "bnb_ml",
        "label": "u1",
        "key1": "ü1",
        "amount": "10.50",
        "custom_transaction_id": "cnf_1",
    }
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode() for name, text in texts.items()]
    parts.append(
        b'Content-Disposition: form-data; name="screenshot"; filename="cnf_1.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\r\n\x00"
    )
    opening = f"--{boundary}\r\n".encode()
    assert request.content == opening + (b"\r\n" + opening).join(parts) + f"\r\n--{boundary}--\r\n".encode()
    assert "PNG" not in repr(picture)


def test_a_manual_activation_without_a_picture_is_a_form_too() -> None:
    request = only_request(
        lambda client: client.activate_manually(
            wallet_type="kbzpay_manual",
            currency="MMK",
            label="u1",
            key1="1",
            amount=Decimal(5),
            screenshot=None,
            custom_transaction_id="cnf_1",
        ),
        paths=Paths(manual_activation="/api/v1/possible-transaction"),
    )
    assert str(request.url) == f"{HOST}/api/v1/possible-transaction?{SENT_SECRET}"
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b"screenshot" not in request.content


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (
            lambda client: client.available(currencies=["USD"], label=" 55 "),
            {"currency_code": ["USD"], "label": "55"},
        ),
        (
            lambda client: client.pull(kind="withdrawal", ids=["wd_1"]),
            {"type": "withdrawal", "withdrawal_id": ["wd_1"]},
        ),
    ],
)
def test_a_question_may_carry_its_parameters_as_json_too(call: Call, body: dict[str, Any]) -> None:
    with_body, without = only_request(call, json_body_on_get=True), only_request(call)
    assert (with_body.method, with_body.url) == ("GET", without.url)
    assert json.loads(with_body.content) == body
    assert with_body.headers["content-type"] == "application/json"
    assert only_request(lambda client: client.balances(), json_body_on_get=True).content == b""


@pytest.mark.parametrize(
    ("base_url", "start"),
    [
        ("http://localhost:8000", "http://localhost:8000/api/v1/accounts-balance?"),
        ("http://localhost:8000/", "http://localhost:8000/api/v1/accounts-balance?"),
        ("https://a.example/proxy", "https://a.example/proxy/api/v1/accounts-balance?"),
        ("https://a.example/proxy/", "https://a.example/proxy/api/v1/accounts-balance?"),
    ],
)
def test_the_base_address_may_have_a_path_and_a_slash(base_url: str, start: str) -> None:
    request = only_request(lambda client: client.balances(), base_url=base_url)
    assert str(request.url) == start + SENT_SECRET


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda client: client.create_transaction(wallet_type="..", currency="INR", label="u"),
            "not a payment system",
        ),
        (
            lambda client: client.create_transaction(wallet_type="", currency="INR", label="u"),
            "not a payment system",
        ),
        (
            lambda client: client.create_transaction(wallet_type="\ud800", currency="INR", label="u"),
            "a text has no UTF-8",
        ),
        (
            lambda client: client.create_transaction(wallet_type="x", currency="INR", label="hidden\ud800"),
            "a text has no UTF-8",
        ),
        (
            lambda client: client.activate(
                wallet_type="x",
                currency="INR",
                label="u",
                key1="1",
                amount=Decimal("NaN"),
                custom_transaction_id="c",
            ),
            "an amount is not a number",
        ),
    ],
)
def test_what_has_no_place_in_a_request_is_not_sent(call: Call, words: str) -> None:
    provider = Provider()
    with pytest.raises(ValueError, match=f"^{words}$"):
        call(client_of(provider))
    assert provider.requests == []


def test_each_call_is_sent_once_whatever_comes_back() -> None:
    for http_status in (302, 404, 429, 500, 503):
        provider = Provider(http_status, b"")
        provider.answer.headers["location"] = "/elsewhere"
        assert client_of(provider).balances().http_status == http_status
        assert len(provider.requests) == 1


def test_the_secret_of_one_account_never_reaches_another() -> None:
    provider = Provider()
    http = build_client(connect_seconds=1, read_seconds=2, transport=httpx.MockTransport(provider))
    for secret in ("first-made-up-secret", "second-made-up-secret"):
        credentials = Credentials(base_url=HOST, api_secret=secret, withdrawal_key="k")
        Client(credentials=credentials, http=http).balances()
    assert [str(request.url.query, "ascii") for request in provider.requests] == [
        "secret=first-made-up-secret",
        "secret=second-made-up-secret",
    ]


def test_credentials_show_their_address_only() -> None:
    credentials = Credentials(base_url=HOST, api_secret="hidden", withdrawal_key="hidden")
    assert repr(credentials) == f"Credentials(base_url='{HOST}')"
