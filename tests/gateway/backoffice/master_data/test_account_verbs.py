"""A live provider account takes two persons: the verbs, what the database refuses, and what nobody sees."""

import json
import re
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from balances import instructions, proposing
from balances.instruction_models import Instruction
from balances.verb_fields import Refused
from gateway.providers import health
from gateway.providers.models import ProviderAccount
from gateway.providers.models.account_guards import CHANGED, OPENED, PLAIN_COLUMNS, SECRET_COLUMNS
from gateway.providers.pauses import pause_payouts, stopped_through
from tests import roles
from tests.at_commit import committed, refused
from tests.staff import browser_of
from tests.two_persons import agreed_account, agreed_change, by_two_persons, persons

pytestmark = pytest.mark.django_db

NEEDS_TWO = "takes two persons"
NEW_SECRET = "canary-new-secret-31415926535"
OTHERS: dict[str, Any] = {
    "base_url": "https://other.example.com",
    "widget_url": "https://other.example.com/pay",
    "paths": {"savings": "/api/v2/deposit-info"},
    "is_active": False,
    "ids_proven_unique": True,
    "accepts_older_postbacks": True,
    **dict.fromkeys(SECRET_COLUMNS, NEW_SECRET),
}
TEXTS = {
    name: ("yes" if value else "no") if isinstance(value, bool) else json.dumps(value) if name == "paths" else value
    for name, value in OTHERS.items()
}
OPENING = {
    "name": "Second",
    "is_active": "no",
    "base_url": "https://api.example.com/",
    **{name: f"{name}-0123456789" for name in SECRET_COLUMNS if not name.startswith("previous")},
}


def change(account: ProviderAccount, **texts: str) -> Instruction:
    instruction = by_two_persons(CHANGED, {"provider_account": str(account.pk), **texts})
    committed()
    account.refresh_from_db()
    return instruction


# What one person cannot.


@pytest.mark.parametrize("column", OTHERS)
def test_one_person_changes_nothing_of_a_live_account(live_account: ProviderAccount, column: str) -> None:
    with refused(NEEDS_TWO):
        ProviderAccount.objects.filter(pk=live_account.pk).update(**{column: OTHERS[column]})


@pytest.mark.parametrize("column", OTHERS)
def test_an_instruction_about_another_column_does_not_help(live_account: ProviderAccount, column: str) -> None:
    other = "base_url" if column != "base_url" else "widget_url"
    with refused(NEEDS_TWO):
        agreed_change(live_account, **{other: OTHERS[other]})
        ProviderAccount.objects.filter(pk=live_account.pk).update(**{column: OTHERS[column], other: OTHERS[other]})


@pytest.mark.parametrize("column", PLAIN_COLUMNS)
def test_an_instruction_with_another_value_does_not_help(live_account: ProviderAccount, column: str) -> None:
    with refused(NEEDS_TWO):
        agreed_change(live_account, **{column: getattr(live_account, column)})
        ProviderAccount.objects.filter(pk=live_account.pk).update(**{column: OTHERS[column]})


def test_an_instruction_about_another_account_does_not_help(
    account: ProviderAccount, live_account: ProviderAccount
) -> None:
    with refused(NEEDS_TWO):
        agreed_change(account, api_secret="-")
        ProviderAccount.objects.filter(pk=live_account.pk).update(api_secret=NEW_SECRET)


@pytest.mark.django_db(transaction=True)
def test_an_instruction_of_another_transaction_does_not_help(live_account: ProviderAccount) -> None:
    change(live_account, withdrawal_key=NEW_SECRET)
    with connection.cursor() as cursor:
        cursor.execute("SET pgtrigger.ignore = '{providers_provideraccount:changed_by_two_persons}'")
        for attack in ("withdrawal_key = api_secret", "withdrawal_key = '\\x00'"):
            with pytest.raises(IntegrityError, match="takes two persons"):
                cursor.execute(f"UPDATE providers_provideraccount SET {attack}")  # noqa: S608 - our own


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_of_the_tables_leads_it_elsewhere(live_account: ProviderAccount) -> None:
    with roles.as_owner(), pytest.raises(IntegrityError, match="takes two persons"):
        ProviderAccount.objects.filter(pk=live_account.pk).update(base_url="https://other.example.com")
    with roles.as_owner(), pytest.raises(IntegrityError, match="takes two persons"):
        ProviderAccount.objects.filter(pk=live_account.pk).update(postback_token="another-token")


def test_one_person_opens_no_live_account(account: ProviderAccount) -> None:
    columns = {name: text for name, text in OPENING.items() if name != "is_active"}
    with refused(NEEDS_TWO):
        ProviderAccount.objects.create(mode="live", **columns)
    for other in ({"ids_proven_unique": True}, {"accepts_older_postbacks": True}, {"base_url": "https://b.example"}):
        with refused(NEEDS_TWO):
            agreed_account(**columns)
            ProviderAccount.objects.create(mode="live", **{**columns, **other})


def test_an_account_keeps_its_mode(account: ProviderAccount, live_account: ProviderAccount) -> None:
    for one, mode in ((account, "live"), (live_account, "test")):
        with pytest.raises(IntegrityError, match="keeps its mode"), transaction.atomic():
            ProviderAccount.objects.filter(pk=one.pk).update(mode=mode)


def test_a_test_account_is_changed_by_one(account: ProviderAccount) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(**OTHERS)
    committed()
    account.refresh_from_db()
    assert {name: getattr(account, name) for name in OTHERS} == OTHERS


def test_workers_write_the_other_columns_as_ever(live_account: ProviderAccount) -> None:
    health.pause_by_hand(live_account, "maintenance")
    ProviderAccount.objects.filter(pk=live_account.pk).update(unknown_streak=3, time_zone="UTC", calls_per_minute=5)
    live_account.save(update_fields=["base_url", "is_active", "paths"])  # with what they have
    committed()
    live_account.refresh_from_db()
    assert (live_account.pause_kind, live_account.unknown_streak) == ("person", 3)
    assert (live_account.time_zone, live_account.calls_per_minute) == ("UTC", 5)


# What two can.


def test_two_persons_open_an_account(live_account: ProviderAccount) -> None:
    instruction = by_two_persons(OPENED, OPENING)
    committed()
    made = ProviderAccount.objects.get(name="Second")
    assert (made.mode, made.base_url, made.is_active) == ("live", "https://api.example.com", False)
    assert {name: getattr(made, name) for name in SECRET_COLUMNS} == {
        name: OPENING.get(name) for name in SECRET_COLUMNS
    }
    assert (instruction.mode, instruction.status) == ("live", "posted")


@pytest.mark.parametrize("column", OTHERS)
def test_two_persons_change_each_column(live_account: ProviderAccount, column: str) -> None:
    texts = {column: TEXTS[column]}
    if column.startswith("previous"):
        texts = {one: NEW_SECRET for one in SECRET_COLUMNS if one.startswith("previous")}
    before = {name: getattr(live_account, name) for name in OTHERS}
    instruction = change(live_account, **texts)
    assert {name: getattr(live_account, name) for name in OTHERS} == {
        **before,
        **{name: OTHERS[name] for name in texts},
    }
    assert instruction.preview["notes"][0] == "The live provider account scripted, live changes."
    assert instruction.secrets is None


def test_what_was_refused_with_the_old_credentials_is_forgiven(live_account: ProviderAccount) -> None:
    pause_payouts("provider_account", live_account.pk, "refusals", "x")
    change(live_account, ids_proven_unique="yes")
    assert stopped_through(live_account).count() == 1
    change(live_account, withdrawal_key=NEW_SECRET)
    assert stopped_through(live_account).count() == 0


def test_what_may_be_empty_can_be_emptied(live_account: ProviderAccount) -> None:
    previous = [name for name in SECRET_COLUMNS if name.startswith("previous")]
    change(live_account, widget_url="https://pay.example.com", **dict.fromkeys(previous, NEW_SECRET))
    change(live_account, widget_url="-", paths="{}", **dict.fromkeys(previous, "-"))
    assert [live_account.widget_url, *(getattr(live_account, name) for name in previous)] == ["", None, None]


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({}, "Nothing of this account would change"),
        ({"api_secret": "canary-live-api-secret-9876543210"}, "Nothing of this account would change"),
        ({"base_url": "http://api.example.com"}, "called by https"),
        ({"base_url": "https://api.example.com/?secret=x"}, "[Uu]RL|query"),
        ({"base_url": "-"}, "required"),
        ({"paths": "no json"}, "write JSON"),
        ({"paths": '{"planet": "/x"}'}, "."),
        ({"api_secret": "two words"}, "without blanks"),
        ({"api_secret": "-"}, "cannot be empty"),
        ({"postback_token": "short"}, "8 to 128"),
        ({"previous_postback_access_key": "alone-0123456789"}, "are two, or none"),
        ({"is_active": "perhaps"}, "choose one of"),
    ],
)
def test_nonsense_is_refused_in_words(live_account: ProviderAccount, texts: dict[str, str], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        proposing.look(CHANGED, {"provider_account": str(live_account.pk), **texts})


def test_a_second_active_live_account_is_refused_in_words(live_account: ProviderAccount) -> None:
    with pytest.raises(Refused, match="Another account of this mode is active: switch it off first"):
        proposing.look(OPENED, {**OPENING, "is_active": "yes"})


# What nobody sees.


def test_a_secret_stands_nowhere_but_encrypted_and_not_for_long(
    client: Client, live_account: ProviderAccount, caplog: pytest.LogCaptureFixture
) -> None:
    requester, approver = persons()
    texts = {"provider_account": str(live_account.pk), "withdrawal_key": NEW_SECRET}
    asked = proposing.propose(CHANGED, texts, "the provider sent another one", "", requester)
    assert asked.secrets == {"withdrawal_key": NEW_SECRET}
    shown = re.fullmatch("changed, fingerprint [0-9a-f]{12}", asked.parameters["withdrawal_key"])
    assert shown is not None
    assert f"Withdrawal key: {shown[0]}." in asked.preview["notes"]

    for person in (requester, approver):
        browser_of(person, client)
        page = client.get(reverse("admin:balances_instruction_change", args=[asked.pk])).content.decode()
        assert shown[0] in page
        assert NEW_SECRET not in page
        deciding = reverse("admin:balances_instruction_decide", args=[asked.pk])
        for held, told in ((NEW_SECRET, "It is the one that was asked for."), ("another", "It is another one.")):
            compare = {"decision": "compare", "field": "withdrawal_key", "secret": held}
            page = client.post(deciding, compare, follow=True).content.decode()
            assert told in page
            assert NEW_SECRET not in page
    assert NEW_SECRET not in _all_text_of_the_row(asked) + caplog.text

    instructions.approve(asked.pk, approver, asked.digest)
    asked.refresh_from_db()
    live_account.refresh_from_db()
    assert (asked.secrets, live_account.withdrawal_key) == (None, NEW_SECRET)
    assert NEW_SECRET not in _all_text_of_the_row(asked) + caplog.text


@pytest.fixture
def asked(live_account: ProviderAccount) -> Instruction:
    """Another withdrawal key, which waits for the second person."""
    texts = {"provider_account": str(live_account.pk), "withdrawal_key": NEW_SECRET}
    return proposing.propose(CHANGED, texts, "the provider sent another one", "", persons()[0])


def compared(client: Client, asked: Instruction, secret: str = NEW_SECRET) -> Any:
    deciding = reverse("admin:balances_instruction_decide", args=[asked.pk])
    told = {"decision": "compare", "field": "withdrawal_key", "secret": secret}
    return client.post(deciding, told, follow=True)


@pytest.mark.parametrize("permission", ["", "view_instruction", "propose_instruction", "approve_instruction"])
def test_whoever_need_not_look_at_a_secret_learns_nothing_about_it(
    client: Client, asked: Instruction, permission: str
) -> None:
    somebody = User.objects.create_user(f"somebody with {permission}", is_staff=True)
    somebody.user_permissions.set(Permission.objects.filter(codename=permission))
    browser_of(somebody, client)
    answer = compared(client, asked)
    may = permission in {"propose_instruction", "approve_instruction"}
    assert answer.status_code == (200 if may else 403)
    assert ("It is the one that was asked for." in answer.content.decode()) is may


def test_a_secret_is_compared_ten_times_an_hour(client: Client, asked: Instruction) -> None:
    requester, approver = persons()
    with time_machine.travel("2031-05-06T12:59:59Z", tick=False) as clock:
        browser_of(approver, client)
        for attempt in range(10):
            assert "It is another one." in compared(client, asked, f"guess {attempt}").content.decode()
        page = compared(client, asked).content.decode()
        assert "You have compared 10 times in this hour" in page
        assert "It is the one" not in page
        browser_of(requester, client)
        assert "It is the one that was asked for." in compared(client, asked).content.decode()
        clock.shift(1)
        browser_of(approver, client)
        assert "It is the one that was asked for." in compared(client, asked).content.decode()


def test_what_cannot_be_counted_is_not_compared(client: Client, asked: Instruction, settings: Settings) -> None:
    browser_of(persons()[1], client)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}
    page = compared(client, asked).content.decode()
    assert "cannot be counted at the moment" in page
    assert "It is the one" not in page


def _all_text_of_the_row(instruction: Instruction) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(i)::text FROM balances_instruction i WHERE id = %s", [instruction.pk])
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize("end", ["reject", "withdraw"])
def test_it_is_forgotten_however_it_ends(live_account: ProviderAccount, end: str) -> None:
    requester, approver = persons()
    texts = {"provider_account": str(live_account.pk), "api_secret": NEW_SECRET}
    asked = proposing.propose(CHANGED, texts, "the provider sent another one", "", requester)
    ending: Any = getattr(instructions, end)
    ending(asked.pk, approver if end == "reject" else requester, "not this one")
    asked.refresh_from_db()
    assert asked.secrets is None


def test_others_in_their_place_are_not_carried_out(live_account: ProviderAccount) -> None:
    requester, approver = persons()
    texts = {"provider_account": str(live_account.pk), "api_secret": NEW_SECRET}
    asked = proposing.propose(CHANGED, texts, "the provider sent another one", "", requester)
    # Encrypted with our own key, as only the service could.
    Instruction.objects.filter(pk=asked.pk).update(secrets={"api_secret": "another-one"})
    with pytest.raises(Refused, match="not those that were asked for"):
        proposing.current_preview(Instruction.objects.get(pk=asked.pk))
    with pytest.raises(Refused, match="not those that were asked for"):
        instructions.approve(asked.pk, approver, asked.digest)
    for attack, said in {
        "secrets = NULL": "an instruction is decided once, and never changed otherwise",
        "secrets = secrets, reason = 'another reason'": "permission denied for table balances_instruction",
    }.items():
        with pytest.raises(DatabaseError, match=said), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE balances_instruction SET {attack} WHERE id = %s", [asked.pk])  # noqa: S608 - our own


def test_the_form_asks_for_a_secret_twice_and_carries_it_nowhere(client: Client, live_account: ProviderAccount) -> None:
    requester, _ = persons()
    browser_of(requester, client)
    address = reverse("admin:balances_instruction_propose_verb", args=[CHANGED])
    told = {"verb-provider_account": str(live_account.pk), "verb-api_secret": NEW_SECRET, "reason": "another one"}
    looked = client.post(address, told)
    page = looked.content.decode()
    assert 'type="password" name="verb-api_secret"' in page
    assert NEW_SECRET not in page
    assert "API secret</label>" in page  # it may not be left empty here, where it was given before
    carried = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    carried.pop("csrfmiddlewaretoken", None)

    # Mistyped the second time, or left out: nothing is asked for.
    for again in ("mistyped-0123456789", ""):
        shown = client.post(address, {**carried, "confirm": "1", "verb-api_secret": again}).content.decode()
        assert not Instruction.objects.filter(verb=CHANGED).exists(), shown
    assert client.post(address, {**carried, "confirm": "1", "verb-api_secret": NEW_SECRET}).status_code == 302
    assert Instruction.objects.get(verb=CHANGED).secrets == {"api_secret": NEW_SECRET}


def test_pages_of_settings_speak_of_no_posting_and_have_room_for_what_they_ask(
    client: Client, live_account: ProviderAccount, asked: Instruction
) -> None:
    requester, approver = persons()
    browser_of(requester, client)
    form = client.get(reverse("admin:balances_instruction_propose_verb", args=[CHANGED])).content.decode()
    assert '<textarea name="verb-paths"' in form
    assert "For example https://api.example.com.</p>" in form  # an account always has a base URL
    assert form.count("For example https://api.example.com. Write - to empty it.</p>") == 1
    browser_of(approver, client)
    page = client.get(reverse("admin:balances_instruction_change", args=[asked.pk])).content.decode()
    for words in ("What would be done</h2>", "Provider account changed, asked for by", "Approve: do this</button>"):
        assert words in page
    client.post(
        reverse("admin:balances_instruction_decide", args=[asked.pk]), {"decision": "approve", "digest": asked.digest}
    )
    page = client.get(reverse("admin:balances_instruction_change", args=[asked.pk])).content.decode()
    assert "What was done</h2>" in page
    assert live_account.name in page


def test_the_page_of_a_live_account_edits_none_of_it_and_leads_to_the_form(
    client: Client, live_account: ProviderAccount, account: ProviderAccount
) -> None:
    browser_of(User.objects.create_superuser("staff"), client)
    page = reverse("admin:providers_provideraccount_change", args=[live_account.pk])
    shown = client.get(page).content.decode()
    assert "Change with a second person" in shown
    assert "nothing changes before another person has approved" in shown
    assert not any(f'name="{name}"' in shown for name in OTHERS)
    form = {"time_zone": "UTC", "calls_per_minute": "600", "calls_at_once": "5"}
    assert client.post(page, {**form, **TEXTS}).status_code == 302
    before = {name: getattr(live_account, name) for name in OTHERS}
    live_account.refresh_from_db()
    assert {name: getattr(live_account, name) for name in OTHERS} == before
    assert (live_account.time_zone, live_account.calls_per_minute) == ("UTC", 600)
    # A preferred window that has no address is refused, though the address has no field here.
    assert "needs its address" in client.post(page, {**form, "prefers_widget": "on"}).content.decode()
    led = client.get(reverse("admin:providers_provideraccount_propose_change", args=[live_account.pk]), follow=True)
    assert led.redirect_chain[0][0].endswith(f"/{CHANGED}/?provider_account={live_account.pk}")
    assert 'name="base_url"' in client.get(page.replace(str(live_account.pk), str(account.pk))).content.decode()


# Rotation of keys.


@pytest.mark.django_db(transaction=True)
def test_secrets_of_live_accounts_are_encrypted_anew(live_account: ProviderAccount, settings: Settings) -> None:
    from cryptography.fernet import Fernet  # noqa: PLC0415

    from tests.gateway.test_key_rotation import rotate  # noqa: PLC0415

    requester, approver = persons()
    texts = {"provider_account": str(live_account.pk), "api_secret": NEW_SECRET}
    asked = proposing.propose(CHANGED, texts, "the provider sent another one", "", requester)
    before = {name: getattr(live_account, name) for name in SECRET_COLUMNS}
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    settings.SEARCH_HASH_KEYS = ["another-search-key-0123456789-0123456789", *settings.SEARCH_HASH_KEYS]
    assert rotate()[0] == 0
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    live_account.refresh_from_db()
    assert {name: getattr(live_account, name) for name in SECRET_COLUMNS} == before
    # What waits for a decision is still what was asked for.
    asked.refresh_from_db()
    instructions.approve(asked.pk, approver, proposing.current_preview(asked).digest)
    live_account.refresh_from_db()
    assert live_account.api_secret == NEW_SECRET
