"""Whatever the OpenAPI document allows, and much that it does not, is answered as the document says (schemathesis)."""

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.products.models import ApiKey
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.gateway.refunds.stage import refund_body
from tests.payments.checkout.stage import session_body
from tests.payments.stage import details
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals.batch_stage import batch_body

#: On top of those that schemathesis derives from the document one by one (its coverage phase: some 1,000 in all).
EXAMPLES: Final = 10
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

schema = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(request=None, public=True),  # type: ignore[no-untyped-call]
    config=schemathesis.Config(seed=1),
)
# Not gateway.wsgi: that is a web process, which rings by a thread of its own, and its bell would be this process's.
schema.app = get_wsgi_application()


@contextmanager
def one_connection() -> Iterator[None]:
    """Requests through WSGI would close the test's own connection, in the middle of its transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.fixture
def mine(api: Api, provider: ScriptedProvider) -> dict[str, str]:
    """One object for each kind of id in an address, with a key that may call as often as it likes."""
    provider.script("*", details())
    ApiKey.objects.update(rate_limit_per_minute=1_000_000)
    made = api.post("deposits", deposit_body()).json()
    deposit, customer = made["id"], made["customer"]
    session = api.post("checkout-sessions", session_body()).json()["id"]
    withdrawal = api.post("withdrawals", withdrawal_body()).json()["id"]
    batch = api.post("withdrawal-batches", batch_body()).json()["id"]
    endpoint = api.post("webhook-endpoints", {"url": "https://shop.example.com/first"}).json()["id"]
    event = api.get("events").json()["data"][0]["id"]
    # As their COMMITs would: after all the cases it may be too late for what was posted before (POSTING_SECONDS).
    connection.check_constraints()
    return {
        "deposit_id": deposit,
        "session_id": session,
        "withdrawal_id": withdrawal,
        "batch_id": batch,
        "endpoint_id": endpoint,
        "event_id": event,
        "customer": customer,
    }


def test_ids_of_ours_have_a_pattern_and_ids_of_the_product_have_none() -> None:
    patterns = {
        one["name"]: one["schema"].get("pattern")
        for path in schema.raw_schema["paths"].values()
        for operation in path.values()
        for one in operation.get("parameters", [])
        if one["in"] == "path"
    }
    assert patterns.pop("customer") is None
    kinds = {name: pattern and pattern[: pattern.index("_")] for name, pattern in patterns.items()}
    assert kinds == {
        "deposit_id": "^dep",
        "session_id": "^cs",
        "withdrawal_id": "^wd",
        "batch_id": "^wdb",
        "endpoint_id": "^whe",
        "event_id": "^evt",
    }


@pytest.fixture
def taken() -> set[frozenset[str]]:
    """Kinds of bodies that were accepted, by their members: each is tried with one more member once."""
    return set()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_every_answer_is_one_of_the_document(
    api: Api, mine: dict[str, str], taken: set[frozenset[str]], case: Any
) -> None:
    send(api, case, [*CHECKS, negative_data_rejection])
    if case.method != case.operation.method.upper() or not (case.path_parameters or isinstance(case.body, dict)):
        return
    # The same again about objects that exist, with a body that means something.
    near = made_plausible(case, mine)
    answer = send(api, near, CHECKS)
    if isinstance(near.body, dict) and answer.status_code in {200, 201}:
        members = set(near.body) | {type(value).__name__ for value in near.body.values()}
        if frozenset(members) not in taken:
            taken.add(frozenset(members))
            assert_no_unknown_field_is_taken(api, near)


def send(api: Api, case: Any, checks: list[Any]) -> Any:
    headers = {"Authorization": api.client._credentials["HTTP_AUTHORIZATION"], "Prefer": "wait=0"}  # type: ignore[attr-defined]
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        headers["Idempotency-Key"] = secrets.token_hex(8)  # or every second request would be a repetition of the first
    with one_connection():
        answer = case.call(headers=headers)
    case.validate_response(answer, checks=checks)
    return answer


def made_plausible(case: Any, mine: dict[str, str]) -> Any:
    """The case with ids of objects that exist, and what it generated laid over a body that is accepted."""
    right: dict[str, Any] | None = {
        "/api/v1/deposits": deposit_body(),
        "/api/v1/withdrawals": withdrawal_body(),
        "/api/v1/withdrawal-batches": batch_body(),
        "/api/v1/webhook-endpoints": {"url": f"https://shop.example.com/{secrets.token_hex(6)}"},
        "/api/v1/deposits/{deposit_id}/confirmations": {
            "provider_reference": f"{secrets.randbelow(10**12):012}",
            "amount": "1000.00",
        },
        "/api/v1/deposits/{deposit_id}/refunds": refund_body(),
    }.get(case.operation.path)
    body = case.body
    if right is not None and case.media_type == "application/json":
        generated = case.body if isinstance(case.body, dict) else {}
        body = {**{name: value for name, value in generated.items() if name not in right}, **right}
    return case.operation.Case(
        method=case.method,
        path_parameters={name: mine[name] for name in case.path_parameters or {}},
        headers={"Idempotency-Key": "fresh"},
        query=case.query,
        body=body,
        media_type=case.media_type,
    )


def assert_no_unknown_field_is_taken(api: Api, case: Any) -> None:
    """What was accepted is refused with one more member, in any of its objects but a product's own notes."""
    objects = [name for name, value in case.body.items() if isinstance(value, dict) and name != "metadata"]
    for place in ["", *(f"/{name}" for name in objects)]:
        body = json.loads(json.dumps(case.body))
        (body[place[1:]] if place else body)["unexpected"] = "x"
        with nothing_changes():
            answer = api.post(case.formatted_path.removeprefix("/api/v1/"), body)
            assert_refused(answer, 400, "invalid_request", f"{place}/unexpected")
