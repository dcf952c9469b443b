"""One answer of the provider about many withdrawals: what is plainly paid is settled together, the rest one by one."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext
from structlog.testing import capture_logs

from balances import reading
from balances.models import Hold, Journal
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.balances.charging import charge
from tests.conftest import Api
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.money_stage import given_past_the_verbs
from tests.withdrawals.orders import make_due, moves, news
from tests.withdrawals.together import sent_together, statuses
from withdrawals import asking, outcomes_together
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db(transaction=True)

FUNDED = Decimal(1_000_000_000)


def hear(account: ProviderAccount, provider: ScriptedProvider, line: list[Withdrawal], *entries: Any) -> list[str]:
    """The provider is asked about the line and says this; what they are now."""
    provider.script(words.PULL, words.pulled(*entries))
    asking.ask(account, [one.public_id for one in line])
    return statuses(line)


def money(product: Product) -> list[Decimal]:
    [row] = reading.product_balances(product.pk, "test", currencies=["INR"])
    return [row.available, row.held]


def test_what_is_paid_is_settled_whole_and_once(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    line = sent_together(api, account, provider, 3)
    for _ in range(2):  # said again, it is no news
        assert hear(account, provider, line, *(words.found(one, 1) for one in line)) == ["paid"] * 3
    for one in line:
        assert (one.failure_code, one.contradiction, one.next_at, one.token) == ("", "", None, None)
        assert (one.last_answer, one.last_asked_at is not None) == ("found, status 1", True)
        assert moves(one)[2:] == [("accepted", "provider_answer"), ("paid", "pull")]
        assert news(one) == [("queued", 1), ("accepted", 3), ("paid", 4)]
        assert Hold.objects.get(pk=one.pk).status == "spent"
        assert Journal.objects.filter(reference=one.public_id, kind="withdrawal_paid").count() == 1
    assert money(product) == [FUNDED - 3 * 1218, 0]


def test_one_by_one_it_comes_to_the_same(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {}
    for fewest in (2, 1000):
        monkeypatch.setattr(outcomes_together, "_FEWEST", fewest)
        line = sent_together(api, account, provider, 3)
        hear(account, provider, line, *(words.found(one, 1) for one in line))
        histories = [list(one.moves.order_by("sequence").values_list("to_status", "cause", "detail")) for one in line]
        names = ("status", "sequence", "attempts", "last_answer", "failure_code", "refused_unproven", "resends")
        posted = Journal.objects.filter(subject__in=[one.public_id for one in line])
        kept[fewest] = (
            histories,
            [[getattr(one, name) for name in names] for one in line],
            sorted(posted.values_list("kind", "cause", "cause_id", "detail", "entries__amount", "entries__account")),
        )
    assert kept[2] == kept[1000]


def test_one_that_differs_stops_none_of_the_others(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    line = sent_together(api, account, provider, 6)
    said = [words.found(one, 1) for one in line]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE withdrawals_withdrawal SET body = 'x'::bytea WHERE id = %s", [line[5].pk])
    said[1] = words.found(line[1], 5)
    said[2]["postback"]["additional_data"][0]["amount"] = "1.00"
    said[3] = words.not_found(line[3])
    provider.script(words.PULL, words.pulled(*said))
    asking.ask(account, [one.public_id for one in line])
    found = dict(Withdrawal.objects.values_list("pk", "status"))
    assert [found[one.pk] for one in line] == ["paid", "rejected", "manual_review", "accepted", "paid", "accepted"]
    assert money(product) == [FUNDED - 5 * 1218, 3 * 1218]


def test_an_answer_that_speaks_of_another_one_of_ours_is_for_a_person(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    line = sent_together(api, account, provider, 3)
    said = [words.found(one, 1) for one in line]
    said[2] = {**words.found(line[0], 1), "withdrawal_id": line[2].public_id}
    provider.script(words.PULL, words.pulled(*said))
    asking.ask(account, [one.public_id for one in line])
    found = dict(Withdrawal.objects.values_list("pk", "status"))
    assert [found[one.pk] for one in line] == ["paid", "paid", "manual_review"]
    assert money(product) == [FUNDED - 3 * 1218, 1218]


@pytest.mark.parametrize(
    "differently",
    [{"amount": "1.00"}, {"currency_code": "BDT"}, {"account_number": "999999999999"}, {"wallet_type": "bkash"}],
    ids=str,
)
def test_whatever_differs_from_the_frozen_request_is_for_a_person(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product, differently: dict[str, str]
) -> None:
    line = sent_together(api, account, provider, 3)
    said = [words.found(line[0], 1), words.found(line[1], 1, **differently), words.found(line[2], 1)]
    assert hear(account, provider, line, *said) == ["paid", "manual_review", "paid"]
    assert line[1].contradiction.startswith("the provider's answer differs in ")
    assert money(product) == [FUNDED - 3 * 1218, 1218]


def test_another_accounts_withdrawals_are_not_settled(
    api: Api, account: ProviderAccount, live_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    line = sent_together(api, account, provider, 2)
    assert hear(live_account, provider, line, *(words.found(one, 1) for one in line)) == ["accepted"] * 2


def test_what_nobody_asked_about_is_not_settled(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    line = sent_together(api, account, provider, 3)
    hear(account, provider, line[:2], *(words.found(one, 1) for one in line))
    assert statuses(line) == ["paid", "paid", "accepted"]


def test_fees_are_taken_of_each_once(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    charge("provider", "withdrawal", "1.5")
    line = sent_together(api, account, provider, 2)
    hear(account, provider, line, *(words.found(one, 1) for one in line))  # opens the accounts
    line = sent_together(api, account, provider, 3)
    with CaptureQueriesContext(connection) as queries:
        hear(account, provider, line, *(words.found(one, 1) for one in line))
    assert sum("balances_post(" in one["sql"] for one in queries) == 1  # in one call
    assert money(product) == [FUNDED - 5 * 1218, 0]
    fees = Journal.objects.filter(kind="provider_fee", subject__in=[one.public_id for one in line])
    assert sorted(fees.values_list("subject", flat=True)) == sorted(one.public_id for one in line)


def test_where_the_product_pays_a_fee_each_is_settled_alone(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    charge("product", "withdrawal", "2", "5")
    hear(account, provider, [first := sent_together(api, account, provider, 1)[0]], words.found(first, 1))
    line = sent_together(api, account, provider, 3)
    with CaptureQueriesContext(connection) as queries:
        assert hear(account, provider, line, *(words.found(one, 1) for one in line)) == ["paid"] * 3
    assert sum("balances_post(" in one["sql"] for one in queries) == 3
    assert money(product) == [FUNDED - 4 * (1218 + Decimal("29.36")), 0]


def test_where_the_database_refuses_one_the_others_are_settled_alone(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = sent_together(api, account, provider, 3)

    def refuses(*_: Any) -> Any:
        raise DataError

    monkeypatch.setattr(outcomes_together, "_record", refuses)
    assert hear(account, provider, line, *(words.found(one, 1) for one in line)) == ["paid"] * 3


def test_a_full_balance_is_called_so_and_another_refusal_of_the_database_is_not(
    api: Api,
    account: ProviderAccount,
    provider: ScriptedProvider,
    product: Product,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [first] = sent_together(api, account, provider, 1)
    with transaction.atomic():
        given_past_the_verbs(product, str(Decimal("9999999999999999.9999") - money(product)[0]))
    with capture_logs() as logs:
        assert hear(account, provider, [first], words.found(first, 5)) == ["accepted"]

    def refuses(*_: Any) -> Any:
        raise DataError

    monkeypatch.setattr(asking, "record_word", refuses)
    with capture_logs() as more_logs:
        assert hear(account, provider, [first], words.found(first, 5)) == ["accepted"]
    found = [(one["event"], one.get("withdrawal")) for one in logs + more_logs if one["log_level"] == "error"]
    assert found == [("balance_has_no_room", first.public_id), ("outcome_cannot_be_kept", first.public_id)]


def test_many_cost_no_more_statements_than_few(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    counts = []
    for count in (2, 2, 12):  # the first opens the accounts
        line = sent_together(api, account, provider, count)
        for one in line:
            make_due(one)
        provider.script(words.PULL, words.pulled(*(words.found(one, 1) for one in line)))
        with CaptureQueriesContext(connection) as queries:
            asking.ask_withdrawals(account.pk)
        assert statuses(line) == ["paid"] * count
        counts.append(len(queries))
    assert counts[1] == counts[2] < 40
