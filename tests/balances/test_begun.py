"""What a product of the tests begins with is what the verb leaves that gives a product money."""

from typing import Any

import pytest
from django.db import transaction

from balances.instruction_models import Instruction, InstructionMove
from balances.models import Account, Entry, Journal
from gateway.products.models import Product
from tests.at_commit import committed
from tests.conftest import fund
from tests.two_persons import begun_with, persons

pytestmark = pytest.mark.django_db

#: When it was, what a row is called by itself, and what people were shown.
OF_ITS_OWN = {
    *("id", "instruction_id", "subject_id", "journal_id", "reference", "xact", "decided_xact"),
    *("preview", "digest"),
    *("created_at", "begun_at", "requested_at", "decided_at", "last_entry_at"),
}
#: In which order they are told: ids are drawn.
TOLD: dict[Any, str] = {
    Instruction: "pk",
    InstructionMove: "sequence",
    Journal: "pk",
    Entry: "account__kind",
    Account: "kind",
}


def left_behind() -> dict[str, Any]:
    """Every row, but for what is of its own."""
    instruction, journal = Instruction.objects.get(), Journal.objects.get()
    assert (journal.instruction, journal.reference) == (instruction, instruction.public_id)
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in OF_ITS_OWN}
            for row in model.objects.order_by(order).values()
        ]
        for model, order in TOLD.items()
    }


def test_a_product_begins_as_if_two_persons_had_given_it_money(product: Product) -> None:
    persons()  # the same for both
    left = []
    for give in (fund, begun_with):
        before = transaction.savepoint()
        give(product, "INR", amount="1000.00")
        committed()
        left.append(left_behind())
        transaction.savepoint_rollback(before)
    assert left[0] == left[1]
    assert [(one["amount"], one["currency"]) for one in left[1]["Entry"]] == [(-1000, "INR"), (1000, "INR")]
