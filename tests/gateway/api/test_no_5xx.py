"""Whatever is sent, the answer is a success or a problem document below 500, and refusals leave nothing behind."""

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.api.query import _MAX_LENGTH
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body
from tests.gateway.api.refusals import assert_refused, row_counts
from tests.scripted_provider import Received, ScriptedProvider

#: Enough to meet each field with each kind of value several times; a seed that fails is kept by hypothesis.
EXAMPLES = 30

ANY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_odd = st.sampled_from(
    [
        "",
        " ",
        "0",
        "-1",
        "1e400",
        "NaN",
        "\0",
        "\u202e",
        "\ufeff",
        "\ud83d\ude00",
        "a" * 300,
        "\u0661",
        "../..",
        "{{7*7}}",
        "'--",
    ]
)
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | _odd
_values = st.recursive(
    _scalars,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=8), one, max_size=3),
    max_leaves=6,
)


def _under(name: str, value: Any) -> dict[str, Any]:
    return {name: value}


def bodies(right: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Right bodies with some members replaced, left out or added; now and then something else entirely."""
    inner = {name: value for name, value in right.items() if isinstance(value, dict)}
    nested = st.one_of(
        [
            st.fixed_dictionaries({}, optional=dict.fromkeys(value, _values)).map(partial(_under, name))
            for name, value in inner.items()
        ]
        or [st.just({})]
    )
    changed = st.dictionaries(st.sampled_from(sorted(right)) | st.text(max_size=8), _values, max_size=3)
    left_out = st.sets(st.sampled_from(sorted(right)), max_size=2)
    near = st.tuples(changed, nested | st.just({}), left_out).map(
        lambda parts: {key: value for key, value in {**right, **parts[1], **parts[0]}.items() if key not in parts[2]}
    )
    return near | near | near | _values


def assert_sound(answer: Any, before: dict[str, int]) -> None:
    if answer.status_code < 400:
        assert answer.status_code in {200, 201}
        return
    document = answer.json()
    pointers = [one["pointer"] for one in document["errors"]]
    extra = set(document) & {"existing", "current_status"}
    assert_refused(answer, answer.status_code, document["code"], *pointers, extra=extra)
    assert answer.status_code in {400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429}
    assert document["code"] != "invalid_request" or pointers
    assert row_counts() == before


def send(api: Api, path: str, body: Any) -> None:
    before = row_counts()
    # What JSON cannot say (NaN, lone surrogates) goes out all the same, as a careless client would send it.
    assert_sound(api.post(path, json.dumps(body).encode()), before)


FULL_DEPOSIT = deposit_body(
    payment_system="bkash_api",
    currency="BDT",
    language="en",
    details={"account_number": "01000000000"},
    metadata={"a": "b"},
    return_urls={
        "success": "https://shop.example/",
        "failure": "https://shop.example/",
        "pending": "https://shop.example/",
    },
)
FULL_WITHDRAWAL = withdrawal_body(comment="payout", metadata={"a": "b"})
ENDPOINT = {"url": "https://shop.example.com/hooks", "event_types": ["deposit.credited"]}


@ANY
@given(body=bodies(FULL_DEPOSIT))
def test_deposits(api: Api, body: Any) -> None:
    send(api, "deposits", body)


@ANY
@given(body=bodies(FULL_WITHDRAWAL))
def test_withdrawals(api: Api, body: Any) -> None:
    send(api, "withdrawals", body)


@ANY
@given(body=bodies(ENDPOINT))
def test_webhook_endpoints(api: Api, body: Any) -> None:
    send(api, "webhook-endpoints", body)


def hashed(request: Received) -> tuple[int, Any]:
    """The provider hashes whatever it is sent (C§1.7)."""
    urls = {
        kind.replace("_urls", "_url"): [{"order": one["order"], "url": "a" * 64} for one in items]
        for kind, items in request.json().items()
    }
    return 200, {"status": "ok", "urls": urls}


@ANY
@given(body=bodies({"success": ["https://shop.example/"], "failure": ["https://shop.example/"], "pending": []}))
def test_redirect_hashes(api: Api, provider: ScriptedProvider, body: Any) -> None:
    provider.script("/payment-plugin/hash-url", hashed)
    send(api, "redirect-hashes", body)


@ANY
@given(body=bodies({"provider_reference": "123456789012", "amount": "1000.00", "screenshot": "text"}))
def test_confirmations(api: Api, body: Any) -> None:
    known = api.get("deposits", limit="1").json()["data"]
    deposit = known[0]["id"] if known else api.post("deposits", deposit_body()).json()["id"]
    send(api, f"deposits/{deposit}/confirmations", body)


@ANY
@given(
    raw=st.binary(max_size=60),
    content_type=st.sampled_from(["application/json", "multipart/form-data; boundary=b", "a/b"]),
)
@pytest.mark.parametrize("path", ["deposits", "withdrawals", "webhook-endpoints", "redirect-hashes"])
def test_bytes(api: Api, path: str, raw: bytes, content_type: str) -> None:
    before = row_counts()
    answer = api.post(path, raw, content_type=content_type)
    assert answer.status_code in {400, 415}
    assert_sound(answer, before)


_NAMES = [
    "status",
    "payment_system",
    "currency",
    "customer",
    "reference",
    "provider_reference",
    "amount",
    "type",
    "subject",
]
_NAMES += ["created_after", "created_before", "limit", "cursor", "direction", "format", "nonsense"]


@ANY
@given(query=st.dictionaries(st.sampled_from(_NAMES), _odd | st.text(max_size=_MAX_LENGTH), max_size=2))
@pytest.mark.parametrize("path", ["deposits", "withdrawals", "events", "webhook-endpoints"])
def test_queries(api: Api, path: str, query: dict[str, str]) -> None:
    sendable = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    assert_sound(api.get(path, **sendable), row_counts())


@ANY
@given(
    headers=st.dictionaries(
        st.sampled_from(
            ["HTTP_ACCEPT", "HTTP_PREFER", "HTTP_X_REQUEST_ID", "HTTP_COOKIE", "HTTP_ACCEPT_LANGUAGE", "HTTP_RANGE"]
        ),
        st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40),
        max_size=3,
    )
)
def test_headers(api: Api, headers: dict[str, str]) -> None:
    assert_sound(api.client.get("/api/v1/deposits", **headers), row_counts())  # type: ignore[arg-type]


@ANY
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/?#"), min_size=1, max_size=40))
def test_addresses(api: Api, text: str) -> None:
    before = row_counts()
    for path in (f"/api/v1/deposits/{text}", f"/api/v1/{text}", f"/api/v1/withdrawals/{text}/cancel"):
        answer = api.client.get(path)
        assert answer.status_code in {200, 404, 405}
        assert_sound(answer, before)
