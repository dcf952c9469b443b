"""Every permission that is asked for somewhere belongs to a role, or to superusers alone, by decision."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import RequestFactory

from gateway.backoffice.roles import ROLES, SUPERUSERS_ONLY
from gateway.backoffice.story.page import StoryPage
from payments.models import DepositMove, ReceiptMove
from withdrawals.models import Approval, WithdrawalBatchMove, WithdrawalMove

ROOT = Path(__file__).resolve().parents[2]
OURS = ("backoffice", "balances", "payments", "postbacks", "products", "providers", "webhooks", "withdrawals")
#: What a story asks for of rows that have no page of their own (`gateway.backoffice.story.seen`).
OF_STORIES = {
    f"{one._meta.app_label}.view_{one._meta.model_name}"
    for one in (DepositMove, ReceiptMove, WithdrawalMove, WithdrawalBatchMove, Approval)
}
GIVEN = frozenset[str]().union(*(one.permissions for one in ROLES.values()))


def written() -> set[str]:
    """Permissions that the code names."""
    declared = {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for codename in (
            *(f"{what}_{model._meta.model_name}" for what in model._meta.default_permissions),
            *(codename for codename, _ in model._meta.permissions),
        )
    }
    code = "".join(
        path.read_text()
        for folder in ("gateway", "balances", "payments", "withdrawals", "postbacks")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and path.name != "roles.py"
    )
    return declared & set(re.findall(rf'"((?:{"|".join(OURS)})\.\w+)"', code))


def asked_by_pages() -> set[str]:
    """What the pages of the admin ask for: to view, and whatever else the page lets at least superusers do."""
    request: Any = RequestFactory().get("/admin/")
    request.user = User(pk=1, username="root", is_staff=True, is_superuser=True)
    asked = set()
    for model, pages in admin.site._registry.items():
        label, name = model._meta.app_label, model._meta.model_name
        if label in OURS:
            asked.add(f"{label}.view_{name}")
            asked |= {f"{one.model._meta.app_label}.view_{one.model._meta.model_name}" for one in pages.inlines}
            if isinstance(pages, StoryPage):
                asked |= OF_STORIES
            asked |= {
                f"{label}.{what}_{name}"
                for what in ("add", "change", "delete")
                if getattr(pages, f"has_{what}_permission")(request)
            }
    return asked


def test_every_permission_that_is_asked_for_is_somebodys() -> None:
    asked = written() | asked_by_pages()
    assert len(asked) > 40
    assert asked - GIVEN - SUPERUSERS_ONLY == set(), "say in gateway/backoffice/roles.py whose it is"
    assert asked >= SUPERUSERS_ONLY
    assert set() == SUPERUSERS_ONLY & GIVEN


def test_every_permission_of_a_role_is_asked_for() -> None:
    assert GIVEN - written() - asked_by_pages() == set()


def test_what_a_role_is_not_given() -> None:
    personal = {"backoffice.see_personal_data", "payments.see_picture"}
    may = {name: one.permissions for name, one in ROLES.items()}
    assert not [one for one in may["viewer"] if ".view_" not in one]
    assert not (may["viewer"] | may["approver"] | may["integrator"]) & personal
    assert may["operator"] & personal == {"payments.see_picture"}
    assert not [one for one in may["integrator"] if one.startswith(("balances.", "payments.", "withdrawals."))]
    # Who asks and who decides are two roles, but for the lead, who still needs another person.
    decide = {"balances.approve_instruction", "withdrawals.approve_withdrawal"}
    assert not may["operator"] & decide
    assert decide <= may["approver"]
    assert "balances.propose_instruction" not in may["approver"]
    # Rights are given by superusers.
    assert not [one for one in GIVEN if one.startswith(("auth.", "admin.", "axes."))]


def held(name: str) -> set[str]:
    rows = Permission.objects.filter(group__name=name).select_related("content_type")
    return {f"{one.content_type.app_label}.{one.codename}" for one in rows}


@pytest.mark.django_db
def test_seed_makes_the_groups_what_the_table_says_and_touches_no_other() -> None:
    view = Permission.objects.get(codename="view_user")
    Group.objects.create(name="viewer").permissions.add(view)
    Group.objects.create(name="auditors").permissions.add(view)
    for _ in range(2):
        call_command("seed", stdout=StringIO())
        assert {one.name for one in Group.objects.all()} == {*ROLES, "auditors"}
        assert {name: held(name) for name in ROLES} == {name: one.permissions for name, one in ROLES.items()}
        assert held("auditors") == {"auth.view_user"}
    Group.objects.get(name="operator").permissions.clear()
    call_command("seed", stdout=StringIO())
    assert held("operator") == ROLES["operator"].permissions
