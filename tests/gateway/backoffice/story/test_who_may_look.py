"""Whoever may ask for money to be moved, or decide on it, sees what there is to know about it, and changes nothing."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from balances.instruction_models import Instruction
from balances.models import Account, Fee, Hold, Journal
from payments.models import Confirmation, Deposit, Receipt
from payments.states import ReceiptStatus
from tests.balances.charging import charge
from tests.conftest import Api
from tests.gateway.backoffice.story.stories import of_kind
from tests.gateway.backoffice.story.test_receipt_page import QUEUE, page_of
from tests.payments.paid import Paid
from tests.payments.stage import money
from tests.staff import code_of, enrolled, logged_in
from tests.withdrawals.orders import order
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

SEEN: tuple[Any, ...] = (Instruction, Receipt, Deposit, Confirmation, Withdrawal, Journal, Account, Hold, Fee)


@pytest.mark.parametrize("permission", ["propose_instruction", "approve_instruction"])
def test_who_asks_or_decides_sees_the_evidence_and_changes_nothing(permission: str, paid: Paid, api: Api) -> None:
    paid.arrives(money(amount="1"))
    order(api)
    charge("product", "deposit", "1")
    assert Receipt.objects.get().status == ReceiptStatus.IN_REVIEW
    only = logged_in("only", permission)
    assert only.get(QUEUE).status_code == 200
    first = only.get(reverse("admin:index")).content.decode()
    for model in SEEN:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        row = model.objects.earliest("pk")
        changelist = reverse(f"admin:{name}_changelist")
        assert changelist in first
        assert only.get(changelist).status_code == 200, name
        assert only.get(page_of(row)).status_code == 200, name
        assert only.get(reverse(f"admin:{name}_add")).status_code == 403, name
        assert only.post(page_of(row), {}).status_code == 403, name
        assert only.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403, name
    for row in (Receipt.objects.get(), paid.deposit, Withdrawal.objects.get()):
        assert of_kind(only.get(page_of(row)).content.decode(), "move"), "its history is there, too"


def test_staff_with_no_permission_sees_none_of_it(paid: Paid) -> None:
    nobody = logged_in("nobody")
    assert nobody.get(QUEUE).status_code == 403
    for model in SEEN:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert nobody.get(reverse(f"admin:{name}_changelist")).status_code == 403, name
    assert nobody.get(page_of(paid.deposit)).status_code == 403


def test_who_logs_in_without_having_asked_for_a_page_comes_to_the_first_one(
    client: Client, django_user_model: Any
) -> None:
    ada = django_user_model.objects.create_superuser("ada", password="correct horse battery")
    enrolled(ada)
    told = {"username": "ada", "password": "correct horse battery", "code": code_of(ada)}
    answer = client.post("/admin/login/", told)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
