"""Pauses of payouts as rows: the two verbs, what the database holds of them, the page and the command."""

import io
import uuid
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway.products.models import Product
from gateway.providers.models import PaymentSystem, PayoutPause, ProviderAccount
from gateway.providers.pauses import CannotPause, pause_payouts, resume_payouts, stopped_through
from tests.payments.stage import listening
from tests.staff import browser_of

pytestmark = pytest.mark.django_db

BOARD = reverse("admin:providers_payoutpause_changelist")
SWEEP = ("withdrawals.tasks.sweep_withdrawals", ())
#: An id that no row has.
NOBODY = "01a20fd0-c7b7-75b4-addc-af177162d789"


def person(name: str, *permissions: str) -> User:
    made = User.objects.create_user(name, is_staff=True)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


@pytest.fixture
def operator() -> User:
    return person("operator", "pause_payouts")


@pytest.fixture
def lead() -> User:
    return person("lead", "pause_payouts", "resume_payouts")


def rows() -> list[tuple[Any, ...]]:
    """All of them, without their times."""
    columns = ("scope", "key", "mode", "kind", "reason", "by__username", "ended_by__username", "end_reason")
    return list(PayoutPause.objects.order_by("since", "id").values_list(*columns))


# The verbs.


def test_a_pause_says_what_since_when_why_and_by_whom(
    product: Product, operator: User, lead: User, caplog: pytest.LogCaptureFixture
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False), listening() as heard:
        pause = pause_payouts("product", product.pk, "person", "  wrong \n recipients ", operator, mode="live")
    assert (f"{pause.since:%Y-%m-%d %H:%M}", pause.ended_at, heard) == ("2026-03-01 12:00", None, [])
    assert rows() == [("product", str(product.pk), "live", "person", "wrong recipients", "operator", None, "")]
    [alert] = [one for one in caplog.records if "payouts_paused" in one.message]
    assert alert.levelname == "ERROR"

    with time_machine.travel("2026-03-01T13:00:00Z", tick=False), listening() as heard:
        assert resume_payouts(pause.pk, "they were right", lead) is True
    # At once: whatever waited is looked for now.
    assert heard == [SWEEP]
    pause.refresh_from_db()
    assert f"{pause.ended_at:%Y-%m-%d %H:%M}" == "2026-03-01 13:00"
    assert [one[-2:] for one in rows()] == [("lead", "they were right")]
    assert [one.levelname for one in caplog.records if "payouts_resumed" in one.message] == ["WARNING"]


def test_both_may_be_repeated_and_the_first_word_stays(product: Product, operator: User, lead: User) -> None:
    first = pause_payouts("product", product.pk, "person", "first", operator, mode="live")
    assert pause_payouts("product", str(product.pk), "person", "second", lead, mode="live") == first
    assert [one[4:6] for one in rows()] == [("first", "operator")]
    with listening() as heard:
        assert [resume_payouts(first.pk, text, lead) for text in ("one", "two")] == [True, False]
    assert (heard, [one[-1] for one in rows()]) == ([SWEEP], ["one"])
    # A new one is a new row.
    assert pause_payouts("product", product.pk, "person", "again", operator, mode="live") != first
    assert [one[4] for one in rows()] == ["first", "again"]


def test_each_kind_and_each_mode_is_a_pause_of_its_own(product: Product, operator: User, lead: User) -> None:
    by_hand = pause_payouts("product", product.pk, "person", "a", operator, mode="live")
    pause_payouts("product", product.pk, "outflow_cap", "b", mode="live")
    pause_payouts("product", product.pk, "outflow_cap", "c", mode="test")
    resume_payouts(by_hand.pk, "well", lead)
    assert [(one[2], one[3], one[-1]) for one in rows()] == [
        ("live", "person", "well"),
        ("live", "outflow_cap", ""),
        ("test", "outflow_cap", ""),
    ]


def test_an_account_has_its_own_mode(account: ProviderAccount, live_account: ProviderAccount) -> None:
    for one in (account, live_account):
        pause_payouts("provider_account", one.pk, "refusals", "x")
    assert [one[1:3] for one in rows()] == [(str(account.pk), "test"), (str(live_account.pk), "live")]
    with pytest.raises(CannotPause):
        pause_payouts("provider_account", account.pk, "refusals", "x", mode="live")


def test_resuming_what_was_refused_begins_the_count_anew(account: ProviderAccount, lead: User) -> None:
    ProviderAccount.objects.update(payout_refusal_streak=5)
    resume_payouts(pause_payouts("provider_account", account.pk, "refusals", "x").pk, "well again", lead)
    account.refresh_from_db()
    assert (account.payout_refusal_streak, stopped_through(account).exists()) == (0, False)


@pytest.mark.parametrize(
    ("scope", "key", "mode"),
    [
        ("everything", "", ""),
        ("everything", "", "both"),
        ("everything", "something", "live"),
        ("product", "no id", "live"),
        ("product", NOBODY, "live"),
        ("product", "", "live"),
        ("payment_system", "nobody's", "live"),
        ("provider_account", NOBODY, "live"),
        ("provider_account", "no id", ""),
        ("planet", "", "live"),
    ],
)
@pytest.mark.usefixtures("catalogue")
def test_what_is_not_there_is_not_paused(operator: User, scope: str, key: str, mode: str) -> None:
    with pytest.raises(CannotPause):
        pause_payouts(scope, key, "person", "x", operator, mode=mode)
    assert rows() == []


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201, "in\u202evisible", "a\x00b"])
def test_a_person_gives_a_reason_that_can_be_read(operator: User, lead: User, reason: str) -> None:
    with pytest.raises(CannotPause):
        pause_payouts("everything", "", "person", reason, operator, mode="live")
    pause = pause_payouts("everything", "", "person", "x", operator, mode="live")
    with pytest.raises(CannotPause):
        resume_payouts(pause.pk, reason, lead)
    assert [one[-1] for one in rows()] == [""]


def test_each_verb_takes_its_permission(operator: User) -> None:
    viewer, gone = person("viewer", "view_payoutpause", "resume_payouts"), person("gone", "pause_payouts")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    for nobody in (viewer, gone):
        with pytest.raises(PermissionDenied):
            pause_payouts("everything", "", "person", "x", nobody, mode="live")
    pause = pause_payouts("everything", "", "person", "x", operator, mode="live")
    with pytest.raises(PermissionDenied):
        resume_payouts(pause.pk, "x", operator)
    assert [one[-1] for one in rows()] == [""]


def test_a_pause_is_committed_when_the_verb_returns_so_it_refuses_an_open_transaction(operator: User) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        pause_payouts("everything", "", "person", "x", operator, mode="live")


def test_what_there_is_not_is_not_resumed(lead: User) -> None:
    with pytest.raises(CannotPause):
        resume_payouts(uuid.uuid4(), "x", lead)


# The database.


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM providers_payoutpause",
        "UPDATE providers_payoutpause SET reason = 'another'",
        "UPDATE providers_payoutpause SET key = 'another'",
        "UPDATE providers_payoutpause SET mode = 'test'",
        "UPDATE providers_payoutpause SET since = now() + interval '1 day'",
        "UPDATE providers_payoutpause SET end_reason = 'x'",
        # Ended, but by nobody, or without a reason.
        "UPDATE providers_payoutpause SET ended_at = now(), end_reason = 'x'",
        "UPDATE providers_payoutpause SET ended_at = now(), ended_by_id = by_id",
    ],
)
def test_the_database_refuses_to_rewrite_what_was_paused(operator: User, attack: str) -> None:
    pause_payouts("everything", "", "person", "x", operator, mode="live")
    before = list(PayoutPause.objects.values())
    _run("SET LOCAL pgtrigger.ignore = '{providers_payoutpause:ended_once}'")
    with pytest.raises(DatabaseError, match=r"(?i)pause|permission"), transaction.atomic():
        _run(attack)
    assert list(PayoutPause.objects.values()) == before


def test_the_database_refuses_to_let_one_go_on_that_has_ended(operator: User, lead: User) -> None:
    pause = pause_payouts("everything", "", "person", "x", operator, mode="live")
    resume_payouts(pause.pk, "well", lead)
    for change in ({"ended_at": None, "ended_by": None, "end_reason": ""}, {"end_reason": "other"}):
        with pytest.raises(IntegrityError, match="ended once"), transaction.atomic():
            PayoutPause.objects.filter(pk=pause.pk).update(**change)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({}, "one_open_payout_pause"),
        ({"kind": "person", "by": None, "mode": "test"}, "payout_pause_of_a_person_names_them"),
        ({"scope": "product", "mode": "test"}, "payout_pause_says_of_what"),
        ({"key": "x", "mode": "test"}, "payout_pause_says_of_what"),
        ({"scope": "planet", "key": "x"}, "payout_pause_scope_is_known"),
        ({"mode": "both"}, "payout_pause_mode_is_known"),
        ({"kind": "mood"}, "payout_pause_kind_is_known"),
        ({"reason": "", "mode": "test"}, "payout_pause_has_a_reason"),
        ({"ended_at": "2026-01-01T00:00:00Z", "mode": "test"}, "begins before it ends"),
    ],
)
def test_the_database_refuses_what_no_pause_can_be(operator: User, change: dict[str, Any], constraint: str) -> None:
    pause_payouts("everything", "", "person", "x", operator, mode="live")
    columns = {"scope": "everything", "key": "", "mode": "live", "kind": "person", "reason": "x", "by": operator}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PayoutPause.objects.create(**{**columns, **change})
    assert len(rows()) == 1


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


# The page.


def press(client: Client, reason: str = "why not", *, mode: str = "live", **button: str) -> Any:
    return client.post(f"{BOARD}?mode={mode}", {"reason": reason, **button}, follow=True)


@pytest.mark.usefixtures("catalogue")
def test_the_page_has_a_button_for_everything_and_says_what_is_paused(
    client: Client, lead: User, product: Product, account: ProviderAccount, live_account: ProviderAccount
) -> None:
    browser_of(lead, client)
    shown = client.get(BOARD).content.decode()
    system = PaymentSystem.objects.filter(pays_out=True).order_by("code")[0]
    for button in ("everything:", f"product:{product.pk}", f"provider_account:{live_account.pk}"):
        assert f'name="pause" value="{button}"' in shown
    assert f'name="pause" value="payment_system:{system.pk}"' in shown
    assert f"provider_account:{account.pk}" not in shown
    assert f"provider_account:{account.pk}" in client.get(f"{BOARD}?mode=test").content.decode()
    # Enter in the field presses none of them.
    assert shown.index('<button type="submit" disabled hidden>') < shown.index('name="pause"')

    told = press(client, "wrong recipients", pause=f"product:{product.pk}").content.decode()
    assert f"Paused: live payouts of product {product.name}." in told
    assert rows() == [("product", str(product.pk), "live", "person", "wrong recipients", "lead", None, "")]
    assert f'value="product:{product.pk}"' not in told
    for text in (
        "wrong recipients",
        f'<span class="row-said">{product.name}</span>',
        ">paused</span>",
        "a person stopped them",
        "· lead ·",
    ):
        assert text in told
    press(client, pause="everything:", mode="test")
    assert rows()[1][:4] == ("everything", "", "test", "person")

    [pause, _] = PayoutPause.objects.order_by("since")
    assert f'name="resume" value="{pause.pk}"' in told
    assert "They go on." in press(client, "they were right", resume=str(pause.pk)).content.decode()
    assert rows()[0][-2:] == ("lead", "they were right")
    assert "had ended before" in press(client, resume=str(pause.pk)).content.decode()
    everything = client.get(reverse("admin:providers_payoutpause_all")).content.decode()
    assert "they were right" in everything
    assert client.get(reverse("admin:providers_payoutpause_change", args=[pause.pk])).status_code == 200


def test_the_page_does_nothing_without_a_reason_or_a_button_or_for_what_is_not_there(
    client: Client, lead: User
) -> None:
    browser_of(lead, client)
    assert "This field is required." in press(client, "  ", pause="everything:").content.decode()
    for button in ({}, {"pause": "product:"}, {"pause": "planet:x"}, {"pause": ""}, {"pause": "payment_system:\0"}):
        assert "nothing of this name" in press(client, **button).content.decode()
    assert press(client, resume="garbage").status_code == 404
    assert "no such pause" in press(client, resume=str(uuid.uuid4())).content.decode()
    assert rows() == []


def test_the_page_shows_to_each_what_is_theirs_to_press(client: Client, operator: User, lead: User) -> None:
    pause = pause_payouts("everything", "", "person", "x", lead, mode="live")
    browser_of(operator, client)
    shown = client.get(f"{BOARD}?mode=test").content.decode()
    assert ('name="pause"' in shown, 'name="resume"' in shown) == (True, False)
    assert press(client, resume=str(pause.pk)).status_code == 403

    browser_of(person("viewer", "view_payoutpause"), client)
    shown = client.get(f"{BOARD}?mode=test").content.decode()
    assert ('name="pause"' in shown, 'name="resume"' in shown, 'name="reason"' in shown) == (False, False, False)
    assert press(client, pause="everything:", mode="test").status_code == 403

    browser_of(person("stranger"), client)
    assert client.get(BOARD).status_code == 403
    assert press(client, pause="everything:", mode="test").status_code == 403
    assert rows() == [("everything", "", "live", "person", "x", "lead", None, "")]


# The command.


def say(*arguments: str) -> str:
    said = io.StringIO()
    call_command("pause", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.usefixtures("catalogue")
def test_the_command_pauses_lists_and_resumes(product: Product, account: ProviderAccount, lead: User) -> None:
    who = ("--by", "lead", "--reason", "at night")
    assert say("list") == ""
    for arguments in (
        ("everything",),
        ("product", product.name, "--mode", "test"),
        ("account", "scripted"),
        ("system", "imps_ib"),
    ):
        say(*arguments, *who)
    assert [one[:6] for one in rows()] == [
        ("everything", "", "live", "person", "at night", "lead"),
        ("product", str(product.pk), "test", "person", "at night", "lead"),
        ("provider_account", str(account.pk), "test", "person", "at night", "lead"),
        ("payment_system", "imps_ib", "live", "person", "at night", "lead"),
    ]
    pauses = list(PayoutPause.objects.order_by("since"))
    lines = say("list").splitlines()
    assert [line[:36] for line in lines] == [str(one.pk) for one in pauses]
    assert f"test  product {product.name}, since {timezone.now():%Y-%m-%d}" in lines[1]
    assert lines[1].endswith("Z, lead: at night")
    assert say("resume", lines[0][:36], *who) == "They go on.\n"
    assert say("resume", lines[0][:36], *who) == "That pause had ended before.\n"
    assert len(say("list").splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("everything", "--by", "nobody", "--reason", "x"), "'nobody' is nobody of the staff"),
        (("everything", "--by", "viewer", "--reason", "x"), "takes the permission providers.pause_payouts"),
        (("everything", "--by", "operator", "--reason", " "), "Give a reason"),
        (("product", "Nobody's", "--by", "operator", "--reason", "x"), 'There is no product "Nobody\'s"'),
        (("account", "Nobody's", "--by", "operator", "--reason", "x"), "There is no provider account"),
        (("system", "upi_l", "--by", "operator", "--reason", "x"), "There is no payment system 'upi_l' that pays out"),
        (("resume", NOBODY, "--by", "lead", "--reason", "x"), "no such pause"),
        (("resume", NOBODY, "--by", "operator", "--reason", "x"), "providers.resume_payouts"),
    ],
)
@pytest.mark.usefixtures("catalogue", "lead")
def test_the_command_refuses_what_nobody_answers_for(operator: User, arguments: tuple[str, ...], sentence: str) -> None:
    person("viewer", "view_payoutpause")
    with pytest.raises(CommandError, match=sentence):
        say(*arguments)
    assert rows() == []


def test_a_system_with_the_longest_code_is_paused(operator: User) -> None:
    system = PaymentSystem.objects.create(code="s" * 190, currencies=["INR"], pays_out=True)
    pause_payouts("payment_system", system.code, "person", "its code is long", operator, mode="test")
    assert PayoutPause.objects.get().key == system.code
