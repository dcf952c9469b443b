"""Programs pass by what only pages need, and lose nothing that protects them."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.postbacks.letters import item, letter, path

pytestmark = pytest.mark.django_db

#: A cookie of somebody who is logged in; nobody is, for it names no session.
COOKIE = {"Cookie": "sessionid=abcdefgh; csrftoken=abcdefgh"}


def test_no_cookie_is_looked_at_or_set(api: Api, account: ProviderAccount, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):  # the key; the deposits
        answer = api.client.get("/api/v1/deposits", headers=COOKIE)
    assert (answer.status_code, dict(answer.cookies)) == (200, {})
    kept = Client(enforce_csrf_checks=True).post(
        path(account), letter(account, [item()]), content_type="application/json", headers=COOKIE
    )
    assert (kept.status_code, dict(kept.cookies)) == (200, {})


def test_a_logged_in_person_s_cookie_opens_nothing_of_the_api(admin_client: Client) -> None:
    assert admin_client.get("/api/v1/deposits").status_code == 401
    assert admin_client.get("/admin/").status_code == 200


def test_forms_of_the_admin_still_need_their_token(admin_user: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/admin/login/", {"username": admin_user.username, "password": "password"})
    assert answer.status_code == 403


@pytest.mark.parametrize(("address", "status"), [("/admin", 301), ("/docs", 301), ("/api/v1/deposits/", 404)])
def test_people_are_led_to_the_slash_and_programs_are_not(address: str, status: int) -> None:
    assert Client().get(address).status_code == status


@pytest.mark.parametrize("address", ["/api/v1/deposits", "/postbacks/paykassma/token/", "/admin/"])
def test_a_foreign_host_name_is_refused_everywhere(address: str) -> None:
    assert APIClient().post(address, {}, HTTP_HOST="evil.example").status_code == 400


def test_every_answer_carries_the_security_headers_and_its_length(api: Api) -> None:
    answer = api.get("deposits")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Content-Length"] == str(len(answer.content))
