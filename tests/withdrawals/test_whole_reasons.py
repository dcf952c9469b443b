"""Why two persons agreed on something is kept word for word, however much they wrote."""

from typing import Any

import pytest
from django.db import models

from balances import instructions, proposing
from balances.instruction_models import REASON_MAX_LENGTH
from balances.models import Fee
from gateway.products.models import Product
from tests.two_persons import persons
from tests.withdrawals.ruling import blocked
from withdrawals.models import BlockedRecipient, DuplicateWindow, OutflowCap, SlabSet, WithdrawalLimit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

WHY = f"{'a' * (REASON_MAX_LENGTH - 1)}z"
MONEY = {"mode": "live", "currency": "INR"}
AGREED: dict[str, tuple[type[models.Model], dict[str, str]]] = {
    "limit_agreed": (
        WithdrawalLimit,
        {**MONEY, "per": "customer", "period": "hour", "on_excess": "hold", "maximum_count": "3"},
    ),
    "duplicate_window_agreed": (DuplicateWindow, {"mode": "live", "minutes": "5"}),
    "outflow_cap_agreed": (OutflowCap, {**MONEY, "maximum": "1000"}),
    "slabs_agreed": (SlabSet, {**MONEY, "slabs": "0: approver"}),
    "fee_agreed": (
        Fee,
        {**MONEY, "fee_kind": "product", "direction": "deposit", "percent": "2.5", "fixed": "3"},
    ),
}


def agree(verb: str, parameters: dict[str, Any]) -> None:
    requester, approver = persons()
    asked = proposing.propose(verb, parameters, WHY, "a paper", requester)
    instructions.approve(asked.pk, approver, asked.digest)


@pytest.mark.parametrize("verb", AGREED)
def test_of_a_rule(product: Product, verb: str) -> None:
    model, parameters = AGREED[verb]
    agree(verb, {**parameters, "product": product.name})
    [row] = model._default_manager.values_list("reason", flat=True)
    assert row == WHY


def test_of_the_end_of_a_block() -> None:
    made = blocked("987650001234567")
    agree("recipient_unblocked", {"blocked": made.public_id})
    assert BlockedRecipient.objects.get().ended_reason == WHY
