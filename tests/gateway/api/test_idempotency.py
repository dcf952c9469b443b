"""``Idempotency-Key``: the work of a request is done once, whatever the network makes of it."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from gateway.api.idempotency import KEPT_DAYS
from gateway.api.models import IdempotencyKey
from gateway.api.tasks import forget_old_keys
from gateway.products.models import Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.webhooks.models import Event
from payments.models import Deposit
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes, row_counts
from withdrawals.models import Withdrawal

BODIES = {"deposits": deposit_body, "withdrawals": withdrawal_body}


@pytest.mark.parametrize("path", BODIES)
def test_the_same_request_again_is_answered_with_the_same_object(api: Api, path: str) -> None:
    body = BODIES[path]()
    first = api.post(path, body, key="one")
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    with nothing_changes():
        again = api.post(path, body, key="one")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"


def test_one_request_writes_what_belongs_to_it_and_no_more(api: Api) -> None:
    before = row_counts()
    assert api.post("deposits", deposit_body()).status_code == 201
    grown = {table: count - before[table] for table, count in row_counts().items() if count != before[table]}
    assert grown == {
        "api_idempotencykey": 1,
        "products_customer": 1,
        "payments_deposit": 1,
        "payments_depositmove": 1,
        "webhooks_event": 1,
    }


def test_the_object_is_shown_as_it_is_now(api: Api) -> None:
    body = deposit_body()
    made = api.post("deposits", body, key="one").json()
    assert api.post(f"deposits/{made['id']}/cancel").status_code == 200
    again = api.post("deposits", body, key="one")
    assert (again.status_code, again.json()["status"]) == (201, "cancelled")


def test_members_may_change_places(api: Api) -> None:
    body = deposit_body(metadata={"a": "1", "b": "2"})
    made = api.post("deposits", body, key="one").json()
    turned = dict(reversed(list(body.items()))) | {"metadata": {"b": "2", "a": "1"}}
    spaced = json.dumps(turned, indent=2).encode()
    assert api.post("deposits", spaced, key="one").json()["id"] == made["id"]


@pytest.mark.parametrize(
    "change", [{"amount": "1000.0"}, {"customer": "56"}, {"metadata": {"a": "1"}}, {"language": "en"}, {"nonsense": 1}]
)
def test_the_same_key_with_another_body_is_422(api: Api, change: dict[str, Any]) -> None:
    body = deposit_body()
    assert api.post("deposits", body, key="one").status_code == 201
    with nothing_changes():
        assert_refused(api.post("deposits", {**body, **change}, key="one"), 422, "idempotency_key_reused")


def test_the_same_key_at_another_address_is_422(api: Api, new_deposit: Callable[..., Any]) -> None:
    assert api.post("deposits", deposit_body(), key="one").status_code == 201
    other = new_deposit()["id"]
    with nothing_changes():
        assert_refused(api.post("withdrawals", withdrawal_body(), key="one"), 422, "idempotency_key_reused")
        answer = api.post(f"deposits/{other}/confirmations", {"provider_reference": "1"}, key="one")
        assert_refused(answer, 422, "idempotency_key_reused")


def test_a_refusal_leaves_the_key_free(api: Api) -> None:
    for wrong in (deposit_body(amount="0"), deposit_body(foo=1), b"[", b"{}"):
        assert api.post("deposits", wrong, key="one").status_code == 400
    taken = deposit_body()
    assert api.post("deposits", taken).status_code == 201
    assert_refused(
        api.post("deposits", taken, key="one"), 409, "reference_already_used", "/reference", extra={"existing"}
    )
    assert not IdempotencyKey.objects.filter(key="one").exists()
    assert api.post("deposits", deposit_body(), key="one").status_code == 201


def test_what_was_accepted_stays_accepted(api: Api, account: ProviderAccount) -> None:
    body = deposit_body()
    made = api.post("deposits", body, key="one").json()
    PaymentSystem.objects.update(is_enabled=False)
    ProviderAccount.objects.update(is_active=False)
    with nothing_changes():
        again = api.post("deposits", body, key="one")
    assert (again.status_code, again.json()["id"]) == (201, made["id"])
    assert_refused(api.post("deposits", deposit_body()), 400, "invalid_request", "/payment_system")


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    "key", ["", " ", "a b", "a\tb", "a\nb", "\u00fc", "\u0661", "a" * 256, "a\x7f", "a\0"], ids=ascii
)
def test_a_key_is_visible_ascii(api: Api, path: str, key: str) -> None:
    with nothing_changes():
        answer = api.client.generic(
            "POST",
            f"/api/v1/{path}",
            json.dumps(BODIES[path]()),
            content_type="application/json",
            HTTP_IDEMPOTENCY_KEY=key,
        )
        assert_refused(answer, 400, "idempotency_key_invalid")


@pytest.mark.parametrize("path", BODIES)
def test_a_key_is_wanted(api: Api, path: str) -> None:
    with nothing_changes():
        answer = api.client.post(f"/api/v1/{path}", BODIES[path](), format="json")
        assert_refused(answer, 400, "idempotency_key_invalid")


@pytest.mark.parametrize("key", ["a", "~!@#$%^&*()'\"\\", "a" * 255])
def test_every_visible_key_will_do(api: Api, key: str) -> None:
    body = deposit_body()
    made = api.post("deposits", body, key=key)
    assert made.status_code == 201
    assert api.post("deposits", body, key=key).json()["id"] == made.json()["id"]


def test_keys_have_a_case(api: Api) -> None:
    assert api.post("deposits", deposit_body(), key="One").status_code == 201
    assert api.post("deposits", deposit_body(), key="one").status_code == 201


@pytest.mark.parametrize(("path", "model"), [("deposits", Deposit), ("withdrawals", Withdrawal)])
def test_a_reference_names_one_order_for_ever(api: Api, path: str, model: Any) -> None:
    made = api.post(path, BODIES[path](reference="mine")).json()
    with nothing_changes():
        document = assert_refused(
            api.post(path, BODIES[path](reference="mine", customer="another")),
            409,
            "reference_already_used",
            "/reference",
            extra={"existing"},
        )
    assert document["existing"] == made["id"]
    assert made["id"] in document["detail"]
    IdempotencyKey.objects.all().delete()  # however long ago
    assert api.post(path, BODIES[path](reference="mine")).status_code == 409
    assert model.objects.count() == 1


def test_a_deposit_and_a_withdrawal_may_share_a_reference(api: Api) -> None:
    assert api.post("deposits", deposit_body(reference="mine")).status_code == 201
    assert api.post("withdrawals", withdrawal_body(reference="mine")).status_code == 201


def test_keys_are_forgotten_after_thirty_days(api: Api, product: Product) -> None:
    body = deposit_body()
    for key in ("old", "young"):
        assert api.post("deposits", {**body, "reference": key}, key=key).status_code == 201
    age = {"old": timedelta(days=KEPT_DAYS, seconds=1), "young": timedelta(days=KEPT_DAYS, seconds=-60)}
    for key, gone in age.items():
        IdempotencyKey.objects.filter(key=key).update(created_at=timezone.now() - gone)
    forget_old_keys()
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["young"]
    assert_refused(
        api.post("deposits", {**body, "reference": "old"}, key="old"),
        409,
        "reference_already_used",
        "/reference",
        extra={"existing"},
    )


def test_the_news_is_owed_once(api: Api) -> None:
    body = deposit_body()
    for _ in range(3):
        api.post("deposits", body, key="one")
    assert list(Event.objects.values_list("type", flat=True)) == ["deposit.created"]


def test_a_request_is_recognised_under_a_former_hash_key_and_its_fingerprint_is_no_plain_digest(
    api: Api, settings: Settings
) -> None:
    settings.SEARCH_HASH_KEYS = ["former-search-key-0123456789-0123456789"]
    body = withdrawal_body()
    first = api.post("withdrawals", body, key="one")
    settings.SEARCH_HASH_KEYS = ["later-search-key-0123456789-0123456789", *settings.SEARCH_HASH_KEYS]
    again = api.post("withdrawals", body, key="one")
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert_refused(api.post("withdrawals", {**body, "amount": "1"}, key="one"), 422, "idempotency_key_reused")
    # Whoever knows all but the account number cannot try numbers against it.
    text = json.dumps(["POST", "/api/v1/withdrawals", body], sort_keys=True)
    assert IdempotencyKey.objects.get().fingerprint != hashlib.sha256(text.encode()).hexdigest()
