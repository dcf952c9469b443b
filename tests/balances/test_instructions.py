"""One person asks, another one decides: what is posted is what both saw, once, and nothing else is."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied

from balances import accounts, reading
from balances.carrying_out import carry_out
from balances.instruction_models import Instruction, InstructionMove
from balances.instructions import approve, expire_undecided, reject, withdraw
from balances.models import Account, Journal
from balances.proposing import Changed, look, propose
from balances.states import EXPIRY_DAYS
from balances.tasks import end_undecided
from balances.verb_fields import Refused
from gateway.products.models import Product
from tests.conftest import fund
from tests.two_persons import persons, settle

pytestmark = pytest.mark.django_db

#: Something that a person tries.
Step = Callable[[], object]
REASON, DOCUMENT = "money of June", "statement 12, line 3"


def money(product: Product, amount: str = "100") -> dict[str, str]:
    return {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": amount}


def asked(product: Product, verb: str = "product_funded", amount: str = "100") -> Instruction:
    return propose(verb, money(product, amount), REASON, DOCUMENT, persons()[0])


def available(product: Product) -> Decimal:
    return reading.balance_of(accounts.available(product.pk, "test", "INR"))


def history(instruction: Instruction) -> list[tuple[Any, ...]]:
    moves = InstructionMove.objects.filter(subject=instruction).order_by("sequence")
    return list(moves.values_list("from_status", "to_status", "cause", "cause_id", "detail"))


def test_what_is_asked_for_is_written_down_and_posts_nothing(product: Product) -> None:
    requester, _ = persons()
    parameters = {**money(product, " 12.5 "), "product": product.name}
    made = propose("product_funded", parameters, f" {REASON} ", DOCUMENT, requester)
    row = Instruction.objects.get()
    assert row == made
    assert (row.status, row.mode, row.reason, row.document) == ("proposed", "test", REASON, DOCUMENT)
    assert row.parameters == money(product, "12.50")
    assert row.preview == {
        "mode": "test",
        "notes": [],
        "journals": [
            {
                "kind": "product_funded",
                "legs": [
                    {"account": "bank", "debit": "12.50", "credit": "", "currency": "INR"},
                    {"account": f"available of {product.name}", "debit": "", "credit": "12.50", "currency": "INR"},
                ],
            }
        ],
    }
    assert (row.requested_by, row.decided_by, row.decided_at, row.decided_xact) == (requester, None, None, None)
    assert history(row) == [("", "proposed", "person", str(requester.pk), REASON)]
    assert row.digest == look("product_funded", money(product, "12.5")).digest
    assert not Journal.objects.exists()
    assert not Account.objects.exists()


def test_what_another_person_approves_is_posted_with_the_instruction(product: Product) -> None:
    made = asked(product)
    requester, approver = persons()
    approve(made.pk, approver, made.digest)
    row = Instruction.objects.get()
    assert (row.status, row.requested_by, row.decided_by) == ("posted", requester, approver)
    journal = Journal.objects.get()
    assert (journal.kind, journal.reference, journal.instruction, journal.document, journal.detail) == (
        "product_funded",
        row.public_id,
        row,
        DOCUMENT,
        REASON,
    )
    assert (journal.cause, journal.cause_id) == ("person", str(approver.pk))
    assert (row.decided_at, row.decided_xact) == (journal.begun_at, journal.xact)
    assert history(row)[1:] == [("proposed", "posted", "person", str(approver.pk), REASON)]
    assert available(product) == 100


def test_nobody_approves_or_rejects_what_they_asked_for(product: Product) -> None:
    made = asked(product)
    requester, _ = persons()
    steps: list[Step] = [
        lambda: approve(made.pk, requester, made.digest),
        lambda: reject(made.pk, requester, "no, mine"),
    ]
    for decide in steps:
        with pytest.raises(Refused, match="another person has to decide"):
            decide()
    assert (Instruction.objects.get().status, Journal.objects.count()) == ("proposed", 0)


def test_it_is_decided_once(product: Product) -> None:
    made = asked(product)
    requester, approver = persons()
    approve(made.pk, approver, made.digest)
    steps: list[Step] = [
        lambda: approve(made.pk, approver, made.digest),
        lambda: reject(made.pk, approver, "too late"),
        lambda: withdraw(made.pk, requester, "too late"),
    ]
    for decide in steps:
        with pytest.raises(Refused, match="It is posted already"):
            decide()
    assert (Journal.objects.count(), len(history(made))) == (1, 2)
    assert available(product) == 100


@pytest.mark.parametrize("end", ["rejected", "withdrawn"])
def test_what_is_rejected_or_withdrawn_is_never_posted(end: str, product: Product) -> None:
    made = asked(product)
    requester, approver = persons()
    decide, by = (reject, approver) if end == "rejected" else (withdraw, requester)
    with pytest.raises(Refused, match="Give a reason"):
        decide(made.pk, by, "  no")
    decide(made.pk, by, "the wrong month")
    row = Instruction.objects.get()
    assert (row.status, row.decided_by, row.decision_reason) == (end, by, "the wrong month")
    assert history(row)[1:] == [("proposed", end, "person", str(by.pk), "the wrong month")]
    with pytest.raises(Refused, match=f"It is {end} already"):
        approve(made.pk, approver, made.digest)
    assert not Journal.objects.exists()


def test_only_the_requester_withdraws(product: Product) -> None:
    made = asked(product)
    with pytest.raises(Refused, match="you can reject it"):
        withdraw(made.pk, persons()[1], "not mine")
    assert Instruction.objects.get().status == "proposed"


def test_another_preview_than_the_one_that_was_seen_posts_nothing(product: Product) -> None:
    fund(product, "INR", amount="100")
    made = asked(product, "product_fee", "80")
    settle(product, "50")  # now the product lacks 30 of its fee
    before = Journal.objects.count()
    with pytest.raises(Changed) as refused:
        approve(made.pk, persons()[1], made.digest)
    [journal] = refused.value.preview.content["journals"]
    assert [(leg["debit"] or leg["credit"]) for leg in journal["legs"]] == ["50.00", "30.00", "80.00"]
    assert (Instruction.objects.get(pk=made.pk).status, Journal.objects.count()) == ("proposed", before)
    # Whoever has seen the new one may approve that; it is what the row shows from then on.
    approve(made.pk, persons()[1], refused.value.preview.digest)
    row = Instruction.objects.get(pk=made.pk)
    assert (row.status, row.preview, row.digest) == (
        "posted",
        refused.value.preview.content,
        refused.value.preview.digest,
    )
    assert reading.balance_of(accounts.receivable(product.pk, "test", "INR")) == 30


def test_what_the_requester_saw_is_what_is_asked_for(product: Product) -> None:
    requester, _ = persons()
    with pytest.raises(Changed):
        propose("product_funded", money(product), REASON, DOCUMENT, requester, digest_seen="0" * 64)
    assert not Instruction.objects.exists()


def test_a_form_that_is_sent_twice_asks_once(product: Product) -> None:
    requester, approver = persons()
    first = asked(product)
    again = propose("product_funded", money(product), REASON, DOCUMENT, requester, instruction_id=first.pk)
    assert (again, Instruction.objects.count()) == (first, 1)
    with pytest.raises(Refused, match="another form"):
        propose("product_funded", money(product), REASON, DOCUMENT, approver, instruction_id=first.pk)


def test_a_form_that_is_sent_again_with_something_else_in_it_is_refused(product: Product) -> None:
    requester, _ = persons()
    parameters = money(product)
    first = asked(product)
    for verb, told, reason, document in (
        ("product_funded", {**parameters, "amount": "101"}, REASON, DOCUMENT),
        ("product_settled", parameters, REASON, DOCUMENT),
        ("product_funded", parameters, "another reason", DOCUMENT),
        ("product_funded", parameters, REASON, "another document"),
    ):
        with pytest.raises(Refused, match=f"sent before with something else in it, which {first.public_id} asks for"):
            propose(verb, told, reason, document, requester, instruction_id=first.pk)
    # Written otherwise, it is the same.
    same = {**parameters, "currency": "inr", "amount": " 100.00 "}
    assert propose("product_funded", same, f" {REASON}", DOCUMENT, requester, instruction_id=first.pk) == first
    assert Instruction.objects.get() == first


def test_a_form_that_is_sent_again_is_answered_by_what_it_made_though_it_could_not_be_done_again(
    product: Product,
) -> None:
    requester, approver = persons()
    fund(product, "INR", amount="100")
    first = asked(product, "product_settled")
    approve(first.pk, approver, first.digest)
    again = propose("product_settled", money(product), REASON, DOCUMENT, requester, instruction_id=first.pk)
    assert (again, again.status) == (first, "posted")


def test_money_that_is_no_longer_there_is_a_sentence_and_nothing_is_posted(product: Product) -> None:
    fund(product, "INR", amount="100")
    made = asked(product, "product_settled", "80")
    settle(product, "50")
    with pytest.raises(Refused, match=r"has 50\.00 INR available, and no more"):
        approve(made.pk, persons()[1], made.digest)
    assert available(product) == 50
    assert Instruction.objects.get(pk=made.pk).status == "proposed"


def test_who_lost_the_right_while_they_read_approves_nothing(product: Product) -> None:
    requester, approver = persons()
    made = propose("product_funded", money(product, "100"), REASON, DOCUMENT, requester)
    assert approver.has_perm("balances.approve_instruction")  # as the session, or the terminal, knows them
    User.objects.filter(pk=approver.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        approve(made.pk, approver, made.digest)
    with pytest.raises(PermissionDenied):
        reject(made.pk, approver, REASON)
    assert Instruction.objects.get(pk=made.pk).status == "proposed"
    assert Journal.objects.count() == 0


def test_what_nobody_decided_in_time_is_over_though_nobody_swept(product: Product) -> None:
    made = propose("product_funded", money(product, "100"), REASON, DOCUMENT, persons()[0])
    with time_machine.travel(made.requested_at + timedelta(days=14, seconds=1), tick=False):
        with pytest.raises(Refused, match="Nobody decided in 14 days"):
            approve(made.pk, persons()[1], made.digest)
        with pytest.raises(Refused, match="Nobody decided in 14 days"):
            reject(made.pk, persons()[1], REASON)
    assert Journal.objects.count() == 0


@pytest.mark.parametrize(
    "text", ["\u200b" * 8, "\u2800" * 8, "fine \x1b[8m", "abc\x00def", "left \u202e right", "----------"]
)
def test_words_that_are_not_what_they_look_like_are_refused(text: str, product: Product) -> None:
    for reason, document in ((text, DOCUMENT), (REASON, text)):
        with pytest.raises(Refused, match="visible letters or digits"):
            propose("product_funded", money(product, "100"), reason, document, persons()[0])
    made = propose("product_funded", money(product, "100"), REASON, DOCUMENT, persons()[0])
    with pytest.raises(Refused, match="visible letters or digits"):
        reject(made.pk, persons()[1], text)


def test_a_reason_is_one_line_and_draws_no_preview_of_its_own(product: Product) -> None:
    drawn = "as agreed\nMode: test\r\n  Journal: product funded"
    made = propose("product_funded", money(product, "100"), drawn, DOCUMENT, persons()[0])
    assert made.reason == "as agreed Mode: test Journal: product funded"


@pytest.mark.parametrize(
    ("verb", "change", "reason", "document", "sentence"),
    [
        ("gift", {}, REASON, DOCUMENT, "There is no verb 'gift'"),
        ("product_funded", {"amount": "0"}, REASON, DOCUMENT, "Amount: The amount must be greater than zero"),
        ("product_funded", {"amount": "1.001"}, REASON, DOCUMENT, "INR has 2 decimals"),
        ("product_funded", {"amount": ""}, REASON, DOCUMENT, "Amount is missing"),
        ("product_funded", {"currency": "IRN"}, REASON, DOCUMENT, "there is no 'IRN' here"),
        ("product_funded", {"mode": "both"}, REASON, DOCUMENT, "choose one of live, test"),
        ("product_funded", {"product": "nobody"}, REASON, DOCUMENT, "there is none with the id or name 'nobody'"),
        ("product_funded", {"product": "x" * 191}, REASON, DOCUMENT, "at most 190 characters"),
        ("product_funded", {"colour": "red"}, REASON, DOCUMENT, "There is no parameter 'colour'"),
        ("product_funded", {}, " ok ", DOCUMENT, "Give a reason of 4 to 500"),
        ("product_funded", {}, "x" * 501, DOCUMENT, "Give a reason of 4 to 500"),
        ("product_funded", {}, REASON, " ", "Name the paper behind it"),
        ("product_funded", {}, REASON, "x" * 191, "at most 190 characters"),
    ],
)
def test_what_cannot_be_asked_for_is_a_sentence(
    verb: str, change: dict[str, str], reason: str, document: str, sentence: str, product: Product
) -> None:
    with pytest.raises(Refused, match=sentence):
        propose(verb, {**money(product), **change}, reason, document, persons()[0])
    assert not Instruction.objects.exists()


@pytest.mark.parametrize("lacks", ["permission", "staff", "active"])
def test_it_takes_a_permission_to_ask_and_one_to_decide(lacks: str, product: Product) -> None:
    somebody = User.objects.create_user("somebody", is_staff=lacks != "staff", is_active=lacks != "active")
    if lacks != "permission":
        wanted = Permission.objects.filter(codename__in=["propose_instruction", "approve_instruction"])
        somebody.user_permissions.set(wanted)
    made = asked(product)
    steps: list[Step] = [
        lambda: propose("product_funded", money(product), REASON, DOCUMENT, somebody),
        lambda: approve(made.pk, somebody, made.digest),
        lambda: reject(made.pk, somebody, "not for me"),
        lambda: withdraw(made.pk, somebody, "not for me"),
    ]
    for step in steps:
        with pytest.raises(PermissionDenied, match="somebody may not do this"):
            step()
    assert (Instruction.objects.get().status, Journal.objects.count()) == ("proposed", 0)


def test_each_permission_is_for_its_own_side(product: Product) -> None:
    people = {}
    for name in ("propose", "approve"):
        people[name] = User.objects.create_user(name, is_staff=True)
        people[name].user_permissions.set(Permission.objects.filter(codename=f"{name}_instruction"))
    with pytest.raises(PermissionDenied):
        propose("product_funded", money(product), REASON, DOCUMENT, people["approve"])
    made = propose("product_funded", money(product), REASON, DOCUMENT, people["propose"])
    other = asked(product)
    with pytest.raises(PermissionDenied):
        approve(other.pk, people["propose"], other.digest)
    approve(made.pk, people["approve"], made.digest)
    assert Journal.objects.get().instruction == made


def test_what_nobody_decides_ends_by_itself(product: Product) -> None:
    made = asked(product)
    with time_machine.travel(made.requested_at + timedelta(days=EXPIRY_DAYS, seconds=-1), tick=False):
        assert expire_undecided() == 0
    with time_machine.travel(made.requested_at + timedelta(days=EXPIRY_DAYS, seconds=1), tick=False):
        end_undecided()
        assert expire_undecided() == 0
    row = Instruction.objects.get()
    assert (row.status, row.decided_by) == ("expired", None)
    assert history(row)[1:] == [("proposed", "expired", "clock", "", "nobody decided in 14 days")]
    with pytest.raises(Refused, match="It is expired already"):
        approve(made.pk, persons()[1], made.digest)


def test_money_that_comes_to_a_product_covers_what_it_owes_under_the_same_instruction(product: Product) -> None:
    made = asked(product, "product_fee", "30")
    approve(made.pk, persons()[1], made.digest)
    made = asked(product, amount="100")
    assert made.preview["notes"] == [f"{product} owes 30.00 INR, and repays that first."]
    approve(made.pk, persons()[1], made.digest)
    assert {one.kind for one in made.journals.all()} == {"product_funded", "receivable_repaid"}
    assert available(product) == 70


def test_a_verb_that_posts_otherwise_than_it_showed_posts_nothing(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = asked(product)

    def twice_as_much(verb: Any, values: Any, plan: Any, cause: Any, instruction: Any) -> None:
        other = verb.plan({**values, "amount": values["amount"] * 2})
        carry_out(verb, values, other, cause, instruction)

    monkeypatch.setattr("balances.instructions.carry_out", twice_as_much)
    with pytest.raises(Changed):
        approve(made.pk, persons()[1], made.digest)
    assert (Instruction.objects.get().status, Journal.objects.count()) == ("proposed", 0)
