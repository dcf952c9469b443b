"""What every answer says, whichever door gave it, and that no door tells of its inside when something breaks."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError, connection
from django.test import Client
from django.test.utils import override_settings

from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.staff import browser_of

SECRET: Final = "canary-4242-secret"

NOTHING: Final = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}
PAGE: Final = {
    **NOTHING,
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
}


@pytest.fixture
def browser(db: None) -> Client:
    """Somebody who is signed in to the admin."""
    person = get_user_model().objects.create_superuser("looker")
    client = Client(raise_request_exception=False)
    browser_of(person, client)
    return client


DOORS: Final = {
    "api": "/api/v1/deposits",
    "api, nothing": "/api/v1/nothing",
    "document": "/api/v1/openapi.yaml",
    "docs": "/docs/",
    "reference": "/docs/reference/",
    "problems": "/docs/problems/",
    "admin": "/admin/",
    "admin, a list": "/admin/payments/deposit/",
    "health": "/health/",
    "postback": "/postbacks/paykassma/nobody-0123456789/",
    "payment page, nothing": f"/pay/{'a' * 43}",
    "nothing": "/nothing",
    "start": "/",
}


def policy(answer: Any) -> dict[str, str]:
    parts = [part.partition(" ") for part in answer.headers["Content-Security-Policy"].split("; ")]
    return {name: value for name, _, value in parts}


@pytest.mark.parametrize("path", DOORS.values(), ids=DOORS.keys())
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "BREW"])
def test_every_answer_has_the_security_headers(browser: Client, path: str, method: str) -> None:
    answer = browser.generic(method, path)
    headers = answer.headers
    assert answer.status_code < 500
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    # The address of a payment page is its key.
    assert headers["Referrer-Policy"] == ("no-referrer" if path.startswith("/pay/") else "same-origin")
    assert headers["Permissions-Policy"] == "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers  # this one is reached by http
    kept = not path.startswith(("/api/", "/admin/", "/postbacks/", "/pay/"))
    assert (headers.get("Cache-Control") == "no-store") is not kept
    assert policy(answer)["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", DOORS.values(), ids=DOORS.keys())
def test_https_is_kept_to_where_the_service_is_reached_by_it(browser: Client, path: str) -> None:
    with override_settings(PUBLIC_URL="https://pay.example.com"):
        assert browser.get(path).headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("door", ["api", "api, nothing", "document", "health", "postback", "nothing", "start"])
def test_what_is_no_page_may_load_and_run_nothing(browser: Client, door: str) -> None:
    assert policy(browser.get(DOORS[door])) == NOTHING


@pytest.mark.parametrize("door", ["docs", "reference", "problems"])
def test_the_documentation_runs_only_its_own_scripts(browser: Client, door: str) -> None:
    answers = [browser.get(DOORS[door]) for _ in range(2)]
    found = [policy(answer) for answer in answers]
    scripts = [one.pop("script-src").split(" ") for one in found]
    assert found == [{**PAGE, "worker-src": "blob:"}] * 2
    if door == "problems":
        assert scripts == [["'self'"]] * 2
        return
    for answer, (own, nonce) in zip(answers, scripts, strict=True):
        page = answer.content.decode()
        assert own == "'self'"
        assert f'<script nonce="{nonce.removeprefix(chr(39) + "nonce-").removesuffix(chr(39))}">' in page
        assert "//" not in page.replace("<!doctype", "").split("<body>")[0]  # nothing of another host
        assert page.count("<script") == 2
    assert scripts[0] != scripts[1]


@pytest.mark.parametrize("door", ["admin", "admin, a list"])
def test_the_admin_alone_may_evaluate(browser: Client, door: str) -> None:
    expected = {**PAGE, "script-src": "'self' 'unsafe-eval'", "form-action": "'self'"}
    assert policy(browser.get(DOORS[door])) == expected


def test_the_document_that_is_served_is_the_one_that_is_committed(client: Client, pytestconfig: pytest.Config) -> None:
    answer = client.get(DOORS["document"])
    committed = (pytestconfig.rootpath / "docs" / "openapi.yaml").read_bytes()
    assert (answer.headers["Content-Type"], answer.content) == ("application/yaml", committed)


# When something breaks.


@contextmanager
def broken_database(error: Exception) -> Iterator[None]:
    """Every question to the database ends like this."""

    def refuse(*_: Any) -> Any:
        raise error

    with connection.execute_wrapper(refuse):
        yield


def ask(door: str, browser: Client, api: Api, account: ProviderAccount) -> Any:
    match door:
        case "api":
            api.client.raise_request_exception = False
            return api.client.get("/api/v1/deposits")
        case "postback":
            return browser.post(f"/postbacks/paykassma/{account.postback_token}/", b"{}", "application/json")
        case "admin":
            return browser.get("/admin/payments/deposit/")
        case _:
            return browser.get("/health/")


DOWN: Final = {"api": "problem+json", "postback": "text/plain", "admin": "text/html", "health": "json"}


@pytest.mark.parametrize("error", [OperationalError(SECRET), InterfaceError(SECRET)], ids=["operational", "interface"])
@pytest.mark.parametrize("door", DOWN)
def test_a_database_that_fails_is_503_and_says_when_to_come_again(
    browser: Client, api: Api, account: ProviderAccount, door: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with broken_database(error), caplog.at_level(logging.DEBUG):
        answer = ask(door, browser, api, account)
    assert answer.status_code == 503
    assert DOWN[door] in answer.headers["Content-Type"]
    assert answer.headers.get("Retry-After") == (None if door == "health" else "5")
    assert_silent(answer, caplog)


@pytest.mark.parametrize(
    "error",
    [ProgrammingError(SECRET), DatabaseError(SECRET), RuntimeError(SECRET), ZeroDivisionError(SECRET)],
    ids=repr,
)
@pytest.mark.parametrize("door", DOWN)
def test_whatever_else_breaks_is_500_without_a_word_about_it(
    browser: Client, api: Api, account: ProviderAccount, door: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with broken_database(error), caplog.at_level(logging.DEBUG):
        answer = ask(door, browser, api, account)
    assert answer.status_code == 500
    if door == "api":
        assert answer.json()["code"] == "internal_error"
    elif door == "admin":
        assert "<h1>Something went wrong here</h1>" in answer.content.decode()
    else:
        assert answer.content == b"Something went wrong here. Please try again in a moment.\n"
    assert_silent(answer, caplog)


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/docs/", "plain"), ("/docs/reference/", "plain"), ("/docs/problems/", "plain"), ("/admin/", "html")],
)
def test_a_page_that_cannot_be_put_together_is_a_plain_sentence(
    browser: Client,
    settings: Any,
    path: str,
    kind: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def explode(*_: Any, **__: Any) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(admin.site, "each_context", explode)
    template = {**settings.TEMPLATES[0], "OPTIONS": {"context_processors": [f"{__name__}.broken_processor"]}}
    settings.TEMPLATES = [template]
    with caplog.at_level(logging.DEBUG):
        answer = browser.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, f"text/{kind}; charset=utf-8")
    assert_silent(answer, caplog)


def broken_processor(_: Any) -> dict[str, Any]:
    raise RuntimeError(SECRET)


def assert_silent(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    for text in (answer.content.decode(), str(dict(answer.headers.items()))):
        assert SECRET not in text
        assert "Traceback" not in text
        assert ".py" not in text
        assert "Error" not in text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/docs/", "/admin/login/", "/health/", "/nothing", "/postbacks/paykassma/x/"])
def test_another_host_is_refused_in_a_sentence(browser: Client, path: str) -> None:
    answer = browser.get(path, HTTP_HOST="other.example")
    assert answer.status_code in {200, 400, 404, 405}  # the plainest doors never ask for the host
    assert b"DisallowedHost" not in answer.content
    assert b"other.example" not in answer.content


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "BREW"])
@pytest.mark.parametrize("path", ["/health/", "/api/v1/openapi.yaml"])
def test_what_is_only_read_knows_no_other_method(client: Client, method: str, path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.generic(method, path)
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (405, "GET, HEAD", b"")
