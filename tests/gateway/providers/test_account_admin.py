"""An account in the admin and on the command line: how it is, its columns, and the two verbs with their reasons."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from gateway.providers import health, pace
from gateway.providers.account_forms import EDITABLE_COLUMNS
from gateway.providers.models import CallPace, ProviderAccount
from gateway.providers.pauses import pause_payouts, stopped_through
from tests.leaks import CANARIES
from tests.staff import browser_of

pytestmark = pytest.mark.django_db

LIST = reverse("admin:providers_provideraccount_changelist") + "?mode=test"
FORM = {
    "base_url": "https://api.example.com",
    "time_zone": "Asia/Manila",
    "calls_per_minute": "600",
    "calls_at_once": "5",
}


def person(name: str, *permissions: str) -> User:
    made = User.objects.create_user(name, is_staff=True)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


def page_of(account: ProviderAccount, name: str = "change") -> str:
    return reverse(f"admin:providers_provideraccount_{name}", args=[account.pk])


@pytest.fixture
def operator(client: Client) -> User:
    """Somebody who may change accounts, logged in."""
    made = person("operator", "view_provideraccount", "change_provideraccount")
    browser_of(made, client)
    return made


def test_the_list_and_the_page_say_how_an_account_is_and_no_secret(
    client: Client, operator: User, account: ProviderAccount, live_account: ProviderAccount
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(
        pause_kind="outage",
        pause_reason="10 calls in a row without an answer",
        paused_since=timezone.now() - timedelta(minutes=3),
        paused_until=timezone.now() + timedelta(minutes=1),
        unknown_streak=12,
        failed_probes=4,
    )
    pause_payouts("provider_account", account.pk, "refusals", "Our signature was refused")
    listed, shown = client.get(LIST).content.decode(), client.get(page_of(account)).content.decode()
    for text in (
        "paused: outage",
        "10 calls in a row without an answer · Our signature was refused",
        "12 unanswered, 4 probes",
    ):
        assert text in listed
    assert "30000 a minute, 100 at once" in listed
    assert "outage: the provider does not answer; a probe finds out when it does again" in shown
    for secret in (*CANARIES, account.postback_token):
        assert secret not in listed + shown


def test_only_the_named_columns_are_in_the_form_and_only_what_was_changed_is_written(
    client: Client, operator: User, account: ProviderAccount
) -> None:
    shown = client.get(page_of(account)).content.decode()
    for name in EDITABLE_COLUMNS:
        assert f'name="{name}"' in shown
    assert not any(
        f'name="{field.name}"' in shown for field in account._meta.fields if field.name not in EDITABLE_COLUMNS
    )
    pace.take_place(account)
    # A worker stops the account while the form lies open; secrets in the request change nothing.
    health.pause_by_hand(account, "while the form lay open")
    with CaptureQueriesContext(connection) as captured:
        answer = client.post(page_of(account), FORM | {"api_secret": "other", "pause_kind": "none", "name": "other"})
    # Before it stands who is doing this, for the history.
    statements = [query["sql"].rpartition("; ")[2] for query in captured]
    [written] = [one for one in statements if one.startswith('UPDATE "providers_provideraccount"')]
    columns = set(re.findall(r'"(\w+)" = ', written.partition(" WHERE ")[0]))
    assert columns == {"base_url", "calls_per_minute", "calls_at_once"}
    assert answer.status_code == 302, answer.content.decode()
    account.refresh_from_db()
    assert (account.base_url, account.calls_per_minute, account.calls_at_once) == ("https://api.example.com", 600, 5)
    assert (account.pause_kind, account.name, account.api_secret) == ("person", "scripted", CANARIES[0])
    assert not CallPace.objects.exists()  # the line begins anew at the new pace
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (operator, str(account.pk))
    assert "Base URL" in entry.get_change_message()


@pytest.mark.parametrize("nothing", ["", "null", "[]", '""'])
def test_emptied_paths_are_the_usual_ones(
    client: Client, operator: User, account: ProviderAccount, nothing: str
) -> None:
    ProviderAccount.objects.update(paths={"balances": "/v9/balances"})
    sent = FORM | {"initial-paths": '{"balances": "/v9/balances"}', "paths": nothing}
    assert client.post(page_of(account), sent).status_code == 302
    account.refresh_from_db()
    assert account.paths == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "ftp://api.example.com"},
        {"base_url": "https://api.example.com/?secret=x"},
        {"base_url": ""},
        {"time_zone": "Asia/Nowhere"},
        {"calls_per_minute": "0"},
        {"calls_at_once": "-1"},
    ],
)
def test_nonsense_is_refused(client: Client, operator: User, account: ProviderAccount, wrong: dict[str, str]) -> None:
    answer = client.post(page_of(account), FORM | wrong)
    assert answer.status_code == 200
    before = account.base_url
    account.refresh_from_db()
    assert (account.base_url, account.calls_per_minute) == (before, 30_000)
    assert not LogEntry.objects.exists()


def test_where_a_live_account_leads_is_not_for_one_person_to_say(
    client: Client, operator: User, live_account: ProviderAccount
) -> None:
    before = live_account.base_url
    assert client.post(page_of(live_account), FORM | {"base_url": "http://api.example.com"}).status_code == 302
    live_account.refresh_from_db()
    assert (live_account.base_url, live_account.calls_per_minute) == (before, 600)


def press(client: Client, account: ProviderAccount, verb: str, **more: str) -> Any:
    return client.post(LIST, {"action": f"{verb}_selected", "_selected_action": str(account.pk), **more})


def test_pausing_and_resuming_from_the_list_asks_for_a_reason_and_keeps_it(
    client: Client, operator: User, account: ProviderAccount, caplog: pytest.LogCaptureFixture
) -> None:
    for verb, kind, message in (("pause", "person", "Paused: maintenance"), ("resume", "none", "Resumed: maintenance")):
        before = account.pause_kind
        asked = press(client, account, verb)
        assert asked.status_code == 200
        assert 'name="reason"' in asked.content.decode()
        refused = press(client, account, verb, reason="   ")
        assert "This field is required." in refused.content.decode()
        account.refresh_from_db()
        assert account.pause_kind == before
        done = press(client, account, verb, reason="maintenance")
        assert done.status_code == 302
        account.refresh_from_db()
        assert account.pause_kind == kind
        entry = LogEntry.objects.order_by("-pk")[0]
        assert (entry.user, entry.object_id, entry.change_message) == (operator, str(account.pk), message)
    assert LogEntry.objects.count() == 2
    assert (account.pause_reason, account.paused_since) == ("", None)
    assert "provider_account_paused" in caplog.text


@pytest.mark.parametrize("chosen", ["", "x", "1", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_an_action_on_what_is_no_row_is_a_bad_request(client: Client, operator: User, chosen: str) -> None:
    answer = client.post(LIST, {"action": "pause_selected", "_selected_action": chosen, "reason": "maintenance"})
    assert answer.status_code == 400
    assert not LogEntry.objects.exists()


def test_the_page_of_an_account_has_both_buttons(client: Client, operator: User, account: ProviderAccount) -> None:
    shown = client.get(page_of(account)).content.decode()
    for verb, kind in (("pause", "person"), ("resume", "none")):
        address = page_of(account, f"{verb}_one")
        assert address in shown
        assert client.get(address).status_code == 200
        assert client.post(address, {"reason": "maintenance"}).status_code == 302
        account.refresh_from_db()
        assert account.pause_kind == kind


def test_resuming_forgets_what_was_counted_and_leaves_payouts_to_their_own_page(
    client: Client, operator: User, account: ProviderAccount
) -> None:
    ProviderAccount.objects.update(payout_refusal_streak=5, unknown_streak=3)
    pause_payouts("provider_account", account.pk, "refusals", "x")
    press(client, account, "resume", reason="the provider is well again")
    account.refresh_from_db()
    assert [one.reason for one in stopped_through(account)] == ["x"]
    assert (account.payout_refusal_streak, account.unknown_streak) == (5, 0)


def test_who_may_only_look_changes_nothing(client: Client, account: ProviderAccount) -> None:
    browser_of(person("viewer", "view_provideraccount"), client)
    before = (account.base_url, account.pause_kind)
    shown = client.get(page_of(account))
    assert shown.status_code == 200
    assert 'name="base_url"' not in shown.content.decode()
    assert client.post(page_of(account), FORM).status_code == 403
    press(client, account, "pause", reason="maintenance")
    for verb in ("pause", "resume"):
        assert client.post(page_of(account, f"{verb}_one"), {"reason": "maintenance"}).status_code == 403
    account.refresh_from_db()
    assert (account.base_url, account.pause_kind) == before
    assert not LogEntry.objects.exists()


def say(*arguments: str) -> str:
    said = io.StringIO()
    call_command("provider_account", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_shows_that_payouts_are_paused(account: ProviderAccount) -> None:
    pause_payouts("provider_account", account.pk, "refusals", "our signature was refused")
    [line] = say("list").splitlines()
    assert line.startswith("scripted (test): going; payouts paused since ")
    assert "Z: our signature was refused; 30000 calls a minute" in line


def test_the_command_shows_pauses_and_resumes(account: ProviderAccount, live_account: ProviderAccount) -> None:
    operator = person("operator", "change_provideraccount")
    assert say("list").splitlines() == [
        "scripted (test): going; 30000 calls a minute, 100 at once",
        "scripted, live (live): going; 30000 calls a minute, 100 at once",
    ]
    who = ("--by", "operator", "--reason", "maintenance")
    assert say("pause", "scripted", *who).startswith("scripted (test): paused, person, since ")
    assert "scripted, live (live): going" in say("list")
    assert say("resume", "scripted", *who) == "scripted (test): going; 30000 calls a minute, 100 at once\n"
    written = LogEntry.objects.order_by("pk").values_list("user", "object_id", "change_message")
    assert list(written) == [
        (operator.pk, str(account.pk), "Paused: maintenance"),
        (operator.pk, str(account.pk), "Resumed: maintenance"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody's", "--by", "operator", "--reason", "x"), "There is no provider account"),
        (("scripted", "--by", "viewer", "--reason", "x"), "viewer may not do this"),
        (("scripted", "--by", "stranger", "--reason", "x"), "nobody of the staff"),
        (("scripted", "--by", "operator", "--reason", "  "), "Give a reason"),
        (("scripted", "--by", "operator", "--reason", "x" * 201), "Give a reason"),
    ],
)
def test_the_command_refuses_what_nobody_answers_for(
    account: ProviderAccount, arguments: tuple[str, ...], sentence: str
) -> None:
    person("operator", "change_provideraccount")
    person("viewer", "view_provideraccount")
    with pytest.raises(CommandError, match=sentence):
        say("pause", *arguments)
    account.refresh_from_db()
    assert (account.pause_kind, LogEntry.objects.count()) == ("none", 0)


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize("which", ["garbage", "01a20fd0-c7b7-75b4-addc-af177162d789"])
def test_an_account_that_does_not_exist_is_neither_paused_nor_resumed(
    client: Client, operator: User, account: ProviderAccount, verb: str, which: str
) -> None:
    address = page_of(account, "change").replace(str(account.pk), which).replace("change", verb)
    assert client.get(address).status_code == 404
    assert client.post(address, {"reason": "why"}).status_code == 404
    account.refresh_from_db()
    assert (account.pause_kind, LogEntry.objects.count()) == ("none", 0)


def test_whoever_prefers_the_window_without_an_address_is_told_at_the_field(
    client: Client, operator: User, account: ProviderAccount
) -> None:
    answer = client.post(page_of(account), FORM | {"prefers_widget": "on", "widget_url": ""})
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert errors["widget_url"] == ["An account that prefers the payment window needs its address."]
    account.refresh_from_db()
    assert account.prefers_widget is False
