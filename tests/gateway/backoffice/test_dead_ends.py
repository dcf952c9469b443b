"""Where there is no page for somebody in the admin, they are told so in the admin, with a way on."""

import re

import pytest
from django.test import Client

from tests.staff import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def looker() -> Client:
    return logged_in("looker", "view_deposit")


def test_an_address_without_a_page(looker: Client) -> None:
    answer = looker.get("/admin/payments/nothing/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "There is nothing at this address" in page
    for way_on in ("/admin/", "/admin/find/"):
        assert re.search(rf'<a class="button[^"]*" href="{way_on}">', page)


def test_what_somebody_may_not_do(looker: Client) -> None:
    answer = looker.get("/admin/withdrawals/withdrawal/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "You may not do this" in page
    assert "comes from your roles" in page


def test_a_parameter_that_a_list_does_not_have_is_named(looker: Client) -> None:
    answer = looker.get("/admin/payments/deposit/?colour=red")
    assert answer.status_code == 400
    assert "This list knows nothing of colour." in answer.content.decode()


def test_a_form_that_lay_open_while_its_person_signed_in_anew(looker: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = looker.cookies
    answer = strict.post("/admin/password_change/", {"old_password": "what-was-typed"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "This form is out of date" in page
    assert re.search(r'<a class="button[^"]*" href="/admin/">', page)
    at_the_door = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "what-was-typed"})
    assert at_the_door.status_code == 403
    assert "<h1>This form is out of date</h1>" in at_the_door.content.decode()
    for one in (page, at_the_door.content.decode()):
        assert "DEBUG" not in one
        assert "what-was-typed" not in one


def test_a_stranger_learns_nothing_and_is_asked_to_sign_in(client: Client) -> None:
    answer = client.get("/admin/payments/nothing/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")


def test_elsewhere_it_is_a_sentence(looker: Client) -> None:
    answer = looker.get("/nothing")
    assert (answer.status_code, answer.content) == (404, b"There is nothing at this address.\n")
