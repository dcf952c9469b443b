"""Only the payment pages speak other languages than English, whatever a browser prefers."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.conftest import Api

every_preference = pytest.mark.parametrize("preferred", ["hi", "bn", "ur", "ur-PK,ur;q=0.9,en;q=0.1"])


def test_no_middleware_chooses_a_language() -> None:
    assert [name for name in settings.MIDDLEWARE if "locale" in name.lower()] == []
    assert settings.LANGUAGE_CODE == "en"


@every_preference
def test_the_admin_is_in_english(admin_client: Client, preferred: str) -> None:
    page = admin_client.get("/admin/", headers={"Accept-Language": preferred})

    assert page.status_code == 200
    assert '<html lang="en"' in page.content.decode()
    assert "Log out" in page.content.decode()


@every_preference
@pytest.mark.usefixtures("db")
def test_a_form_of_the_admin_refuses_in_english(preferred: str) -> None:
    page = Client().post("/admin/login/", {}, headers={"Accept-Language": preferred})

    assert "This field is required." in page.content.decode()


@every_preference
def test_the_api_refuses_in_english(api: Api, preferred: str) -> None:
    def refused(**extra: Any) -> Any:
        answer = api.post("deposits", {}, **extra)
        assert answer.status_code == 400
        return answer.json()["errors"]

    assert refused(HTTP_ACCEPT_LANGUAGE=preferred) == refused()
    assert "This field is required." in str(refused())
