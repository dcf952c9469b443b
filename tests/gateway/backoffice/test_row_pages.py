"""The page of a row says whose money it is, by which id it is known, and leads to no history that is never kept."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import RequestFactory
from django.urls import reverse

from gateway.backoffice.templatetags.empty_lists import how_rows_come
from gateway.backoffice.templatetags.sentences import without_sources
from gateway.products.models import Customer, Mode, Product
from gateway.providers.models import ProviderAccount, ProviderCall
from payments.models import Confirmation
from tests.staff import logged_in

pytestmark = pytest.mark.django_db


def page_of(row: Any, *permissions: str, shown: str) -> str:
    """As somebody sees it whose lists show that mode."""
    client = logged_in("looker", *permissions)
    client.get(f"/admin/?mode={shown}")
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return client.get(reverse(name, args=[row.pk])).content.decode()


@pytest.mark.parametrize("shown", Mode.values)
def test_it_says_its_own_mode(account: ProviderAccount, shown: str) -> None:
    page = page_of(account, "view_provideraccount", shown=shown)
    assert "Test: play money" in page
    assert "Live: real money" not in page
    assert "<title>[Test] " in page


def test_its_id_is_that_of_the_api(rf: RequestFactory) -> None:
    def names(model: type[models.Model]) -> list[str]:
        pages: Any = admin.site._registry[model]
        return [getattr(one, "__name__", one) for one in pages.get_fields(rf.get("/"))]

    assert names(Confirmation)[0] == "public_id"
    assert "id" not in names(Confirmation)
    assert names(ProviderCall)[-1] == "id"  # it has no other


def test_there_is_no_link_to_an_empty_history(product: Product) -> None:
    customer = Customer.objects.create(product=product, mode=Mode.LIVE, external_id="c-1")
    page = page_of(customer, "view_customer", shown="test")
    assert "Live: real money" in page
    assert reverse("admin:products_customer_history", args=[customer.pk]) not in page


def test_a_kept_history_is_led_to_and_the_sentences_name_no_paragraphs(account: ProviderAccount) -> None:
    page = page_of(account, "view_provideraccount", shown="test")
    assert reverse("admin:providers_provideraccount_history", args=[account.pk]) in page
    assert "C§" not in page
    assert "Zone of the provider&#x27;s times." in page or "Zone of the provider's times." in page


def test_sources_are_left_out() -> None:
    assert without_sources("Zone of the provider's times (C§0).") == "Zone of the provider's times."
    assert without_sources("Older formats, too (C§2.3, C§5 row 15).") == "Older formats, too."
    assert without_sources("Refusals (404, 401, 403) in a row.") == "Refusals (404, 401, 403) in a row."


def test_an_empty_list_says_how_its_first_row_comes_to_be() -> None:
    page = logged_in("looker", "view_withdrawallimit").get("/admin/withdrawals/withdrawallimit/").content.decode()
    assert "No withdrawal limits in live mode yet." in page
    assert how_rows_come("withdrawals.withdrawallimit") in page
    assert how_rows_come("payments.deposit") == ""
