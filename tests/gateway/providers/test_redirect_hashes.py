"""Return addresses hashed for the widget (C§1.7): matched by position, kept for their day, renewed before its end."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from gateway import due_work
from gateway.products.models import Mode, Product, Scope
from gateway.providers import redirect_hashes, tasks
from gateway.providers.models import PauseKind, ProviderAccount, ProviderCall, RedirectHash, RedirectKind
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.gateway.providers.answers import DOWN, NOT_FOUND, WRONG_SECRET
from tests.scripted_provider import DROP, Received, ScriptedProvider

HASH_URL = "/payment-plugin/hash-url"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RENEWED_AT = timedelta(hours=18)
PAID, OTHER, SORRY, LATER = (f"https://shop.example/{name}?a=b&c" for name in ("paid", "other", "sorry", "later"))


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still until a test moves it."""
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


class Hasher:
    """Hashes as the provider does: another hash each time, listed by order and numbered anew."""

    def __init__(self, provider: ScriptedProvider) -> None:
        self.provider, self.calls = provider, 0
        provider.script(HASH_URL, self.answer)

    def hash_of(self, kind: str, url: str, call: int | None = None) -> str:
        return hashlib.sha256(f"{kind} {url} {self.calls if call is None else call}".encode()).hexdigest()

    def answer(self, request: Received) -> tuple[int, Any]:
        self.calls += 1
        urls = {}
        for kind, items in request.json().items():
            ascending = sorted(items, key=lambda item: item["order"])
            listed = [
                {"order": 10 + place, "url": self.hash_of(kind, item["url"])} for place, item in enumerate(ascending)
            ]
            urls[kind.replace("_urls", "_url")] = listed[::-1]
        return 200, {"status": "ok", "urls": urls}

    def sent(self) -> list[dict[str, list[str]]]:
        """The addresses of every call, by kind, in the order of their numbers."""
        return [
            {
                kind: [item["url"] for item in sorted(items, key=lambda item: item["order"])]
                for kind, items in request.json().items()
            }
            for request in self.provider.to(HASH_URL)
        ]


@pytest.fixture
def hasher(provider: ScriptedProvider) -> Hasher:
    """The provider hashes whatever it is sent."""
    return Hasher(provider)


def rows() -> list[tuple[str, str, str, datetime, datetime | None]]:
    return list(
        RedirectHash.objects.order_by("kind", "url").values_list("kind", "url", "hash", "expires_at", "next_at")
    )


def item(kind: str, url: str, hasher: Hasher, call: int | None = None, at: datetime = NOW) -> dict[str, str]:
    return {"url": url, "hash": hasher.hash_of(kind, url, call), "expires_at": (at + DAY).isoformat()}


def sweep() -> None:
    tasks.sweep_redirect_hashes()


class TestTheDoor:
    def test_hashes_come_in_the_order_of_the_addresses(self, api: Api, hasher: Hasher, product: Product) -> None:
        answer = api.post("redirect-hashes", {"success": [PAID, OTHER, PAID], "failure": [SORRY], "pending": [PAID]})
        assert answer.status_code == 200, answer.content
        paid = item("success_urls", PAID, hasher)
        assert answer.json() == {
            "object": "redirect_hashes",
            "success": [paid, item("success_urls", OTHER, hasher), paid],
            "failure": [item("fail_urls", SORRY, hasher)],
            "pending": [item("pending_urls", PAID, hasher)],
        }
        # Each address once, numbered from 1.
        (request,) = hasher.provider.requests
        assert (request.method, set(request.query)) == ("POST", {"secret"})
        assert hasher.sent() == [{"success_urls": [OTHER, PAID], "fail_urls": [SORRY], "pending_urls": [PAID]}]
        assert [one["order"] for one in request.json()["success_urls"]] == [1, 2]
        assert RedirectHash.objects.filter(product=product).count() == 4
        assert {(row[3], row[4]) for row in rows()} == {(NOW + DAY, NOW + RENEWED_AT)}
        assert ProviderCall.objects.get().operation == "hash-url"

    def test_what_is_fresh_is_answered_without_a_call(
        self, api: Api, hasher: Hasher, clock: time_machine.Traveller
    ) -> None:
        first = api.post("redirect-hashes", {"success": [PAID]}).json()
        clock.shift(timedelta(hours=5))
        both = api.post("redirect-hashes", {"success": [OTHER, PAID], "failure": [PAID]}).json()
        assert hasher.sent()[1:] == [{"success_urls": [OTHER], "fail_urls": [PAID], "pending_urls": []}]
        assert both["success"] == [
            item("success_urls", OTHER, hasher, at=NOW + timedelta(hours=5)),
            first["success"][0],
        ]
        assert api.post("redirect-hashes", {"success": [PAID, OTHER], "failure": [PAID]}).status_code == 200
        assert hasher.calls == 2

    def test_an_hour_before_the_end_of_its_day_it_is_made_anew(
        self, api: Api, hasher: Hasher, clock: time_machine.Traveller
    ) -> None:
        api.post("redirect-hashes", {"success": [PAID]})
        clock.shift(DAY - timedelta(hours=1))
        api.post("redirect-hashes", {"success": [PAID]})
        assert hasher.calls == 1
        clock.shift(1)
        again = api.post("redirect-hashes", {"success": [PAID]}).json()
        at = NOW + DAY - timedelta(hours=1) + timedelta(seconds=1)
        assert again["success"] == [item("success_urls", PAID, hasher, 2, at)]
        assert rows() == [("success", PAID, hasher.hash_of("success_urls", PAID, 2), at + DAY, at + RENEWED_AT)]

    def test_its_day_is_counted_from_before_the_call(
        self, api: Api, hasher: Hasher, clock: time_machine.Traveller, provider: ScriptedProvider
    ) -> None:
        def slowly(request: Received) -> tuple[int, Any]:
            clock.shift(2)
            return hasher.answer(request)

        provider.script(HASH_URL, slowly)
        shown = api.post("redirect-hashes", {"success": [PAID]}).json()
        assert shown["success"][0]["expires_at"] == (NOW + DAY).isoformat()

    def test_products_share_no_rows(self, api: Api, new_api: Any, hasher: Hasher, db: None) -> None:
        api.post("redirect-hashes", {"success": [PAID]})
        other = new_api(Product.objects.create(name="other"))
        other.post("redirect-hashes", {"success": [PAID]})
        assert hasher.calls == 2
        assert RedirectHash.objects.values("product").distinct().count() == 2

    def test_modes_share_no_rows(
        self, api: Api, new_api: Any, hasher: Hasher, product: Product, live_account: ProviderAccount
    ) -> None:
        api.post("redirect-hashes", {"success": [PAID]})
        new_api(product, Mode.LIVE).post("redirect-hashes", {"success": [PAID]})
        assert [one.query["secret"] for one in hasher.provider.requests] == [
            ["canary-api-secret-0123456789"],
            ["canary-live-api-secret-9876543210"],
        ]
        assert set(RedirectHash.objects.values_list("account__mode", flat=True)) == {"test", "live"}

    def test_a_question_about_nothing_has_an_empty_answer(self, api: Api, hasher: Hasher) -> None:
        nothing = {"object": "redirect_hashes", "success": [], "failure": [], "pending": []}
        assert api.post("redirect-hashes", {"success": [], "failure": []}).json() == nothing
        assert hasher.calls == 0

    def test_a_key_without_the_scope_is_refused(self, api: Api, new_api: Any, hasher: Hasher, product: Product) -> None:
        reader = new_api(product, scopes=[Scope.READ])
        assert_refused(reader.post("redirect-hashes", {"success": [PAID]}), 403, "forbidden")
        assert_refused(api.get("redirect-hashes"), 405, "method_not_allowed")
        assert hasher.calls == 0

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, ""),
            ({"success": PAID}, "/success"),
            ({"success": None}, "/success"),
            ({"success": [None]}, "/success/0"),
            ({"success": [PAID, "javascript:alert(1)"]}, "/success/1"),
            ({"failure": ["https://shop.example/" + "a" * 500]}, "/failure/0"),
            ({"pending": ["https://user@shop.example/"]}, "/pending/0"),
            ({"success": [f"https://shop.example/{n}" for n in range(21)]}, "/success"),
            ({"success": [PAID], "cancel": [PAID]}, "/cancel"),
        ],
    )
    def test_other_bodies_are_refused_and_nobody_is_asked(
        self, api: Api, hasher: Hasher, body: dict[str, Any], pointer: str
    ) -> None:
        with nothing_changes():
            assert_refused(api.post("redirect-hashes", body), 400, "invalid_request", pointer)
        assert hasher.calls == 0


class TestAnUnwellProvider:
    @pytest.mark.parametrize(
        "silence",
        [
            DOWN,
            DROP,
            NOT_FOUND,
            WRONG_SECRET,
            (404, {"message": "Not Found"}),
            (200, b"<html>"),
            (200, {"status": "ok"}),
            (200, {"status": "ok", "urls": {"success_url": [{"order": 1, "url": "short"}]}}),
        ],
        ids=["503", "dropped", "404", "wrong secret", "404 in JSON", "garbage", "no hashes", "no hash"],
    )
    def test_it_is_told_when_to_ask_again_and_the_account_goes_on(
        self, api: Api, account: ProviderAccount, provider: ScriptedProvider, silence: Any
    ) -> None:
        provider.script(HASH_URL, silence)
        for _ in range(6):
            answer = api.post("redirect-hashes", {"success": [PAID]})
            assert_refused(answer, 409, "provider_unavailable")
            assert answer.headers["Retry-After"] == "10"
            cache.clear()
        account.refresh_from_db()
        assert (account.not_found_streak, account.paused_until) == (0, None)
        assert rows() == []

    def test_a_silent_one_is_not_asked_by_everybody_who_waits(
        self, api: Api, provider: ScriptedProvider, hasher: Hasher
    ) -> None:
        api.post("redirect-hashes", {"success": [OTHER]})
        provider.script(HASH_URL, DOWN)
        for _ in range(3):
            assert_refused(api.post("redirect-hashes", {"success": [PAID]}), 409, "provider_unavailable")
        assert len(provider.to(HASH_URL)) == 2
        # What is known needs nobody's answer.
        assert api.post("redirect-hashes", {"success": [OTHER]}).status_code == 200

    def test_a_paused_account_is_not_asked(self, api: Api, hasher: Hasher, account: ProviderAccount) -> None:
        ProviderAccount.objects.update(pause_kind=PauseKind.OUTAGE)
        assert_refused(api.post("redirect-hashes", {"success": [PAID]}), 409, "provider_unavailable")
        assert hasher.calls == 0

    def test_a_refusal_is_told_as_one_and_asked_again_when_the_caller_does(
        self, api: Api, provider: ScriptedProvider
    ) -> None:
        provider.script(HASH_URL, (200, {"status": "fail", "message": {"success_urls": ["invalid"]}}))
        for _ in range(2):
            answer = api.post("redirect-hashes", {"success": [PAID]})
            assert_refused(answer, 409, "provider_refused")
            assert "Retry-After" not in answer.headers
        assert (len(provider.requests), rows()) == (2, [])

    @pytest.mark.parametrize("count", [1, 3])
    def test_another_number_of_hashes_than_addresses_is_nobody_s(
        self, api: Api, provider: ScriptedProvider, count: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        hashes = [{"order": n, "url": "a" * 64} for n in range(count)]
        urls = {"success_url": hashes, "fail_url": [{"order": 1, "url": "b" * 64}], "pending_url": []}
        provider.script(HASH_URL, (200, {"status": "ok", "urls": urls}))
        answer = api.post("redirect-hashes", {"success": [PAID, OTHER], "failure": [SORRY]})
        assert_refused(answer, 409, "provider_unavailable")
        assert rows() == []
        assert [line for line in caplog.messages if "another number of hashes" in line]


class TestRenewal:
    def test_a_hash_in_use_is_renewed_before_its_day_is_over(
        self, api: Api, hasher: Hasher, clock: time_machine.Traveller
    ) -> None:
        api.post("redirect-hashes", {"success": [PAID], "pending": [LATER]})
        clock.shift(RENEWED_AT - timedelta(seconds=1))
        sweep()
        assert hasher.calls == 1
        clock.shift(1)
        sweep()
        sweep()
        assert hasher.sent()[1:] == [{"success_urls": [PAID], "fail_urls": [], "pending_urls": [LATER]}]
        at = NOW + RENEWED_AT
        assert rows() == [
            ("pending", LATER, hasher.hash_of("pending_urls", LATER, 2), at + DAY, at + RENEWED_AT),
            ("success", PAID, hasher.hash_of("success_urls", PAID, 2), at + DAY, at + RENEWED_AT),
        ]
        assert set(RedirectHash.objects.values_list("attempts", "token")) == {(0, None)}
        api.post("redirect-hashes", {"success": [PAID], "pending": [LATER]})
        assert hasher.calls == 2

    def test_what_nobody_asked_for_in_a_week_is_left_to_end(
        self, api: Api, hasher: Hasher, clock: time_machine.Traveller
    ) -> None:
        api.post("redirect-hashes", {"success": [PAID]})
        for _ in range(20):
            clock.shift(RENEWED_AT)
            sweep()
        assert hasher.calls == 1 + 9  # 9 times 18 hours are less than a week
        assert rows()[0][4] is None
        api.post("redirect-hashes", {"success": [PAID]})
        assert (hasher.calls, rows()[0][4]) == (11, NOW + RENEWED_AT * 21)

    def test_use_alone_keeps_it_alive(self, api: Api, hasher: Hasher, clock: time_machine.Traveller) -> None:
        for _ in range(20):
            api.post("redirect-hashes", {"success": [PAID]})
            clock.shift(RENEWED_AT)
            sweep()
        assert hasher.calls == 21
        assert rows()[0][4] == NOW + RENEWED_AT * 21

    def test_an_outage_of_some_hours_is_outlived_by_the_old_hash(
        self, api: Api, hasher: Hasher, clock: time_machine.Traveller, provider: ScriptedProvider
    ) -> None:
        first = api.post("redirect-hashes", {"success": [PAID]}).json()
        provider.script(HASH_URL, DOWN)
        clock.shift(RENEWED_AT)
        for minute in range(4 * 60):
            sweep()
            clock.shift(60)
            assert minute < 2 or RedirectHash.objects.get().attempts > 1
        assert 6 <= len(provider.to(HASH_URL)) - 1 <= 10
        assert api.post("redirect-hashes", {"success": [PAID]}).json() == first
        provider.script(HASH_URL, hasher.answer)
        clock.shift(4000)
        sweep()
        row = RedirectHash.objects.get()
        assert (row.hash, row.attempts) == (hasher.hash_of("success_urls", PAID), 0)

    def test_one_refused_address_does_not_keep_the_others_from_being_renewed(
        self, api: Api, hasher: Hasher, clock: time_machine.Traveller, provider: ScriptedProvider
    ) -> None:
        api.post("redirect-hashes", {"success": [PAID, OTHER, SORRY]})

        def picky(request: Received) -> tuple[int, Any]:
            if OTHER in request.body.decode():
                return 200, {"status": "fail", "message": {"success_urls": ["invalid"]}}
            return hasher.answer(request)

        provider.script(HASH_URL, picky)
        clock.shift(RENEWED_AT)
        sweep()
        clock.shift(70)
        sweep()
        together, *alone = [one["success_urls"] for one in hasher.sent()[1:]]
        assert (together, sorted(alone)) == ([OTHER, PAID, SORRY], [[OTHER], [PAID], [SORRY]])
        renewed = {row[1] for row in rows() if row[3] > NOW + DAY}
        assert renewed == {PAID, SORRY}

    def test_a_paused_account_s_hashes_wait(
        self, api: Api, hasher: Hasher, clock: time_machine.Traveller, account: ProviderAccount
    ) -> None:
        api.post("redirect-hashes", {"success": [PAID]})
        clock.shift(RENEWED_AT)
        ProviderAccount.objects.update(pause_kind=PauseKind.OUTAGE)
        sweep()
        assert (hasher.calls, RedirectHash.objects.get().attempts) == (1, 0)
        ProviderAccount.objects.update(pause_kind=PauseKind.NONE)
        sweep()
        assert hasher.calls == 2

    def test_a_renewal_that_lost_its_row_leaves_the_newer_hash_alone(
        self, api: Api, hasher: Hasher, clock: time_machine.Traveller
    ) -> None:
        api.post("redirect-hashes", {"success": [PAID]})
        clock.shift(RENEWED_AT)
        (claimed,) = due_work.claim(RedirectHash.objects.all(), limit=1, lease_seconds=60)
        clock.shift(timedelta(hours=5, seconds=1))
        api.post("redirect-hashes", {"success": [PAID]})
        newer = rows()
        way = redirect_hashes.WayBack(kind=RedirectKind.SUCCESS, url=PAID)
        redirect_hashes._write_renewed(claimed, {way: "c" * 64}, NOW)
        assert rows() == newer
        assert newer[0][2] == hasher.hash_of("success_urls", PAID, 2)
