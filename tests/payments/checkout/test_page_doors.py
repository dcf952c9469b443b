"""Who comes in at the payment pages and with what, and what leaves them: headers, and nothing in logs."""

import logging
import re
import secrets
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway import pictures
from gateway.products import branding
from gateway.products.models import Branding
from gateway.providers.models import PaymentSystem, ScreenshotWish
from payments.checkout import page_doors, standing
from payments.models import CheckoutSession, Confirmation, Deposit
from tests.conftest import Api
from tests.gateway.loud_logs import log_everything
from tests.payments.checkout.visiting import Browser, opened, place, words
from tests.payments.stage import work
from tests.payments.test_hostile_pictures import phone_screen, saved
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {}"
)
PATHS = ["", "/live", "/choose", "/details?system=upi_l", "/change", "/back", "/attempts/1", "/attempts/9"]
WRONG = ["a" * 43, "a" * 42, "a" * 44, "x", "ä" * 43, "%00" * 43, "a" * 42 + "%FF", "../../admin"]


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tests call from one address, and the clock stands still."""
    monkeypatch.setattr(page_doors, "_WRONG_TOKENS_PER_MINUTE", 1_000_000)


def test_a_wrong_token_opens_nothing() -> None:
    for address in (f"/pay/{token}{path}" for token in WRONG for path in PATHS):
        answer = Client().get(address)
        assert answer.status_code == 404, address
        assert "This link leads to no payment" in answer.content.decode()
        assert answer.headers["Content-Security-Policy"] == POLICY.format("'none'")


def test_an_attempt_that_takes_no_reference_says_how_it_stands(browser: Browser) -> None:
    browser.choose()  # not opened yet: nobody was shown how to pay
    page = browser.post("/attempts/1", reference="1")
    assert (page.status, page.code) == (409, "opening")
    assert "This is not possible any more. Here is how the payment stands now." in page.text
    assert browser.get("/attempts/1").status == 200


def test_a_wrong_token_takes_no_form(browser: Browser) -> None:
    answer = Client().post(f"/pay/{'a' * 43}/choose", {"system": "upi_l", "seen": "0"})
    assert answer.status_code == 404
    assert Deposit.objects.count() == 0


def test_the_token_of_one_session_opens_no_other(api: Api, browser: Browser) -> None:
    opened(browser)
    other = Browser(place(api))
    assert other.get("/attempts/1").status == 404
    assert other.post("/attempts/1", reference="123456789012").status == 404
    assert browser.session.reference not in other.get().html


def test_more_parameters_than_are_read(browser: Browser) -> None:
    for address in (browser.address, f"/pay/{'a' * 43}", "/pay/"):
        answer = Client(raise_request_exception=True).get(
            f"{address}?{'a=1&' * 2000}", headers={"Accept-Language": "ur"}
        )
        assert answer.status_code in {400, 404}, address
        assert 'lang="ur"' in answer.content.decode()


def test_other_methods_are_refused(browser: Browser) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        for path in PATHS:
            answer = browser.client.generic(method, f"{browser.address}{path}")
            assert answer.status_code == 405, (method, path)
            assert set(answer.headers["Allow"].split(", ")) >= {"GET", "HEAD"}


def test_pages_take_no_forms(browser: Browser) -> None:
    for path in ("/live", "/details", "/change", "/back"):
        assert browser.client.post(f"{browser.address}{path}").status_code == 405, path


def test_a_payment_system_may_send_its_customer_back_by_a_form(browser: Browser) -> None:
    answer = Client(enforce_csrf_checks=True).post(browser.address, {"status": "paid"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{browser.address}?returned=1")
    assert browser.attempts() == []


def test_head_is_get_without_a_body(browser: Browser) -> None:
    opened(browser)
    for path in ("", "/live", "/choose", "/attempts/1"):
        got, looked = browser.client.get(f"{browser.address}{path}"), browser.client.head(f"{browser.address}{path}")
        assert (looked.status_code, looked.content) == (got.status_code, b"")
        assert got.status_code in {200, 303}, path


BODIES: dict[str, tuple[str, bytes]] = {
    "bytes that are no UTF-8": ("application/x-www-form-urlencoded", b"system=\xff\xfe&seen=0"),
    "percent signs that are no UTF-8": ("application/x-www-form-urlencoded", b"system=%FF%FE&seen=%C3%28"),
    "another charset": ("application/x-www-form-urlencoded; charset=utf-16", b"system=upi_l&seen=0"),
    "no charset": ("application/x-www-form-urlencoded; charset=nothing", b"system=upi_l"),
    "a NUL": ("application/x-www-form-urlencoded", b"system=a%00b&reference=a%00"),
    "many fields": ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % one for one in range(2000))),
    "json": ("application/json", b'{"system": "upi_l"}'),
    "nothing": ("", b""),
    "text": ("text/plain", b"system=upi_l"),
    "no boundary": ("multipart/form-data", b"--a\r\n"),
    "half a part": ("multipart/form-data; boundary=a", b'--a\r\nContent-Disposition: form-data; name="reference"\r\n'),
    "bytes in a part": (
        "multipart/form-data; boundary=a",
        b'--a\r\nContent-Disposition: form-data; name="reference"\r\n\r\n\xff\xfe\r\n--a--\r\n',
    ),
    "a name in bytes": (
        "multipart/form-data; boundary=a",
        b'--a\r\nContent-Disposition: form-data; name="\xff"; filename="\xfe"\r\n\r\nx\r\n--a--\r\n',
    ),
    "base64 that is none": (
        "multipart/form-data; boundary=a",
        (
            b'--a\r\nContent-Disposition: form-data; name="reference"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n!\r\n--a--"
        ),
    ),
    "too large": ("application/x-www-form-urlencoded", b"system=" + b"a" * 300_000),
}


@pytest.mark.parametrize("path", ["/choose", "/attempts/1"])
def test_no_body_breaks_a_page(browser: Browser, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_doors, "_FORMS_PER_MINUTE", 1_000)
    opened(browser)
    for name, (content_type, body) in BODIES.items():
        answer = browser.client.generic("POST", f"{browser.address}{path}", body, content_type=content_type)
        # 303: it knew of no attempt, and there is one.
        assert answer.status_code in {303, 400, 409, 413, 415, 422}, name
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(browser.attempts()) == 1
    assert browser.attempts()[0].confirmations.count() == 0


def test_a_picture_beyond_the_limit_is_not_read(browser: Browser) -> None:
    opened(browser)
    body = b"x" * (settings.SCREENSHOT_MAX_BYTES + 40_000)
    answer = browser.client.generic(
        "POST", f"{browser.address}/attempts/1", body, content_type="multipart/form-data; boundary=a"
    )
    assert answer.status_code == 413
    assert "Please go back and send a smaller picture." in answer.content.decode()


def test_no_query_breaks_a_page(browser: Browser) -> None:
    for query in ("lang=%00", "lang=xx", "lang=hi&lang=ur", "lang=%FF", "a=%00", "system=%00"):
        for path in ("", "/live", "/details"):
            assert browser.client.get(f"{browser.address}{path}?{query}").status_code in {200, 303}, query


def test_wrong_addresses_are_limited(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_doors, "_WRONG_TOKENS_PER_MINUTE", 3)
    # An address of their own: the others' wrong tokens, and those of another process, are counted in this very minute.
    stranger = Client(REMOTE_ADDR=f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}")
    statuses = [stranger.get(f"/pay/{'b' * 43}").status_code for _ in range(5)]
    assert statuses == [404, 404, 404, 429, 429]
    answer = stranger.get(f"/pay/{'b' * 43}")
    assert int(answer.headers["Retry-After"]) in range(1, 61)
    assert "Please wait a moment" in answer.content.decode()
    # Who has the right one is not held up by a neighbour.
    assert stranger.get(browser.address).status_code == 200


def test_forms_are_limited(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_doors, "_FORMS_PER_MINUTE", 2)
    opened(browser)
    path = f"{browser.address}/attempts/1"
    statuses = [browser.client.post(path, {"reference": "1"}).status_code for _ in range(3)]
    assert statuses == [422, 429, 429]
    assert browser.get().status == 200


def test_news_only_where_there_are_any(browser: Browser) -> None:
    browser.choose()
    tag = re.findall(r'data-tag="(\w+)"', browser.get().html)[0]
    first = browser.client.get(f"{browser.address}/live", headers={"If-None-Match": f'"{tag}"'})
    assert (first.status_code, first.content, first.headers["ETag"]) == (304, b"", f'"{tag}"')
    work()
    second = browser.client.get(f"{browser.address}/live", headers={"If-None-Match": f'"{tag}"'})
    assert second.status_code == 200
    assert "Pay with UPI P2P" in second.content.decode()
    assert "<html" not in second.content.decode()
    assert second.headers["ETag"] != f'"{tag}"'
    assert second.headers["ETag"] == browser.client.get(f"{browser.address}/live").headers["ETag"]


def test_what_is_over_is_not_asked_about(browser: Browser, clock: time_machine.Traveller) -> None:
    clock.shift(timedelta(days=2))
    page = browser.get()
    assert page.code == "link_expired"
    assert "data-live" not in page.html
    assert "data-still" in page.html


def test_security_headers(browser: Browser) -> None:
    opened(browser)
    for path in ("", "/live", "/change", "/attempts/1"):
        headers = browser.client.get(f"{browser.address}{path}").headers
        assert headers["Content-Security-Policy"] == POLICY.format("'none'")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_frame_shows_what_is_said_instead_of_a_page_of_its_session(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    session = place(api, language="hi")
    Branding.objects.create(product=session.product, frame_origins=["https://a.example"])
    browser = Browser(session)
    answers = [
        browser.client.post(f"{browser.address}/choose", b"{}", content_type="application/json"),
        browser.client.post(f"{browser.address}/choose", {"system": "a" * 20_000}),
    ]
    monkeypatch.setattr(page_doors, "_FORMS_PER_MINUTE", 0)
    answers.append(browser.client.post(f"{browser.address}/choose", {"system": "upi_l"}))
    assert [one.status_code for one in answers] == [415, 413, 429]
    for one in answers:
        assert one.headers["Content-Security-Policy"] == POLICY.format("https://a.example")
        assert "X-Frame-Options" not in one.headers
        assert 'lang="hi"' in one.content.decode()
    assert "कोई नुकसान नहीं हुआ है" in answers[-1].content.decode()


def test_a_product_s_own_pages_may_frame_it(browser: Browser) -> None:
    Branding.objects.create(product=browser.session.product, frame_origins=["https://a.example", "https://b.example"])
    headers = browser.client.get(browser.address).headers
    assert headers["Content-Security-Policy"] == POLICY.format("https://a.example https://b.example")
    assert "X-Frame-Options" not in headers


def test_the_product_s_look(browser: Browser) -> None:
    Branding.objects.create(
        product=browser.session.product,
        display_name="The <Shop>",
        colour="#aa3300",
        support_address="mailto:help@shop.example",
    )
    page = browser.get()
    assert "The <Shop>" in page.text
    assert re.search(r'<link rel="stylesheet" href="/pay/brands/[^"]+\.css">', page.html)
    assert 'href="mailto:help@shop.example"' in page.html
    assert "Questions? Support: help@shop.example" in page.text


def test_no_cookie_is_read_or_set(browser: Browser) -> None:
    client = Client(enforce_csrf_checks=True)
    cookies = {"Cookie": "sessionid=abcdefgh; csrftoken=abcdefgh; django_language=hi"}
    page = client.get(browser.address, headers=cookies)
    assert 'lang="en"' in page.content.decode()
    chosen = client.post(f"{browser.address}/choose", {"system": "upi_l", "seen": "0"}, headers=cookies)
    assert chosen.status_code == 303
    assert (dict(page.cookies), dict(chosen.cookies)) == ({}, {})
    assert "Cookie" not in page.headers.get("Vary", "")


def test_no_session_of_a_browser_is_looked_up(browser: Browser) -> None:
    with CaptureQueriesContext(connection) as asked:
        browser.client.get(browser.address, headers={"Cookie": "sessionid=abcdefgh"})
    assert not [one["sql"] for one in asked.captured_queries if "django_session" in one["sql"]]


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("hi", "ltr"), ("bn", "ltr"), ("ur", "rtl")])
def test_the_language_of_the_session_is_that_of_its_page(
    api: Api, browser: Browser, language: str, direction: str
) -> None:
    page = Browser(place(api, language=language)).get(**{"Accept-Language": "bn"})
    assert f'<html lang="{language}" dir="{direction}">' in page.html
    assert page.headers["Content-Language"] == language
    assert "lang=" not in re.findall(r'action="([^"]+)"', page.html)[0]


def test_the_reader_s_language_is_carried_on(browser: Browser) -> None:
    page = browser.get("?lang=ur")
    assert '<html lang="ur" dir="rtl">' in page.html
    assert f'action="{browser.address}/choose?lang=ur"' in page.html
    page = browser.post("/choose?lang=ur", system="upi_l", seen="0")
    assert '<html lang="ur" dir="rtl">' in page.html
    work()
    page = browser.get("?lang=ur")
    assert f'action="{browser.address}/attempts/1?lang=ur"' in page.html
    assert f'data-live="{browser.address}/live?lang=ur"' in page.html
    assert f'href="{browser.address}" hreflang="en"' in page.html  # the session's own needs no parameter
    page = browser.post("/attempts/1?lang=ur", reference="1")
    assert page.status == 422
    assert f'href="{browser.address}/attempts/1?lang=hi" hreflang="hi"' in page.html
    # Nowhere else does it leak: the next page without it is the session's.
    assert '<html lang="en" dir="ltr">' in browser.get().html


def test_a_dead_end_speaks_the_browser_s_language_and_english() -> None:
    answer = Client().get(f"/pay/{'a' * 43}", headers={"Accept-Language": "ur-PK,en;q=0.5"}).content.decode()
    assert re.findall(r'<section [^>]*lang="(\w+)" dir="(\w+)"', answer) == [("ur", "rtl"), ("en", "ltr")]
    answer = Client().get(f"/pay/{'a' * 43}", headers={"Accept-Language": "de"}).content.decode()
    assert re.findall(r'<section [^>]*lang="(\w+)"', answer) == ["en"]


def test_a_database_that_is_away_is_said_calmly(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: CheckoutSession) -> Any:
        raise OperationalError("secret detail")

    monkeypatch.setattr(standing, "of", away)
    client = Client(raise_request_exception=False)
    answer = client.get(browser.address)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    text = words(answer.content.decode())
    assert "If you have paid, your money is not lost; do not pay again." in text
    assert "secret" not in text


def test_tokens_are_in_no_log(
    browser: Browser, provider: ScriptedProvider, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_everything(caplog)
    opened(browser)
    browser.confirm("1")
    browser.client.generic("POST", f"{browser.address}/choose", b"", content_type="text/plain")
    browser.client.put(browser.address)
    browser.client.get(f"{browser.address}/attempts/9")
    monkeypatch.setattr(branding, "of", lambda _: 1 / 0)
    Client(raise_request_exception=False).get(browser.address)
    handler = next(one for one in logging.getLogger().handlers if one.filters)
    lines = []
    for record in caplog.records:
        handler.filter(record)
        lines.append(handler.format(record))
    assert any("/pay/[redacted]" in line for line in lines)
    assert not [line for line in lines if str(browser.session.token) in line]


def test_the_server_keeps_no_log_of_addresses_by_itself(pytestconfig: pytest.Config) -> None:
    # It would be written past our filter.
    for name in ("docker/Dockerfile", "docker/compose.yaml", "gateway/stack/services.py"):
        started = (pytestconfig.rootpath / name).read_text()
        assert "granian" in started
        assert "access-log" not in started


def test_tokens_are_in_no_referrer(browser: Browser) -> None:
    page = opened(browser)
    for link in re.findall(r"<a [^>]*>", page.html):
        assert "target" not in link or 'rel="noopener noreferrer"' in link
    # Nobody else is asked for anything, nor told where the customer came from.
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.html)


def test_a_picture_that_finds_no_place_is_sent_again_in_a_moment(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider
) -> None:
    PaymentSystem.objects.filter(code="upi_l").update(screenshot=ScreenshotWish.OPTIONAL)
    opened(browser)
    monkeypatch.setattr(pictures, "_PATIENCE_SECONDS", 0.01)
    with pictures._AT_ONCE, pictures._AT_ONCE:
        page = browser.confirm(screenshot=SimpleUploadedFile("a.png", saved(phone_screen(), "PNG")))
    assert (page.status, Confirmation.objects.count()) == (503, 0)
    assert "If you have paid, your money is not lost; do not pay again." in page.text
    assert browser.confirm(screenshot=SimpleUploadedFile("a.png", saved(phone_screen(), "PNG"))).code == "checking"
