"""Nobody comes into the admin without a second factor, and nobody learns by trying which half of it was wrong."""

import base64
import re
import threading
from io import StringIO
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from gateway.backoffice.models import SecondFactor
from gateway.backoffice.signing_in import second_factor
from gateway.backoffice.signing_in.sign_in_form import REFUSED
from tests.gateway.api.lock_waits import until_waiting
from tests.staff import browser_of, code_of, enrolled

pytestmark = pytest.mark.django_db

PASSWORD = "a long password of tests"
LOGIN, INDEX, ENROL = "/admin/login/", "/admin/", "/admin/enrol/"
NOON = "2026-03-02T12:00:00Z"


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Hundreds of passwords are looked at here; how slowly is not the question."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def noon() -> Any:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def person(name: str, **columns: Any) -> User:
    return User.objects.create_user(name, password=PASSWORD, **{"is_staff": True, **columns})


@pytest.fixture
def ada(noon: Any) -> User:
    made = person("ada")
    enrolled(made)
    return made


def sign_in(client: Client, username: str = "ada", password: str = PASSWORD, code: str = "", **more: str) -> Any:
    return client.post(LOGIN, {"username": username, "password": password, "code": code, **more})


def is_in(client: Client) -> bool:
    return client.get(INDEX).status_code == 200


def log_of(about: User) -> list[tuple[str, str]]:
    """Who did what with this person's second factor, oldest first."""
    rows = LogEntry.objects.filter(object_id=str(about.pk)).order_by("id")
    return [(one.user.get_username(), one.change_message) for one in rows]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


class TestTheDoor:
    def test_opens_to_password_and_code(self, client: Client, ada: User) -> None:
        before = client.get(LOGIN).cookies
        answer = sign_in(client, code=code_of(ada), next="/admin/auth/user/")
        assert (answer.status_code, answer["Location"]) == (302, "/admin/auth/user/")
        assert "sessionid" in answer.cookies
        assert "sessionid" not in before
        assert is_in(client)

    @pytest.mark.parametrize("written", ["{} {}", " {}{} "])
    def test_takes_the_code_as_apps_write_it(self, client: Client, ada: User, written: str) -> None:
        code = code_of(ada)
        assert sign_in(client, code=written.format(code[:3], code[3:])).status_code == 302

    def test_stays_shut_with_one_sentence_for_everything(self, client: Client, ada: User) -> None:
        person("customer", is_staff=False)
        person("gone", is_active=False)
        right = code_of(ada)
        tries = {
            "wrong password": {"password": "wrong", "code": right},
            "wrong code": {"code": wrong(right)},
            "no code": {},
            "no digits": {"code": "½½½½½½"},
            "nobody": {"username": "eve", "code": right},
            "no staff": {"username": "customer", "code": right},
            "inactive": {"username": "gone", "code": right},
        }
        pages = set()
        for name, told in tries.items():
            AccessAttempt.objects.all().delete()
            answer = sign_in(client, **told)
            assert answer.status_code == 200, name
            said = [str(one) for one in answer.context["form"].non_field_errors()]
            pages.add((answer.context["form"].errors.as_json(), *said))
            assert said == [REFUSED], name
            assert not is_in(client), name
        assert len(pages) == 1

    def test_lets_nobody_pass_with_the_password_alone(self, client: Client, ada: User) -> None:
        client.force_login(ada)  # signed in, as far as Django knows
        session = client.session
        session["began"] = session["used"] = "9999-12-31T00:00:00+00:00"
        session.save()
        assert client.get(INDEX).status_code == 302
        assert client.get(reverse("admin:auth_user_changelist")).status_code == 302
        assert client.get(ENROL)["Location"] == INDEX, "who is enrolled enrols nobody"

    def test_lets_nobody_pass_by_somebody_elses_factor(self, client: Client, ada: User) -> None:
        ben = person("ben")
        browser_of(ben, client)
        session = client.session
        session["otp_device_id"] = enrolled(ada).persistent_id
        session.save()
        assert not is_in(client)

    def test_takes_each_code_once(self, client: Client, ada: User, noon: Any) -> None:
        code = code_of(ada)
        assert sign_in(client, code=code).status_code == 302
        assert sign_in(Client(), code=code).status_code == 200
        noon.shift(30)
        assert sign_in(Client(), code=code).status_code == 200, "still within its time, and used"
        noon.shift(30)
        assert sign_in(Client(), code=code_of(ada)).status_code == 302

    @pytest.mark.parametrize(("later", "status"), [(-2, 200), (-1, 302), (0, 302), (1, 302), (2, 200)])
    def test_bears_with_clocks_of_half_a_minute(self, client: Client, ada: User, later: int, status: int) -> None:
        assert sign_in(client, code=code_of(ada, later=later)).status_code == status

    def test_makes_whoever_guesses_codes_wait_longer_each_time(self, client: Client, ada: User, noon: Any) -> None:
        for waits in (1, 2, 4):
            assert sign_in(client, code=wrong(code_of(ada))).status_code == 200
            noon.shift(waits - 0.5)
            assert sign_in(client, code=code_of(ada)).status_code == 200, "too soon, though it is right"
            AccessAttempt.objects.all().delete()
            noon.shift(0.5)
        assert sign_in(client, code=code_of(ada)).status_code == 302
        assert SecondFactor.objects.get().throttling_failure_count == 0


@pytest.mark.django_db(transaction=True)
def test_a_code_is_taken_once_by_two_who_come_at_the_same_moment() -> None:
    ada = person("ada")
    enrolled(ada)
    code, taken = code_of(ada), []

    def come() -> None:
        try:
            taken.append(second_factor.verify(ada, code) is not None)
        finally:
            connection.close()

    threads = [threading.Thread(target=come) for _ in range(2)]
    with transaction.atomic():
        # Both have begun before either is let on: whoever read the row without its lock has read it by now.
        SecondFactor.objects.select_for_update().get()
        for one in threads:
            one.start()
        until_waiting(2)
    for one in threads:
        one.join()
    assert sorted(taken) == [False, True]
    assert SecondFactor.objects.get().throttling_failure_count == 1, "the second one came with a code that was used"


class TestTheLock:
    def test_shuts_after_five_and_opens_after_a_quarter_of_an_hour(self, client: Client, ada: User, noon: Any) -> None:
        for _ in range(4):
            assert sign_in(client, password="wrong").status_code == 200
        answer = sign_in(client, password="wrong")
        assert answer.status_code == 429
        assert "nobody signs in by this name for 15 minutes" in answer.content.decode()
        assert sign_in(client, code=code_of(ada)).status_code == 429, "the right ones, too"
        noon.shift(14 * 60)
        assert sign_in(client, code=code_of(ada)).status_code == 429
        noon.shift(61)
        assert sign_in(client, code=code_of(ada)).status_code == 302, "trying while locked made it no longer"
        assert not AccessAttempt.objects.exists()

    def test_counts_wrong_codes_as_it_counts_wrong_passwords(self, client: Client, ada: User) -> None:
        answers = [sign_in(client, code="000000").status_code for _ in range(6)]
        assert answers == [200, 200, 200, 200, 429, 429]

    def test_counts_the_right_password_of_whoever_does_not_come_in(self, client: Client, noon: Any) -> None:
        person("customer", is_staff=False)
        answers = [sign_in(client, "customer").status_code for _ in range(6)]
        assert answers == [200, 200, 200, 200, 429, 429]

    def test_is_for_one_name_from_one_address(self, ada: User) -> None:
        ben = person("ben")
        enrolled(ben)
        here, there = Client(REMOTE_ADDR="192.0.2.1"), Client(REMOTE_ADDR="192.0.2.2")
        for _ in range(5):
            sign_in(here, password="wrong")
        assert sign_in(here, "ben", code=code_of(ben)).status_code == 302
        assert sign_in(there, code=code_of(ada)).status_code == 302

    def test_believes_our_own_proxies_about_the_address_and_nobody_else(self, ada: User, settings: Any) -> None:
        for _ in range(5):
            sign_in(Client(REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": "198.51.100.7"}), password="wrong")
        assert AccessAttempt.objects.get().ip_address == "192.0.2.1"

    def test_takes_a_subscriber_of_ipv6_for_one(self, ada: User) -> None:
        answers = [
            sign_in(Client(REMOTE_ADDR=f"2001:db8::{number}"), password="wrong").status_code for number in range(1, 6)
        ]
        assert answers == [200, 200, 200, 200, 429]

    def test_keeps_no_password_no_code_and_no_name_that_nobody_has(
        self, client: Client, ada: User, caplog: Any
    ) -> None:
        with caplog.at_level("DEBUG"):
            client.post(
                f"{LOGIN}?next=/admin/hidden-next/",
                {"username": "ada", "password": "hidden-password-1", "code": "918273"},
            )
            sign_in(client, username="hidden-password-2", password=PASSWORD, code="918273")
        rows = [*AccessAttempt.objects.values_list(), caplog.text]
        assert len(rows) == 3
        for hidden in ("hidden", "918273", PASSWORD):
            assert hidden not in str(rows), hidden
        assert sorted(re.sub("[0-9a-f]{16}$", "…", one.username or "") for one in AccessAttempt.objects.all()) == [
            "ada",
            "nobody:…",
        ]

    def test_is_lifted_by_command(self, client: Client, ada: User) -> None:
        for _ in range(6):
            sign_in(client, code="000000")
        call_command("second_factor", "ada", "--lift-locks", stdout=StringIO())
        assert sign_in(client, code=code_of(ada)).status_code == 302
        assert log_of(ada) == [("ada", "The locks after failed sign-ins were lifted, on the command line.")]


class TestEnrolment:
    def test_nobody_comes_in_without_one_and_is_told_whom_to_ask(self, client: Client, noon: Any) -> None:
        person("ada")
        assert "ask a superuser to open its enrolment" in REFUSED
        right, wrong_one = sign_in(client), sign_in(client, password="wrong")
        for answer in (right, wrong_one):
            assert [str(one) for one in answer.context["form"].non_field_errors()] == [REFUSED]
        assert right.context["form"].errors.as_json() == wrong_one.context["form"].errors.as_json()
        assert not is_in(client)

    def test_the_right_password_of_whoever_has_none_is_counted_as_a_wrong_one(self, client: Client, noon: Any) -> None:
        ada = person("ada")
        assert [sign_in(client).status_code for _ in range(6)] == [200, 200, 200, 200, 429, 429]
        # Opened meanwhile by a superuser, who makes sure who asks and lifts the lock.
        second_factor.open_enrolment(ada, by=ada, where="in a test")
        assert sign_in(client).status_code == 429
        second_factor.lift_locks(ada, by=ada, where="in a test")
        assert sign_in(client)["Location"] == ENROL

    def test_shows_the_secret_once_and_takes_its_first_code(self, client: Client, noon: Any) -> None:
        ada, ben = person("ada"), person("ben", is_superuser=True)
        second_factor.open_enrolment(ada, by=ben, where="in a test")
        assert sign_in(client, next="/admin/auth/user/")["Location"] == ENROL
        assert not is_in(client), "not before the first code"
        page = client.get(ENROL)
        assert SecondFactor.objects.get().secret is None, "a GET makes none"
        assert "<img" not in page.content.decode()
        shown = client.post(ENROL, {"show": "1"})
        secret = bytes(SecondFactor.objects.get().secret)
        assert base64.b32encode(secret).decode() in shown.content.decode()
        assert 'src="data:image/svg+xml' in shown.content.decode()
        assert shown["Cache-Control"] == "no-store"
        begun = client.cookies["sessionid"].value
        for again in (client.get(ENROL), client.post(ENROL, {"code": wrong(code_of(ada))})):
            assert again.status_code == 200
            assert base64.b32encode(secret).decode() not in again.content.decode()
            assert "<img" not in again.content.decode()
        assert not is_in(client)
        noon.shift(1)
        assert client.post(ENROL, {"code": code_of(ada)})["Location"] == INDEX
        assert is_in(client)
        assert client.cookies["sessionid"].value != begun
        assert bytes(SecondFactor.objects.get().secret) == secret
        assert log_of(ada) == [
            ("ben", "Enrolment of a second factor was opened for 24 hours, in a test."),
            ("ada", "Enrolled a second factor."),
        ]
        # From now on it takes a code, and the first one was used.
        assert sign_in(Client()).status_code == 200
        noon.shift(60)
        assert sign_in(Client(), code=code_of(ada)).status_code == 302

    def test_begins_anew_with_another_secret(self, client: Client, noon: Any) -> None:
        ada = person("ada")
        second_factor.open_enrolment(ada, by=ada, where="in a test")
        sign_in(client)
        client.post(ENROL, {"show": "1"})
        first = code_of(ada)
        client.post(ENROL, {"show": "1"})
        assert client.post(ENROL, {"code": first}).status_code == 200
        noon.shift(1)
        assert client.post(ENROL, {"code": code_of(ada)}).status_code == 302

    def test_is_open_for_a_day(self, client: Client, noon: Any) -> None:
        ada = person("ada")
        second_factor.open_enrolment(ada, by=ada, where="in a test")
        noon.shift(24 * 3600 - 1)
        assert sign_in(client)["Location"] == ENROL
        client.post(ENROL, {"show": "1"})
        noon.shift(1)
        assert client.post(ENROL, {"code": code_of(ada)})["Location"] == INDEX
        assert not SecondFactor.objects.filter(confirmed=True).exists()
        assert not is_in(client)
        assert sign_in(Client()).status_code == 200

    def test_is_its_own_persons_alone(self, client: Client, ada: User) -> None:
        assert client.get(ENROL)["Location"] == LOGIN
        assert client.post(ENROL, {"show": "1"})["Location"] == LOGIN
        ben = person("ben")
        second_factor.open_enrolment(ben, by=ada, where="in a test")
        browser_of(ada, client)
        assert client.post(ENROL, {"show": "1"})["Location"] == INDEX
        assert SecondFactor.objects.get(user=ben).secret is None

    def test_ends_the_former_one_in_every_browser_for_good(self, client: Client, ada: User, noon: Any) -> None:
        browser_of(ada, client)
        assert is_in(client)
        saved = client.session.session_key
        second_factor.open_enrolment(ada, by=ada, where="in a test")
        other = Client()
        sign_in(other)
        other.post(ENROL, {"show": "1"})
        assert other.post(ENROL, {"code": code_of(ada)}).status_code == 302
        # It was not looked at in between, so its session still names the factor of before.
        assert client.session.session_key == saved
        assert not is_in(client)

    def test_takes_the_password_after_it_was_opened_not_a_session_from_before(
        self, client: Client, ada: User, noon: Any
    ) -> None:
        sign_in(client, code=code_of(ada))
        assert is_in(client)
        second_factor.open_enrolment(ada, by=ada, where="as the computer was stolen")
        assert client.post(ENROL, {"show": "1"})["Location"] == INDEX
        assert SecondFactor.objects.get().secret is None, "the thief is shown none"
        other = Client()
        sign_in(other)
        assert other.post(ENROL, {"show": "1"}).status_code == 200
        assert client.post(ENROL, {"code": code_of(ada)})["Location"] == INDEX
        assert not is_in(client)
        # Opened once more: whoever began the former enrolment gives the password again, too.
        second_factor.open_enrolment(ada, by=ada, where="in a test")
        assert other.post(ENROL, {"show": "1"})["Location"] == INDEX

    def test_is_opened_by_command_with_a_name_for_the_log(self, noon: Any) -> None:
        ada, _ = person("ada"), person("ben")
        call_command("second_factor", "ada", stdout=StringIO())
        call_command("second_factor", "ada", "--by", "ben", stdout=StringIO())
        opened = "Enrolment of a second factor was opened for 24 hours, on the command line."
        assert log_of(ada) == [
            ("ada", opened),
            ("ben", f"The former second factor was removed. {opened}"),
        ]
        with pytest.raises(CommandError, match="There is nobody called 'eve'"):
            call_command("second_factor", "eve")

    def test_is_opened_by_superusers_for_others(self, client: Client, ada: User) -> None:
        root, office = person("root", is_superuser=True), person("office")
        of_ada = reverse("admin:auth_user_open_enrolment", args=[ada.pk])
        of_root = reverse("admin:auth_user_open_enrolment", args=[root.pk])
        browser_of(office, client)
        assert client.post(of_ada).status_code == 403
        browser_of(root, client)
        for own in (of_root, *(of_root.replace("/user/", f"/user/{sign}") for sign in ("0", "+", "%20"))):
            assert client.post(own).status_code == 403, "nobody resets their own from an open browser"
            assert client.post(own.replace("open-enrolment", "lift-locks")).status_code == 403
        assert client.get(of_ada).status_code == 200
        assert SecondFactor.objects.get(user=ada).confirmed, "to look is not to do"
        assert client.post(of_ada).status_code == 302
        assert not SecondFactor.objects.get(user=ada).confirmed
        page = client.get(reverse("admin:auth_user_change", args=[ada.pk])).content.decode()
        assert "none: enrolment open until 2026-03-03 12:00 UTC" in page
        assert log_of(ada)[0][0] == "root"

    def test_locks_are_lifted_by_superusers_for_others(self, client: Client, ada: User) -> None:
        root = browser_of(person("root", is_superuser=True))
        for _ in range(6):
            sign_in(client, code="000000")
        assert root.post(reverse("admin:auth_user_lift_locks", args=[ada.pk])).status_code == 302
        assert sign_in(client, code=code_of(ada)).status_code == 302


def test_the_secret_is_encrypted_in_the_database(ada: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM backoffice_secondfactor")
        (kept,) = cursor.fetchone()
    secret = bytes(SecondFactor.objects.get().secret)
    assert len(secret) == 20
    assert secret not in bytes(kept)
    assert bytes(kept).startswith(b"gAAAA")
    assert base64.b32encode(secret).decode() not in str(SecondFactor.objects.get())
