"""Every operation, for every reason why somebody may not use it: the exact refusal, and nothing changed.

The operations come from the addresses and from the OpenAPI document, which have to agree. A new one fails here until it
has a row in `ROWS`.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient
from rest_framework.views import APIView

from gateway import ids
from gateway.products.actions import keep_key, limit_key
from gateway.products.models import ORDINARY_SCOPES, ApiKey, Mode, Product, Scope, digest_of, new_key
from tests.conftest import Api, agree_on_slabs
from tests.gateway.api.bodies import deposit_body, withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.gateway.providers.test_redirect_hashes import HASH_URL, Hasher
from tests.gateway.refunds.stage import credited, refund_body
from tests.payments.checkout.stage import session_body
from tests.payments.stage import details, work
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals.batch_stage import batch_body

#: Below /api/v1 and no operation: the document itself.
NO_OPERATIONS: Final = {"openapi.yaml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one operation needs.

    Attributes:
        scope: which a key must have.
        succeeds: the status for a caller who may.
        body: of a request that succeeds.
        query: what such a request has to ask for in its address.
        made: how the object in the address comes to be, where it takes more than `OBJECTS` says.
    """

    scope: Scope
    succeeds: int = 200
    body: Callable[[], dict[str, Any]] = field(default=dict)
    query: str = ""
    made: Callable[[Api], str] | None = None


def _address() -> dict[str, Any]:
    return {"url": f"https://shop.example.com/{secrets.token_hex(6)}"}


def _ways_back() -> dict[str, Any]:
    return {"success": ["https://shop.example.com/paid"]}


def _reference() -> dict[str, Any]:
    return {"provider_reference": f"{secrets.randbelow(10**12):012}", "amount": "1000.00"}


def _reason() -> dict[str, Any]:
    return {"reason": "as the order says"}


def _credited(api: Api) -> str:
    return credited(api).public_id


_JANUARY: Final = "?currency=INR&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"

ROWS: Final = {
    ("GET", "payment-systems"): Row(scope=Scope.READ),
    ("POST", "redirect-hashes"): Row(scope=Scope.DEPOSITS_WRITE, body=_ways_back),
    ("GET", "deposits"): Row(scope=Scope.READ),
    ("POST", "deposits"): Row(scope=Scope.DEPOSITS_WRITE, succeeds=201, body=deposit_body),
    ("GET", "deposits/{deposit_id}"): Row(scope=Scope.READ),
    ("POST", "deposits/{deposit_id}/cancel"): Row(scope=Scope.DEPOSITS_WRITE),
    ("GET", "deposits/{deposit_id}/confirmations"): Row(scope=Scope.READ),
    ("POST", "deposits/{deposit_id}/confirmations"): Row(scope=Scope.DEPOSITS_WRITE, succeeds=201, body=_reference),
    ("GET", "deposits/{deposit_id}/refunds"): Row(scope=Scope.READ),
    ("POST", "deposits/{deposit_id}/refunds"): Row(
        scope=Scope.WITHDRAWALS_WRITE, succeeds=201, body=refund_body, made=_credited
    ),
    ("GET", "checkout-sessions"): Row(scope=Scope.READ),
    ("POST", "checkout-sessions"): Row(scope=Scope.DEPOSITS_WRITE, succeeds=201, body=session_body),
    ("GET", "checkout-sessions/{session_id}"): Row(scope=Scope.READ),
    ("POST", "checkout-sessions/{session_id}/cancel"): Row(scope=Scope.DEPOSITS_WRITE),
    ("GET", "customers/{customer}/savings"): Row(scope=Scope.READ),
    ("GET", "balances"): Row(scope=Scope.READ),
    ("GET", "ledger-entries"): Row(scope=Scope.READ),
    ("GET", "reports/statement"): Row(scope=Scope.READ, query=_JANUARY),
    ("GET", "withdrawals"): Row(scope=Scope.READ),
    ("POST", "withdrawals"): Row(scope=Scope.WITHDRAWALS_WRITE, succeeds=201, body=withdrawal_body),
    ("GET", "withdrawals/{withdrawal_id}"): Row(scope=Scope.READ),
    ("POST", "withdrawals/{withdrawal_id}/cancel"): Row(scope=Scope.WITHDRAWALS_WRITE),
    ("POST", "withdrawals/{withdrawal_id}/approve"): Row(scope=Scope.WITHDRAWALS_APPROVE, body=_reason),
    ("POST", "withdrawals/{withdrawal_id}/reject"): Row(scope=Scope.WITHDRAWALS_APPROVE, body=_reason),
    ("GET", "withdrawal-batches"): Row(scope=Scope.READ),
    ("POST", "withdrawal-batches"): Row(scope=Scope.WITHDRAWALS_WRITE, succeeds=201, body=batch_body),
    ("GET", "withdrawal-batches/{batch_id}"): Row(scope=Scope.READ),
    ("POST", "withdrawal-batches/{batch_id}/cancel"): Row(scope=Scope.WITHDRAWALS_WRITE),
    ("GET", "withdrawal-batches/{batch_id}/rows"): Row(scope=Scope.READ),
    ("GET", "withdrawal-batches/{batch_id}/result"): Row(scope=Scope.READ),
    ("GET", "webhook-endpoints"): Row(scope=Scope.READ),
    ("POST", "webhook-endpoints"): Row(scope=Scope.WEBHOOKS_WRITE, succeeds=201, body=_address),
    ("GET", "webhook-endpoints/{endpoint_id}"): Row(scope=Scope.READ),
    ("DELETE", "webhook-endpoints/{endpoint_id}"): Row(scope=Scope.WEBHOOKS_WRITE),
    ("POST", "webhook-endpoints/{endpoint_id}/rotate-secret"): Row(scope=Scope.WEBHOOKS_WRITE),
    ("GET", "events"): Row(scope=Scope.READ),
    ("GET", "events/{event_id}"): Row(scope=Scope.READ),
}


def _made(api: Api, path: str, body: dict[str, Any]) -> str:
    answer = api.post(path, body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def _event(api: Api) -> str:
    _made(api, "deposits", deposit_body())
    return str(api.get("events").json()["data"][0]["id"])


#: How an object of each kind comes to be: by which request, with which prefix.
OBJECTS: Final[dict[str, tuple[str, Callable[[Api], str]]]] = {
    "deposit_id": (ids.DEPOSIT, lambda api: _made(api, "deposits", deposit_body())),
    "session_id": (ids.CHECKOUT_SESSION, lambda api: _made(api, "checkout-sessions", session_body())),
    "customer": (
        ids.CUSTOMER,
        lambda api: api.get(f"deposits/{_made(api, 'deposits', deposit_body())}").json()["customer"],
    ),
    "withdrawal_id": (ids.WITHDRAWAL, lambda api: _made(api, "withdrawals", withdrawal_body())),
    "batch_id": (ids.BATCH, lambda api: _made(api, "withdrawal-batches", batch_body())),
    "endpoint_id": (ids.WEBHOOK_ENDPOINT, lambda api: _made(api, "webhook-endpoints", _address())),
    "event_id": (ids.EVENT, _event),
}


# The operations.


def operations_of_the_addresses() -> set[tuple[str, str]]:
    """Method and address of every view below /api/v1."""
    found = set()
    for address, view in _views(get_resolver().url_patterns):
        place = address.removeprefix("api/v1/")
        if place == address or place in NO_OPERATIONS:
            continue
        assert issubclass(view, APIView), f"{address} is answered by no view of the API"
        assert view.authentication_classes, f"{address} asks for no key"
        found |= {
            (name.upper(), place) for name in view.http_method_names if hasattr(view, name) and name not in _AUTOMATIC
        }
    return found


#: Methods that every view has.
_AUTOMATIC: Final = {"options", "head"}


def _views(patterns: list[URLPattern | URLResolver], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            found += _views(one.url_patterns, route)
        elif route.startswith("api/"):
            view: Any = one.callback
            plain = "/".join(
                f"{{{part[1:-1].partition(':')[2]}}}" if part.startswith("<") else part for part in route.split("/")
            )
            found.append((plain, getattr(view, "view_class", view)))
    return found


def operations_of_the_document() -> set[tuple[str, str]]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return {
        (method.upper(), path.removeprefix("/api/v1/")) for path, item in document["paths"].items() for method in item
    }


def test_the_addresses_the_document_and_this_table_name_the_same_operations() -> None:
    assert operations_of_the_addresses() == operations_of_the_document() == set(ROWS)


def test_every_kind_of_object_in_an_address_can_be_made_here() -> None:
    named = {part[1:-1] for _, path in ROWS for part in path.split("/") if part.startswith("{")}
    assert named == set(OBJECTS)


# The callers.


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A caller who may not, and what they are told."""

    status: int
    code: str
    sentence: str


UNKNOWN_KEY: Final = Case(
    status=401, code="authentication_failed", sentence="The API key is unknown, expired or revoked."
)
NO_KEY: Final = Case(
    status=401, code="authentication_failed", sentence="Send your API key as 'Authorization: Bearer pk_test_…'."
)
NO_SCOPE: Final = Case(
    status=403,
    code="forbidden",
    sentence="This API key may not do that; ask for a key with the right scope.",
)
NOTHING: Final = Case(
    status=404,
    code="not_found",
    sentence="There is nothing at this address, or it is not yours.",
)

#: Who has no right to be here at all; whether the object exists makes no difference to them.
KEYLESS: Final = {
    "no key": NO_KEY,
    "malformed key": NO_KEY,
    "unknown key": UNKNOWN_KEY,
    "revoked key": UNKNOWN_KEY,
    "expired key": UNKNOWN_KEY,
    "inactive product": UNKNOWN_KEY,
    "address outside of the list": UNKNOWN_KEY,
    "missing scope": NO_SCOPE,
}
#: Whose key is good, and the object is not theirs or not there.
STRANGERS: Final = ("another product's object", "wrong mode", "non-existing id", "wrong-prefix id", "no id")

operations = pytest.mark.parametrize(("method", "path"), list(ROWS), ids=[" ".join(one) for one in ROWS])
addressed = pytest.mark.parametrize(
    ("method", "path"), [one for one in ROWS if "{" in one[1]], ids=[" ".join(one) for one in ROWS if "{" in one[1]]
)


def ask(caller: Any, method: str, path: str, **extra: Any) -> Any:
    """The request of the row, with a right body."""
    template = extra.pop("row", (method, path))
    if method == "POST":
        return caller.post(path, ROWS[template].body(), **extra)
    return caller.client.generic(method, f"/api/v1/{path}{ROWS[template].query}", **extra)


def addressed_to(path: str, object_id: str) -> str:
    return "/".join(object_id if part.startswith("{") else part for part in path.split("/"))


def kind_of(path: str) -> str:
    return next(part[1:-1] for part in path.split("/") if part.startswith("{"))


def barred(reason: str, row: Row, product: Product) -> Api:
    """A caller who is refused for that reason."""
    key, now = new_key(Mode.TEST), timezone.now()
    scopes = [one for one in ORDINARY_SCOPES if one != row.scope] if reason == "missing scope" else [row.scope]
    if reason == "inactive product":
        product = Product.objects.create(name=f"ended {secrets.token_hex(4)}", is_active=False)
    if reason not in {"no key", "malformed key", "unknown key"}:
        keep_key(product=product, mode=Mode.TEST, name=reason, key=key, scopes=scopes)
    mine = ApiKey.objects.filter(digest=digest_of(key))
    match reason:
        case "revoked key":
            mine.update(revoked_at=now)
        case "expired key":
            mine.update(expires_at=now - timedelta(seconds=1))
        case "address outside of the list":
            limit_key(mine.get().pk, calls_per_minute=None, networks=["192.0.2.0/24"])
    caller = Api(key)
    if reason == "no key":
        caller.client = APIClient()
    elif reason == "malformed key":
        caller.client.credentials(HTTP_AUTHORIZATION=f"Bearer {key[3:]}")
    return caller


def assert_case(answer: Any, case: Case) -> dict[str, Any]:
    document = assert_refused(answer, case.status, case.code)
    assert document["detail"] == case.sentence
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") is (case.status == 401)
    assert answer.headers["RateLimit"]
    assert answer.headers["Cache-Control"] == "no-store"
    return document


@operations
def test_who_may_succeeds(
    api: Api, provider: ScriptedProvider, product: Product, new_api: Callable[..., Api], method: str, path: str
) -> None:
    provider.script("*", details())
    provider.script(HASH_URL, Hasher(provider).answer)
    row = ROWS[method, path]
    if row.scope is Scope.WITHDRAWALS_APPROVE:
        agree_on_slabs(product, "0: approver")
    target = addressed_to(path, (row.made or OBJECTS[kind_of(path)][1])(api)) if "{" in path else path
    work()  # a deposit is confirmed once its details were shown
    answer = ask(new_api(product, scopes=[row.scope]), method, target, row=(method, path))
    assert answer.status_code == row.succeeds, answer.content


@operations
def test_who_may_not_is_told_so_and_nothing_else(
    api: Api, product: Product, method: str, path: str, subtests: pytest.Subtests
) -> None:
    targets = [path]
    if "{" in path:
        prefix, make = OBJECTS[kind_of(path)]
        targets = [addressed_to(path, one) for one in (make(api), ids.encode(prefix, ids.new_id()), "nonsense")]
    # One after the other at the same object, which is longer to make than all of them are to refuse: none changes it.
    for reason, case in KEYLESS.items():
        caller = barred(reason, ROWS[method, path], product)
        with subtests.test(reason), nothing_changes():
            answers = [assert_case(ask(caller, method, target, row=(method, path)), case) for target in targets]
            # The object's existence is nothing that they learn.
            assert len({str({**one, "request_id": ""}) for one in answers}) == 1


@addressed
def test_what_is_somebody_else_s_is_answered_as_what_never_was(
    api: Api, product: Product, new_api: Callable[..., Api], method: str, path: str, subtests: pytest.Subtests
) -> None:
    made = OBJECTS[kind_of(path)][1](api)
    for reason in STRANGERS:
        with subtests.test(reason):
            is_answered_as_what_never_was(made, reason, product, new_api, method, path)


def is_answered_as_what_never_was(
    theirs: str, reason: str, product: Product, new_api: Callable[..., Api], method: str, path: str
) -> None:
    prefix, scopes = OBJECTS[kind_of(path)][0], [ROWS[method, path].scope]
    caller = new_api(product, scopes=scopes)
    match reason:
        case "another product's object":
            caller = new_api(Product.objects.create(name="stranger"), scopes=scopes)
        case "wrong mode":
            caller = new_api(product, Mode.LIVE, scopes)
        case "non-existing id":
            theirs = ids.encode(prefix, ids.new_id())
        case "wrong-prefix id":
            theirs = f"{next(one for one, _ in OBJECTS.values() if one != prefix)}{theirs.removeprefix(prefix)}"
        case _:
            theirs = "nonsense"
    never = addressed_to(path, ids.encode(prefix, ids.new_id()))
    with nothing_changes():
        expected = ask(caller, method, never, row=(method, path), HTTP_X_REQUEST_ID="same")
        answer = ask(caller, method, addressed_to(path, theirs), row=(method, path), HTTP_X_REQUEST_ID="same")
        assert_case(answer, NOTHING)
    assert answer.content == expected.content
    told = {name: value for name, value in answer.headers.items() if name != "RateLimit"}
    assert told == {name: value for name, value in expected.headers.items() if name != "RateLimit"}


@operations
def test_head_is_get_without_its_body_and_get_elsewhere_is_405(api: Api, method: str, path: str) -> None:
    target = addressed_to(path, OBJECTS[kind_of(path)][1](api)) if "{" in path else path
    has_get = ("GET", path) in ROWS
    target += ROWS[method, path].query
    full = api.client.get(f"/api/v1/{target}")
    head = api.client.head(f"/api/v1/{target}")
    assert (full.status_code, head.status_code) == ((200, 200) if has_get else (405, 405))
    assert head.content == b""
    if not has_get:
        return
    changing = {"RateLimit", "X-Request-Id"}
    assert {name: value for name, value in head.headers.items() if name not in changing} == {
        name: value for name, value in full.headers.items() if name not in changing
    }


@operations
def test_no_other_site_s_script_may_call(api: Api, method: str, path: str) -> None:
    target = path.replace("{", "").replace("}", "")
    origin: dict[str, Any] = {"HTTP_ORIGIN": "https://evil.example"}
    answers = [api.client.get(f"/api/v1/{target}", **origin)]
    asking: list[dict[str, Any]] = [{}, *({"HTTP_ACCESS_CONTROL_REQUEST_METHOD": one} for one in ("POST", "GET"))]
    for asked in asking:
        preflight = APIClient().options(f"/api/v1/{target}", **origin, **asked)
        assert preflight.status_code == 401  # a browser's carries no key, and is not let pass
        answers += [preflight, api.client.options(f"/api/v1/{target}", **origin, **asked)]
    for answer in answers:
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
