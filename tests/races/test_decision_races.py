"""Two who decide about the same money, and money that moves while its taking back is decided: one journal, no more."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from balances import accounts, holds, instructions, proposing, reading, verbs
from balances.instruction_models import Instruction
from balances.models import Journal
from balances.posting import InsufficientFunds
from balances.proposing import Changed
from balances.verb_fields import Refused
from gateway import ids
from gateway.in_words import in_words
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma import php_json
from gateway.paykassma.messages import PostbackItem
from gateway.paykassma.postbacks import parse_item
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from payments import verbs as own
from payments.models import Receipt
from payments.receipts import Recorded, record_receipt
from tests.payments.rivals import Gate, at_once, copy_of, in_thread
from tests.payments.stage import money
from tests.races.soundness import assert_sound
from tests.two_persons import by_two_persons, persons

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 10
PULLED = Cause(kind=CauseKind.PULL)


@pytest.fixture
def third(db: None) -> User:
    """Another one who may decide."""
    return User.objects.create(username="third", password="!", is_staff=True, is_superuser=True)


def suspended(account: ProviderAccount, number: int) -> Receipt:
    """Money of no order."""
    item = parse_item(php_json.parse(json.dumps(money(transaction_id=f"T{number}")).encode()), label="somebody")
    assert isinstance(item, PostbackItem)
    assert record_receipt(account, item, asked_for="", cause=PULLED) == Recorded.SUSPENSE
    return Receipt.objects.get(transaction_id=f"T{number}")


def asked(verb: str, receipt: Receipt, **more: str) -> Instruction:
    parameters = {"receipt": receipt.public_id, **more}
    return proposing.propose(verb, parameters, "as the provider says", "letter 3", persons()[0])


def test_two_decisions_about_one_receipt_end_it_once(product: Product, account: ProviderAccount, third: User) -> None:
    _, approver = persons()
    for number in range(ROUNDS):
        receipt = suspended(account, number)
        rivals = [
            asked("receipt_written_off", receipt),
            asked("receipt_credited_to_product", receipt, product=str(product.pk)),
        ]
        steps = [
            partial(instructions.approve, made.pk, by, made.digest)
            for made, by in zip(rivals, (approver, third), strict=True)
        ]
        found = at_once(*(steps if number % 2 else steps[::-1]))
        [done] = [one for one in found if isinstance(one, Instruction)]
        [refusal] = [one for one in found if isinstance(one, Refused)]
        receipt.refresh_from_db()
        wanted = {"written_off": "credited", "credited": "written_off"}[receipt.status]
        assert str(refusal) == f"The receipt is {in_words(receipt.status)}; it cannot become {in_words(wanted)}."
        [ending] = Journal.objects.filter(reference=receipt.public_id).exclude(kind="receipt_suspended")
        assert (ending.instruction_id, receipt.moves.count()) == (done.pk, 3)
    assert_sound()


def reserve(product: Product) -> str:
    order = ids.new_id()
    name = ids.encode(ids.WITHDRAWAL, order)
    try:
        with transaction.atomic():
            holds.hold(order, name, product=product, mode="test", currency="INR", amount=Decimal(400), cause=PULLED)
    except InsufficientFunds:
        return "refused"
    return name


def test_money_that_is_spent_while_its_reversal_is_decided_is_taken_or_owed_as_it_was_shown(
    product: Product, account: ProviderAccount
) -> None:
    _, approver = persons()
    for number in range(ROUNDS):
        receipt = suspended(account, number)
        by_two_persons("receipt_credited_to_product", {"receipt": receipt.public_id, "product": str(product.pk)})
        made = asked("receipt_reversed", receipt)
        steps: list[Callable[[], Any]] = [partial(instructions.approve, made.pk, approver, made.digest)]
        steps += [partial(reserve, product)] * 3
        found = at_once(*(steps if number % 2 else steps[::-1]))
        [decided] = [one for one in found if not isinstance(one, str)]
        held = [one for one in found if isinstance(one, str) and one != "refused"]
        if isinstance(decided, Changed):
            # A payout was first, so what would be owed is no longer what was seen: nothing was posted.
            assert not Journal.objects.filter(kind="receipt_reversed", reference=receipt.public_id).exists()
            decided = instructions.approve(made.pk, approver, proposing.current_preview(made).digest)
        assert isinstance(decided, Instruction), decided
        shown = [
            leg["debit"]
            for leg in decided.preview["journals"][0]["legs"]
            if leg["account"].startswith("product receivable")
        ]
        [row] = reading.product_balances(product.pk, "test", currencies=["INR"])
        owed = sum(map(Decimal, shown), Decimal(0))
        assert [row.available, row.owed, row.held] == [0, owed, 400 * len(held)]
        assert owed == 400 * len(held)
        assert_sound()
        for name in held:
            with transaction.atomic():
                holds.release(name, PULLED)
        assert reading.balance_of(accounts.receivable(product.pk, "test", "INR")) == 0


#: The plan without the lock that outlives its rehearsal.
UNLOCKED = (
    "corrections.locked_balance(accounts.available(receipt.product_id, receipt.money.mode, receipt.currency))",
    "pass",
)


def credited(product: Product, account: ProviderAccount) -> Receipt:
    receipt = suspended(account, 1)
    by_two_persons("receipt_credited_to_product", {"receipt": receipt.public_id, "product": str(product.pk)})
    return receipt


def test_nothing_comes_between_what_was_seen_and_what_is_done(product: Product, account: ProviderAccount) -> None:
    made = asked("receipt_reversed", credited(product, account))
    # It has made its plan, and is held before it carries it out: a payout that comes now waits.
    with Gate("balances_instructionmove") as gate:
        approval = in_thread(lambda: instructions.approve(made.pk, persons()[1], made.digest))
        gate.await_waiting(1)
        payout = in_thread(lambda: reserve(product))
        gate.await_waiting(2)
        gate.open()
        assert isinstance(approval(), Instruction)
        assert payout() == "refused"
    assert_sound()


def test_without_the_lock_something_does_and_nothing_is_posted(
    product: Product, account: ProviderAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = asked("receipt_reversed", credited(product, account))
    [naive] = [one for one in copy_of(own, UNLOCKED).VERBS if one.name == "receipt_reversed"]
    monkeypatch.setitem(verbs._verbs, "receipt_reversed", naive)
    with Gate("balances_instructionmove") as gate:
        approval = in_thread(lambda: instructions.approve(made.pk, persons()[1], made.digest))
        gate.await_waiting(1)
        assert reserve(product) != "refused"
        gate.open()
        assert isinstance(approval(), proposing.Changed)
    assert not Journal.objects.filter(kind="receipt_reversed").exists()
    assert_sound()
