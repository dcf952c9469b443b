"""Limits: what is counted together, over which time, and what becomes of an order that goes beyond one."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from balances import instructions, proposing
from balances.verb_fields import Refused
from gateway import ids
from gateway.api.problems import Problem
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from tests.conftest import Api, fund, may_repeat_itself
from tests.gateway.api.bodies import withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import by_two_persons, persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import BKASH, IMPS, make_due, moves, news, order, send, sent
from tests.withdrawals.ruling import limit
from withdrawals.actions import NewWithdrawal, open_withdrawal
from withdrawals.models import Withdrawal, WithdrawalLimit

pytestmark = pytest.mark.django_db

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
OTHER_ACCOUNT = {**IMPS["recipient"], "account_number": "999999999999"}
MOST = "1000.00 INR and 3 withdrawals"
#: Agreed on by two persons.
TOLD = {"mode": "live", "currency": "INR", "per": "customer", "period": "hour", "on_excess": "hold"}


def refused(api: Api, detail: str, **changes: Any) -> None:
    with nothing_changes():
        answer = api.post("withdrawals", withdrawal_body(**changes))
        document = assert_refused(answer, 422, "limit_exceeded", "/amount")
    assert document["detail"] == detail


def test_an_amount_fits_to_the_last_unit_and_not_one_more(api: Api, product: Product) -> None:
    limit(product, amount=3000)
    order(api, amount="1000")
    refused(api, "At most 3000.00 INR in all in the last 24 hours; left: 2000.00 INR.", amount="2001")
    order(api, amount="2000")
    refused(api, "At most 3000.00 INR in all in the last 24 hours; left: 0.00 INR.", amount="1")
    assert Withdrawal.objects.count() == 2


def test_a_number_fits_to_the_last_one(api: Api, product: Product) -> None:
    limit(product, count=2, period="hour")
    order(api)
    order(api)
    refused(api, "At most 2 withdrawals in all in the last 60 minutes; left: 0.")


def test_both_are_looked_at_and_both_are_named(api: Api, product: Product) -> None:
    limit(product, amount=2000, count=5, period="month")
    order(api, amount="1500")
    sentence = "At most 2000.00 INR and 5 withdrawals in all in the last 30 days; left: 500.00 INR and 4."
    refused(api, sentence, amount="501")


@pytest.mark.parametrize(
    ("per", "apart", "sentence"),
    [
        ("customer", {"customer": "56"}, "for this customer"),
        ("recipient", {"recipient": OTHER_ACCOUNT}, "to this recipient"),
        (
            "payment_system",
            {"payment_system": "paytm", "recipient": {"account_number": "8123456789"}},
            "through this payment system",
        ),
    ],
)
def test_what_is_counted_together(per: str, apart: dict[str, Any], sentence: str, api: Api, product: Product) -> None:
    limit(product, per=per, amount=2000, count=1)
    order(api)
    refused(
        api,
        f"At most 2000.00 INR and 1 withdrawal {sentence} in the last 24 hours; left: 782.00 INR and 0.",
        recipient=IMPS["recipient"],
    )
    order(api, **apart)


def test_a_limit_of_one_payment_system_binds_no_other(api: Api, product: Product) -> None:
    limit(product, per="payment_system", payment_system_id="paytm", count=1)
    order(api)
    order(api)
    paytm: dict[str, Any] = {"payment_system": "paytm", "recipient": {"account_number": "8123456789"}}
    order(api, **paytm)
    refused(api, "At most 1 withdrawal through this payment system in the last 24 hours; left: 0.", **paytm)


def test_a_recipient_is_known_by_any_of_its_accounts_however_it_is_written(api: Api, product: Product) -> None:
    fund(product, "BDT")
    limit(product, per="recipient", currency="BDT", count=1)
    order(api, BKASH)
    said = "At most 1 withdrawal to this recipient in the last 24 hours; left: 0."
    refused(api, said, **{**BKASH, "recipient": {**BKASH["recipient"], "account_number": "22222222"}})
    refused(api, said, **{**BKASH, "recipient": {"account_number": "33333333", "account_email": "NAME@example.com"}})
    order(api, BKASH, recipient={"account_number": "33333333", "account_email": "other@example.com"})


@pytest.mark.parametrize(
    ("period", "length", "told"),
    [
        ("hour", timedelta(hours=1), "60 minutes"),
        ("day", timedelta(days=1), "24 hours"),
        ("month", timedelta(days=30), "30 days"),
    ],
)
def test_a_period_rolls(period: str, length: timedelta, told: str, api: Api, product: Product) -> None:
    limit(product, count=1, period=period)
    with time_machine.travel(NOON, tick=False):
        order(api)
    with time_machine.travel(NOON + length - timedelta(microseconds=1), tick=False):
        refused(api, f"At most 1 withdrawal in all in the last {told}; left: 0.")
    with time_machine.travel(NOON + length, tick=False):
        order(api)


def test_what_ended_unpaid_does_not_count_and_all_else_does(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    limit(product, amount=1218 * 3)
    cancelled = order(api)
    assert api.post(f"withdrawals/{cancelled.public_id}/cancel").status_code == 200
    assert sent(api, provider, words.REFUSED_FIELD).status == "failed"
    assert sent(api, provider, words.OK).status == "accepted"
    assert sent(api, provider, (500, b"")).status == "unknown"
    assert sent(api, provider, words.NO_FUNDS).status == "waiting_funds"
    refused(api, "At most 3654.00 INR in all in the last 24 hours; left: 0.00 INR.", amount="1")


def test_what_is_held_counts(api: Api, product: Product) -> None:
    limit(product, count=1, on_excess="hold")
    limit(product, count=2, on_excess="refuse")
    assert order(api).held_for == []
    held = order(api)
    assert (held.status, held.held_for, held.approvals_needed) == (
        "pending_approval",
        ["limit_exceeded"],
        ["approver"],
    )
    assert moves(held) == [("pending_approval", "api_key")]
    assert news(held) == [("pending_approval", 1)]
    refused(api, "At most 2 withdrawals in all in the last 24 hours; left: 0.")


def test_a_limit_that_refuses_goes_before_one_that_holds(api: Api, product: Product) -> None:
    limit(product, amount=1000, on_excess="hold", period="hour")
    limit(product, amount=1000, on_excess="refuse", period="month", per="customer")
    refused(api, "At most 1000.00 INR for this customer in the last 30 days; left: 1000.00 INR.", amount="1001")


def test_other_products_modes_and_currencies_are_apart(
    api: Api, product: Product, live_account: ProviderAccount, new_api: Any, funded_elsewhere: None
) -> None:
    other = Product.objects.create(name="other")
    fund(other, "INR")
    may_repeat_itself(other)
    limit(product, count=1)
    order(api)
    order(api, BKASH)
    order(new_api(product, Mode.LIVE))
    order(new_api(other))
    order(new_api(other))
    refused(api, "At most 1 withdrawal in all in the last 24 hours; left: 0.")


def test_a_limit_without_a_product_binds_every_product_by_itself_beside_their_own(
    api: Api, product: Product, new_api: Any
) -> None:
    other = Product.objects.create(name="other")
    fund(other, "INR")
    may_repeat_itself(other)
    limit(None, count=2)
    limit(other, count=1)
    limit(product, count=5)
    order(new_api(other))
    refused(new_api(other), "At most 1 withdrawal in all in the last 24 hours; left: 0.")
    order(api)
    order(api)
    refused(api, "At most 2 withdrawals in all in the last 24 hours; left: 0.")


def test_the_latest_version_counts_and_one_without_a_maximum_ends_it(api: Api, product: Product) -> None:
    limit(product, count=5)
    limit(product, count=1)
    order(api)
    refused(api, "At most 1 withdrawal in all in the last 24 hours; left: 0.")
    limit(product)
    order(api)
    order(api)
    limit(product, amount=3000)
    refused(api, "At most 3000.00 INR in all in the last 24 hours; left: 0.00 INR.")
    assert list(WithdrawalLimit.objects.values_list("version", "maximum_count").order_by("version")) == [
        (1, 5),
        (2, 1),
        (3, None),
        (4, None),
    ]


def test_the_same_request_again_is_answered_and_not_counted(api: Api, product: Product) -> None:
    limit(product, count=1)
    body = withdrawal_body()
    first, again = api.post("withdrawals", body, key="one"), api.post("withdrawals", body, key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    # Its product would take any other refusal for the word that it was not made.
    document = assert_refused(
        api.post("withdrawals", body, key="two"), 409, "reference_already_used", "/reference", extra={"existing"}
    )
    assert document["existing"] == first.json()["id"]


def test_a_refusal_leaves_the_key_free(api: Api, product: Product) -> None:
    limit(product, count=1)
    order(api)
    body = withdrawal_body()
    with nothing_changes():
        assert_refused(api.post("withdrawals", body, key="one"), 422, "limit_exceeded", "/amount")
    limit(product, count=2)
    assert api.post("withdrawals", body, key="one").status_code == 201


# What a payment system pays at once.


def opened(product: Product, amount: str, **changes: Any) -> Withdrawal:
    """Made by an action, past every form."""
    wish = NewWithdrawal(
        payment_system=PaymentSystem.objects.get(pk="bkash"),
        currency="BDT",
        amount=Decimal(amount),
        customer="55",
        reference=uuid.uuid4().hex,
        recipient=BKASH["recipient"],
        **changes,
    )
    with transaction.atomic():
        return open_withdrawal(product, Mode.TEST, wish, Cause(kind=CauseKind.CLOCK), withdrawal_id=ids.new_id())


@pytest.mark.parametrize(
    ("amount", "code"), [("99", "amount_below_minimum"), ("100", ""), ("500", ""), ("501", "amount_above_maximum")]
)
def test_every_way_of_making_one_meets_the_least_and_the_most_of_its_system(
    amount: str, code: str, api: Api, product: Product
) -> None:
    fund(product, "BDT")
    PaymentSystem.objects.filter(pk="bkash").update(withdrawal_minimum=100, withdrawal_maximum=500)
    if not code:
        assert opened(product, amount).amount == Decimal(amount)
        return
    with pytest.raises(ValidationError) as refusal, nothing_changes():
        opened(product, amount)
    assert refusal.value.get_codes() == {"amount": [code]}


def test_every_way_of_making_one_meets_the_limits(api: Api, product: Product) -> None:
    fund(product, "BDT")
    limit(product, currency="BDT", amount=500)
    opened(product, "500")
    with pytest.raises(Problem) as refusal, nothing_changes():
        opened(product, "1")
    assert refusal.value.code == "limit_exceeded"


# Two persons.


def test_two_persons_agree_on_a_limit_of_live_money(product: Product) -> None:
    told = {**TOLD, "product": product.name, "maximum_amount": "1000", "maximum_count": "3"}
    asked = proposing.propose("limit_agreed", told, "the board said so", "", persons()[0])
    assert asked.preview["notes"] == [
        f"From the approval on: live INR, each customer, {product}, the last 60 minutes: {MOST}, else hold.",
        "There was no such row before.",
    ]
    assert not WithdrawalLimit.objects.exists()
    instructions.approve(asked.pk, persons()[1], asked.digest)
    made = WithdrawalLimit.objects.get()
    assert (made.version, made.reason, made.created_by) == (1, "the board said so", persons()[1])
    assert (made.maximum_amount, made.maximum_count, made.product) == (Decimal(1000), 3, product)

    ended = by_two_persons("limit_agreed", {**TOLD, "product": product.name})
    assert ended.preview["notes"][1].endswith(f"{MOST}, else hold.")
    latest = WithdrawalLimit.objects.get(version=2)
    assert (latest.maximum_amount, latest.maximum_count) == (None, None)
    with pytest.raises(Refused, match="there is no such limit to end"):
        by_two_persons("limit_agreed", {**TOLD, "product": product.name})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"payment_system": "imps_ib"}, "Only a limit per payment system names one"),
        ({"per": "everybody"}, "choose one of"),
        ({"period": "year"}, "choose one of"),
        ({"on_excess": "ask"}, "choose one of"),
        ({"maximum_count": "0"}, "a whole number, 1 or more"),
        ({"maximum_count": "-1"}, "a whole number"),
        ({"maximum_count": "1.0"}, "a whole number"),
        ({"maximum_count": "9999999999"}, "a whole number"),
        ({"maximum_amount": "0"}, "Most money"),
        ({"maximum_amount": "-1"}, "Most money"),
        ({"maximum_amount": "NaN"}, "Most money"),
        ({"maximum_count": ""}, "there is no such limit to end"),
        ({"currency": "SEK"}, "Currency"),
        ({"product": "nobody"}, "there is none with the id or name"),
    ],
)
def test_what_no_limit_may_say_is_refused(changes: dict[str, str], says: str, catalogue: None) -> None:
    with pytest.raises(Refused, match=says):
        by_two_persons("limit_agreed", {**TOLD, "maximum_count": "1", **changes})
    assert not WithdrawalLimit.objects.exists()


def test_each_limit_costs_one_question_and_none_costs_none(api: Api, product: Product) -> None:
    def statements() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            order(api)
        told = [query["sql"].strip() for query in captured]
        return [one for one in told if ('withdrawals_withdrawal".' in one and "COUNT" in one) or "advisory" in one]

    assert statements() == []
    limit(product, count=50)
    limit(product, count=50, period="hour")
    assert ["advisory" in one for one in statements()] == [True, False, False]


def test_a_withdrawal_that_waits_is_sent_though_the_limit_was_lowered(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    made = order(api)
    limit(product, amount=1)
    make_due(made)
    provider.script(words.CREATE, words.OK)
    assert send(made).status == "accepted"


def test_a_version_is_never_given_twice(product: Product) -> None:
    limit(product, count=1)
    row = WithdrawalLimit.objects.get()
    row.pk, row.created_at = ids.new_id(), timezone.now()
    with pytest.raises(IntegrityError, match="one_limit_per_version"), transaction.atomic():
        row.save(force_insert=True)
