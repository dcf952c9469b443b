"""Two who decide at once, and money that moves under a decision: one of them is first, and only that one counts."""

import itertools
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError

from balances import accounts, instructions, proposing, reading
from balances.instruction_models import Instruction, InstructionMove
from balances.models import Journal
from balances.verb_fields import Refused
from gateway import ids
from gateway.products.models import Product
from tests.conftest import fund
from tests.payments.rivals import Gate, at_once, copy_of, in_thread
from tests.races.soundness import assert_sound
from tests.two_persons import persons

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 10


def money(product: Product, amount: str = "100") -> dict[str, str]:
    return {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": amount}


def asked(product: Product, verb: str = "product_funded", amount: str = "100") -> Instruction:
    return proposing.propose(verb, money(product, amount), "money of June", "line 3", persons()[0])


def available(product: Product) -> Decimal:
    return reading.balance_of(accounts.available(product.pk, "test", "INR"))


@pytest.fixture
def third(db: None) -> User:
    """Another one who may decide."""
    return User.objects.create(username="third", password="!", is_staff=True, is_superuser=True)


def outcomes(*steps: Callable[[], object]) -> list[str]:
    """What became of each: done, or the sentence by which it was refused."""
    found = at_once(*steps)
    for one in found:
        assert isinstance(one, (Instruction, Refused)), one
    return sorted("done" if isinstance(one, Instruction) else str(one) for one in found)


def test_two_who_approve_at_once_post_once(product: Product, third: User) -> None:
    _, approver = persons()
    for number in range(1, ROUNDS + 1):
        made = asked(product)
        found = outcomes(
            *(partial(instructions.approve, made.pk, by, made.digest) for by in (approver, third, approver))
        )
        assert found == ["It is posted already."] * 2 + ["done"]
        assert (Journal.objects.count(), available(product)) == (number, Decimal(100 * number))
    assert InstructionMove.objects.count() == 2 * ROUNDS
    assert_sound()


def test_of_three_who_decide_at_once_one_decides(product: Product, third: User) -> None:
    requester, approver = persons()
    alone = asked(product)
    instructions.approve(alone.pk, approver, alone.digest)  # the books are not empty, whoever wins
    posted = 1
    orders = itertools.cycle(itertools.permutations(range(3)))
    for _ in range(ROUNDS):
        made = asked(product)
        steps: list[Callable[[], Instruction]] = [
            partial(instructions.approve, made.pk, approver, made.digest),
            partial(instructions.reject, made.pk, third, "not this one"),
            partial(instructions.withdraw, made.pk, requester, "not this one"),
        ]
        found = outcomes(*(steps[place] for place in next(orders)))
        made.refresh_from_db()
        assert found == [f"It is {made.status} already."] * 2 + ["done"]
        posted += made.status == "posted"
        assert list(made.moves.order_by("sequence").values_list("to_status", flat=True)) == ["proposed", made.status]
        assert made.journals.count() == (made.status == "posted")
    assert (Journal.objects.count(), available(product)) == (posted, Decimal(100 * posted))
    assert_sound()


#: The verb without the lock of the row: everybody finds it undecided.
UNLOCKED = ("lock_undecided(instruction_id)", "Instruction.objects.get(pk=instruction_id)")


def both_after_reading(module: Any, made: Instruction, *approvers: User) -> list[Any]:
    """Two approvals, of which neither may write the row before both have read it."""
    with Gate("balances_instruction") as gate:
        steps = [in_thread(partial(module.approve, made.pk, by, made.digest)) for by in approvers]
        gate.await_waiting(2)
        gate.open()
        return [step() for step in steps]


def test_without_the_lock_the_database_refuses_the_second(product: Product, third: User) -> None:
    made = asked(product)
    found = both_after_reading(copy_of(instructions, UNLOCKED), made, persons()[1], third)
    [refusal] = [one for one in found if not isinstance(one, Instruction)]
    assert isinstance(refusal, IntegrityError)
    assert "decided once, and never changed otherwise" in str(refusal)
    assert (Journal.objects.count(), available(product)) == (1, Decimal(100))


def test_money_that_leaves_while_a_settlement_is_approved_is_never_paid_twice(product: Product, third: User) -> None:
    _, approver = persons()
    fund(product, "INR", amount="100")
    for _ in range(ROUNDS):
        first, second = asked(product, "product_settled", "100"), asked(product, "product_settled", "100")
        found = outcomes(
            partial(instructions.approve, first.pk, approver, first.digest),
            partial(instructions.approve, second.pk, third, second.digest),
        )
        assert found == ["The product has 0.00 INR available, and no more.", "done"]
        assert available(product) == 0
        fund(product, "INR", amount="100")
    assert_sound()


def test_a_form_that_is_sent_twice_at_once_makes_one_instruction(product: Product) -> None:
    requester, _ = persons()
    for _ in range(ROUNDS):
        page = ids.new_id()
        found = at_once(
            *(
                lambda page=page: proposing.propose(
                    "product_funded", money(product), "money of June", "line 3", requester, instruction_id=page
                )
                for _ in range(2)
            )
        )
        assert all(isinstance(one, Instruction) and one.pk == page for one in found), found
        assert InstructionMove.objects.filter(subject=page).count() == 1
