"""The one shape of refusals, its pointers, and the request id on everything."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings
from rest_framework.test import APIClient

from gateway import logs
from gateway.api.problems import TITLES, Problem, exception_handler, pointers
from gateway.providers.models import ProviderCall
from payments.models import DepositMove
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body
from tests.gateway.api.refusals import MEMBERS, assert_refused

ROOT = Path(__file__).resolve().parents[3]


def at(pointer: str, document: Any) -> Any:
    """What a JSON Pointer points to, as RFC 6901 §4 reads it."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        document = document[int(name) if isinstance(document, list) else name]
    return document


_names = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["~1", "/", "~", "a/b~c", "non_field_errors"]
)


@given(st.lists(_names, min_size=1, max_size=5))
def test_a_pointer_leads_to_the_field_through_any_name(names: list[str]) -> None:
    detail: Any = [ErrorDetail("wrong", code="odd")]
    document: Any = "the value"
    for name in reversed(names):
        detail, document = {name: detail}, {name: document}
    (found,) = pointers(detail)
    assert at(found["pointer"], document) == "the value"
    assert (found["code"], found["detail"]) == ("odd", "wrong")


def test_pointers_of_every_shape_that_drf_gives() -> None:
    wrong = ErrorDetail("wrong", code="odd")
    detail = {
        "plain": [wrong, wrong],
        "list": [{}, {"inner": [wrong]}],
        "by index": {0: [wrong]},
        "nested": {api_settings.NON_FIELD_ERRORS_KEY: [wrong]},
        api_settings.NON_FIELD_ERRORS_KEY: [wrong],
    }
    found = [one["pointer"] for one in pointers(detail)]
    assert found == ["/plain", "/plain", "/list/1/inner", "/by index/0", "/nested", ""]


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (exceptions.AuthenticationFailed(), 401, "authentication_failed"),
        (exceptions.NotAuthenticated(), 401, "authentication_failed"),
        (exceptions.PermissionDenied(), 403, "forbidden"),
        (PermissionDenied(), 403, "forbidden"),
        (Http404("secret path"), 404, "not_found"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (RequestDataTooBig("secret"), 413, "body_too_large"),
        (exceptions.UnsupportedMediaType("a/b"), 415, "unsupported_media_type"),
        (exceptions.ParseError("why"), 400, "malformed_json"),
        (SuspiciousOperation("secret"), 400, "invalid_request"),
        (exceptions.ValidationError("why"), 400, "invalid_request"),
        (ValueError("secret"), 500, "internal_error"),
        (RuntimeError("secret"), 500, "internal_error"),
    ],
    ids=repr,
)
def test_whatever_is_raised_ends_as_a_problem(raised: Exception, status: int, code: str) -> None:
    answer = exception_handler(raised, {})
    assert set(answer.data) == MEMBERS
    assert (answer.status_code, answer.data["status"], answer.data["code"]) == (status, status, code)
    assert answer.data["title"] == TITLES[code]
    assert "secret" not in str(answer.data)
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


def test_our_own_refusals_carry_their_headers_and_extras() -> None:
    refusal = Problem(
        status=409, code="conflict", detail="No.", pointer="/a", extra={"existing": "x"}, headers={"Retry-After": "1"}
    )
    answer = exception_handler(refusal, {})
    assert answer.headers["Retry-After"] == "1"
    assert answer.data["existing"] == "x"
    assert answer.data["errors"] == [{"pointer": "/a", "code": "conflict", "detail": "No."}]


def test_every_code_that_is_raised_has_a_title_and_a_place_in_the_documentation(db: None) -> None:
    page = APIClient().get("/docs/problems/").content.decode()
    for code, title in TITLES.items():
        assert f'id="{code}"' in page
        assert title in page.replace("&#x27;", "'")
    source = "".join(
        path.read_text() for top in ("gateway", "payments", "withdrawals") for path in (ROOT / top).rglob("*.py")
    )
    raised = set(re.findall(r"Problem\((?:[^()]|\([^()]*\))*?code=\"([a-z_]+)\"", source))
    assert {"conflict", "reference_already_used", "body_too_large"} <= raised <= set(TITLES)


def test_a_caller_s_request_id_is_taken_over_and_follows_the_work(api: Api) -> None:
    answer = api.post("deposits", deposit_body(), HTTP_X_REQUEST_ID="order.55:a_B-1")
    assert answer.headers["X-Request-Id"] == "order.55:a_B-1"
    assert DepositMove.objects.get().request_id == "order.55:a_B-1"
    assert api.client.get("/api/v1/payment-systems", HTTP_X_REQUEST_ID="ask-1").status_code == 200
    assert ProviderCall.objects.get().request_id == "ask-1"
    refused = api.post("deposits", b"[", HTTP_X_REQUEST_ID="again")
    assert assert_refused(refused, 400, "malformed_json")["request_id"] == "again"
    assert logs.request_id.get() == ""


@pytest.mark.parametrize(
    "offered",
    ["", " ", "a b", "a\nb", "a\r\nSet-Cookie: x", "\u00fc", "a" * 65, "{}", "<script>", "a;b", "\0", "\u0661"],
    ids=ascii,
)
def test_an_unfit_request_id_is_replaced(api: Api, offered: str) -> None:
    answers = [api.client.get("/api/v1/deposits", HTTP_X_REQUEST_ID=offered) for _ in range(2)]
    made = [answer.headers["X-Request-Id"] for answer in answers]
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in made)
    assert made[0] != made[1]


@pytest.mark.parametrize("path", ["/api/v1/deposits", "/api/nothing", "/nothing", "/health/", "/docs/problems/"])
def test_every_answer_has_a_request_id(db: None, path: str) -> None:
    answer = APIClient().get(path)
    assert answer.headers["X-Request-Id"]
    if answer.headers["Content-Type"] == "application/problem+json":
        assert json.loads(answer.content)["request_id"] == answer.headers["X-Request-Id"]
