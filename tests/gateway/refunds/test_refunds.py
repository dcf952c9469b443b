"""Money of a deposit that goes back: to whom, how much at most, and what is never changed."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem
from gateway.webhooks.models import Event
from payments.models import Deposit, Receipt
from tests.at_commit import committed, refused
from tests.conftest import Api, agree_on_slabs
from tests.gateway.api.bodies import withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.gateway.refunds.stage import arrive, credited, refund, refund_body
from tests.payments.stage import fresh, place
from tests.two_persons import by_two_persons
from withdrawals.actions import NewWithdrawal, open_withdrawal
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db


def refundable_of(answer: Any) -> str:
    document = assert_refused(answer, 422, "refund_exceeds_receipts", "/amount", extra={"refundable"})
    left = document["refundable"]
    assert document["detail"] == f"{left} INR is left of what was credited for this deposit."
    return str(left)


def test_a_refund_is_a_withdrawal_to_the_deposit_s_customer(api: Api) -> None:
    deposit = credited(api, customer="customer-7")
    answer = refund(api, deposit, reference="back-1", comment="sent back", metadata={"why": "returned"})
    assert answer.status_code == 201
    shown = answer.json()
    assert {name: shown[name] for name in shown if name not in {"id", "created_at", "updated_at"}} == {
        "object": "withdrawal",
        "status": "queued",
        "payment_system": "imps_ib",
        "currency": "INR",
        "amount": "400.00",
        "customer": "customer-7",
        "reference": "back-1",
        "recipient": {"account_number": "*****6789", "account_name": "*****Name", "bank_code": "*******1821"},
        "comment": "sent back",
        "failure": None,
        "held_for": [],
        "approvals": {"needed": [], "given": [], "expires_at": None},
        "refund_of": deposit.public_id,
        "mode": "test",
        "metadata": {"why": "returned"},
    }
    row = Withdrawal.objects.get()
    assert (row.customer, row.refund_of) == (deposit.customer, deposit.pk)
    [news] = Event.objects.filter(subject=row.public_id)
    assert (news.type, news.data["refund_of"]) == ("withdrawal.queued", deposit.public_id)
    committed()


def test_a_list_of_refunds_costs_the_same_number_of_queries_however_long(api: Api, product: Product) -> None:
    agree_on_slabs(product, "0: approver")
    deposit = credited(api)
    numbers = []
    for made in (1, 3):
        while Withdrawal.objects.count() < made:
            refund(api, deposit, amount="100")
        with CaptureQueriesContext(connection) as queries:
            shown = api.get(f"deposits/{deposit.public_id}/refunds").json()["data"]
        assert [one["approvals"]["needed"] for one in shown] == [["approver"]] * made
        numbers.append(len(queries))
    assert numbers == [4, 4]  # the key, the deposit, its refunds, their approvals


def test_refunds_are_listed_by_their_deposit(api: Api) -> None:
    first, second = credited(api), credited(api)
    made = [refund(api, first, amount="100").json() for _ in range(2)]
    other = refund(api, second, amount="100").json()
    plain = api.post("withdrawals", withdrawal_body()).json()
    below = f"deposits/{first.public_id}/refunds"
    assert api.get(below).json() == {"object": "list", "data": made[::-1], "next_cursor": None}
    page = api.get(below, limit=1).json()
    assert api.get(below, limit=1, cursor=page["next_cursor"]).json()["data"] == made[:1]
    assert api.get("withdrawals", refund_of=first.public_id).json()["data"] == made[::-1]
    assert api.get("withdrawals", refund_of=second.public_id).json()["data"] == [other]
    assert [one["id"] for one in api.get("withdrawals").json()["data"]] == [
        plain["id"],
        other["id"],
        made[1]["id"],
        made[0]["id"],
    ]


@pytest.mark.parametrize("text", ["nonsense", "wd_01k0000000e00800000000000a", "dep_"])
def test_a_filter_by_what_is_no_deposit_is_refused(api: Api, text: str) -> None:
    answer = api.get("withdrawals", refund_of=text)
    assert_refused(answer, 400, "invalid_request", "/refund_of")
    unknown = api.get("withdrawals", refund_of=ids.encode(ids.DEPOSIT, ids.new_id()))
    assert unknown.json() == {"object": "list", "data": [], "next_cursor": None}


def test_never_more_than_was_credited_less_what_went_back(api: Api) -> None:
    deposit = credited(api)
    assert refund(api, deposit, amount="600").status_code == 201
    with nothing_changes():
        assert refundable_of(refund(api, deposit, amount="401")) == "400.00"
    assert refund(api, deposit, amount="400").status_code == 201
    with nothing_changes():
        assert refundable_of(refund(api, deposit, amount="100")) == "0.00"
    committed()


def test_money_that_came_later_may_go_back_too(api: Api) -> None:
    deposit = credited(api)
    arrive(deposit, "500.50")
    assert refundable_of(refund(api, deposit, amount="1501")) == "1500.50"
    assert refund(api, deposit, amount="1500").status_code == 201
    committed()


def test_what_is_cancelled_may_be_refunded_again(api: Api) -> None:
    deposit = credited(api)
    made = refund(api, deposit, amount="1000").json()
    assert refundable_of(refund(api, deposit, amount="1000")) == "0.00"
    assert api.post(f"withdrawals/{made['id']}/cancel").status_code == 200
    assert refund(api, deposit, amount="1000").status_code == 201
    committed()


def test_of_a_deposit_without_credited_money_nothing_goes_back(api: Api) -> None:
    waiting, short = place(api), place(api)
    arrive(short, "900.00")
    assert fresh(short).status == "in_review"
    for deposit in (waiting, short):
        with nothing_changes():
            assert refundable_of(refund(api, deposit)) == "0.00"


def test_what_was_reversed_can_not_be_refunded_and_what_was_refunded_can_be_reversed(api: Api) -> None:
    deposit = credited(api)
    made = refund(api, deposit, amount="1000").json()
    committed()
    receipt = Receipt.objects.get()
    by_two_persons("receipt_reversed", {"receipt": receipt.public_id})
    committed()
    assert Receipt.objects.get().status == "reversed"
    assert api.get(f"withdrawals/{made['id']}").json()["status"] == "queued"
    # 1000 more was sent than is credited: nothing is left, and it is not less than nothing.
    assert refundable_of(refund(api, deposit, amount="100")) == "0.00"


def test_too_little_money_is_told_as_of_any_withdrawal(api: Api, product: Product) -> None:
    deposit = credited(api, "1000.00")
    by_two_persons(
        "product_settled", {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": "1000000999"}
    )
    with nothing_changes():
        assert_refused(refund(api, deposit, amount="100"), 422, "insufficient_funds", "/amount")


def test_the_same_request_is_answered_once_and_a_reference_used_once(api: Api) -> None:
    deposit = credited(api)
    body = refund_body(amount="700")
    path = f"deposits/{deposit.public_id}/refunds"
    first = api.post(path, body, key="one")
    again = api.post(path, body, key="one")  # 300 are left: a second refund would be refused
    assert (again.status_code, again.json(), again.headers["Idempotent-Replayed"]) == (201, first.json(), "true")
    with nothing_changes():
        answer = api.post(path, {**body, "amount": "300"}, key="two")
        document = assert_refused(answer, 409, "reference_already_used", "/reference", extra={"existing"})
        assert document["existing"] == first.json()["id"]
        assert_refused(api.post(path, {**body, "amount": "300"}, key="one"), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"currency": "INR"}, "/currency", "invalid"),
        ({"customer": "56"}, "/customer", "invalid"),
        ({"refund_of": "dep_x"}, "/refund_of", "invalid"),
        ({"payment_system": "bkash"}, "/payment_system", "invalid"),  # pays BDT alone
        ({"payment_system": "nothing"}, "/payment_system", "invalid"),
        ({"amount": "100.50"}, "/amount", "amount_not_whole"),
        ({"amount": 100}, "/amount", "not_text"),
        ({"recipient": {}}, "/recipient/account_number", "invalid"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(api: Api, changes: dict[str, Any], pointer: str, code: str) -> None:
    deposit = credited(api)
    with nothing_changes():
        answer = refund(api, deposit, **changes)
        assert answer.status_code == 400
        assert {"pointer": pointer, "code": code} in [
            {name: one[name] for name in ("pointer", "code")} for one in answer.json()["errors"]
        ]


@pytest.mark.parametrize("whose", ["stranger", "live"])
def test_a_foreign_deposit_is_not_there(api: Api, product: Product, new_api: Callable[..., Api], whose: str) -> None:
    deposit = credited(api)
    made = refund(api, deposit).json()
    mode = Mode.LIVE if whose == "live" else Mode.TEST
    caller = new_api(product if whose == "live" else Product.objects.create(name="stranger"), mode)
    with nothing_changes():
        assert_refused(refund(caller, deposit), 404, "not_found")
    assert_refused(caller.get(f"deposits/{deposit.public_id}/refunds"), 404, "not_found")
    assert caller.get("withdrawals", refund_of=deposit.public_id).json()["data"] == []
    assert made["refund_of"] == deposit.public_id


# What the database itself refuses.


def past_the_verb(deposit: Deposit, amount: str, **changes: Any) -> Withdrawal:
    """A refund as code would make it that asks nobody how much is left."""
    wish = NewWithdrawal(
        payment_system=PaymentSystem.objects.get(code="imps_ib"),
        currency="INR",
        amount=Decimal(amount),
        customer=changes.pop("customer", deposit.customer.external_id),
        reference=uuid.uuid4().hex,
        recipient={"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"},
        refund_of=changes.pop("refund_of", deposit.pk),
    )
    product = changes.pop("product", deposit.product)
    assert not changes
    return open_withdrawal(product, Mode.TEST, wish, Cause(kind=CauseKind.CLOCK), withdrawal_id=ids.new_id())


def test_the_database_refuses_a_refund_beyond_the_receipts(api: Api) -> None:
    deposit = credited(api)
    past_the_verb(deposit, "600")
    committed()
    with refused("its deposit was credited less"):
        past_the_verb(deposit, "401")
    past_the_verb(deposit, "400")
    committed()
    assert sum(Withdrawal.objects.values_list("amount", flat=True)) == 1000


def test_the_database_refuses_a_refund_of_somebody_else_s_money(api: Api, new_api: Callable[..., Api]) -> None:
    deposit = credited(api)
    with refused("is not of the deposit of its customer"):
        past_the_verb(deposit, "100", customer="somebody else")
    with refused("is not of the deposit of its customer"):
        past_the_verb(deposit, "100", refund_of=ids.new_id())
    stranger = Product.objects.create(name="stranger")
    by_two_persons("product_funded", {"product": str(stranger.pk), "mode": "test", "currency": "INR", "amount": "1000"})
    with refused("is not of the deposit of its customer"):
        past_the_verb(deposit, "100", product=stranger)
    assert not Withdrawal.objects.exists()


@pytest.mark.parametrize("column", ["refund_of", "amount", "currency", "customer_id", "mode"])
@pytest.mark.usefixtures("as_superuser")
def test_what_a_refund_says_of_its_deposit_is_never_changed(api: Api, column: str) -> None:
    other = credited(api, customer="other")
    made = past_the_verb(credited(api), "100")
    value: Any = {
        "refund_of": other.pk,
        "amount": Decimal(99),
        "currency": "BDT",
        "customer_id": other.customer_id,
        "mode": "live",
    }[column]
    with refused("is never changed"):
        Withdrawal.objects.filter(pk=made.pk).update(**{column: value})
    if column == "refund_of":
        plain = Withdrawal.objects.get(reference=api.post("withdrawals", withdrawal_body()).json()["reference"])
        with refused("is never changed"):
            Withdrawal.objects.filter(pk=made.pk).update(refund_of=None)
        with refused("is never changed"):
            Withdrawal.objects.filter(pk=plain.pk).update(refund_of=other.pk)


def test_the_refunds_of_a_deposit_are_found_by_an_index(api: Api) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT sum(amount) FROM withdrawals_withdrawal WHERE refund_of = %s", [uuid.UUID(int=1)]
        )
        assert "withdrawals_that_refund" in "\n".join(line for (line,) in cursor.fetchall())
