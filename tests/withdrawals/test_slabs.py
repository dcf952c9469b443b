"""From which amount on whose approvals: what may be agreed, by whom, and what counts for whom."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from balances import instructions, proposing
from balances.verb_fields import Refused
from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount
from tests.at_commit import committed, refused
from tests.conftest import Api, agree_on_slabs, fund
from tests.two_persons import persons
from tests.withdrawals.orders import IMPS, order
from withdrawals import limits, slabs
from withdrawals.models import SlabSet, Withdrawal
from withdrawals.states import HoldReason

pytestmark = pytest.mark.django_db

LADDER = "0: none; 10000: approver; 100000: approver + finance_lead"
WRITTEN = "0: none; 10000.00: approver; 100000.00: approver + finance_lead"

READ = {
    "0: none": "0: none",
    " 0 :none ;10.50:  approver ": "0: none; 10.50: approver",
    "0.00: approver": "0: approver",
    "0: none; 1: finance_lead + approver": "0: none; 1.00: approver + finance_lead",
    "0: approver + approver; 5: finance_lead + finance_lead": (
        "0: approver + approver; 5.00: finance_lead + finance_lead"
    ),
    LADDER: WRITTEN,
}


@pytest.mark.parametrize(("text", "kept"), READ.items())
def test_slabs_are_read_and_kept_in_one_form(text: str, kept: str) -> None:
    read = slabs.read(text, "INR")
    assert slabs.written(read, "INR") == kept
    assert slabs.read(kept, "INR") == read


REFUSED = {
    "": "Write each slab as an amount, a colon and whose approvals, with a semicolon between two.",
    "0 none": "Write each slab as an amount, a colon and whose approvals, with a semicolon between two.",
    "0: none;": "Write each slab as an amount, a colon and whose approvals, with a semicolon between two.",
    "1: none": "The first slab begins at 0, or nothing would be said of small amounts.",
    "0: none; 5: approver; 5: finance_lead": "Each slab begins at a higher amount than the one before it.",
    "0: none; 5: approver; 4: finance_lead": "Each slab begins at a higher amount than the one before it.",
    "0: none; 0: approver": "Each slab begins at a higher amount than the one before it.",
    "0: none; 5: none": "The slab from 5.00 on says the same as the one before it; leave it out.",
    "0: none; 5.001: approver": "INR has 2 decimals; send no more than that.",
    "0: none; -5: approver": 'Use plain digits with an optional decimal point, for example "1000.00".',
    "0: none; 1e3: approver": 'Use plain digits with an optional decimal point, for example "1000.00".',
    "0: nobody": "Whose approvals: none, or approver or finance_lead, or two of them with a +.",
    "0: none + approver": "Whose approvals: none, or approver or finance_lead, or two of them with a +.",
    "0:": "Whose approvals: none, or approver or finance_lead, or two of them with a +.",
    "0: approver + approver + approver": "A withdrawal takes at most 2 approvals.",
    "; ".join(
        ["0: none", *(f"{number}000000: {'approver' if number % 2 else 'finance_lead'}" for number in range(1, 9))]
    ): ("At most 190 characters, with all decimals written out."),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.items())
def test_what_is_no_ladder_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        slabs.read(text, "INR")
    assert (str(refused.value), refused.value.field) == (f"Slabs: {sentence}", "slabs")


def parameters(product: Product, text: str, mode: str = "live") -> dict[str, str]:
    return {"product": str(product.pk), "mode": mode, "currency": "INR", "slabs": text}


def test_people_see_what_counts_what_would_and_where_less_is_asked_for_more(product: Product) -> None:
    shown = proposing.look("slabs_agreed", parameters(product, "0: approver + finance_lead; 500: approver"))
    assert shown.content["journals"] == []
    assert shown.content["notes"] == [
        "Until now every withdrawal takes an approver, for nothing was ever agreed.",
        "From 0.00 INR to less than 500.00: approver + finance_lead.",
        "From 500.00 INR on: approver.",
        "Look twice: from 500.00 INR on less is asked for than below it.",
        "What was made before keeps what it was made with.",
    ]
    agree_on_slabs(product, LADDER, mode=Mode.LIVE)
    again = proposing.look("slabs_agreed", parameters(product, "0: none"))
    assert again.content["notes"][0] == f"Until now: {WRITTEN}."
    test = proposing.look("slabs_agreed", parameters(product, "0: none", "test"))
    assert test.content["notes"][0] == "Until now no withdrawal takes an approval, for nothing was ever agreed."


def test_a_set_replaces_the_one_before_whole_and_both_stay(product: Product) -> None:
    agree_on_slabs(product, LADDER, mode=Mode.LIVE)
    agree_on_slabs(product, "0: approver", mode=Mode.LIVE)
    approver = persons()[1]
    assert list(SlabSet.objects.order_by("version").values_list("version", "slabs", "created_by", "reason")) == [
        (1, WRITTEN, approver.pk, "the tests' own money"),
        (2, "0: approver", approver.pk, "the tests' own money"),
    ]
    found = slabs.latest(product.pk, "live", "INR")
    assert found is not None
    assert found.version == 2
    assert slabs.latest(product.pk, "test", "INR") is None
    assert slabs.latest(product.pk, "live", "BDT") is None


def test_what_was_shown_has_to_count_still_when_it_is_agreed(product: Product) -> None:
    requester, approver = persons()
    asked = proposing.propose("slabs_agreed", parameters(product, "0: none"), "small sums", "", requester)
    agree_on_slabs(product, LADDER, mode=Mode.LIVE)
    with pytest.raises(proposing.Changed):
        instructions.approve(asked.pk, approver, asked.digest)
    assert SlabSet.objects.count() == 1


NEEDED = {
    "1": [],
    "9999": [],
    "10000": ["approver"],
    "99999": ["approver"],
    "100000": ["approver", "finance_lead"],
    "120000": ["approver", "finance_lead"],
}


@pytest.mark.parametrize(("amount", "roles"), NEEDED.items())
def test_a_withdrawal_takes_what_its_slab_says(product: Product, amount: str, roles: list[str]) -> None:
    agree_on_slabs(product, LADDER)
    made = Withdrawal(product=product, mode=Mode.TEST, currency="INR", amount=Decimal(amount))
    assert slabs.needed(made) == roles
    made.held_for = [HoldReason.DUPLICATE_LIKELY]
    assert slabs.needed(made) == (roles or ["approver"])


@pytest.fixture
def live(
    funded_elsewhere: None,
    product: Product,
    live_account: ProviderAccount,
    catalogue: None,
    new_api: Callable[..., Api],
) -> Api:
    """The product's client in live mode."""
    return new_api(product, Mode.LIVE)


def test_a_live_product_without_slabs_takes_an_approver_for_everything(
    product: Product, live_account: ProviderAccount, catalogue: None, new_api: Callable[..., Api]
) -> None:
    fund(product, "INR", mode=Mode.LIVE)
    made = order(new_api(product, Mode.LIVE), amount="1218")
    assert (made.status, made.approvals_needed) == ("pending_approval", ["approver"])


def test_a_test_product_without_slabs_takes_none(api: Api) -> None:
    made = order(api)
    assert (made.status, made.approvals_needed) == ("queued", [])


def test_live_slabs_count_from_their_agreement_on_and_for_their_currency_alone(live: Api, product: Product) -> None:
    before = order(live)
    agree_on_slabs(product, "0: none; 1000: approver + finance_lead", mode=Mode.LIVE)
    after, small = order(live), order(live, amount="999")
    before.refresh_from_db()
    assert [(one.status, one.approvals_needed) for one in (before, after, small)] == [
        ("queued", []),
        ("pending_approval", ["approver", "finance_lead"]),
        ("queued", []),
    ]


@pytest.mark.parametrize("reason", HoldReason)
def test_what_is_held_is_looked_at_however_small(
    api: Api, product: Product, monkeypatch: pytest.MonkeyPatch, reason: HoldReason
) -> None:
    agree_on_slabs(product, "0: none")
    monkeypatch.setattr(limits, "reasons_to_hold", lambda _: [reason])
    answer = api.post("withdrawals", {**IMPS, "reference": "held"})
    assert (answer.json()["status"], answer.json()["held_for"]) == ("pending_approval", [reason])
    assert answer.json()["approvals"]["needed"] == ["approver"]


def write(product: Product, **changes: Any) -> SlabSet:
    row = {"mode": "live", "currency": "INR", "version": 1, "slabs": "0: none", "reason": "mine", **changes}
    return SlabSet.objects.create(product=product, created_by=persons()[0], **row)


def test_one_person_writes_test_slabs_and_no_live_ones(product: Product) -> None:
    write(product, mode="test")
    committed()
    with refused("two persons decided"):
        write(product)
    assert list(SlabSet.objects.values_list("mode", flat=True)) == ["test"]


@pytest.mark.parametrize(
    "changes",
    [{"slabs": "0: none; 5.00: approver"}, {"currency": "BDT"}, {"mode": "live", "slabs": "0: approver"}],
)
def test_an_agreement_about_something_else_does_not_count(product: Product, changes: dict[str, Any]) -> None:
    agree_on_slabs(product, "0: finance_lead", mode=Mode.LIVE)
    committed()
    with refused("two persons decided"):
        write(product, **{"version": 2, **changes})


@pytest.mark.parametrize(
    "text",
    ["", "none", "1: none", "0: nobody", "0: none;5: approver", "0: none; : approver", "0: none; 5: x", "0:none"],
)
def test_the_database_takes_no_slabs_that_it_could_not_read(product: Product, text: str) -> None:
    with pytest.raises(IntegrityError, match="slabs_are_read_by_all"), transaction.atomic():
        write(product, mode="test", slabs=text)


def test_versions_are_counted(product: Product) -> None:
    write(product, mode="test")
    with pytest.raises(IntegrityError, match="one_set_of_slabs_per_version"), transaction.atomic():
        write(product, mode="test")


def test_the_slabs_of_many_are_looked_up_at_once(product: Product, django_assert_num_queries: Any) -> None:
    agree_on_slabs(product, "0: approver")
    agree_on_slabs(product, LADDER)
    agree_on_slabs(product, "0: finance_lead", "BDT")
    owners = [(product.pk, mode, currency) for mode in ("test", "live") for currency in ("INR", "BDT", "PKR")]
    with django_assert_num_queries(1):
        found = slabs.in_force_together(owners)
    assert found == {owner: slabs.in_force(*owner) for owner in owners}
    assert slabs.written(found[product.pk, "test", "INR"], "INR") == WRITTEN
    assert slabs.written(found[product.pk, "live", "INR"], "INR") == "0: approver"
    assert slabs.written(found[product.pk, "test", "PKR"], "PKR") == "0: none"
