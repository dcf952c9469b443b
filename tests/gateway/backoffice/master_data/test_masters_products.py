"""Products are edited with a reason; what counts for them stands on one page, with examples and versions."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from balances.kinds import FEE_VERB
from gateway.backoffice.master_data.rules import Rule
from gateway.backoffice.master_data.what_counts import MODELS, sections
from gateway.products.models import ApiKey, Mode, Product, ProductHistory
from tests.conftest import Api
from tests.staff import logged_in
from tests.two_persons import by_two_persons
from withdrawals.models import LIMIT_VERB, OUTFLOW_VERB, SLABS_VERB, WINDOW_VERB

pytestmark = pytest.mark.django_db

COUNTS = reverse("admin:products_product_what_counts")
SEES = ("view_product", "view_fee", "view_slabset", "view_withdrawallimit", "view_duplicatewindow", "view_outflowcap")


def page(product: Product) -> str:
    return reverse("admin:products_product_change", args=[product.pk])


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def form(product: Product, **changes: Any) -> dict[str, Any]:
    told = {"name": product.name, "is_active": "on", "underpayment": product.underpayment, **changes}
    return {name: value for name, value in told.items() if value is not None}


@pytest.fixture
def integrator(db: None) -> Client:
    return logged_in("ada", "view_product", "add_product", "change_product", "view_apikey")


def test_a_product_is_added_and_changed(integrator: Client) -> None:
    add = reverse("admin:products_product_add")
    assert integrator.get(add).status_code == 200
    assert integrator.post(add, {"name": "Shop", "is_active": "on", "underpayment": "review"}).status_code == 302
    product = Product.objects.get()
    changed = form(product, name="The shop", underpayment="credit", takes_savings="on", why="they look at amounts")
    assert integrator.post(page(product), changed).status_code == 302
    product.refresh_from_db()
    assert (product.name, product.underpayment, product.takes_savings, product.is_active) == (
        "The shop",
        "credit",
        True,
        True,
    )
    first, second = ProductHistory.objects.order_by("pgh_id")
    assert (first.pgh_label, first.pgh_context["username"], "reason" in first.pgh_context) == ("insert", "ada", False)
    assert (second.pgh_label, second.pgh_context["reason"]) == ("update", "they look at amounts")
    shown = words(integrator.get(reverse("admin:products_product_history", args=[product.pk])).content.decode())
    assert "Name Shop The shop" in shown
    assert "Underpayment review credit" in shown
    assert "Takes savings no yes" in shown
    assert "Why: they look at amounts" in shown


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "required"),
        ({"name": "a\u202eb"}, "visible characters"),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"name": "other"}, "already exists"),
        ({"underpayment": "steal"}, "valid choice"),
    ],
)
def test_nonsense_is_refused_in_words(
    integrator: Client, product: Product, changes: dict[str, str], sentence: str
) -> None:
    Product.objects.create(name="other")
    answer = integrator.post(page(product), form(product, **changes))
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert ProductHistory.objects.count() == 2


def test_switched_off_its_keys_are_refused_from_the_next_call_on(
    integrator: Client, product: Product, api: Api, catalogue: None
) -> None:
    owner = ApiKey.objects.get().product
    assert api.get("balances").status_code == 200
    sentences = words(integrator.get(page(owner)).content.decode())
    assert "every key of it, live and test, is refused (401)" in sentences
    assert integrator.post(page(owner), form(owner, is_active=None, why="they leave")).status_code == 302
    assert api.get("balances").status_code == 401
    listed = words(integrator.get(reverse("admin:products_apikey_changelist"), {"mode": "test"}).content.decode())
    assert "product is off" in listed


def test_it_takes_its_permissions_and_nobody_deletes_one(product: Product) -> None:
    looker = logged_in("looker", "view_product", "delete_product")
    assert looker.get(page(product)).status_code == 200
    assert looker.post(page(product), form(product, name="mine")).status_code == 403
    assert looker.get(reverse("admin:products_product_add")).status_code == 403
    assert looker.post(reverse("admin:products_product_delete", args=[product.pk]), {"post": "yes"}).status_code == 403
    assert not LogEntry.objects.exists()
    assert 'name="why"' not in looker.get(page(product)).content.decode()


def test_its_page_leads_only_to_what_the_person_may_see(integrator: Client, product: Product) -> None:
    shown = integrator.get(page(product)).content.decode()
    assert f"/admin/products/apikey/?product__id__exact={product.pk}" in shown
    assert "/admin/balances/fee/" not in shown


def test_each_list_to_which_its_page_leads_is_narrowed_down_to_it(product: Product) -> None:
    also = ("view_product", "view_apikey", "view_webhookendpoint", "view_account", "view_customer")
    looker = logged_in("looker", *SEES, *also)
    lists = re.findall(
        rf'"(/admin/[a-z/]+\?product__id__exact={product.pk})"', looker.get(page(product)).content.decode()
    )
    assert len(lists) == 9
    for one in lists:
        answer = looker.get(one)
        assert answer.status_code == 200, one
        assert "product: " in answer.content.decode(), one


# What counts now.


TWO = "the approval of an approver and of a finance lead"


def agree(product: Product, slabs: str) -> None:
    told = {"product": str(product.pk), "mode": "live", "currency": "INR", "slabs": slabs}
    by_two_persons(SLABS_VERB, told)


def of(mode: str, product: Product | None) -> dict[str, list[Rule]]:
    return {one.title: list(one.rules) for one in sections(mode, product, MODELS)}


def test_slabs_are_told_with_examples_and_their_former_versions(product: Product, catalogue: None) -> None:
    agree(product, "0: approver")
    agree(product, "0: none; 10000: approver; 100000: approver + finance_lead")
    [rule] = of("live", product)["Slabs of approval"]
    assert rule.says == (
        "From 0.00 INR on: a withdrawal of 5,000.00 INR would need nobody's approval.",
        "From 10,000.00 INR on: a withdrawal of 55,000.00 INR would need the approval of an approver.",
        f"From 100,000.00 INR on: a withdrawal of 200,000.00 INR would need {TWO}.",
    )
    assert (rule.row.version, [(said, row.version) for said, row in rule.former]) == (2, [("0: approver", 1)])
    assert "slabs=0%3A+none%3B+10000.00" in rule.change
    assert of("test", product)["Slabs of approval"] == []
    assert of("live", Product.objects.create(name="other"))["Slabs of approval"] == []


def test_limits_windows_caps_and_fees_are_told(product: Product, catalogue: None) -> None:
    mode = {"mode": "test", "currency": "INR"}
    mine = {"product": str(product.pk)}
    limit = {**mode, "per": "customer", "period": "day", "on_excess": "hold", "maximum_amount": "50000", **mine}
    by_two_persons(LIMIT_VERB, limit)
    by_two_persons(LIMIT_VERB, {**limit, "maximum_amount": "60000", "maximum_count": "3"})
    by_two_persons(WINDOW_VERB, {"mode": "test", "minutes": "15", **mine})
    by_two_persons(OUTFLOW_VERB, {**mode, "maximum": "1000000", **mine})
    fee = {**mode, "fee_kind": "product", "direction": "withdrawal", "percent": "2.5", "fixed": "1", **mine}
    by_two_persons(FEE_VERB, fee)
    later = (timezone.now() + timedelta(days=9)).isoformat()
    by_two_persons(FEE_VERB, {**fee, "percent": "3", "valid_from": later})
    found = of("test", product)
    [counted] = found["Limits of withdrawals"]
    beyond = "is made and waits for a person"
    assert counted.says == (
        f"At most 60000.00 INR and 3 withdrawals; what goes beyond it {beyond}.",
        f"So once 60,000.00 INR were asked for, the next withdrawal {beyond}.",
    )
    assert len(counted.former) == 1
    assert "maximum_count=3" in counted.change
    [window] = found["Duplicate windows"]
    assert window.says == ("The same amount to the same account again within 15 minutes waits for a person.",)
    [cap] = found["Caps on what leaves in a day"]
    assert cap.says == ("Once 1,000,000.00 INR left in 24 hours, its payouts pause.",)
    [charged] = found["Fees"]
    assert charged.says[1] == "Of 1,000.00 INR that is 26.00 INR."
    assert [said.partition(" from ")[0] for said, _ in charged.former] == ["3 % and 1.00 INR"]
    by_two_persons(OUTFLOW_VERB, {**mode, **mine})
    [ended] = of("test", product)["Caps on what leaves in a day"]
    assert (ended.has_ended, ended.says) == (True, ("It ended: whatever is approved leaves.",))


def test_the_form_of_a_change_is_filled_in(product: Product, catalogue: None) -> None:
    agree(product, "0: none; 10000: approver")
    browser = logged_in("ada", *SEES, "propose_instruction")
    shown = browser.get(COUNTS, {"mode": Mode.LIVE, "product": str(product.pk)}).content.decode()
    assert "What counts now: live" in shown
    assert "would need nobody" in shown
    [rule] = of("live", product)["Slabs of approval"]
    filled = browser.get(rule.change).content.decode()
    assert "0: none; 10000.00: approver" in filled
    assert browser.get(COUNTS, {"product": "nonsense"}).status_code == 404


def test_the_page_shows_what_the_person_may_see(product: Product) -> None:
    assert logged_in("nobody", "view_product").get(COUNTS).status_code == 403
    shown = logged_in("fees", "view_product", "view_fee").get(COUNTS).content.decode()
    assert "Fees" in shown
    assert "Slabs of approval" not in shown
    assert "Change with a second person" not in shown
