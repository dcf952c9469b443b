"""Whoever finds a browser open guesses its owner's password no more often than at the door."""

from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client

from tests.staff import browser_of, code_of

pytestmark = pytest.mark.django_db

PASSWORD, NEW = "a long password of tests", "another long password of tests"
LOGIN, INDEX, OWN = "/admin/login/", "/admin/", "/admin/password_change/"


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def noon() -> Any:
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def ada(noon: Any, client: Client) -> User:
    """Signed in, in this browser."""
    made = User.objects.create_user("ada", password=PASSWORD, is_staff=True)
    browser_of(made, client)
    return made


def change(client: Client, old: str) -> Any:
    return client.post(OWN, {"old_password": old, "new_password1": NEW, "new_password2": NEW})


def sign_in(person: User, password: str = PASSWORD) -> Any:
    return Client().post(LOGIN, {"username": "ada", "password": password, "code": code_of(person)})


def has(password: str) -> bool:
    return User.objects.get(username="ada").check_password(password)


def test_who_knows_the_old_one_changes_it_and_stays_signed_in(client: Client, ada: User) -> None:
    answer = change(client, PASSWORD)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/password_change/done/")
    assert has(NEW)
    assert client.get(INDEX).status_code == 200
    assert not AccessAttempt.objects.exists()


def test_the_fifth_wrong_one_locks_and_ends_the_session(client: Client, ada: User, noon: Any) -> None:
    for _ in range(4):
        answer = change(client, "wrong")
        assert answer.status_code == 200
        assert list(answer.context["form"].errors) == ["old_password"]
    answer = change(client, "wrong")
    assert answer.status_code == 429
    assert "nobody signs in by this name for 15 minutes" in answer.content.decode()
    assert client.get(INDEX).status_code == 302, "signed out"
    assert sign_in(ada).status_code == 429, "the door has the same lock"
    assert has(PASSWORD)


def test_while_it_is_locked_the_right_one_is_refused_as_well(client: Client, ada: User, noon: Any) -> None:
    for _ in range(5):
        Client().post(LOGIN, {"username": "ada", "password": "wrong"})
    assert change(client, PASSWORD).status_code == 429
    assert client.get(INDEX).status_code == 302
    assert has(PASSWORD)
    noon.shift(15 * 60 + 1)
    assert sign_in(ada).status_code == 302


def test_failures_here_and_at_the_door_are_added_up(client: Client, ada: User) -> None:
    for _ in range(3):
        Client().post(LOGIN, {"username": "ada", "password": "wrong"})
    assert [change(client, "wrong").status_code for _ in range(2)] == [200, 429]


def test_of_what_was_typed_nothing_is_kept(client: Client, ada: User, caplog: Any) -> None:
    with caplog.at_level("DEBUG"):
        client.post(OWN, {"old_password": "hidden-1", "new_password1": "hidden-2", "new_password2": "hidden-3"})
    kept = str([*AccessAttempt.objects.values_list(), caplog.text])
    assert AccessAttempt.objects.get().username == "ada"
    assert "hidden" not in kept
