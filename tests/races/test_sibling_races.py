"""Money or a reference comes for one attempt of a session while its customer does something with another."""

import json
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma import php_json
from gateway.paykassma.messages import PostbackItem
from gateway.paykassma.postbacks import parse_item
from gateway.providers.models import ProviderAccount
from payments.checkout import paying
from payments.checkout.paying import Refusal, Refused
from payments.models import CheckoutSession, Deposit, Receipt
from payments.receipts import Recorded, record_receipt
from tests.conftest import Api
from tests.payments.checkout.stage import attempts, begin_session, choose
from tests.payments.rivals import Gate, in_thread
from tests.payments.stage import AVAILABLE, Book, confirm, create_path, details, money, offered, work
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db(transaction=True)

PULLED = Cause(kind=CauseKind.PULL)


@pytest.fixture
def session(api: Api, provider: ScriptedProvider) -> CheckoutSession:
    """Its first attempt was called off for another way, which is open."""
    Book(provider)
    provider.script(AVAILABLE, offered(("upi_l", "INR", False), ("paytm", "INR", False)))
    for system in ("upi_l", "paytm"):
        provider.script(create_path(system), details())
    made = begin_session(api)
    choose(made)
    work()
    choose(made, "paytm", seen=1)
    work()
    return made


def statuses(session: CheckoutSession) -> list[str]:
    return [one.status for one in attempts(session)]


def paid(account: ProviderAccount, deposit: Deposit) -> Any:
    """Take down money of the deposit, as a worker does who has asked for it."""
    raw = money(
        plugin_custom_order_id=deposit.public_id,
        wallet_type=deposit.payment_system_id,
        transaction_id=f"T{deposit.checkout_attempt}",
    )
    item = parse_item(php_json.parse(json.dumps(raw).encode()), label=deposit.customer.label)
    assert isinstance(item, PostbackItem)
    return record_receipt(account, item, asked_for=deposit.public_id, cause=PULLED)


def third(session: CheckoutSession) -> Any:
    return paying.choose(session.pk, system="upi_l", details={}, seen=2)


def test_late_money_comes_before_yet_another_way_is_chosen(session: CheckoutSession, account: ProviderAccount) -> None:
    with Gate("payments_receipt") as gate:
        recorded = in_thread(partial(paid, account, attempts(session)[0]))
        gate.await_waiting(1)
        chosen = in_thread(partial(third, session))
        gate.await_waiting(2)
        gate.open()
        assert recorded() == Recorded.CREDITED
        refused = chosen()
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.UNDER_WAY
    assert statuses(session) == ["credited", "cancelled"]


def test_late_money_comes_after_yet_another_way_was_chosen(session: CheckoutSession, account: ProviderAccount) -> None:
    with Gate("payments_depositmove") as gate:
        chosen = in_thread(partial(third, session))
        gate.await_waiting(1)
        recorded = in_thread(partial(paid, account, attempts(session)[0]))
        gate.await_waiting(2)
        gate.open()
        assert (chosen(), recorded()) == (None, Recorded.CREDITED)
    assert statuses(session) == ["credited", "cancelled", "cancelled"]


def test_money_of_two_attempts_at_once_is_credited_twice_and_nobody_waits_for_ever(
    session: CheckoutSession, account: ProviderAccount
) -> None:
    with Gate("payments_receipt") as gate:
        results = [in_thread(partial(paid, account, one)) for one in attempts(session)]
        gate.await_waiting(2)
        gate.open()
        assert [result() for result in results] == [Recorded.CREDITED, Recorded.CREDITED]
    assert statuses(session) == ["credited", "credited"]
    assert list(Receipt.objects.values_list("amount", "status")) == [(Decimal(1000), "credited")] * 2


def test_the_product_names_a_reference_for_an_earlier_attempt_while_yet_another_is_begun(
    session: CheckoutSession, api: Api
) -> None:
    with Gate("payments_confirmationmove") as gate:
        named = in_thread(partial(confirm, api, attempts(session)[0]))
        gate.await_waiting(1)
        chosen = in_thread(partial(third, session))
        gate.await_waiting(2)
        gate.open()
        assert named().status_code == 201
        refused = chosen()
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.UNDER_WAY
    assert statuses(session) == ["cancelled", "awaiting_payment"]
