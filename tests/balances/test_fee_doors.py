"""Fees in the admin and on the command line: to look at, and to follow by another row."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from balances.models import Fee
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.balances.charging import charge

pytestmark = pytest.mark.django_db

LIST = reverse("admin:balances_fee_changelist")
ADD = reverse("admin:balances_fee_add")
FORM = {
    "kind": "product",
    "direction": "deposit",
    "mode": "test",
    "currency": "INR",
    "percent": "2.5",
    "fixed": "3",
    "reason": "contract 7",
}
GIVEN = ["product", "deposit", "test", "INR", "--percent", "2.5", "--by", "finance", "--reason", " contract 7 "]


def person(name: str, *permissions: str) -> User:
    made = User.objects.create_user(name, is_staff=True)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


@pytest.fixture
def finance(client: Client) -> User:
    """Somebody who may add fees, logged in."""
    made = person("finance", "view_fee", "add_fee")
    client.force_login(made)
    return made


def said_of(*arguments: str) -> str:
    said = io.StringIO()
    call_command("fees", *arguments, stdout=said)
    return said.getvalue()


def facts(fee: Fee) -> list[Any]:
    owner = [fee.product, fee.provider_account, fee.payment_system_id]
    return [fee.kind, fee.direction, fee.mode, fee.currency, *owner, fee.percent, fee.fixed, fee.reason, fee.created_by]


class TestTheAdmin:
    def test_a_row_is_added_by_who_may(self, client: Client, finance: User, product: Product, catalogue: None) -> None:
        body = {**FORM, "product": str(product.pk), "payment_system": "upi_l"}
        before = datetime.now(UTC)
        assert client.post(ADD, body).status_code == 302
        fee = Fee.objects.get()
        owner = [product, None, "upi_l"]
        amounts = [Decimal("2.5"), Decimal(3)]
        assert facts(fee) == ["product", "deposit", "test", "INR", *owner, *amounts, "contract 7", finance]
        assert before <= fee.valid_from <= datetime.now(UTC)
        shown = client.get(LIST).content.decode()
        for text in (product.name, "2.50", "3.00", "finance"):
            assert text in shown
        page = client.get(reverse("admin:balances_fee_change", args=[fee.pk])).content.decode()
        assert "contract 7" in page
        assert 'name="percent"' not in page
        other = charge("provider", "withdrawal", "7.25")
        for text, found in ((fee.public_id, {fee.pk}), ("contract", {fee.pk, other.pk}), ("contract 7", {fee.pk})):
            rows = client.get(LIST, {"q": text}).context["cl"].result_list
            assert {one.pk for one in rows} == found

    def test_it_may_begin_later(self, client: Client, finance: User, catalogue: None) -> None:
        assert client.post(ADD, {**FORM, "valid_from_0": "2200-01-01", "valid_from_1": "00:00:00"}).status_code == 302
        assert Fee.objects.get().valid_from == datetime(2200, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"percent": "100.5"}, "The percentage is from 0 to 100."),
            ({"percent": ""}, "This field is required."),
            ({"percent": "NaN"}, "Enter a number."),
            ({"fixed": "0.001"}, "INR has 2 decimals."),
            ({"currency": "XXX"}, "No money comes or goes in"),
            ({"reason": " "}, "This field is required."),
            ({"valid_from_0": "2020-01-01", "valid_from_1": "00:00:00"}, "That is past."),
            ({"kind": "provider", "product": "the product"}, "names no provider account"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_added(
        self, changes: dict[str, str], says: str, client: Client, finance: User, product: Product, catalogue: None
    ) -> None:
        named = {"product": str(product.pk)} if "product" in changes else {}
        answer = client.post(ADD, {**FORM, **changes, **named})
        assert answer.status_code == 200
        assert says in answer.content.decode().replace("&#x27;", "'")
        assert not Fee.objects.exists()

    def test_a_second_row_of_the_same_time_is_refused(self, client: Client, finance: User, catalogue: None) -> None:
        body = {**FORM, "valid_from_0": "2200-01-01", "valid_from_1": "00:00:00"}
        assert client.post(ADD, body).status_code == 302
        assert "with this time" in client.post(ADD, body).content.decode()
        assert Fee.objects.count() == 1

    def test_nobody_else_adds_one(self, client: Client, catalogue: None) -> None:
        client.force_login(person("viewer", "view_fee", "change_fee", "delete_fee"))
        assert client.get(LIST).status_code == 200
        assert client.get(ADD).status_code == 403
        assert client.post(ADD, FORM).status_code == 403
        assert not Fee.objects.exists()

    def test_nobody_changes_or_deletes_one(self, client: Client, catalogue: None) -> None:
        fee = charge("product", "deposit", "2.5")
        client.force_login(User.objects.create_superuser("admin"))
        before = list(Fee.objects.values_list())
        for page in ("change", "delete"):
            assert client.post(reverse(f"admin:balances_fee_{page}", args=[fee.pk]), FORM).status_code == 403
        assert list(Fee.objects.values_list()) == before


class TestTheCommand:
    def test_a_row_is_added_and_listed(self, finance: User, account: ProviderAccount, catalogue: None) -> None:
        assert said_of("list") == ""
        added = said_of("add", *GIVEN)
        fee = Fee.objects.get()
        assert facts(fee) == [
            *("product", "deposit", "test", "INR", None, None, None),
            *(Decimal("2.5"), Decimal(0), "contract 7", finance),
        ]
        assert added == (
            f"{fee.public_id} product fee of a deposit, test INR, any system, any product: 2.5 % + 0.00"
            f" from {fee.valid_from:%Y-%m-%d %H:%M:%S}Z; finance: contract 7\n"
        )
        assert said_of("list") == added
        narrow = ["--system", "upi_l", "--account", "scripted", "--fixed", "3.5", "--valid-from", "2200-01-01T00:00:00"]
        line = said_of("add", "provider", "withdrawal", *GIVEN[2:], *narrow)
        assert line.split(" ", 1)[1] == (
            "provider fee of a withdrawal, test INR, upi_l, scripted: 2.5 % + 3.50"
            " from 2200-01-01 00:00:00Z; finance: contract 7\n"
        )
        assert said_of("list") == added + line

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            (["--by", "nobody"], "'nobody' is nobody who may add fees."),
            (["--by", "viewer"], "'viewer' is nobody who may add fees."),
            (["--reason", " "], "cannot be blank"),
            (["--product", "nothing"], "There is no product 'nothing'."),
            (["--account", "nothing"], "There is no provider account 'nothing'."),
            (["--system", "nothing"], "There is no payment system 'nothing'."),
            (["--percent", "101"], "The percentage is from 0 to 100."),
            (["--percent", "1e1"], "plain digits"),
            (["--percent", "-1"], "--percent"),
            (["--fixed", "NaN"], "plain digits"),
            (["--valid-from", "2020-01-01"], "That is past."),
            (["--valid-from", "tomorrow"], "write a time like"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_added(
        self, changes: list[str], says: str, finance: User, catalogue: None
    ) -> None:
        person("viewer", "view_fee")
        with pytest.raises(CommandError, match=says), transaction.atomic():
            said_of("add", *GIVEN, *changes)
        assert not Fee.objects.exists()
