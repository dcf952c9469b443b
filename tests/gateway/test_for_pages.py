"""Programs pass by what only pages need, and lose nothing that protects them."""

from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from gateway.for_pages import StaticFiles
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


#: Of every list: the search, an order, a filter by the key, and whatever the list itself names.
ASKED_FOR = ("q", "o", "pk", "e", "_to_field", "no such name")


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_no_list_of_the_admin_looks_for_a_nul(admin_client: Client, model: Any) -> None:
    admin_client.raise_request_exception = False
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    filters = [str(one) for one in admin.site.get_model_admin(model).list_filter]
    lookups = [f"{one}{lookup}" for one in filters for lookup in ("", "__exact", "__in", "__gte")]
    for name in (*ASKED_FOR, *lookups):
        answer = admin_client.get(address, {name: "a\0b"})
        assert (answer.status_code, answer.content) == (400, b"The request could not be read.\n"), name
    assert admin_client.get(address, {"\0": "a"}).status_code == 400
    assert admin_client.get(f"{address}%00/change/").status_code == 400
    # It is the NUL that is refused.
    assert admin_client.get(address, {"q": "ab"}).status_code == 200


@pytest.mark.parametrize(
    "address", ["/admin/login/?next=%00", "/admin/waiting/%00/", "/docs/?a=%00", "/static/%00", "/%00"]
)
def test_no_page_has_a_nul_in_its_address(address: str) -> None:
    assert Client(raise_request_exception=False).get(address).status_code == 400


def test_files_of_payment_pages_are_kept_for_ever_and_no_others() -> None:
    files = StaticFiles(lambda _: HttpResponse())
    assert files.immutable_file_test("", "/static/pay/pay.css")
    assert not files.immutable_file_test("", "/static/backoffice/pages.css")
    assert not files.immutable_file_test("", "/static/admin/pay/pay.css")
