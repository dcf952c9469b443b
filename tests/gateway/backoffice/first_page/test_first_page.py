"""The first page: what it says to whom, of which mode, with links to the rows behind each figure."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from balances import summaries
from gateway.backoffice.first_page import counting_figures
from gateway.backoffice.first_page.verdict import Need, verdict
from gateway.backoffice.models import Counted
from gateway.backoffice.queues.catalogue import QUEUES
from gateway.products.models import Product
from gateway.providers.models import BalanceCheck, ObservedBalance, PauseScope, PayoutPauseKind, ProviderAccount
from gateway.providers.pauses import pause_payouts
from gateway.webhooks.models import WebhookEndpoint
from tests import roles
from tests.conftest import Api
from tests.gateway.backoffice.first_page.figures import Books, noon
from tests.payments.stage import Placed
from tests.staff import browser_of, logged_in
from tests.two_persons import persons
from tests.withdrawals.orders import order
from withdrawals.models import Withdrawal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disguised")]

FIRST = "/admin/"
#: Statements of a full page, those of the session and the person included: of parts, not of rows.
QUERIES = 45


@pytest.fixture
def clock() -> None:
    """Time goes on here: the database's own clock says when journals were written."""


@pytest.fixture
def finance() -> Client:
    return browser_of(User.objects.create_superuser("finance"))


def text_of(page: Any) -> str:
    """What stands on a page, in words with one space between them."""
    assert page.status_code == 200, page.content
    main = page.content.decode().partition('class="first-page"')[2]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def part(page: Any, key: str) -> str:
    """What stands in one part."""
    found = re.search(rf'<section class="[^"]*" id="{key}".*?</section>', page.content.decode(), re.DOTALL)
    assert found, key
    return " ".join(re.sub(r"<[^>]+>", " ", found.group()).split())


def links(page: Any, key: str) -> list[str]:
    """Where the figures of one part lead."""
    found = re.search(rf'<section class="[^"]*" id="{key}".*?</section>', page.content.decode(), re.DOTALL)
    assert found, key
    return [one.replace("&amp;", "&") for one in re.findall(r'href="([^"]+)"', found.group())]


def put(withdrawal: Withdrawal, **columns: Any) -> None:
    """Have a withdrawal as if it had come so far; no guard looks."""
    with roles.undisguised() as cursor:
        for name, value in columns.items():
            statement = f"UPDATE withdrawals_withdrawal SET {name} = %s WHERE id = %s"  # noqa: S608 - our own column
            cursor.execute(statement, [value, withdrawal.pk])


def test_where_nothing_happened_it_says_so(finance: Client) -> None:
    counting_figures.count_figures()
    page = finance.get(FIRST)
    said = text_of(page)
    assert "Nothing needs a person." in said
    assert "Live: real money." in said
    assert "No account was ever used." in part(page, "ledger")
    assert "Nothing is paused." in part(page, "pauses")
    assert "No orders in the last 7 days." in part(page, "systems")


def test_an_uncounted_page_says_that_nobody_counts(finance: Client) -> None:
    page = finance.get(FIRST)
    assert "1 thing needs a person" in text_of(page)
    assert "never counted" in part(page, "workers")
    assert "Paid today not counted yet" in part(page, "payouts")
    assert "30 days not counted yet" in part(finance.get(FIRST, {"days": "30"}), "volume")
    counting_figures.count_figures()
    Counted.objects.update(counted_at=timezone.now() - timedelta(minutes=11))
    assert "The figures of this page are not counted" in text_of(finance.get(FIRST))


def test_each_mode_shows_its_own_money_and_says_which(
    finance: Client, product: Product, account: ProviderAccount, live_account: ProviderAccount
) -> None:
    Books(product, live_account, "INR").credited(noon(1), "1234567.50")
    Books(product, account, "INR").credited(noon(1), "88.80")
    counting_figures.count_figures()
    live, test = finance.get(FIRST, {"mode": "live"}), finance.get(FIRST, {"mode": "test"})
    assert "1,234,567.50 INR" in text_of(live)
    assert "88.80" not in text_of(live)
    assert "88.80 INR" in text_of(test)
    assert "1,234,567.50" not in text_of(test)
    assert "Test: play money." in text_of(test)
    assert "Test: play money" in test.content.decode()
    assert "[Test]" in test.content.decode().partition("</title>")[0]
    assert 'class="mode-bar mode-test"' in test.content.decode()
    assert "88.80 INR" in text_of(finance.get(FIRST)), "what was chosen last is remembered"


def test_figures_lead_to_the_rows_behind_them(finance: Client, product: Product, live_account: ProviderAccount) -> None:
    Books(product, live_account, "INR").credited(noon(1), "100")
    Books(product, live_account, "BDT").credited(noon(1), "7")
    counting_figures.count_figures()
    page = finance.get(FIRST, {"mode": "live"})
    day = noon(1)
    after = day + timedelta(days=1)
    wanted = (
        "/admin/balances/journal/?mode=live&currency=INR&kind__in=receipt_credited,receipt_suspended"
        f"&created_at__gte={day:%Y-%m-%d}T00:00:00Z&created_at__lt={after:%Y-%m-%d}T00:00:00Z"
    )
    assert wanted in links(page, "volume")
    for currency, amount in (("INR", "100.00 INR"), ("BDT", "7.00 BDT")):
        rows = finance.get(wanted.replace("INR", currency))
        assert [summaries.amount_of(one) for one in rows.context["cl"].result_list] == [amount]
    assert "/admin/balances/account/?mode=live&kind__exact=available&currency__exact=INR" in links(page, "ledger")
    for place in {*links(page, "volume"), *links(page, "ledger")} - {"?mode=live&days=14#volume"}:
        if place.startswith("/admin/"):
            assert finance.get(place).status_code == 200, place


def test_what_waits_is_counted_summed_and_aged(finance: Client, api: Api, account: ProviderAccount) -> None:
    counting_figures.count_figures()
    now = timezone.now()
    one, other, third = order(api), order(api, amount="500"), order(api, amount="7")
    hours_ago = now - timedelta(hours=2, minutes=10, seconds=30)
    put(one, status="unknown", updated_at=hours_ago, sent_at=hours_ago)
    put(other, status="unknown", updated_at=now, sent_at=now)
    put(third, status="manual_review", updated_at=now - timedelta(minutes=3, seconds=5))
    page = finance.get(FIRST, {"mode": "test"})
    assert "2 things need a person, the oldest since 2 h 10 min." in text_of(page), "one is asked about by itself"
    assert "Manual review : 2, since" in text_of(page)
    waits = part(page, "waits")
    assert "Manual review 3 1,725.00 INR oldest 2 h 10 min, since" in waits
    assert "Payouts of unknown outcome 2 1,718.00 INR oldest 2 h 10 min, since" in waits
    assert "Suspense 0" in waits
    assert "Instructions to decide 0" in waits
    places = links(page, "waits")
    assert [one for one in places if one.startswith("/admin/queues/")] == [
        "/admin/queues/review/?mode=test",
        *(f"/admin/queues/{one.name}/?mode=test" for one in QUEUES if one.name != "review"),
    ]
    assert "/admin/withdrawals/withdrawal/?mode=test&status__in=unknown" in places
    assert "/admin/balances/instruction/?mode=test&status__in=proposed" in places
    for place in places:
        assert finance.get(place).status_code == 200, place
    assert finance.get(places[1]).context["cl"].result_count == 2, "the payouts of unknown outcome"
    assert "Unknown 2 1,718.00 INR" in part(page, "payouts")
    assert "2 things" not in text_of(finance.get(FIRST, {"mode": "live"}))


def test_deposits_under_way_are_told_by_state(finance: Client, opened: Placed) -> None:
    counting_figures.count_figures()
    for status, amount in (("accumulating", "75.50"), ("accumulating", "24.50"), ("in_review", "9")):
        deposit = opened()
        with roles.undisguised() as cursor:
            changed = "UPDATE payments_deposit SET status = %s, amount = %s, deadline_at = NULL WHERE id = %s"
            cursor.execute(changed, [status, amount, deposit.pk])
    page = finance.get(FIRST, {"mode": "test"})
    said = part(page, "deposits")
    assert "Saved up, until more comes 2 100.00 INR" in said
    assert "In review 1 9.00 INR" in said
    rows = "/admin/payments/deposit/?mode=test&status__exact=accumulating"
    assert rows in links(page, "deposits")
    assert len(finance.get(rows).context["cl"].result_list) == 2


def test_of_more_than_is_counted_the_verdict_says_so() -> None:
    many = Need(what="Suspense", count=100, is_more=True, since=None, href="")
    one = Need(what="Approvals", count=1, since=None, href="")
    assert [many.number, one.number] == ["100+", "1"]
    assert verdict([many, one], []).sentence == "More than 101 things need a person."
    assert verdict([one], []).sentence == "1 thing needs a person."


def test_pauses_and_balances_are_told_with_reason_and_age(finance: Client, account: ProviderAccount) -> None:
    counting_figures.count_figures()
    now = timezone.now()
    account.pause_kind, account.pause_reason, account.paused_since = "outage", "it does not answer", now
    account.save()
    pause_payouts(PauseScope.EVERYTHING, "", PayoutPauseKind.PERSON, "fire drill", persons()[0], mode="test")
    ObservedBalance.objects.create(
        account=account, wallet_type="upi_l", currency="INR", amount="55.5", observed_at=now - timedelta(minutes=31)
    )
    BalanceCheck.objects.create(account=account, asked_at=now, answered_at=now - timedelta(minutes=31), note="HTTP 503")
    page = finance.get(FIRST, {"mode": "test"})
    assert "it does not answer" in part(page, "pauses")
    assert "fire drill" in part(page, "pauses")
    assert "55.50 INR" in part(page, "balances")
    assert "stale" in part(page, "balances")
    assert "HTTP 503" in part(page, "balances")
    assert "3 things need a person" in text_of(page)
    assert "fire drill" not in text_of(finance.get(FIRST, {"mode": "live"}))


def test_an_endpoint_that_fails_needs_a_person(finance: Client, product: Product) -> None:
    counting_figures.count_figures()
    made = {"product": product, "mode": "test", "secrets": []}
    since = timezone.now() - timedelta(hours=1)
    WebhookEndpoint.objects.create(**made, url="https://works.example")
    WebhookEndpoint.objects.create(**made, url="https://fails.example", failing_since=since)
    page = finance.get(FIRST, {"mode": "test"})
    assert "https://fails.example failing" in part(page, "webhooks")
    assert "works.example" not in part(page, "webhooks")
    assert "1 thing needs a person, since 1 h" in text_of(page)


def test_whoever_may_not_see_a_part_reads_that_and_no_zero(product: Product, live_account: ProviderAccount) -> None:
    Books(product, live_account, "INR").credited(noon(0), "4321")
    counting_figures.count_figures()
    page = logged_in("webhooks_only", "view_delivery", "view_webhookendpoint").get(FIRST)
    said = text_of(page)
    assert "4,321" not in said
    assert "Nothing that you may see needs a person." in said
    for key in ("volume", "systems", "deposits", "payouts", "ledger", "balances", "pauses"):
        words = part(page, key)
        assert "not for you" in words, key
        assert not re.search(r"\d{3}", words.replace("14 days", "").replace("30 days", "")), words
    assert "not for you" not in part(page, "webhooks")
    assert "Not for you" in part(page, "waits")
    ObservedBalance.objects.create(
        account=live_account, wallet_type="upi_l", currency="INR", amount="4300", observed_at=timezone.now()
    )
    looker = logged_in("balances_only", "view_observedbalance", "view_balancecheck")
    page = looker.get(FIRST)
    [rows] = re.findall(r'"(/admin/providers/observedbalance/[^"]+upi_l[^"]*)"', page.content.decode())
    ObservedBalance.objects.create(
        account=live_account, wallet_type="imps_ib", currency="INR", amount="9", observed_at=timezone.now()
    )
    assert [one.amount for one in looker.get(html.unescape(rows)).context["cl"].result_list] == [4300]
    provider = part(page, "balances")
    assert "4,300.00 INR not for you –" in provider, "what our books say is the ledger's"
    assert "0.00 INR" not in provider.replace("4,300.00 INR", "")
    seen = logged_in("ledger_only", "view_account").get(FIRST)
    assert "4,321.00 INR" in part(seen, "ledger")
    assert "not for you" in part(seen, "volume")


def test_the_number_of_questions_does_not_grow(
    finance: Client, product: Product, account: ProviderAccount, api: Api
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert finance.get(FIRST, {"mode": "test"}).status_code == 200
        return len(queries)

    counting_figures.count_figures()
    finance.get(FIRST, {"mode": "test"})
    few = asked()
    assert few <= QUERIES
    for currency in ("INR", "BDT", "JPY"):
        Books(product, account, currency).credited(noon(1), "100")
    for amount in ("1", "2", "3"):
        put(order(api, amount=amount), status="unknown", sent_at=timezone.now())
    for number in range(4):
        pause_payouts(
            PauseScope.PRODUCT, Product.objects.create(name=f"p{number}").pk, "outflow_cap", "why", mode="test"
        )
    counting_figures.count_figures()
    # Of pauses, the names of what they stop are looked up once.
    assert asked() <= few + 1


def _title(page: str) -> str:
    return html.unescape(page.partition("<title>")[2].partition("</title>")[0]).strip()


def _pages(groups: list[dict[str, Any]]) -> Iterator[str]:
    for group in groups:
        for item in group["items"]:
            yield item["link"]


def test_nobody_is_shown_a_link_that_would_refuse_them(finance: Client) -> None:
    everything = list(_pages(finance.get(FIRST).context["sidebar_navigation"]))
    assert reverse("admin:payments_deposit_changelist") in everything
    assert len(everything) == len(set(everything)) > 30
    for place in everything:
        assert finance.get(place).status_code == 200, place
    for name, permissions in {
        "nobody": [],
        "integrator": ["view_delivery", "view_event", "view_webhookendpoint", "view_providercall"],
        "decides": ["approve_instruction"],
    }.items():
        browser = logged_in(name, *permissions)
        shown = list(_pages(browser.get(FIRST).context["sidebar_navigation"]))
        assert FIRST in shown
        for place in everything:
            assert (browser.get(place).status_code == 200) == (place in shown), (name, place)


def test_every_list_that_there_is_can_be_reached(finance: Client) -> None:
    shown = set(_pages(finance.get(FIRST).context["sidebar_navigation"]))
    lists = {model["admin_url"] for app in finance.get(FIRST).context["app_list"] for model in app["models"]}
    assert lists <= shown


def test_a_list_is_called_as_its_link_is(finance: Client) -> None:
    groups = finance.get(FIRST).context["sidebar_navigation"]
    lists = {model["admin_url"] for app in finance.get(FIRST).context["app_list"] for model in app["models"]}
    named = {item["link"]: item["title"] for group in groups for item in group["items"] if item["link"] in lists}
    assert {"Users", "Groups", "Products", "Payment systems", "Letter items", "Actions in queues"} < set(named.values())
    assert {
        place: _title(finance.get(place).content.decode()).removesuffix(" | Payment gateway") for place in named
    } == named


def test_pages_are_called_by_what_they_show_and_are_reached_by_keyboard(finance: Client) -> None:
    page = finance.get(reverse("admin:payments_deposit_changelist")).content.decode()
    assert _title(page) == "Deposits | Payment gateway"
    assert "to view" not in page
    assert page.index('href="#content"') < page.index('id="nav-sidebar"'), "the first stop leads past the navigation"
    assert 'role="main"' in page
    assert '<html lang="en"' in page
