"""The admin shows limits, windows and caps with who and why, and lets nobody write there."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from balances.instruction_rights import PROPOSE
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.staff import browser_of
from tests.two_persons import persons
from tests.withdrawals.ruling import cap, limit, window
from withdrawals.models import DuplicateWindow, OutflowCap, WithdrawalLimit

pytestmark = pytest.mark.django_db

MODELS: list[Any] = [WithdrawalLimit, DuplicateWindow, OutflowCap]


@pytest.fixture
def rows(product: Product, account: ProviderAccount, catalogue: None) -> None:
    limit(product, amount=1000, count=3, per="payment_system", payment_system_id="imps_ib")
    window(product, 17)
    cap(account, 1000)
    cap(product, None)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("permission", ["view", PROPOSE])
def test_whoever_may_look_or_ask_sees_who_and_why(permission: str, model: Any, rows: None, client: Client) -> None:
    name = model._meta.model_name
    person = User.objects.create_user("viewer", is_staff=True)
    codename = f"view_{name}" if permission == "view" else PROPOSE.split(".")[1]
    person.user_permissions.set(Permission.objects.filter(codename=codename))
    browser_of(person, client)
    listed = client.get(reverse(f"admin:withdrawals_{name}_changelist"), {"mode": model.objects.first().mode})
    assert listed.status_code == 200
    assert persons()[0].username in listed.content.decode()
    row = model.objects.first()
    page = client.get(reverse(f"admin:withdrawals_{name}_change", args=[row.pk]))
    assert page.status_code == 200
    assert "a test" in page.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_nobody_writes_there(model: Any, rows: None, client: Client) -> None:
    name, row = model._meta.model_name, model.objects.first()
    browser_of(User.objects.create_superuser("everything"), client)
    assert client.get(reverse(f"admin:withdrawals_{name}_add")).status_code == 403
    for page in ("change", "delete"):
        address = reverse(f"admin:withdrawals_{name}_{page}", args=[row.pk])
        assert client.post(address, {"reason": "mine"}).status_code == 403
    assert not model.objects.filter(reason="mine").exists()


#: What the form of each verb asks for, in its order.
ASKED_FOR = {
    "limit_agreed": [
        *("mode", "currency", "product", "per", "payment_system", "period", "on_excess"),
        *("maximum_amount", "maximum_count"),
    ],
    "duplicate_window_agreed": ["mode", "product", "minutes"],
    "outflow_cap_agreed": ["mode", "currency", "product", "provider_account", "maximum"],
    "recipient_unblocked": ["blocked"],
}


@pytest.mark.parametrize(("verb", "names"), ASKED_FOR.items(), ids=ASKED_FOR)
def test_each_verb_has_its_form(verb: str, names: list[str], rows: None, client: Client) -> None:
    browser_of(persons()[0], client)
    page = client.get(reverse("admin:balances_instruction_propose_verb", args=[verb]))
    assert re.findall(r'name="verb-([^"]+)"', page.content.decode()) == names


def test_words_say_what_a_rule_is(product: Product, rows: None) -> None:
    limit(None, count=1, per="customer", period="month", on_excess="hold")
    limit(product, amount=5)
    assert [str(one) for one in WithdrawalLimit.objects.order_by("id")] == [
        f"test INR, imps_ib, {product}, the last 24 hours: 1000.00 INR and 3 withdrawals, else refuse",
        "test INR, each customer, any product, the last 30 days: 1 withdrawal, else hold",
        f"test INR, {product}, the last 24 hours: 5.00 INR, else refuse",
    ]
    assert [str(one) for one in OutflowCap.objects.order_by("id")] == [
        "test INR, scripted: at most 1000.00 INR in 24 hours",
        f"test INR, {product}: no cap",
    ]
    assert [str(one) for one in DuplicateWindow.objects.all()] == [f"{product}, test: 17 minutes"]
