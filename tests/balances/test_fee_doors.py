"""Rows of fees: two persons agree on one, the admin and the command show them."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from balances import instructions, proposing
from balances.models import Fee, Journal
from balances.verb_fields import Refused
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.balances.charging import charge
from tests.staff import browser_of
from tests.two_persons import by_two_persons, persons

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

LIST = reverse("admin:balances_fee_changelist")
TOLD = {
    "fee_kind": "product",
    "direction": "deposit",
    "mode": "test",
    "currency": "INR",
    "percent": "2.5",
    "fixed": "3",
}


def test_two_persons_agree_on_a_row_and_see_what_it_takes(product: Product) -> None:
    told = {**TOLD, "product": product.name, "payment_system": "upi_l"}
    assert proposing.look("fee_agreed", told).content == {
        "mode": "test",
        "journals": [],
        "notes": [
            f"From the approval on, deposit, upi_l, {product.name}: 2.5 % and 3.00 INR, what a product pays us.",
            "Of 1000.00 INR that is 28.00 INR.",
        ],
    }
    assert not Fee.objects.exists()
    before = datetime.now(UTC)
    made = by_two_persons("fee_agreed", told)
    fee = Fee.objects.get()
    assert [fee.kind, fee.direction, fee.mode, fee.currency] == ["product", "deposit", "test", "INR"]
    assert [fee.product, fee.provider_account, fee.payment_system_id] == [product, None, "upi_l"]
    assert [fee.percent, fee.fixed] == [Decimal("2.5"), Decimal(3)]
    assert [fee.reason, fee.created_by] == [made.reason, persons()[1]]
    assert before <= fee.valid_from <= datetime.now(UTC)
    assert Journal.objects.count() == 0


def test_a_row_of_the_provider_s_may_begin_later(account: ProviderAccount) -> None:
    told = {**TOLD, "fee_kind": "provider", "provider_account": account.name, "valid_from": "2200-01-01T05:30:00+05:30"}
    made = by_two_persons("fee_agreed", told)
    assert made.preview["notes"][0] == (
        "From 2200-01-01 00:00:00 UTC on, deposit, any system, scripted: 2.5 % and 3.00 INR,"
        " what the provider takes of us."
    )
    assert Fee.objects.get().valid_from == datetime(2200, 1, 1, tzinfo=UTC)


def test_what_began_before_the_approval_has_to_be_asked_for_anew() -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    asked = proposing.propose(
        "fee_agreed", {**TOLD, "valid_from": soon.isoformat()}, "the contract", "contract 7", persons()[0]
    )
    with time_machine.travel(soon + timedelta(seconds=1)), pytest.raises(Refused, match="That is past"):
        instructions.approve(asked.pk, persons()[1], asked.digest)
    assert not Fee.objects.exists()


def test_of_one_kind_and_time_there_is_one_row() -> None:
    told = {**TOLD, "valid_from": "2200-01-01T00:00:00Z"}
    by_two_persons("fee_agreed", told)
    with pytest.raises(Refused, match="a row of the same with this time"):
        by_two_persons("fee_agreed", told)
    assert Fee.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"percent": "101"}, "The percentage is from 0 to 100"),
        ({"percent": "1e1"}, "plain digits"),
        ({"percent": "-1"}, "plain digits"),
        ({"percent": "2.50001"}, "plain digits"),
        ({"percent": "NaN"}, "plain digits"),
        ({"fixed": "NaN"}, "Fixed sum"),
        ({"fixed": "-3"}, "Fixed sum"),
        ({"fixed": "3.001"}, "Fixed sum"),
        ({"currency": "SEK"}, "Currency"),
        ({"currency": "BDT", "payment_system": "upi_l"}, "No money comes or goes in 'BDT' there"),
        ({"provider_account": "scripted"}, "A product's fee names no provider account"),
        ({"fee_kind": "provider", "provider_account": "scripted", "mode": "live"}, "It is a test account"),
        ({"valid_from": "2020-01-01"}, "That is past"),
        ({"valid_from": "tomorrow"}, "write a time like"),
        ({"valid_from": "0001-01-01T00:00:00+14:00"}, "write a time like|That is past"),
        ({"payment_system": "nothing"}, "there is no payment system"),
        ({"direction": "sideways"}, "choose one of"),
    ],
)
def test_what_no_row_may_say_is_refused(changes: dict[str, str], says: str, account: ProviderAccount) -> None:
    with pytest.raises(Refused, match=says):
        by_two_persons("fee_agreed", {**TOLD, **changes})
    assert not Fee.objects.exists()


def test_the_admin_shows_rows_and_nobody_adds_changes_or_deletes_one_there(client: Client) -> None:
    fee = charge("product", "deposit", "2.5", "3")
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(content_type__model="fee"))
    browser_of(viewer, client)
    assert "the contract" in client.get(reverse("admin:balances_fee_change", args=[fee.pk])).content.decode()
    assert client.get(LIST).status_code == 200
    assert client.get(reverse("admin:balances_fee_add")).status_code == 403
    for page in ("change", "delete"):
        assert client.post(reverse(f"admin:balances_fee_{page}", args=[fee.pk]), {"percent": "1"}).status_code == 403
    assert Fee.objects.get().percent == Decimal("2.5")


def test_the_command_lists_every_row() -> None:
    said = io.StringIO()
    call_command("fees", stdout=said)
    assert said.getvalue() == ""
    fee = charge("product", "deposit", "2.5", "3")
    call_command("fees", stdout=said)
    assert said.getvalue() == (
        f"{fee.public_id} product fee of a deposit, test INR, any system, any product: 2.5 % + 3.00"
        f" from {fee.valid_from:%Y-%m-%d %H:%M:%S}Z; finance: the contract\n"
    )
