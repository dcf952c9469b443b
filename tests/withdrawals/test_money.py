"""What a withdrawal does to the product's money: held, spent or given back, and put right where it ended otherwise."""

from decimal import Decimal

import pytest
from django.db import connection, transaction

from balances import accounts, corrections
from balances.kinds import HoldStatus
from balances.models import Account, Hold, Journal
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from gateway.webhooks.models import Event
from tests.at_commit import refused
from tests.conftest import Api, fund
from tests.payments.paid import postings
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import decided, overdraft, settle
from tests.withdrawals import provider_words as words
from tests.withdrawals.money_stage import HELD, PAID, RELEASED, ended, figures, funded_with, given_past_the_verbs
from tests.withdrawals.orders import IMPS, news, order, sent
from withdrawals import asking
from withdrawals.corrections import Uncorrectable, prove_paid, reverse
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

BY_CLOCK = Cause(kind=CauseKind.CLOCK)
REASON = "the bank's statement of that day"


@pytest.fixture
def funded(product: Product) -> Product:
    """In place of the fixture of all tests."""
    return funded_with(product, "1218")


def test_too_little_money_is_refused_and_leaves_nothing(api: Api, product: Product) -> None:
    body = {**IMPS, "amount": "1219", "reference": "one"}
    answer = api.post("withdrawals", body, key="same")
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_funds")
    assert answer.json()["errors"][0]["pointer"] == "/amount"
    assert not Withdrawal.objects.exists()
    assert not Event.objects.exists()
    assert not Hold.objects.exists()
    assert figures(product) == [Decimal(1218), 0, 0]
    # The key is free again: with more money the same request succeeds.
    fund(product, "INR", amount="1")
    assert api.post("withdrawals", body, key="same").status_code == 201
    assert figures(product) == [0, Decimal(1219), 0]


def test_an_overdraft_limit_goes_below_zero_and_no_further(api: Api, product: Product) -> None:
    key = accounts.available(product.pk, "test", "INR")
    overdraft(product, "1218")
    assert Account.objects.get(pk=key.id).overdraft_limit == Decimal(1218)
    order(api)
    order(api)
    assert figures(product) == [Decimal(-1218), Decimal(2436), 0]
    answer = api.post("withdrawals", {**IMPS, "amount": "100", "reference": "more"})
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_funds")
    assert figures(product) == [Decimal(-1218), Decimal(2436), 0]


def test_the_hold_stays_while_anything_is_open_and_is_spent_once(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product
) -> None:
    provider.script(words.CREATE, words.OK)
    withdrawal = sent(api, provider, words.OK)
    assert (withdrawal.status, figures(product)) == ("accepted", [0, Decimal(1218), 0])
    assert postings() == [HELD]
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    for _ in range(2):
        asking.ask(account, [withdrawal.public_id])
    assert figures(product) == [0, 0, 0]
    assert postings() == [HELD, PAID]
    assert (Hold.objects.get().status, Hold.objects.get().pk) == (HoldStatus.SPENT, withdrawal.pk)


def test_what_is_not_paid_is_available_again(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product
) -> None:
    assert ended(api, provider, account, 5).status == "rejected"
    assert figures(product) == [Decimal(1218), 0, 0]
    cancelled = order(api)
    assert api.post(f"withdrawals/{cancelled.public_id}/cancel").status_code == 200
    assert figures(product) == [Decimal(1218), 0, 0]
    assert postings() == [HELD, RELEASED, HELD, RELEASED]


def test_what_comes_back_after_it_was_paid_is_the_product_s(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product
) -> None:
    withdrawal = ended(api, provider, account, 1)
    reverse(withdrawal.pk, decided(REASON))
    assert figures(product) == [Decimal(1218), 0, 0]
    assert postings()[2:] == ["withdrawal_returned: available -1218.00 INR, provider_balance 1218.00 INR"]
    assert news(withdrawal)[-1][0] == "reversed"
    assert Journal.objects.get(kind="withdrawal_returned").detail == REASON
    with pytest.raises(Uncorrectable, match="only a paid one"), transaction.atomic():
        reverse(withdrawal.pk, BY_CLOCK)


def test_what_proves_paid_is_taken_and_the_rest_is_owed_blocks_and_is_repaid_first(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product
) -> None:
    withdrawal = ended(api, provider, account, 5)
    settle(product, "1000")
    prove_paid(withdrawal.pk, decided(REASON))
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.failure_code) == ("paid", "")
    assert figures(product) == [0, 0, Decimal(1000)]
    assert postings()[-1] == (
        "withdrawal_proved_paid: available 218.00 INR, product_receivable 1000.00 INR, provider_balance -1218.00 INR"
    )
    assert news(withdrawal)[-1][0] == "paid"
    with pytest.raises(Uncorrectable, match="only one that ended unpaid"), transaction.atomic():
        prove_paid(withdrawal.pk, BY_CLOCK)
    # Money of its own does not help while it owes; what it has is taken for that first.
    given_past_the_verbs(product, "1500")
    answer = api.post("withdrawals", {**IMPS, "amount": "100", "reference": "blocked"})
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_funds")
    assert corrections.repay(product.pk, "test", "INR", BY_CLOCK) == 1000
    assert figures(product) == [Decimal(500), 0, 0]
    assert api.post("withdrawals", {**IMPS, "amount": "100", "reference": "free"}).status_code == 201


def test_an_order_that_moves_past_its_hold_does_not_commit(api: Api) -> None:
    withdrawal = order(api)
    statements = {
        "UPDATE withdrawals_withdrawal SET amount = amount + 1": "asks for is never changed",
        "UPDATE withdrawals_withdrawal SET status = 'cancelled', sequence = 2": "and its hold is not",
    }
    for statement, refusal in statements.items():
        with refused(refusal):
            past_the_verbs(statement)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.amount) == ("queued", Decimal(1218))


def past_the_verbs(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute(
            "INSERT INTO withdrawals_withdrawalmove (subject_id, sequence, from_status, to_status, cause, cause_id,"
            " detail, request_id, created_at)"
            " SELECT id, 2, 'queued', 'cancelled', 'person', '', '', '', now() FROM withdrawals_withdrawal"
        )


def test_a_balance_without_room_holds_up_no_other_withdrawal(
    api: Api, product: Product, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    fund(product, "INR", amount="1218")
    full, paid = sent(api, provider, words.OK), sent(api, provider, words.OK)
    given_past_the_verbs(product, "9999999999999999.9999")
    provider.script(words.PULL, words.pulled(words.found(full, 5), words.found(paid, 1)))
    asking.ask(account, [full.public_id, paid.public_id])
    assert [one.status for one in Withdrawal.objects.order_by("id")] == ["accepted", "paid"]
    assert [one.status for one in Hold.objects.order_by("id")] == [HoldStatus.OPEN, HoldStatus.SPENT]
    # It is asked about again, and given back once there is room.
    settle(product, "2000")
    asking.ask(account, [full.public_id, paid.public_id])
    assert [one.status for one in Withdrawal.objects.order_by("id")] == ["rejected", "paid"]
    assert [one.status for one in Hold.objects.order_by("id")] == [HoldStatus.RELEASED, HoldStatus.SPENT]
