"""``GET /payment-systems``: what the provider offers this customer now; the catalogue where it cannot be asked."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from pytest_django.fixtures import Settings

from gateway.products.actions import meet_customer
from gateway.products.models import Customer, Product
from gateway.providers import health
from gateway.providers.models import PaymentSystem, ProviderAccount, ProviderCall, SystemObservation
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused
from tests.gateway.providers.answers import AVAILABLE, DOWN, NOT_FOUND, WRONG_SECRET, offered
from tests.ports import closed_port
from tests.scripted_provider import DROP, ScriptedProvider

INR_DEPOSITS = ["paytm", "paytm_api", "phone_pe", "staging_b_ml"]
INR_DEPOSITS += ["upi_hb", "upi_ib", "upi_in", "upi_l", "upi_m", "upi_s", "upi_w"]
INR_WITHDRAWALS = ["imps_ib", "paytm", "upi_ib"]


def listed(api: Api, **query: Any) -> tuple[str, list[str]]:
    answer = api.get("payment-systems", **query)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert set(body) == {"object", "data", "as_of", "source"}
    return body["source"], [row["id"] for row in body["data"]]


def test_only_what_the_provider_offers_is_shown(api: Api, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l", "paytm", "unheard_of"))
    before = timezone.now()
    answer = api.get("payment-systems", currency="INR").json()
    assert (answer["source"], [row["id"] for row in answer["data"]]) == ("provider", ["paytm", "upi_l"])
    assert before.isoformat() <= answer["as_of"] <= timezone.now().isoformat()
    assert answer["data"][1]["logo"] == "https://img.example/upi_l.png"


def test_a_system_offered_in_another_currency_is_not_offered(api: Api, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l", currency="BDT"))
    assert listed(api, currency="INR") == ("provider", [])


def test_the_provider_is_asked_with_this_customer_s_label(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, offered("upi_l"))
    known = meet_customer(product=product, mode="test", external_id="55")
    listed(api, currency="INR", customer="55")
    listed(api, currency="INR", customer="never met")
    listed(api, currency="INR")
    # Who was never met has no label of its own; the question of nobody in particular is asked once for both.
    assert [one.query["label"] for one in provider.to(AVAILABLE)] == [[known.label], ["gateway"]]
    assert Customer.objects.count() == 1


def test_an_answer_serves_for_sixty_seconds(api: Api, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l"), offered("paytm"))
    assert listed(api, currency="INR") == ("provider", ["upi_l"])
    assert listed(api, currency="INR") == ("provider", ["upi_l"])
    assert len(provider.to(AVAILABLE)) == 1
    (key,) = [key.decode() for key in cache._cache.get_client().keys("*available*")]  # type: ignore[attr-defined]
    assert 50 < cache._cache.get_client().ttl(key) <= 60  # type: ignore[attr-defined]
    cache.clear()
    assert listed(api, currency="INR") == ("provider", ["paytm"])


@pytest.mark.parametrize(
    "answer",
    [DOWN, NOT_FOUND, WRONG_SECRET, DROP, (200, b""), (200, b"[[["), (200, b"\xff"), (200, []), (302, b""), (500, {})],
    ids=["503", "404", "wrong secret", "dropped", "empty", "garbage", "not utf-8", "list", "redirect", "500"],
)
def test_where_the_provider_cannot_say_the_catalogue_answers(api: Api, provider: ScriptedProvider, answer: Any) -> None:
    provider.script(AVAILABLE, answer)
    said = api.get("payment-systems", currency="INR")
    assert said.status_code == 200
    body = said.json()
    assert (body["source"], body["as_of"]) == ("catalogue", None)
    assert [row["id"] for row in body["data"]] == INR_DEPOSITS
    assert ProviderCall.objects.get().operation == "available"


def test_a_silent_provider_is_not_asked_again_at_once(api: Api, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, DOWN, offered("upi_l"))
    for customer in ("55", "56", "57"):
        assert listed(api, currency="INR", customer=customer) == ("catalogue", INR_DEPOSITS)
    assert len(provider.to(AVAILABLE)) == 1
    (key,) = [key.decode() for key in cache._cache.get_client().keys("*silent")]  # type: ignore[attr-defined]
    assert 0 < cache._cache.get_client().ttl(key) <= 10  # type: ignore[attr-defined]
    cache.clear()
    assert listed(api, currency="INR") == ("provider", ["upi_l"])


def test_the_catalogue_says_when_the_provider_was_last_heard(api: Api, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l"), DOWN)
    heard = api.get("payment-systems", currency="INR").json()["as_of"]
    cache.clear()
    later = api.get("payment-systems", currency="INR").json()
    assert (later["source"], later["as_of"]) == ("catalogue", heard)
    assert [row["id"] for row in later["data"]] == INR_DEPOSITS


def test_a_provider_where_nobody_listens_is_as_down_as_any_other(api: Api, account: ProviderAccount) -> None:
    with closed_port() as port:
        ProviderAccount.objects.update(base_url=f"http://127.0.0.1:{port}")
        assert listed(api, currency="INR") == ("catalogue", INR_DEPOSITS)


def test_a_paused_account_is_not_asked(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    health.pause_by_hand(account, "maintenance")
    assert listed(api, currency="INR") == ("catalogue", INR_DEPOSITS)
    assert provider.requests == []


@pytest.fixture
def no_cache(settings: Settings) -> Iterator[None]:
    """Redis is a port where nobody listens."""
    former = settings.CACHES
    with closed_port() as port:
        settings.CACHES = {"default": {**former["default"], "LOCATION": f"redis://127.0.0.1:{port}/0"}}
        yield
    settings.CACHES = former


def test_without_redis_the_provider_is_asked_each_time(api: Api, provider: ScriptedProvider, no_cache: None) -> None:
    provider.script(AVAILABLE, offered("upi_l"))
    assert listed(api, currency="INR") == ("provider", ["upi_l"])
    assert listed(api, currency="INR") == ("provider", ["upi_l"])
    assert len(provider.to(AVAILABLE)) == 2


def test_without_redis_and_provider_the_catalogue_answers(api: Api, provider: ScriptedProvider, no_cache: None) -> None:
    provider.script(AVAILABLE, DOWN)
    assert listed(api, currency="INR") == ("catalogue", INR_DEPOSITS)


def test_withdrawals_are_the_catalogue_s(api: Api, provider: ScriptedProvider) -> None:
    assert listed(api, currency="INR", direction="withdrawal") == ("catalogue", INR_WITHDRAWALS)
    assert provider.requests == []


def test_a_disabled_system_is_not_shown(api: Api, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l", "paytm"))
    PaymentSystem.objects.filter(code="upi_l").update(is_enabled=False)
    assert listed(api, currency="INR") == ("provider", ["paytm"])


def test_a_currency_that_nobody_serves_is_an_empty_list(api: Api, provider: ScriptedProvider) -> None:
    assert listed(api, currency="XXX") == ("catalogue", [])
    assert provider.requests == []


def test_limits_are_shown_with_all_decimals(api: Api, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l"))
    PaymentSystem.objects.filter(code="upi_l").update(deposit_minimum="100", deposit_maximum="500.5")
    (row,) = api.get("payment-systems", currency="INR").json()["data"]
    assert row == {
        "id": "upi_l",
        "object": "payment_system",
        "name": "UPI P2P",
        "direction": "deposit",
        "currencies": ["INR"],
        "flow": "activation",
        "limits": {"minimum": "100.00", "maximum": "500.50"},
        "reference_format": {"pattern": "[0-9]{12}", "example": "123456789012"},
        "requires_amount": True,
        "screenshot": "never",
        "details_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {},
            "required": [],
            "additionalProperties": False,
        },
        "confirmation_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "provider_reference": {
                    "type": "string",
                    "title": "UPI P2P reference",
                    "pattern": "^[0-9]{12}$",
                    "maxLength": 12,
                    "examples": ["123456789012"],
                },
                "amount": {
                    "type": "string",
                    "title": "Amount that was paid",
                    "pattern": r"^(?!0[.0]*$)(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?$",
                    "examples": ["1000.00"],
                },
            },
            "required": ["provider_reference", "amount"],
            "additionalProperties": False,
        },
        "recipient_schema": None,
        "logo": "https://img.example/upi_l.png",
        "media": None,
    }


def test_bad_questions_are_refused_and_nobody_is_asked(
    api: Api, provider: ScriptedProvider, subtests: pytest.Subtests
) -> None:
    wrong = [("currency", "inr"), ("currency", "IN"), ("currency", ""), ("currency", "INR "), ("direction", "both")]
    wrong += [("customer", "a" * 129), ("customer", ""), ("customer", "\0"), ("customer", "\u202e"), ("foo", "1")]
    for name, value in wrong:
        with subtests.test(name=name, value=ascii(value)):
            assert_refused(api.get("payment-systems", **{name: value}), 400, "invalid_request", f"/{name}")
    assert provider.requests == []


def test_odd_entries_harm_nothing(api: Api, provider: ScriptedProvider) -> None:
    odd: dict[str, Any] = {"order": 10**17, "name": "n\0" * 300, "logo": "javascript:alert(1)"}
    provider.script(AVAILABLE, offered("upi_l", **odd))
    assert listed(api, currency="INR") == ("provider", ["upi_l"])
    kept = SystemObservation.objects.get()
    assert (kept.position, kept.logo, len(kept.name)) == (2**31 - 1, "", 190)


def test_the_page_of_one_moment_is_about_that_moment(api: Api, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l"))
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        assert api.get("payment-systems", currency="INR").json()["as_of"] == "2026-03-01T12:00:00+00:00"
