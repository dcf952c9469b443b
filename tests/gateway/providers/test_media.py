"""Pictures and films that show how to pay (C§1.2): observed with the list of systems, never in anybody's way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from gateway.providers import actions, media, tasks
from gateway.providers.models import MediaHint, PaymentSystem, ProviderAccount, ProviderCall
from tests.conftest import Api
from tests.gateway.providers.answers import AVAILABLE, DOWN, NOT_FOUND, WRONG_SECRET, offered
from tests.scripted_provider import DROP, ScriptedProvider

IMAGES = "/wallet-type/images/"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILM = "https://media.example/upi.mp4"
PICTURE = "https://media.example/paytm.gif"

pytestmark = pytest.mark.usefixtures("catalogue")


def hints(**urls: Any) -> tuple[int, Any]:
    data = {name: {"id": number, "url": url} for number, (name, url) in enumerate(urls.items())}
    return 200, {"status": "success", "message": "", "code": 20000, "data": data}


def kept() -> dict[str, str]:
    return dict(MediaHint.objects.values_list("code", "url"))


@pytest.fixture
def looked(account: ProviderAccount, provider: ScriptedProvider) -> Any:
    """Lets the account be due and looks."""

    def look(*answers: Any) -> None:
        provider.script(AVAILABLE, offered("upi_l", "paytm"))
        provider.script(IMAGES, *answers)
        ProviderAccount.objects.update(next_at=NOW)
        with time_machine.travel(NOW, tick=False):
            tasks.observe_systems()

    return look


def test_hints_are_kept_with_each_look_at_the_systems(
    looked: Any, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    looked(hints(upi=FILM, paytm=PICTURE, odd="javascript:alert(1)", odder=None))
    (asked,) = provider.to(IMAGES)
    assert (asked.method, set(asked.query), asked.body) == ("GET", {"secret"}, b"")
    assert kept() == {"upi": FILM, "paytm": PICTURE}
    assert list(MediaHint.objects.values_list("seen_at", flat=True)) == [NOW, NOW]
    calls = ProviderCall.objects.order_by("started_at", "id").values_list("operation", "outcome")
    assert list(calls) == [("available", "accepted"), ("media-hints", "accepted")]


def test_a_new_look_replaces_what_was_and_forgets_what_is_gone(looked: Any, provider: ScriptedProvider) -> None:
    looked(hints(upi=FILM, paytm=PICTURE))
    looked(hints(upi=PICTURE))
    assert kept() == {"upi": PICTURE}


@pytest.mark.parametrize(
    "silence",
    [
        NOT_FOUND,
        WRONG_SECRET,
        DOWN,
        DROP,
        (404, {"message": "Not Found"}),
        (401, b""),
        (200, {"status": "fail", "message": "gone"}),
        (200, b"<html>"),
    ],
    ids=["404", "wrong secret", "503", "dropped", "404 in JSON", "401", "refused", "garbage"],
)
def test_where_there_are_none_any_more_the_known_ones_stay_and_the_account_goes_on(
    looked: Any, account: ProviderAccount, silence: Any
) -> None:
    looked(hints(upi=FILM))
    ProviderAccount.objects.update(not_found_streak=0)
    for _ in range(7):
        looked(silence)
    account.refresh_from_db()
    assert (account.not_found_streak, account.paused_until, account.pause_reason) == (0, None, "")
    assert account.next_at == NOW + timedelta(seconds=actions.OBSERVE_SECONDS)
    assert kept() == {"upi": FILM}


def test_a_good_answer_proves_nothing_about_our_credentials(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, NOT_FOUND)
    provider.script(IMAGES, hints(upi=FILM))
    actions.observe(account, currencies=["INR"], label="gateway")
    media.observe(account)
    account.refresh_from_db()
    assert account.not_found_streak == 1


def test_a_provider_that_says_nothing_about_its_systems_is_not_asked_for_hints(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, DOWN)
    ProviderAccount.objects.update(next_at=NOW)
    with time_machine.travel(NOW, tick=False):
        tasks.observe_systems()
    assert [one.path for one in provider.requests] == [AVAILABLE]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("upi_l", "family"),
        ("upi_ib", "own"),
        ("upi_s", None),  # a payment page: the film shows something else
        ("bkash", "bkash"),
        ("bkash_api", None),
        ("mpesa", None),
    ],
)
def test_a_hint_of_a_family_serves_what_is_paid_by_hand(code: str, hint: str | None) -> None:
    said = {"upi": "family", "upi_ib": "own", "bkash": "bkash"}
    system = PaymentSystem.objects.get(pk=code)
    assert media.shown(system, said) == (None if hint is None else [{"url": hint}])


def test_payment_systems_show_their_hints(api: Api, provider: ScriptedProvider, account: ProviderAccount) -> None:
    provider.script(AVAILABLE, offered("upi_l", "paytm"))
    provider.script(IMAGES, hints(upi=FILM))
    media.observe(account)
    shown = api.get("payment-systems", currency="INR").json()["data"]
    assert {one["id"]: one["media"] for one in shown} == {"upi_l": [{"url": FILM}], "paytm": None}
    out = api.get("payment-systems", currency="INR", direction="withdrawal").json()["data"]
    assert {one["media"] for one in out} == {None}


def test_hints_of_another_account_are_not_shown(
    api: Api, provider: ScriptedProvider, live_account: ProviderAccount
) -> None:
    provider.script(AVAILABLE, offered("upi_l"))
    provider.script(IMAGES, hints(upi_l=FILM))
    media.observe(live_account)
    assert [one["media"] for one in api.get("payment-systems", currency="INR").json()["data"]] == [None]
