"""Who may call what: keys, modes, scopes, methods."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from gateway.products.models import ORDINARY_SCOPES, ApiKey, Mode, Product, Scope, digest_of, new_key
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes

ANY_ID = "01h455vb4pex5vsknk084sn02q"
READS = ["payment-systems", "deposits", f"deposits/dep_{ANY_ID}", f"deposits/dep_{ANY_ID}/confirmations"]
READS += ["withdrawals", f"withdrawals/wd_{ANY_ID}", "events", f"events/evt_{ANY_ID}"]
READS += ["webhook-endpoints", f"webhook-endpoints/whe_{ANY_ID}"]
WRITES = {
    "deposits": Scope.DEPOSITS_WRITE,
    f"deposits/dep_{ANY_ID}/confirmations": Scope.DEPOSITS_WRITE,
    f"deposits/dep_{ANY_ID}/cancel": Scope.DEPOSITS_WRITE,
    "withdrawals": Scope.WITHDRAWALS_WRITE,
    f"withdrawals/wd_{ANY_ID}/cancel": Scope.WITHDRAWALS_WRITE,
    f"withdrawals/wd_{ANY_ID}/approve": Scope.WITHDRAWALS_APPROVE,
    f"withdrawals/wd_{ANY_ID}/reject": Scope.WITHDRAWALS_APPROVE,
    "webhook-endpoints": Scope.WEBHOOKS_WRITE,
    f"webhook-endpoints/whe_{ANY_ID}/rotate-secret": Scope.WEBHOOKS_WRITE,
}


def get_with(authorization: str | None) -> Any:
    headers = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
    return APIClient().get("/api/v1/deposits", **headers)  # type: ignore[arg-type]


def kept(api: Api) -> ApiKey:
    return ApiKey.objects.get(digest=digest_of(key_of(api)))


def key_of(api: Api) -> str:
    header: str = api.client._credentials["HTTP_AUTHORIZATION"]  # type: ignore[attr-defined]
    return header.removeprefix("Bearer ")


def assert_unauthorised(answer: Any) -> None:
    assert_refused(answer, 401, "authentication_failed")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_what_is_no_key_is_401(api: Api, subtests: pytest.Subtests) -> None:
    key = key_of(api)
    wrong = [None, "", "Bearer", "Bearer ", key, f"Basic {key}", f"Token {key}", f"Bearer {key} ", f"Bearer {key}x"]
    wrong += [f"Bearer {key[:-1]}", f"Bearer {key},{key}", f"Bearer\t{key}", f"Bearer {key}\u0660", f"Bearer {key}\0"]
    wrong += [f"Bearer {new_key(Mode.TEST)}", f"Bearer {key.replace('test', 'live')}", "Bearer " + "x" * 10_000]
    wrong += [f"Bearer {digest_of(key)}", f"Bearer {key.upper()}", f"Bearer pk_test_{'a' * 20}"]
    for authorization in wrong:
        with subtests.test(authorization=ascii(authorization)[:40]):
            assert_unauthorised(get_with(authorization))
    assert get_with(f"Bearer {key}").status_code == 200
    assert get_with(f"bearer {key}").status_code == 200  # the scheme has no case (RFC 9110 §11.1)


@pytest.mark.parametrize("path", READS)
def test_nothing_is_read_without_a_key(db: None, path: str) -> None:
    assert_unauthorised(APIClient().get(f"/api/v1/{path}"))


@pytest.mark.parametrize("path", WRITES)
def test_nothing_is_written_without_a_key(db: None, path: str) -> None:
    with nothing_changes():
        assert_unauthorised(APIClient().post(f"/api/v1/{path}", b"[[[", content_type="application/json"))


@pytest.mark.parametrize("change", ["revoked", "expired", "product ended"])
def test_an_ended_key_is_as_unknown_as_any_other(api: Api, product: Product, change: str) -> None:
    unknown = get_with(f"Bearer {new_key(Mode.TEST)}").json()
    now = timezone.now()
    match change:
        case "revoked":
            ApiKey.objects.update(revoked_at=now)
        case "expired":
            ApiKey.objects.update(expires_at=now)
        case _:
            Product.objects.filter(pk=product.pk).update(is_active=False)
    answer = api.get("deposits")
    assert_unauthorised(answer)
    assert {**answer.json(), "request_id": ""} == {**unknown, "request_id": ""}
    with nothing_changes():
        assert_unauthorised(api.post("deposits", deposit_body()))


def test_a_key_works_until_it_expires(api: Api) -> None:
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    assert api.get("deposits").status_code == 200


def test_several_keys_of_a_product_see_the_same(
    api: Api, product: Product, new_api: Callable[..., Api], new_deposit: Callable[..., Any]
) -> None:
    made, other = new_deposit(), new_api(product)
    assert other.get(f"deposits/{made['id']}").json() == made
    ApiKey.objects.filter(pk=kept(api).pk).update(revoked_at=timezone.now())
    assert_unauthorised(api.get("deposits"))
    assert other.get("deposits").status_code == 200


@pytest.mark.parametrize("path", READS)
def test_reading_needs_its_scope(api: Api, product: Product, new_api: Callable[..., Api], path: str) -> None:
    other = new_api(product, scopes=[scope for scope in ORDINARY_SCOPES if scope != Scope.READ])
    assert_refused(other.get(path), 403, "forbidden")
    assert other.client.head(f"/api/v1/{path}").status_code == 403


@pytest.mark.parametrize("path", WRITES)
def test_writing_needs_its_scope(api: Api, product: Product, new_api: Callable[..., Api], path: str) -> None:
    others = _with_scopes(new_api, product, [scope for scope in ORDINARY_SCOPES if scope != WRITES[path]])
    with nothing_changes():
        assert_refused(others.post(path, b"[[["), 403, "forbidden")
    assert _with_scopes(new_api, product, [WRITES[path]]).post(path, b"[[[").status_code in {400, 404}


def _with_scopes(new_api: Callable[..., Api], product: Product, scopes: list[str]) -> Api:
    made = new_api(product)
    ApiKey.objects.filter(pk=kept(made).pk).update(scopes=scopes)
    return made


def test_a_key_without_any_scope_does_nothing(api: Api, product: Product, new_api: Callable[..., Api]) -> None:
    bare = _with_scopes(new_api, product, [])
    assert_refused(bare.get("deposits"), 403, "forbidden")
    assert_refused(bare.post("withdrawals", withdrawal_body()), 403, "forbidden")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_another_method_is_405_and_says_which_are_allowed(api: Api, method: str) -> None:
    with nothing_changes():
        answer = api.client.generic(method, "/api/v1/deposits")
        assert_refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_an_order_is_neither_changed_nor_deleted(api: Api, new_deposit: Callable[..., Any]) -> None:
    path = f"/api/v1/deposits/{new_deposit()['id']}"
    with nothing_changes():
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert_refused(api.client.generic(method, path), 405, "method_not_allowed")
        assert_refused(api.get(path.removeprefix("/api/v1/") + "/cancel"), 405, "method_not_allowed")


def test_head_and_options_answer_without_doing_anything(api: Api) -> None:
    with nothing_changes():
        assert api.client.head("/api/v1/deposits").content == b""
        assert api.client.options("/api/v1/deposits").status_code == 200
        assert APIClient().options("/api/v1/deposits").status_code == 401


def test_a_fresh_key_is_long_and_kept_as_its_digest_only(api: Api, product: Product) -> None:
    keys = {new_key(Mode.LIVE) for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("pk_live_") and len(key) == 8 + 43 for key in keys)
    row = kept(api)
    assert key_of(api) not in str(vars(row))
    assert row.prefix == key_of(api)[:12]


def test_the_right_digest_with_another_text_is_not_found(api: Api) -> None:
    assert_unauthorised(get_with(f"Bearer pk_test_{secrets.token_hex(16)}"))
