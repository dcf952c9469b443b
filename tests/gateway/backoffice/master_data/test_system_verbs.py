"""How money leaves through a payment system takes two persons: the verb, the page, and what the database refuses."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from balances import proposing
from balances.verb_fields import Refused
from gateway.providers.models import PaymentSystem
from gateway.providers.models.system_guards import PAYOUTS_CHANGED
from tests.at_commit import committed, refused
from tests.gateway.providers.system_form import filled
from tests.staff import browser_of
from tests.two_persons import agreed_payouts, by_two_persons

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

FIELD = {"name": "account_number", "title": "A", "pattern": "[0-9]{3}", "example": "123"}
COMPLETE = {**FIELD, "wire": "", "required": True, "format": ""}


def row(code: str) -> dict[str, Any]:
    return dict(PaymentSystem.objects.filter(pk=code).values().get())


def told(code: str, **texts: str) -> dict[str, str]:
    """What leaves a system of the catalogue as it is, but for these."""
    system = PaymentSystem.objects.get(pk=code)
    return {
        "code": code,
        "pays_out": "yes" if system.pays_out else "no",
        "withdrawal_minimum": "-",
        "withdrawal_maximum": "-",
        "recipient_fields": json.dumps(system.recipient_fields),
        **texts,
    }


@pytest.fixture
def limited() -> PaymentSystem:
    """From 100 to 500."""
    agreed_payouts("imps_ib", withdrawal_minimum=Decimal(100), withdrawal_maximum=Decimal(500))
    committed()
    return PaymentSystem.objects.get(pk="imps_ib")


# The database.


@pytest.mark.parametrize(
    "change",
    [
        {"withdrawal_minimum": Decimal(99)},
        {"withdrawal_minimum": None},
        {"withdrawal_maximum": Decimal(501)},
        {"withdrawal_maximum": None},
        {"recipient_fields": [COMPLETE]},
        {"code": "other"},
    ],
    ids=str,
)
def test_one_person_does_not_widen_what_leaves_through_a_system(limited: PaymentSystem, change: dict[str, Any]) -> None:
    before = row("imps_ib")
    with refused("payment system takes two persons"):
        PaymentSystem.objects.filter(pk="imps_ib").update(**change)
    assert row("imps_ib") == before


def test_one_person_lets_no_money_out_through_another_system() -> None:
    with refused("payment system takes two persons"):
        PaymentSystem.objects.filter(pk="upi_l").update(pays_out=True)


def test_what_one_person_writes_while_nothing_goes_out_is_said_by_two_before_it_does(limited: PaymentSystem) -> None:
    PaymentSystem.objects.filter(pk="imps_ib").update(pays_out=False)
    PaymentSystem.objects.filter(pk="imps_ib").update(withdrawal_maximum=None, recipient_fields=[COMPLETE])
    committed()
    with refused("payment system takes two persons"):
        PaymentSystem.objects.filter(pk="imps_ib").update(pays_out=True)
    with refused("payment system takes two persons"):
        agreed_payouts("imps_ib", pays_out=True)
        PaymentSystem.objects.filter(pk="imps_ib").update(withdrawal_minimum=None)


def test_an_instruction_about_another_system_does_not_help(limited: PaymentSystem) -> None:
    with refused("payment system takes two persons"):
        agreed_payouts("bkash", withdrawal_maximum=None, withdrawal_minimum=Decimal(100))
        PaymentSystem.objects.filter(pk="imps_ib").update(withdrawal_maximum=None)


def test_one_person_stops_and_narrows(limited: PaymentSystem) -> None:
    one = PaymentSystem.objects.filter(pk="imps_ib")
    one.update(withdrawal_minimum=Decimal(101), withdrawal_maximum=Decimal(499))
    one.update(is_enabled=False)
    one.update(pays_out=False)
    committed()
    limited.refresh_from_db()
    assert (limited.withdrawal_minimum, limited.withdrawal_maximum) == (Decimal(101), Decimal(499))
    assert (limited.is_enabled, limited.pays_out) == (False, False)


def test_a_system_begins_without_payouts() -> None:
    system = {"name": "Theirs", "flow": "none", "currencies": ["INR"]}
    with refused("begins without payouts"):
        PaymentSystem.objects.create(code="theirs", pays_out=True, **system)
    PaymentSystem.objects.create(code="theirs", pays_out=False, **system)


# The verb.


def test_two_persons_say_how_money_leaves() -> None:
    before = row("imps_ib")
    texts = {"withdrawal_minimum": "100", "withdrawal_maximum": "500.5", "recipient_fields": json.dumps([FIELD])}
    done = by_two_persons(PAYOUTS_CHANGED, told("imps_ib", **texts))
    committed()
    changes = {"withdrawal_minimum": Decimal(100), "withdrawal_maximum": Decimal("500.5")}
    assert row("imps_ib") == before | changes | {"recipient_fields": [COMPLETE]}
    assert (done.mode, done.preview["journals"]) == ("live", [])
    kept = json.dumps(before["recipient_fields"], sort_keys=True)
    assert done.preview["notes"] == [
        "How money leaves through imps_ib (IMPS) changes, of live and of test payouts.",
        "Pays out: yes, as it is.",
        "Withdrawal minimum: from nothing to 100.",
        "Withdrawal maximum: from nothing to 500.5.",
        f"Recipient fields: from {kept} to {json.dumps([COMPLETE], sort_keys=True)}.",
    ]


def test_they_switch_it_on_and_off() -> None:
    for word, pays_out in (("yes", True), ("no", False)):
        by_two_persons(PAYOUTS_CHANGED, told("upi_l", pays_out=word))
        committed()
        assert PaymentSystem.objects.get(pk="upi_l").pays_out is pays_out


@pytest.mark.parametrize(
    ("code", "texts", "words"),
    [
        ("imps_ib", {}, "Nothing of this payment system would change"),
        ("imps_ib", {"withdrawal_minimum": "0"}, "greater than zero"),
        ("imps_ib", {"withdrawal_minimum": "5", "withdrawal_maximum": "4"}, "less than the least"),
        ("imps_ib", {"withdrawal_maximum": "NaN"}, "plain digits"),
        ("imps_ib", {"withdrawal_maximum": "1e9"}, "plain digits"),
        ("imps_ib", {"withdrawal_maximum": ""}, "missing"),
        ("imps_ib", {"recipient_fields": "["}, "JSON list"),
        ("imps_ib", {"recipient_fields": "[" * 19_000}, "JSON list"),
        ("imps_ib", {"recipient_fields": "[]"}, "at least one field"),
        ("imps_ib", {"recipient_fields": json.dumps([{**FIELD, "wire": "signature"}])}, "signature"),
        ("rocket", {"pays_out": "yes"}, "at least one field"),
        ("imps_ib", {"pays_out": "no"}, "takes no deposits"),
        ("nowhere", {}, "no payment system"),
    ],
    ids=str,
)
def test_what_the_rules_forbid_is_not_even_asked_for(code: str, texts: dict[str, str], words: str) -> None:
    parameters = told("imps_ib") | {"code": code} if code == "nowhere" else told(code, **texts)
    with pytest.raises(Refused, match=words):
        proposing.look(PAYOUTS_CHANGED, parameters)


# The page.


@pytest.fixture
def finance(client: Client) -> User:
    user = User.objects.create_user("finance", is_staff=True)
    codenames = ["view_paymentsystem", "change_paymentsystem", "propose_instruction"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    browser_of(user, client)
    return user


@pytest.mark.parametrize("key", ["imps_ib", "imps_5Fib"])  # as people write it, and as lists lead there
def test_the_page_leads_to_the_form_filled_in_as_it_is(
    client: Client, finance: User, limited: PaymentSystem, key: str
) -> None:
    page = reverse("admin:providers_paymentsystem_change", args=[key])
    button = reverse("admin:providers_paymentsystem_propose_payouts", args=[key])
    shown = client.get(page).content.decode()
    assert button in shown
    history = reverse("admin:providers_paymentsystem_history", args=["imps_5Fib"])
    assert history in shown
    assert client.get(history).status_code == 200
    form = client.get(button, follow=True).context["form"]
    as_it_is = told("imps_ib", withdrawal_minimum="100", withdrawal_maximum="500")
    assert {one.name: one.value() for one in form} == as_it_is
    nowhere = reverse("admin:providers_paymentsystem_propose_payouts", args=["nowhere"])
    assert client.get(nowhere).status_code == 404


def test_who_may_not_ask_finds_no_way_there(client: Client, finance: User) -> None:
    finance.user_permissions.remove(Permission.objects.get(codename="propose_instruction"))
    page = reverse("admin:providers_paymentsystem_change", args=["imps_ib"])
    button = reverse("admin:providers_paymentsystem_propose_payouts", args=["imps_ib"])
    assert button not in client.get(page).content.decode()
    assert client.get(button).status_code == 403


def test_the_page_itself_changes_nothing_of_it_and_everything_else(
    client: Client, finance: User, limited: PaymentSystem
) -> None:
    before = row("imps_ib")
    page = reverse("admin:providers_paymentsystem_change", args=["imps_ib"])
    wide = {"withdrawal_minimum": "", "withdrawal_maximum": "9", "recipient_fields": [FIELD], "pays_out": False}
    assert client.post(page, filled(limited, name="Bank", is_enabled=False, **wide)).status_code == 302
    committed()
    assert row("imps_ib") == before | {"name": "Bank", "is_enabled": False}


def test_the_page_does_not_undo_what_two_persons_say_meanwhile(limited: PaymentSystem) -> None:
    """It writes what was changed in it and no other column."""
    from django.contrib import admin  # noqa: PLC0415 - the registry, filled by now

    stale = PaymentSystem.objects.get(pk="imps_ib")
    PaymentSystem.objects.filter(pk="imps_ib").update(withdrawal_maximum=Decimal(400))
    stale.name = "Bank"

    class Form:
        changed_data = ("name",)

    admin.site.get_model_admin(PaymentSystem).save_model(HttpRequest(), stale, Form, change=True)
    committed()
    assert (row("imps_ib")["name"], row("imps_ib")["withdrawal_maximum"]) == ("Bank", Decimal(400))
