"""Does an account work? What a test says of each kind of answer, that it is kept, and that it is no hammer."""

import json
import logging
import threading
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from gateway.providers import calls, connection_testing, health
from gateway.providers.connection_testing import NotNow, find_out
from gateway.providers.models import (
    ConnectionTest,
    ProviderAccount,
    ProviderAccountHistory,
    ProviderCall,
)
from tests.leaks import CANARIES, leaks
from tests.scripted_provider import DROP, ScriptedProvider
from tests.staff import browser_of, logged_in

pytestmark = pytest.mark.django_db

AVAILABLE, BALANCES = "/api/v1/payment-systems/available", "/api/v1/accounts-balance"
LISTED = {
    "status": "ok",
    "params": {
        "wallets": [
            {"type": "upi_p2p", "currency_code": "INR", "name": "UPI"},
            {"type": "bkash_p2p", "currency_code": "BDT", "name": "bKash"},
        ]
    },
}
HELD = {"status": "ok", "data": {"balances": [{"wallet_type": "upi_p2p", "currency_code": "INR", "amount": "12.50"}]}}
WRONG_SECRET = (400, {"status": "error", "error_code": 36205, "message": "Wrong secret"})
NOT_TESTED = ["Withdrawal key", "Postback keys", "Payment window"]


@pytest.fixture
def tester(db: None) -> User:
    made = User.objects.create_user("tester", is_staff=True)
    codes = ("view_provideraccount", "test_provideraccount")
    made.user_permissions.set(Permission.objects.filter(codename__in=codes))
    return made


def found(test: ConnectionTest) -> list[tuple[str, bool | None]]:
    return [(one["about"], one["works"]) for one in test.findings if one["about"] not in NOT_TESTED]


def sentence(test: ConnectionTest, about: str) -> str:
    return next(str(one["sentence"]) for one in test.findings if one["about"] == about)


def operations() -> list[tuple[str, str]]:
    # By their ids: the machine's clock may be set back between two calls.
    return list(ProviderCall.objects.order_by("pk").values_list("operation", "outcome"))


def test_a_good_answer_says_what_works_and_what_was_not_tested(
    account: ProviderAccount, provider: ScriptedProvider, tester: User, catalogue: None
) -> None:
    provider.script(AVAILABLE, (200, LISTED))
    provider.script(BALANCES, (200, HELD))
    test = find_out(account, by=tester)
    works = [("Base URL", True), ("API secret", True), ("Payment systems", True), ("Balances", True)]
    assert found(test) == works
    assert [one["about"] for one in test.findings][4:] == NOT_TESTED
    assert "upi_p2p INR" in sentence(test, "Balances")
    assert "2 listed" in sentence(test, "Payment systems")
    assert "HTTP 200" in sentence(test, "Base URL")
    assert operations() == [("available", "accepted"), ("accounts-balance", "accepted")]
    kept = ConnectionTest.objects.get()
    assert (kept.account, kept.asked_by, kept.findings) == (account, tester, test.findings)
    assert kept.ended_at is not None
    assert [one.query["secret"] for one in provider.requests] == [[CANARIES[0]]] * 2


@pytest.mark.parametrize(
    ("answers", "works", "words", "is_paused"),
    [
        (WRONG_SECRET, [("Base URL", True), ("API secret", False)], "says that it is wrong", True),
        ((404, b"Not found"), [("Base URL", True), ("API secret", False)], "without a word", False),
        ((200, b"<html>garbage"), [("Base URL", True), ("API secret", None)], "does not tell", False),
        ((503, b""), [("Base URL", True), ("API secret", None)], "does not tell", False),
        (DROP, [("Base URL", False)], "and no answer in", False),
    ],
)
def test_a_bad_answer_says_what_is_wrong(
    account: ProviderAccount,
    provider: ScriptedProvider,
    tester: User,
    answers: Any,
    works: list[tuple[str, bool | None]],
    words: str,
    is_paused: bool,
) -> None:
    provider.script(AVAILABLE, answers)
    test = find_out(account, by=tester)
    assert found(test) == works
    assert words in json.dumps(test.findings)
    assert len(provider.requests) == 1
    account.refresh_from_db()
    assert account.is_paused() is is_paused


def test_a_provider_that_hangs_is_waited_for_no_longer_than_a_person_waits(
    account: ProviderAccount, provider: ScriptedProvider, tester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def hang(_: Any) -> Any:
        over.wait(30)
        return DROP

    provider.script(AVAILABLE, hang)
    monkeypatch.setattr(connection_testing, "READ_SECONDS", 0.2)
    try:
        test = find_out(account, by=tester)
    finally:
        over.set()
    assert found(test) == [("Base URL", False)]
    assert "and no answer in" in sentence(test, "Base URL")
    account.refresh_from_db()
    assert (account.unknown_streak, account.is_paused()) == (0, False)  # silence to a hurry counts for nothing


def test_where_nobody_listens_it_says_so(account: ProviderAccount, tester: User) -> None:
    ProviderAccount.objects.update(base_url="http://127.0.0.1:9")
    test = find_out(account, by=tester)
    assert found(test) == [("Base URL", False)]
    assert "No connection to http://127.0.0.1:9" in sentence(test, "Base URL")


def test_a_paused_account_is_not_called_and_that_is_said(
    account: ProviderAccount, provider: ScriptedProvider, tester: User
) -> None:
    health.pause_by_hand(account, "the provider moves")
    with pytest.raises(NotNow, match=r"paused \(the provider moves\): no call leaves"):
        find_out(account, by=tester)
    assert provider.requests == []
    assert not ConnectionTest.objects.exists()
    page = browser_of(tester).post(
        reverse("admin:providers_provideraccount_connection_test", args=[account.pk]), follow=True
    )
    assert "the provider moves" in page.content.decode()


def test_nobody_hammers(account: ProviderAccount, provider: ScriptedProvider, tester: User) -> None:
    provider.script("*", (503, b""))
    find_out(account, by=tester)
    with pytest.raises(NotNow, match="less than 60 seconds ago"):
        find_out(account, by=tester)
    assert len(provider.requests) == 1


def test_it_takes_its_permission(account: ProviderAccount, provider: ScriptedProvider) -> None:
    looker = User.objects.create_user("looker", is_staff=True)
    with pytest.raises(PermissionDenied):
        find_out(account, by=looker)
    page = reverse("admin:providers_provideraccount_connection_test", args=[account.pk])
    browser = logged_in("other", "view_provideraccount", "change_provideraccount")
    assert [browser.get(page).status_code, browser.post(page).status_code] == [403, 403]
    assert provider.requests == []


def test_no_transaction_is_open_while_the_provider_is_asked(
    account: ProviderAccount, provider: ScriptedProvider, tester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = calls.assert_no_transaction

    def watched() -> None:
        asked.append(1)
        real()

    monkeypatch.setattr(calls, "assert_no_transaction", watched)
    provider.script(AVAILABLE, (200, LISTED))
    provider.script(BALANCES, (200, HELD))
    browser_of(tester).post(reverse("admin:providers_provideraccount_connection_test", args=[account.pk]))
    assert asked == [1, 1]
    assert found(ConnectionTest.objects.get())[-1] == ("Balances", True)


def test_the_pages_show_what_was_found_with_its_age_and_no_secret(
    account: ProviderAccount, provider: ScriptedProvider, tester: User
) -> None:
    echo = {**LISTED, "params": {"wallets": [], "echo": CANARIES[0]}}
    provider.script(AVAILABLE, (200, echo))
    provider.script(BALANCES, (200, HELD))
    browser = browser_of(tester)
    tested = reverse("admin:providers_provideraccount_connection_test", args=[account.pk])
    pages = browser.post(tested, follow=True).content.decode()
    pages += browser.get(reverse("admin:providers_provideraccount_change", args=[account.pk])).content.decode()
    assert pages.count("by tester") == 2
    assert "ago" in pages
    assert not [one for one in (*CANARIES, account.postback_token) if one in pages]
    assert leaks(*CANARIES) == set()


# Test accounts by one person.


FORM = {
    "name": "second sandbox",
    "base_url": "https://sandbox.example.com/",
    "api_secret": "canary-new-secret-161803",
    "withdrawal_key": "canary-new-key-161803",
    "postback_access_key": "canary-new-access-161803",
    "postback_private_key": "canary-new-private-161803",
    "reason": "another sandbox",
}
ADD = reverse("admin:providers_provideraccount_add_test_account")
NEW_CANARIES = [text for text in FORM.values() if text.startswith("canary")]


def test_one_person_opens_a_test_account(account: ProviderAccount, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser = logged_in("ada", "view_provideraccount", "add_provideraccount")
    pages = browser.get(ADD).content.decode()
    assert browser.post(ADD, FORM).status_code == 302
    made = ProviderAccount.objects.get(name="second sandbox")
    assert (made.mode, made.is_active, made.base_url) == ("test", False, "https://sandbox.example.com")
    assert made.api_secret == FORM["api_secret"]
    assert len(made.postback_token) > 40
    pages += browser.get(reverse("admin:providers_provideraccount_change", args=[made.pk])).content.decode()
    # A second active one is refused in words, and nothing that was entered is carried by the page.
    refused = browser.post(ADD, FORM | {"name": "third", "is_active": "on"})
    assert "switch it off first" in refused.content.decode()
    pages += refused.content.decode()
    assert refused["Cache-Control"] == "no-store"
    assert not [one for one in (*NEW_CANARIES, made.postback_token) if one in pages]
    assert leaks(*NEW_CANARIES) == set()
    assert "provider_account_opened" in caplog.text
    assert not [one for one in (*NEW_CANARIES, made.postback_token) if one in caplog.text]
    assert not [one for one in NEW_CANARIES if one in str(dict(browser.session))]
    assert [one.change_message for one in LogEntry.objects.all()] == ["Opened: another sandbox"]
    assert not ProviderAccount.objects.filter(name="third").exists()


def test_one_person_replaces_secrets_of_a_test_account_and_of_no_live_one(
    account: ProviderAccount, live_account: ProviderAccount
) -> None:
    browser = logged_in("ada", "view_provideraccount", "change_provideraccount")
    told = {"api_secret": FORM["api_secret"], "reason": "the old one leaked"}
    page = reverse("admin:providers_provideraccount_replace_secrets", args=[account.pk])
    assert browser.post(page, {"reason": "nothing entered"}).status_code == 200
    assert browser.post(page, told | {"api_secret": "two words"}).status_code == 200
    assert browser.post(page, told).status_code == 302
    before = live_account.api_secret
    assert browser.post(page.replace(str(account.pk), str(live_account.pk)), told).status_code == 403
    for one in (account, live_account):
        one.refresh_from_db()
    assert (account.api_secret, account.withdrawal_key) == (FORM["api_secret"], CANARIES[1])
    assert live_account.api_secret == before
    change = ProviderAccountHistory.objects.filter(pgh_obj=account.pk).order_by("pgh_id").last()
    assert change is not None
    assert change.secret_changes == {"api_secret": "changed"}
    assert (change.pgh_context["username"], change.pgh_context["reason"]) == ("ada", "the old one leaked")
    shown = browser.get(reverse("admin:providers_provideraccount_change", args=[account.pk])).content.decode()
    assert "not set" in shown  # the previous postback keys
    assert not [one for one in (*CANARIES, *NEW_CANARIES) if one in shown]
