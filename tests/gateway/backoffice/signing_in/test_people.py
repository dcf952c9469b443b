"""Who may edit users is not two persons: rights come from superusers, to others, and every change is in the log."""

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from tests.staff import browser_of

pytestmark = pytest.mark.django_db

PASSWORD = "a long password of tests"
EVERYTHING = ["view", "add", "change", "delete"]


def page(model: str, what: str, *args: Any) -> str:
    return reverse(f"admin:auth_{model}_{what}", args=args)


def person(name: str, **columns: Any) -> User:
    return User.objects.create_user(name, password=PASSWORD, **columns)


@pytest.fixture
def office(client: Client) -> User:
    """May edit people and groups, and is no superuser."""
    made = person("office", is_staff=True)
    codenames = [f"{what}_{model}" for what in EVERYTHING for model in ("user", "group")]
    made.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    browser_of(made, client)
    return made


@pytest.fixture
def root(client: Client) -> User:
    made = person("root", is_staff=True, is_superuser=True)
    browser_of(made, client)
    return made


@pytest.fixture
def approve() -> Permission:
    return Permission.objects.get(codename="approve_instruction")


def everything(user: User, approve: Permission, **more: Any) -> dict[str, Any]:
    """The form of a person, with all rights ticked."""
    group, _ = Group.objects.get_or_create(name="deciders")
    rights = {"is_active": "on", "is_staff": "on", "is_superuser": "on"}
    named = {"username": user.username, "first_name": "New", "last_name": "", "email": ""}
    times = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", "last_login_0": "", "last_login_1": ""}
    return {**named, **times, **rights, "groups": [group.pk], "user_permissions": [approve.pk], **more}


def rights(user: User) -> tuple[bool, bool, bool, int, set[str]]:
    now = User.objects.get(pk=user.pk)
    codenames = set(now.user_permissions.values_list("codename", flat=True))
    return now.is_active, now.is_staff, now.is_superuser, now.groups.count(), codenames


def test_who_may_edit_users_gives_nobody_any_right(client: Client, office: User, approve: Permission) -> None:
    outsider = person("outsider")
    assert client.get(page("user", "change", outsider.pk)).status_code == 200
    assert client.post(page("user", "change", outsider.pk), everything(outsider, approve)).status_code == 302
    assert User.objects.get(pk=outsider.pk).first_name == "New"
    assert rights(outsider) == (True, False, False, 0, set())


def test_who_may_edit_users_does_not_edit_themselves(client: Client, office: User, approve: Permission) -> None:
    before = rights(office)
    assert client.post(page("user", "change", office.pk), everything(office, approve)).status_code == 403
    assert rights(office) == before


def test_who_may_edit_users_becomes_nobody_who_comes_into_the_admin(
    client: Client, office: User, approve: Permission
) -> None:
    others = [person("chief", is_superuser=True), person("approver", is_staff=True), person("gone", is_staff=True)]
    User.objects.filter(username="gone").update(is_active=False)
    new = {"password1": f"{PASSWORD} 2", "password2": f"{PASSWORD} 2", "usable_password": "true"}
    for one in others:
        assert client.post(reverse("admin:auth_user_password_change", args=[one.pk]), new).status_code == 403
        assert client.post(page("user", "change", one.pk), everything(one, approve)).status_code == 403
        assert client.post(page("user", "delete", one.pk), {"post": "yes"}).status_code == 403
        client.post(
            page("user", "changelist"), {"action": "delete_selected", "_selected_action": [one.pk], "post": "y"}
        )
        assert User.objects.get(pk=one.pk).check_password(PASSWORD)
    assert not User.objects.get(username="gone").is_active


def test_a_person_who_is_added_may_nothing(client: Client, office: User, approve: Permission) -> None:
    new = {"password1": f"{PASSWORD} 2", "password2": f"{PASSWORD} 2", "usable_password": "true"}
    asked = everything(User(username="new"), approve, **new)
    assert client.get(page("user", "add")).status_code == 200
    assert client.post(page("user", "add"), asked).status_code == 302
    assert rights(User.objects.get(username="new")) == (True, False, False, 0, set())


def test_who_may_edit_groups_gives_them_no_right_and_deletes_none(
    client: Client, office: User, approve: Permission
) -> None:
    mine = Group.objects.create(name="mine")
    assert client.get(page("group", "change", mine.pk)).status_code == 200
    for where in (page("group", "change", mine.pk), page("group", "add")):
        answer = client.post(where, {"name": f"group of {where}", "permissions": [approve.pk]})
        assert answer.status_code == 302
    assert Group.objects.count() == 2
    assert not Group.objects.filter(permissions=approve).exists()
    assert client.post(page("group", "delete", mine.pk), {"post": "yes"}).status_code == 403


def test_a_superuser_gives_rights_to_others_and_the_log_says_so(
    client: Client, root: User, approve: Permission
) -> None:
    other = person("other")
    assert client.post(page("user", "change", other.pk), everything(other, approve)).status_code == 302
    assert rights(other) == (True, True, True, 1, {"approve_instruction"})
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.is_change()) == (root, str(other.pk), True)
    (message,) = json.loads(entry.change_message)
    changed = {"First name", "Staff status", "Superuser status", "Groups", "User permissions"}
    assert changed <= set(message["changed"]["fields"])
    group = Group.objects.get()
    assert client.post(page("group", "change", group.pk), {"name": "deciders", "permissions": [approve.pk]})
    assert list(group.permissions.all()) == [approve]
    assert LogEntry.objects.count() == 2


def test_not_even_a_superuser_changes_their_own_rights(client: Client, root: User, approve: Permission) -> None:
    sent = everything(root, approve)
    del sent["is_superuser"]
    assert client.post(page("user", "change", root.pk), sent).status_code == 302
    assert User.objects.get(pk=root.pk).first_name == "New"
    assert rights(root) == (True, True, True, 0, set())
    assert client.post(page("user", "delete", root.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("address", ["{}", "0{}", "+{}", "%20{}"])
def test_a_superusers_own_password_takes_the_old_one(client: Client, root: User, address: str) -> None:
    other, own = person("other"), f"/admin/auth/user/{address.format(root.pk)}/password/"
    new = {"password1": f"{PASSWORD} 2", "password2": f"{PASSWORD} 2", "usable_password": "true"}
    for answer in (client.get(own), client.post(own, new)):
        assert (answer.status_code, answer["Location"]) == (302, reverse("admin:password_change"))
    assert User.objects.get(pk=root.pk).check_password(PASSWORD)
    assert client.post(reverse("admin:auth_user_password_change", args=[other.pk]), new).status_code == 302
    assert User.objects.get(pk=other.pk).check_password(f"{PASSWORD} 2")


def test_whoever_may_not_edit_people_still_does_not(client: Client) -> None:
    browser_of(person("vic", is_staff=True), client)
    for model in ("user", "group"):
        assert client.get(page(model, "changelist")).status_code == 403
        assert client.get(page(model, "add")).status_code == 403


@pytest.mark.parametrize("model", ["user", "group"])
@pytest.mark.parametrize("key", ["abc", "", "1\0", "9" * 30, "2147483648", "-1.5"])
def test_an_action_on_what_has_no_key_is_refused_and_does_nothing(
    client: Client, root: User, model: str, key: str
) -> None:
    other = person("other")
    Group.objects.create(name="others")
    chosen = {"action": "delete_selected", "_selected_action": [str(other.pk), key], "post": "yes"}
    assert client.post(page(model, "changelist"), chosen).status_code == 400
    assert client.post(page(model, "changelist"), {**chosen, "select_across": "1"}).status_code == 400
    assert (User.objects.count(), Group.objects.count()) == (2, 1)


def test_an_action_on_who_is_there_does_what_it_says(client: Client, root: User) -> None:
    other = person("other")
    chosen = {"action": "delete_selected", "_selected_action": [str(other.pk)], "post": "yes"}
    assert client.post(page("user", "changelist"), chosen).status_code == 302
    assert list(User.objects.all()) == [root]
