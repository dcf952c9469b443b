"""A session of the admin ends when nobody used it for a while, and after a day's work however busy it was."""

from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from tests.staff import browser_of, code_of, enrolled

pytestmark = pytest.mark.django_db

PASSWORD = "a long password of tests"
MINUTE, HOUR = 60, 3600


@pytest.fixture
def noon() -> Any:
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def ada(noon: Any, client: Client, settings: Any) -> Client:
    """Signed in at noon, as people do."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    person = User.objects.create_user("ada", password=PASSWORD, is_staff=True)
    enrolled(person)
    told = {"username": "ada", "password": PASSWORD, "code": code_of(person)}
    assert client.post("/admin/login/", told).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_it_lives_while_it_is_used_and_ends_half_an_hour_after(ada: Client, noon: Any) -> None:
    for _ in range(4):
        noon.shift(29 * MINUTE)
        assert is_in(ada)
    noon.shift(30 * MINUTE)
    answer = ada.get("/admin/auth/user/")
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/login/?next=/admin/auth/user/"
    assert "You were signed out: no page was opened for 30 minutes." in ada.get(answer["Location"]).content.decode()
    assert not Session.objects.exists(), "the verified state went with it"


def test_it_ends_after_twelve_hours_however_busy(ada: Client, noon: Any) -> None:
    for _ in range(12 * 3 - 1):
        noon.shift(20 * MINUTE)
        assert is_in(ada)
    noon.shift(20 * MINUTE)
    assert not is_in(ada)
    assert "a session lasts 12 hours at most" in ada.get("/admin/login/").content.decode()


def test_how_long_is_said_by_the_settings(ada: Client, noon: Any, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = 5
    noon.shift(4 * MINUTE)
    assert is_in(ada)
    noon.shift(5 * MINUTE)
    assert not is_in(ada)


def test_pages_that_no_one_signs_in_for_keep_no_session_alive(ada: Client, noon: Any) -> None:
    noon.shift(20 * MINUTE)
    assert ada.get("/docs/").status_code == 200
    noon.shift(10 * MINUTE)
    assert not is_in(ada)


def test_one_of_which_nobody_knows_when_it_began_has_ended(noon: Any) -> None:
    client = browser_of(User.objects.create_superuser("ada"))
    session = client.session
    del session["began"]
    session.save()
    assert not is_in(client)


def test_signing_out_ends_it_and_signing_in_begins_another(ada: Client, noon: Any) -> None:
    key = ada.session.session_key
    assert ada.post("/admin/logout/").status_code == 200
    assert not Session.objects.filter(session_key=key).exists()
    assert not is_in(ada)
    noon.shift(MINUTE)
    told = {"username": "ada", "password": PASSWORD, "code": code_of(User.objects.get())}
    ada.post("/admin/login/", told)
    assert ada.session.session_key != key
    assert is_in(ada)


def test_a_page_a_minute_later_writes_the_session_and_one_before_does_not(ada: Client, noon: Any) -> None:
    def used() -> Any:
        return Session.objects.get().get_decoded()["used"]

    begun = used()
    noon.shift(59)
    ada.get("/admin/")
    assert used() == begun
    noon.shift(1)
    ada.get("/admin/")
    assert used() == "2026-03-02T12:01:00+00:00"


@pytest.mark.parametrize(
    ("said", "leads_to"),
    [
        ("http://testserver/admin/payments/deposit/?mode=test", "/admin/payments/deposit/%3Fmode%3Dtest"),
        ("http://testserver/docs/", "/admin/"),
        ("https://evil.example/admin/queues/", "/admin/"),
        ("http://[", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_who_presses_a_button_after_it_ended_comes_back_to_where_it_stood(
    ada: Client, noon: Any, said: str, leads_to: str
) -> None:
    noon.shift(30 * MINUTE)
    answer = ada.post("/admin/backoffice/export/ask/", headers={"Referer": said})
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={leads_to}")
