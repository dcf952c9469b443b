"""A refund and its deposit, each on the page of the other."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.conftest import Api
from tests.gateway.api.bodies import withdrawal_body
from tests.gateway.refunds.stage import credited, refund
from tests.staff import browser_of
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    client = Client()
    browser_of(User.objects.create_superuser("ada"), client)
    return client


def test_the_pages_of_a_refund_and_of_its_deposit_name_each_other(api: Api, staff: Client) -> None:
    deposit, without = credited(api), credited(api)
    made = Withdrawal.objects.get(reference=refund(api, deposit).json()["reference"])
    pages = [
        reverse("admin:payments_deposit_change", args=[deposit.pk]),
        reverse("admin:withdrawals_withdrawal_change", args=[made.pk]),
    ]
    for page, other, said in zip(pages, pages[::-1], (made.public_id, deposit.public_id), strict=True):
        shown = staff.get(page).content.decode()
        assert f'<a class="underline" href="{other}">{said}</a>' in shown
    nothing = staff.get(reverse("admin:payments_deposit_change", args=[without.pk])).content.decode()
    assert "None of its money was sent back." in nothing


def test_the_page_of_another_withdrawal_names_no_deposit(api: Api, staff: Client) -> None:
    plain = Withdrawal.objects.get(reference=api.post("withdrawals", withdrawal_body()).json()["reference"])
    shown = staff.get(reverse("admin:withdrawals_withdrawal_change", args=[plain.pk])).content.decode()
    assert "admin/payments/deposit/" not in shown.partition("<main")[2]
