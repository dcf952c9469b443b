"""What staff see of a list: one mode, what they asked for, page by page, and never an error."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.db import connection, models
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from benchmarks.growth.big_tables import at_their_time, one_of_each, own_of
from benchmarks.growth.copies import write_copies
from gateway import ids
from gateway.asked_of_lists import Asked
from gateway.products.models import Customer, Mode, Product
from gateway.providers.models import ProviderAccount
from gateway.readonly_admin import ListAdmin, ReadOnlyAdmin
from gateway.walking_by_key import STEPS, STEPS_OF_PARTS, page_of
from payments.models import Deposit, Receipt
from tests.conftest import Api
from tests.payments.paid import Paid
from tests.payments.stage import money
from tests.roles import undisguised
from tests.staff import browser_of, logged_in
from tests.withdrawals.orders import order
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

DEPOSITS = reverse("admin:payments_deposit_changelist")
WITHDRAWALS = reverse("admin:withdrawals_withdrawal_changelist")
LISTS = [model for model, pages in admin.site._registry.items() if isinstance(pages, ListAdmin) and pages.pages_by_key]


def name_of(model: Any) -> str:
    return str(model._meta.label_lower)


def customers(product: Product, number: int, mode: str = Mode.TEST) -> list[Customer]:
    """So many, the newest first."""
    made = [Customer(product=product, mode=mode, external_id=f"{mode}-{one}") for one in range(number)]
    Customer.objects.bulk_create(made)
    return made[::-1]


CUSTOMERS = reverse("admin:products_customer_changelist")


def shown(client: Client, address: str, query: str | dict[str, Any] = "") -> Any:
    text = query.removeprefix("?") if isinstance(query, str) else urlencode(query, doseq=True)
    answer = client.get(f"{address}?{text}")
    assert answer.status_code == 200, answer.content
    return answer.context["cl"]


class TestPages:
    def test_each_page_begins_where_the_one_before_ended_and_leads_back(
        self, product: Product, admin_client: Client
    ) -> None:
        made = customers(product, 120)
        first = shown(admin_client, CUSTOMERS, "mode=test")
        assert first.result_list == made[:50]
        assert (first.newer, first.further) == ("", "")
        second = shown(admin_client, CUSTOMERS, first.older)
        assert second.result_list == made[50:100]
        third = shown(admin_client, CUSTOMERS, second.older)
        assert third.result_list == made[100:]
        assert third.older == ""
        back = shown(admin_client, CUSTOMERS, third.newer)
        assert back.result_list == made[50:100]
        assert shown(admin_client, CUSTOMERS, back.newer).result_list == made[:50]

    def test_the_oldest_come_first_where_somebody_wants_that(self, product: Product, admin_client: Client) -> None:
        made = customers(product, 60)[::-1]
        first = shown(admin_client, CUSTOMERS, "mode=test&o=oldest")
        assert first.result_list == made[:50]
        second = shown(admin_client, CUSTOMERS, first.older)
        assert second.result_list == made[50:]
        assert shown(admin_client, CUSTOMERS, second.newer).result_list == made[:50]

    def test_what_comes_in_meanwhile_moves_no_page(self, product: Product, admin_client: Client) -> None:
        made = customers(product, 60)
        older = shown(admin_client, CUSTOMERS, "mode=test").older
        customers(Product.objects.create(name="other"), 5)
        assert shown(admin_client, CUSTOMERS, older).result_list == made[50:]

    @pytest.mark.parametrize("place", ["after", "before"])
    @pytest.mark.parametrize("key", ["", "x", "1", "9" * 60, "-1", "1e9", "é", "00000000-0000-0000-0000-000000000000"])
    def test_a_place_that_is_none_is_no_error(
        self, product: Product, admin_client: Client, place: str, key: str
    ) -> None:
        customers(product, 3)
        assert admin_client.get(CUSTOMERS, {"mode": "test", place: key}).status_code == 200
        screenshots = reverse("admin:payments_screenshot_changelist")
        assert admin_client.get(screenshots, {place: key}).status_code == 200

    def test_a_look_ends_after_so_many_rows_and_goes_on_from_there(self, product: Product) -> None:
        steps: Any = {"steps": (4, 10)}
        made = customers(product, 30)
        rows = Customer.objects.filter(pk__in=[made[2].pk, made[7].pk, made[25].pk])
        everything = Customer.objects.all()
        first = page_of(rows, everything, None, upwards=False, size=5, **steps)
        assert (first.rows, first.looked_to, first.looked_at) == ([made[2], made[7]], made[10].pk, 10)
        second = page_of(rows, everything, first.looked_to, upwards=False, size=5, **steps)
        assert (second.rows, second.looked_to) == ([], made[21].pk)
        third = page_of(rows, everything, second.looked_to, upwards=False, size=5, **steps)
        assert (third.rows, third.looked_to, third.has_more) == ([made[25]], None, False)
        assert page_of(rows, everything, made[29].pk, upwards=True, size=2, **steps).rows == [made[25]]
        full = page_of(rows, everything, None, upwards=False, size=1, **steps)
        assert (full.rows, full.has_more, full.looked_to) == ([made[2]], True, None)
        last = page_of(everything.filter(pk=made[10].pk), everything, None, upwards=False, size=5, **steps)
        assert (last.rows, last.looked_to) == ([made[10]], made[10].pk), "where a look ends was looked at, too"
        # Where all there is of it may be looked at, nothing bounds the look, and one row more tells of the next page.
        for size, has_more in ((2, True), (3, False)):
            few = page_of(rows, None, None, upwards=False, size=size, **steps)
            assert (few.rows, few.has_more, few.looked_to) == ([made[2], made[7], made[25]][:size], has_more, None)

    def test_nothing_is_counted_or_sorted(self, product: Product, admin_client: Client) -> None:
        made = customers(product, 3)
        with CaptureQueriesContext(connection) as seen:
            page = shown(admin_client, CUSTOMERS, {"mode": "test", "o": "1.-2", "p": "7", "all": ""})
        assert page.result_list == made
        assert not any("COUNT(" in one["sql"].upper() for one in seen.captured_queries)

    def test_products_are_neither_counted_nor_sorted(self, admin_client: Client) -> None:
        made = Product.objects.bulk_create([Product(name=f"product-{number}") for number in range(60)])
        products = reverse("admin:products_product_changelist")
        with CaptureQueriesContext(connection) as seen:
            page = shown(admin_client, products)
        assert page.result_list == made[:9:-1]
        assert shown(admin_client, products, page.older).result_list == made[9::-1]
        assert not any("COUNT(" in one["sql"].upper() for one in seen.captured_queries)
        assert shown(admin_client, products, {"q": "T-5"}).result_list == [*made[:49:-1], made[5]]

    def test_rows_are_chosen_page_by_page(self, product: Product, admin_client: Client) -> None:
        pages = admin.site.get_model_admin(Customer)
        assert isinstance(pages, ReadOnlyAdmin)
        assert pages.list_disable_select_all
        everything = RequestFactory().post(CUSTOMERS, {"select_across": "1"})
        with pytest.raises(BadRequest):
            pages.response_action(everything, Customer.objects.all())


@pytest.mark.parametrize("model", LISTS, ids=name_of)
class TestEveryList:
    def test_it_takes_as_many_questions_for_many_rows_as_for_one(
        self, model: Any, product: Product, account: ProviderAccount, admin_client: Client, disguised: None
    ) -> None:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        with undisguised() as cursor:
            made = one_of_each(product, account)
        if model not in made:
            pytest.skip("a list of a handful")
        counts = []
        for rows in (1, 51):
            shown(admin_client, address, "mode=test")
            with CaptureQueriesContext(connection) as seen:
                page = shown(admin_client, address, "mode=test")
            assert len(page.result_list) == min(rows, 50)
            counts.append(len(seen))
            if rows == 1:
                with undisguised() as cursor:
                    for one in made:
                        write_copies(cursor, made[one], own_of(one), 60)
        assert counts[0] == counts[1]
        assert counts[0] <= 16

    def test_no_nonsense_breaks_it(self, model: Any, admin_client: Client) -> None:
        admin_client.raise_request_exception = False
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        answer = admin_client.get(address)
        assert answer.status_code == 200
        if "cl" not in answer.context:
            pytest.skip("a page of its own, without filters")
        nonsense = ["", "x", "-1", "1e999", "9" * 300, "NaN", "0000-00-00", "9999-12-31T23:59:59-23:59", "0001-01-01"]
        nonsense += [
            "é\u202e'\"<script>",
            "a,b,,c",
            ",",
            "2026-11-26T00:00:00+00:00",
            "today-9999d",
            "now-1h",
            "☃" * 50,
        ]
        for one in answer.context["cl"].filters:
            for name in one.parameters:
                for text in nonsense:
                    asked = Asked()
                    one.read({name: [text]}, asked)
                    list(model._default_manager.filter(asked.where)[:1])  # the database takes whatever was understood
            got = admin_client.get(address, {one.parameters[0]: "é\u202e'\"<script>"})
            assert got.status_code == 200
            assert b"<script>&" not in got.content
        for text in nonsense[:8]:
            assert admin_client.get(address, {"q": text}).status_code == 200
        assert admin_client.get(address, {"no_such_column": "1"}).status_code == 400


def a_withdrawal(api: Api) -> Withdrawal:
    return order(api)


class TestModes:
    def test_one_mode_is_shown_and_which_is_remembered(self, product: Product, admin_client: Client) -> None:
        trial, real = customers(product, 1)[0], customers(product, 1, Mode.LIVE)[0]
        assert shown(admin_client, CUSTOMERS).result_list == [real]
        page = shown(admin_client, CUSTOMERS, "mode=test")
        assert page.result_list == [trial]
        assert [(one.mode, one.is_shown) for one in page.modes] == [("live", False), ("test", True)]
        assert shown(admin_client, CUSTOMERS).result_list == [trial]
        for query, rows in (("mode__exact=live", [real]), ("mode__exact=test&mode=live", [trial])):
            answer = admin_client.get(f"{CUSTOMERS}?{query}")
            assert answer.context["cl"].result_list == rows
            said = answer.content.decode()
            assert ("[Test]" in said, "Test: play money" in said) == (rows == [trial],) * 2, "as its page says"

    def test_the_bar_keeps_what_was_asked_for(self, product: Product, admin_client: Client) -> None:
        page = shown(admin_client, CUSTOMERS, f"mode=test&product__id__exact={product.pk}&after={ids.new_id()}")
        assert page.modes[0].address == f"?product__id__exact={product.pk}&mode=live"

    def test_an_id_of_the_other_mode_is_found_and_said_to_be(self, product: Product, admin_client: Client) -> None:
        trial = customers(product, 1)[0]
        answer = admin_client.get(CUSTOMERS, {"mode": "live", "q": trial.label})
        assert answer.context["cl"].result_list == [trial]
        assert "Found in test, not in live." in answer.content.decode()

    def test_where_rows_have_no_mode_there_is_no_bar(self, admin_client: Client) -> None:
        assert shown(admin_client, reverse("admin:backoffice_look_changelist")).modes == []

    def test_where_another_row_has_it_it_is_that_one_s(self, paid: Paid, admin_client: Client) -> None:
        paid.arrives(money())
        receipts = reverse("admin:payments_receipt_changelist")
        assert shown(admin_client, receipts, "mode=test").result_list == [Receipt.objects.get()]
        assert shown(admin_client, receipts, "mode=live").result_list == []


class TestFilters:
    def test_links_of_other_pages_work(self, api: Api, admin_client: Client) -> None:
        wanted = order(api)
        now = timezone.now()
        same = {
            "status__exact": "queued",
            "status__in": "queued,unknown",
            "status": "queued",
            "payment_system__exact": wanted.payment_system_id,
            "payment_system__code__exact": wanted.payment_system_id,
            "account__id__exact": wanted.account_id,
            "product__id__exact": wanted.product_id,
            "currency__exact": wanted.currency,
            "created_at__gte": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "created_at__lt": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "amount__lte": str(wanted.amount),
            "customer__id__exact": wanted.customer_id,
            "contradiction__isempty": "1",
        }
        for name, value in same.items():
            page = shown(admin_client, WITHDRAWALS, {"mode": "test", name: value})
            assert page.result_list == [wanted], name
            assert len(page.chips) == 1, name
        assert shown(admin_client, WITHDRAWALS, {"mode": "test", **same}).result_list == [wanted]
        other = {
            "status__in": "unknown,paid",
            "payment_system__exact": "bkash_p2p",
            "account__id__exact": ids.new_id(),
            "currency__exact": "BDT",
            "created_at__gte": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "created_at__lt": "2020-01-01",
            "amount__gt": str(wanted.amount),
            "contradiction__isempty": "0",
        }
        for name, value in other.items():
            assert shown(admin_client, WITHDRAWALS, {"mode": "test", name: value}).result_list == [], name

    def test_a_chip_takes_its_filter_away_and_nothing_else(self, admin_client: Client) -> None:
        page = shown(admin_client, WITHDRAWALS, "mode=test&status__in=unknown&amount__gte=5&after=1")
        assert [(chip.text, address) for chip, address in page.chips] == [
            ("status: unknown", "?amount__gte=5&mode=test"),
            ("amount: from 5", "?mode=test&status__in=unknown"),
        ]
        assert page.clear_all_filters_qs == "?mode=test"

    def test_what_is_not_understood_shows_nothing_and_says_so(self, api: Api, admin_client: Client) -> None:
        order(api)
        answer = admin_client.get(WITHDRAWALS, {"mode": "test", "status__in": "queued,nonsense"})
        assert answer.context["cl"].result_list == []
        assert "Status: there is no such value." in answer.content.decode()

    def test_a_period_is_found_however_far_back_it_lies(
        self,
        product: Product,
        account: ProviderAccount,
        admin_user: User,
        disguised: None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("gateway.keyset_lists.STEPS", (4, 400))
        with undisguised() as cursor:
            write_copies(cursor, one_of_each(product, account)[Customer], own_of(Customer), 20_000)
        with at_their_time():
            page = shown(browser_of(admin_user), CUSTOMERS, {"mode": "test", "created_at__lt": "now-5h"})
            assert len(page.result_list) == 50
            assert all(row.created_at < timezone.now() - timedelta(hours=5) for row in page.result_list)

    def test_the_steps_are_those_that_were_measured(self) -> None:
        assert (STEPS, STEPS_OF_PARTS) == ((1_000, 20_000), (1_000, 5_000))


class TestSearch:
    def test_a_deposit_is_found_by_everything_it_is_called_by(self, paid: Paid, admin_client: Client) -> None:
        paid.arrives(money())
        deposit, receipt = Deposit.objects.get(), Receipt.objects.get()
        confirmation = deposit.confirmations.get()
        terms = [deposit.public_id, str(deposit.pk), deposit.public_id.removeprefix("dep_"), deposit.reference]
        terms += [deposit.customer.external_id, deposit.customer.label, confirmation.provider_reference]
        terms += [f" {confirmation.provider_reference.lower()} ", receipt.transaction_id.lower(), receipt.public_id]
        terms.append(confirmation.public_id)
        for term in terms:
            assert shown(admin_client, DEPOSITS, {"mode": "test", "q": term}).result_list == [deposit], term
        for term in (deposit.reference[:-1], confirmation.provider_reference[1:], "x" * 500):
            assert shown(admin_client, DEPOSITS, {"mode": "test", "q": term}).result_list == [], term

    def test_everything_that_is_called_so_is_found_at_once(self, paid: Paid, admin_client: Client) -> None:
        paid.arrives(money())
        deposit, find = Deposit.objects.get(), reverse("find")
        assert admin_client.get(find).status_code == 200
        with CaptureQueriesContext(connection) as for_nothing:
            answer = admin_client.get(find, {"q": "nothing is called so"})
        assert "Nothing that you may see is called exactly so." in answer.content.decode()
        with CaptureQueriesContext(connection) as for_all:
            page = admin_client.get(find, {"q": deposit.confirmations.get().provider_reference}).content.decode()
        for row in (deposit, Receipt.objects.get(), deposit.confirmations.get()):
            assert row.public_id in page
        assert "<strong>Test</strong>" in page
        assert "credited" in page
        assert len(for_all) <= len(for_nothing) + 14

    def test_nobody_finds_what_they_may_not_see(self, paid: Paid) -> None:
        deposit = Deposit.objects.get()
        find = reverse("find")
        only = logged_in("only", "view_withdrawal")
        assert deposit.public_id not in only.get(find, {"q": deposit.reference}).content.decode()
        assert (
            deposit.public_id in logged_in("all", "view_deposit").get(find, {"q": deposit.reference}).content.decode()
        )
        assert Client().get(find).status_code == 302


def test_every_list_that_grows_has_a_search_and_no_other(admin_client: Client) -> None:
    for model in LISTS:
        pages = admin.site.get_model_admin(model)
        assert isinstance(pages, ListAdmin)
        assert not isinstance(model._meta.pk, models.UUIDField) or pages.get_sortable_by(None) == ()  # type: ignore[arg-type]
