"""What two persons are shown of money that waits is what is then done with it, to the journal and the sentence."""

from decimal import Decimal

import pytest
from django.db import transaction

from balances import instructions, proposing
from balances.instruction_models import Instruction
from balances.models import Journal
from balances.posting import post
from balances.verb_fields import Refused
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from payments import saved_up
from payments.models import Receipt, ReceiptMove
from payments.verbs import open_to
from tests.payments.paid import Paid, postings, receipts, states
from tests.payments.queue import waiting
from tests.payments.stage import Placed, confirm, fresh, money, news, work
from tests.payments.test_suspense import found_by_transaction
from tests.two_persons import by_two_persons, persons, settle

pytestmark = pytest.mark.django_db

SUSPENDED = "receipt_suspended: provider_balance 1.00 INR, suspense -1.00 INR"


@pytest.fixture
def short(paid: Paid) -> Receipt:
    """Less arrived than was asked for."""
    paid.arrives(money(amount="1"))
    return Receipt.objects.get()


def shown(verb: str, parameters: dict[str, str]) -> tuple[list[str], list[str]]:
    """The notes, and each journal as one line."""
    seen = proposing.look(verb, parameters).content
    journals = [
        f"{one['kind']}: "
        + ", ".join(
            f"{leg['account'].split(' of ')[0]} {leg['debit'] or '-' + leg['credit']} {leg['currency']}"
            for leg in sorted(one["legs"], key=lambda leg: leg["account"])
        )
        for one in seen["journals"]
    ]
    return seen["notes"], journals


def everything() -> list[object]:
    """What a rehearsal could leave behind."""
    return [
        postings(),
        receipts(),
        list(Instruction.objects.values_list("id")),
        list(ReceiptMove.objects.values_list("id")),
        sorted(Journal.objects.values_list("id")),
    ]


def test_less_is_credited_as_it_was_shown(paid: Paid, short: Receipt, product: Product) -> None:
    parameters = {"receipt": short.public_id, "deposit": paid.deposit.public_id}
    before = everything(), news(product)
    assert shown("receipt_attached", parameters) == (
        [
            f"Deposit {paid.deposit.public_id} was in review and becomes credited, with 1.00 of 1000.00 INR (under).",
            f"{product} is sent the event deposit.credited_with_difference of {paid.deposit.public_id}.",
        ],
        ["suspense_credited: available -1.00 INR, suspense 1.00 INR"],
    )
    assert (everything(), news(product)) == before
    decided = by_two_persons("receipt_attached", parameters)
    assert postings() == [SUSPENDED, "suspense_credited: available -1.00 INR, suspense 1.00 INR"]
    assert states(fresh(paid.deposit)) == ("credited", Decimal(1), "under")
    assert news(product)[-1] == ("deposit.credited_with_difference", 5)
    journal = Journal.objects.get(kind="suspense_credited")
    requester, approver = persons()
    assert (journal.instruction, journal.cause, journal.cause_id) == (decided, "person", str(approver.pk))
    assert (decided.requested_by, decided.decided_by) == (requester, approver)
    move = short.moves.get(to_status="credited")
    assert (move.cause, move.cause_id, move.detail) == ("person", str(approver.pk), decided.reason)


def test_what_waits_for_the_same_deposit_is_shown_and_credited_with_it(paid: Paid, product: Product) -> None:
    first, second = money(amount="1", transaction_id="T1"), money(amount="2", transaction_id="T2")
    paid.arrives(first)
    paid.arrives(first, second)
    one, other = Receipt.objects.order_by("transaction_id")
    parameters = {"receipt": one.public_id, "deposit": paid.deposit.public_id}
    notes, journals = shown("receipt_attached", parameters)
    assert notes[1] == f"Receipt {other.public_id} of 2.00 INR waited for the same deposit and becomes credited, too."
    assert sorted(journals) == [
        "suspense_credited: available -1.00 INR, suspense 1.00 INR",
        "suspense_credited: available -2.00 INR, suspense 2.00 INR",
    ]
    by_two_persons("receipt_attached", parameters)
    assert [status for status, *_ in receipts()] == ["credited", "credited"]
    assert Journal.objects.filter(kind="suspense_credited", instruction=Instruction.objects.last()).count() == 2


def test_money_of_one_deposit_goes_to_another(paid: Paid, short: Receipt, opened: Placed, product: Product) -> None:
    other = opened(customer="56")
    parameters = {"receipt": short.public_id, "deposit": other.public_id}
    notes, _ = shown("receipt_attached", parameters)
    assert set(notes) == {
        f"Deposit {paid.deposit.public_id} was in review and becomes failed, with 0.00 of 1000.00 INR.",
        f"Deposit {other.public_id} was awaiting payment and becomes credited, with 1.00 of 1000.00 INR (under).",
        f"{product} is sent the event deposit.failed of {paid.deposit.public_id}.",
        f"{product} is sent the event deposit.credited_with_difference of {other.public_id}.",
    }
    by_two_persons("receipt_attached", parameters)
    assert states(fresh(other)) == ("credited", Decimal(1), "under")
    assert states(fresh(paid.deposit)) == ("failed", None, "")
    # The provider goes on naming the first one: that was decided, and is no news.
    before = everything(), news(product)
    assert states(paid.asked_again()) == ("failed", None, "")
    assert ((everything(), news(product)), waiting()) == (before, [])
    # Naming a third one would be.
    third = opened(customer="57")
    named = confirm(paid.api, third, "999999999999").json()["id"]
    work()
    paid.book.enter_as_is(named, money(amount="1", plugin_custom_order_id=named), label=paid.label)
    due = fresh(third).next_at
    assert due is not None
    paid.clock.move_to(due)
    work()
    assert [row.why for row in waiting()] == [
        f"It is credited, and the provider now says otherwise: now for order {third.public_id}.",
        "No money counts for it, and a person was called: the provider names money that another order has.",
    ]


@pytest.mark.parametrize(
    ("verb", "journal", "status"),
    [
        ("receipt_given_back", "suspense_returned: provider_balance -1.00 INR, suspense 1.00 INR", "returned"),
        ("receipt_written_off", "suspense_written_off: suspense 1.00 INR, write_off -1.00 INR", "written_off"),
        ("receipt_credited_to_product", "suspense_credited: available -1.00 INR, suspense 1.00 INR", "credited"),
    ],
)
def test_what_is_not_the_deposit_s_leaves_it(
    verb: str, journal: str, status: str, paid: Paid, short: Receipt, product: Product
) -> None:
    parameters = {"receipt": short.public_id}
    if verb == "receipt_credited_to_product":
        parameters["product"] = product.name
    notes, journals = shown(verb, parameters)
    assert [
        one.replace("provider balance", "provider_balance").replace("write off", "write_off") for one in journals
    ] == [journal]
    assert notes == [
        f"Deposit {paid.deposit.public_id} was in review and becomes failed, with 0.00 of 1000.00 INR.",
        f"{product} is sent the event deposit.failed of {paid.deposit.public_id}.",
    ]
    by_two_persons(verb, parameters)
    assert (postings(), receipts()) == ([SUSPENDED, journal], [(status, Decimal(1), "")])
    assert news(product)[-1] == ("deposit.failed", 5)


def test_what_the_product_no_longer_has_is_shown_as_its_debt(paid: Paid, product: Product) -> None:
    paid.arrives(money(amount="1000"))
    settle(product, "1000000400")
    parameters = {"receipt": Receipt.objects.get().public_id}
    assert shown("receipt_reversed", parameters) == (
        [
            f"Deposit {paid.deposit.public_id} was credited and becomes reversed, with 0.00 of 1000.00 INR.",
            f"{product} is sent the event deposit.reversed of {paid.deposit.public_id}.",
            "The product has too little: it owes 400.00 INR from then on, and cannot pay out before that is repaid.",
        ],
        ["receipt_reversed: available 600.00 INR, product receivable 400.00 INR, provider balance -1000.00 INR"],
    )
    by_two_persons("receipt_reversed", parameters)
    assert postings()[-1] == (
        "receipt_reversed: available 600.00 INR, product_receivable 400.00 INR, provider_balance -1000.00 INR"
    )


def test_a_product_that_owes_repays_from_what_it_is_credited(
    paid: Paid, short: Receipt, product: Product, opened: Placed
) -> None:
    settle(product, "1000000000")
    by_two_persons("product_fee", {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": "5"})
    parameters = {"receipt": short.public_id, "product": str(product.pk)}
    notes, journals = shown("receipt_credited_to_product", parameters)
    assert notes[-1] == f"{product} owes 5.00 INR, and repays that first."
    assert journals == ["suspense_credited: available -1.00 INR, suspense 1.00 INR"]
    by_two_persons("receipt_credited_to_product", parameters)
    assert postings()[-1] == "receivable_repaid: available 1.00 INR, product_receivable -1.00 INR"


def test_savings_that_are_released_along_with_it_are_shown(
    paid: Paid, product: Product, account: ProviderAccount
) -> None:
    with transaction.atomic():
        row = saved_up.lock_or_begin(paid.deposit, minimum=Decimal(500))
        saved, lacking, minimum = Decimal(300), Decimal(200), Decimal(500)
        pulled = Cause(kind=CauseKind.PULL)
        post(*saved_up.observe(row, saved, lacking=lacking, minimum=minimum, cause=pulled))
    released = money(transaction_id="T5", amount="300", stockpiling_id="7")
    found_by_transaction(account, released, label="somebody")
    parameters = {"receipt": Receipt.objects.get().public_id, "deposit": paid.deposit.public_id}
    notes, journals = shown("receipt_attached", parameters)
    assert journals == [
        "savings_released: savings observed -300.00 INR, savings 300.00 INR",
        "suspense_credited: available -300.00 INR, suspense 300.00 INR",
    ]
    assert f"{product} is sent the event savings.released of {row.public_id}." in notes
    before = news(product)
    by_two_persons("receipt_attached", parameters)
    assert [kind for kind, _ in news(product)[len(before) :]] == [
        "deposit.credited_with_difference",
        "savings.released",
    ]
    assert postings()[-1] == "savings_released: savings 300.00 INR, savings_observed -300.00 INR"


def test_what_speaks_against_it_is_shown(paid: Paid) -> None:
    paid.arrives(money(amount="7", currency_code="USD"))
    parameters = {"receipt": Receipt.objects.get().public_id, "deposit": paid.deposit.public_id}
    notes, _ = shown("receipt_attached", parameters)
    assert notes[0] == "What speaks against it: it is USD, no listed currency of this system."


def test_what_was_decided_meanwhile_is_refused_with_a_sentence(paid: Paid, short: Receipt, product: Product) -> None:
    requester, approver = persons()
    parameters = {"receipt": short.public_id, "deposit": paid.deposit.public_id}
    asked = proposing.propose("receipt_attached", parameters, "the customer was right", "", requester)
    by_two_persons("receipt_written_off", {"receipt": short.public_id})
    before = everything(), news(product)
    with pytest.raises(Refused, match="The receipt is written off; it cannot become credited"):
        instructions.approve(asked.pk, approver, asked.digest)
    assert (everything(), news(product)) == before


def test_a_deposit_that_changed_meanwhile_is_shown_again(paid: Paid, short: Receipt) -> None:
    requester, approver = persons()
    parameters = {"receipt": short.public_id, "deposit": paid.deposit.public_id}
    asked = proposing.propose("receipt_attached", parameters, "the customer was right", "", requester)
    paid.arrives(money(amount="1"), money(amount="2", transaction_id="T2"))
    before = everything()
    with pytest.raises(proposing.Changed):
        instructions.approve(asked.pk, approver, asked.digest)
    assert everything() == before


@pytest.mark.parametrize(
    ("verb", "parameters", "sentence"),
    [
        ("receipt_attached", {"receipt": "rcp_00000000000000000000000000"}, "There is no such receipt"),
        ("receipt_attached", {"deposit": "dep_00000000000000000000000000"}, "There is no such deposit"),
        ("receipt_written_off", {"receipt": "dep_00000000000000000000000000"}, "begins with rcp_"),
        ("receipt_reversed", {}, "The receipt is in review; it cannot become reversed"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    verb: str, parameters: dict[str, str], sentence: str, paid: Paid, short: Receipt
) -> None:
    known = {"receipt": short.public_id}
    if verb == "receipt_attached":
        known["deposit"] = paid.deposit.public_id
    with pytest.raises(Refused, match=sentence):
        proposing.look(verb, {**known, **parameters})


def test_only_what_is_legal_is_open(paid: Paid, short: Receipt) -> None:
    assert [one.name for one in open_to(short)] == [
        "receipt_attached",
        "receipt_credited_to_product",
        "receipt_given_back",
        "receipt_written_off",
    ]
    by_two_persons("receipt_attached", {"receipt": short.public_id, "deposit": paid.deposit.public_id})
    short.refresh_from_db()
    assert [one.name for one in open_to(short)] == ["receipt_reversed"]
    by_two_persons("receipt_reversed", {"receipt": short.public_id})
    short.refresh_from_db()
    assert open_to(short) == ()


def test_what_comes_for_a_reversed_deposit_leaves_it_reversed(paid: Paid, product: Product) -> None:
    first = money(amount="1000", transaction_id="T1")
    paid.arrives(first)
    by_two_persons("receipt_reversed", {"receipt": Receipt.objects.get().public_id})
    paid.arrives(first, money(amount="5", transaction_id="T2"))
    late = Receipt.objects.get(transaction_id="T2")
    assert late.status == "in_review"
    notes, _ = shown("receipt_given_back", {"receipt": late.public_id})
    assert notes == [f"Deposit {paid.deposit.public_id} stays reversed."]
    before = news(product)
    by_two_persons("receipt_given_back", {"receipt": late.public_id})
    assert states(fresh(paid.deposit)) == ("reversed", None, "")
    assert news(product) == before
