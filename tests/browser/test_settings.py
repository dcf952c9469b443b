"""Keys, endpoints and the provider's account: made, shown once, tried and ended by people."""

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, PHONE
from tests.stories.conftest import Caller, Stack, new_reference


def test_a_key_is_shown_once_works_and_is_revoked(stack: Stack, window: Window, admin: Person) -> None:
    name = f"till {new_reference()}"
    screen = window(admin, DESK)
    screen.open("/admin/products/apikey/?mode=test")
    screen.follow("Issue a key")
    form = screen.page
    form.locator("[name=product]").select_option(label="Demo product")
    form.locator("[name=mode]").select_option("test")
    form.locator("[name=name]").fill(name)
    form.locator("[name=scopes][value=read]").check()
    form.get_by_label("Reason").fill("a new till")
    screen.press("Issue an API key")
    key = form.locator("code").inner_text()
    expect(form.get_by_text("It works now.")).to_be_visible()

    caller = Caller(stack.info["api_url"], key)
    assert caller.client.get("deposits").status_code == 200
    screen.open(f"/admin/products/apikey/?mode=test&q={name}")
    screen.by(form.locator("#result_list a[href*='/change/']").first.click)
    expect(form.locator("body")).not_to_contain_text(key)
    screen.follow("Revoke")
    form.get_by_label("Reason").fill("the till is gone")
    screen.by(form.locator("#main form button[type=submit]").last.click)
    assert caller.client.get("deposits").status_code == 401
    caller.client.close()


def test_an_endpoint_is_added_and_its_secret_shown_once(stack: Stack, window: Window, admin: Person) -> None:
    url = f"http://127.0.0.1:9/{new_reference()}"  # nobody listens there
    screen = window(admin, PHONE)
    form = screen.page
    screen.open("/admin/webhooks/webhookendpoint/add-endpoint/")
    form.locator("[name=product]").select_option(label="Demo product")
    form.locator("[name=mode]").select_option("test")
    form.locator("[name=url]").fill(url)
    form.get_by_label("Reason").fill("the shop moves")
    screen.press("Add an endpoint")
    secret = form.locator("code").inner_text()
    assert secret.startswith("whsec_")
    screen.by(form.locator("#main a[href*='/change/']").click)
    expect(form.locator("body")).to_contain_text(url)
    expect(form.locator("body")).not_to_contain_text(secret)
    known = stack.test.get("webhook-endpoints")["data"]
    assert [one["url"] for one in known if one["url"] == url] == [url]


def test_the_connection_to_the_provider_is_tested(stack: Stack, window: Window, admin: Person) -> None:
    screen = window(admin, DESK)
    screen.open("/admin/providers/provideraccount/?mode=test")
    screen.by(screen.page.locator("#result_list a[href*='/change/']").first.click)
    screen.follow("Test the connection")
    screen.press("Test the connection")
    found = screen.page.locator("#main table").first
    works = dict(
        zip(*(found.locator(f"tbody td:nth-child({column})").all_inner_texts() for column in (1, 2)), strict=True)
    )
    asked = ["Base URL", "API secret", "Payment systems", "Balances"]
    assert {name: works[name] for name in asked} == dict.fromkeys(asked, "yes")
    assert "no" not in works.values()
