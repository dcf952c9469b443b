"""Every pointer of a refusal leads into the document that was sent (RFC 6901), or names a member that it lacks."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body
from tests.gateway.api.refusals import row_counts
from tests.gateway.api.test_no_5xx import bodies
from tests.properties import WITH_DATABASE


def leads_somewhere(pointer: str, document: Any) -> bool:
    """Whether a pointer resolves, or all of it does but a last name that the object there does not have."""
    if pointer == "":
        return True
    if not pointer.startswith("/"):
        return False
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]
    for number, token in enumerate(tokens, start=1):
        if isinstance(document, dict):
            if token not in document:
                return number == len(tokens)
            document = document[token]
        elif isinstance(document, list):
            if not token.isdecimal() or int(token) >= len(document):
                return False
            document = document[int(token)]
        else:
            return False
    return True


def names(pointer: str) -> bool:
    """Whether its escapes are those of RFC 6901: no tilde stands alone."""
    return all(part[:1] in {"0", "1"} for part in pointer.split("~")[1:])


def assert_pointers(answer: Any, sent: Any) -> None:
    if answer.status_code < 400:
        return
    for error in answer.json()["errors"]:
        assert names(error["pointer"])
        assert leads_somewhere(error["pointer"], sent), (error, sent)


def test_the_measure_itself() -> None:
    document = {"a": {"b": [1, {"c/~": 2}]}, "": 0}
    for pointer in ("", "/a", "/a/b/1/c~1~0", "/", "/missing", "/a/missing", "/a/b/1/x"):
        assert leads_somewhere(pointer, document), pointer
    for pointer in ("a", "/a/b/2", "/a/b/x", "/missing/deeper", "/a/b/0/x", "/a/b/-1"):
        assert not leads_somewhere(pointer, document), pointer


@WITH_DATABASE
@given(sent=bodies(deposit_body()))
def test_refusals_of_deposits_point_into_what_was_sent(api: Api, sent: Any) -> None:
    assert_pointers(api.post("deposits", json.dumps(sent).encode()), sent)


@WITH_DATABASE
@given(sent=bodies(withdrawal_body()))
def test_refusals_of_withdrawals_point_into_what_was_sent(api: Api, sent: Any) -> None:
    assert_pointers(api.post("withdrawals", json.dumps(sent).encode()), sent)


@WITH_DATABASE
@given(
    sent=bodies({"url": "https://example.com/hook", "events": ["deposit.credited"]}),
    events=st.lists(st.text(max_size=5) | st.integers() | st.none(), max_size=3),
)
def test_refusals_of_webhook_endpoints_point_into_what_was_sent(api: Api, sent: Any, events: list[Any]) -> None:
    body = {**sent, "events": events} if isinstance(sent, dict) else sent
    before = row_counts()
    answer = api.post("webhook-endpoints", json.dumps(body).encode())
    assert_pointers(answer, body)
    if answer.status_code >= 400:
        assert row_counts() == before


@WITH_DATABASE
@given(
    name=st.text(max_size=6) | st.sampled_from(["~", "/", "~1", "a/b~c", "non_field_errors"]),
)
def test_an_unknown_member_is_named_by_its_own_pointer(api: Api, name: str) -> None:
    sent = deposit_body()
    if name in sent or any("\ud800" <= one <= "\udfff" for one in name):
        return
    sent[name] = "x"
    answer = api.post("deposits", sent)
    if answer.status_code == 201:
        assert name in {"metadata", "language", "details", "return_urls"}
        return
    assert_pointers(answer, sent)
    escaped = name.replace("~", "~0").replace("/", "~1")
    assert f"/{escaped}" in [error["pointer"] for error in answer.json()["errors"]]
