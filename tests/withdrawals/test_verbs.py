"""Ends that are corrected by two persons: what they are shown, what is done, and what nobody does alone."""

from decimal import Decimal

import pytest
from django.db import connection

from balances import proposing, reading
from balances.models import Journal
from balances.verb_fields import Refused
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.at_commit import refused
from tests.conftest import Api
from tests.payments.paid import postings
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import by_two_persons, persons, settle
from tests.withdrawals.money_stage import ended, figures, funded_with
from tests.withdrawals.orders import news, order
from withdrawals.models import Withdrawal
from withdrawals.verbs import open_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def funded(product: Product) -> Product:
    """In place of the fixture of all tests."""
    return funded_with(product, "1218")


def test_a_payout_that_returned_is_the_product_s_again_as_it_was_shown(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product
) -> None:
    withdrawal = ended(api, provider, account, 1)
    assert [one.name for one in open_to(withdrawal)] == ["payout_returned"]
    parameters = {"withdrawal": withdrawal.public_id}
    before = postings(), figures(product), news(withdrawal)
    seen = proposing.look("payout_returned", parameters).content
    assert (postings(), figures(product), news(withdrawal)) == before
    assert seen["notes"] == [
        f"Withdrawal {withdrawal.public_id} was paid and becomes reversed.",
        f"{product} is sent the event withdrawal.reversed of {withdrawal.public_id}.",
    ]
    [journal] = seen["journals"]
    assert [(leg["account"].split(" of ")[0], leg["debit"], leg["credit"]) for leg in journal["legs"]] == [
        ("provider balance", "1218.00", ""),
        ("available", "", "1218.00"),
    ]
    decided = by_two_persons("payout_returned", parameters)
    assert postings()[2:] == ["withdrawal_returned: available -1218.00 INR, provider_balance 1218.00 INR"]
    assert (figures(product), news(withdrawal)[-1][0]) == ([Decimal(1218), 0, 0], "reversed")
    journal = Journal.objects.get(kind="withdrawal_returned")
    assert (journal.instruction, journal.cause_id) == (decided, str(persons()[1].pk))
    withdrawal.refresh_from_db()
    assert open_to(withdrawal) == ()
    with pytest.raises(Refused, match="The withdrawal is reversed; only a paid one can come back"):
        proposing.look("payout_returned", parameters)


def test_what_proves_paid_is_shown_with_the_debt_that_it_leaves(
    api: Api, provider: ScriptedProvider, account: ProviderAccount, product: Product
) -> None:
    withdrawal = ended(api, provider, account, 5)
    settle(product, "1000")
    assert [one.name for one in open_to(withdrawal)] == ["payout_proved_paid"]
    parameters = {"withdrawal": withdrawal.public_id}
    assert proposing.look("payout_proved_paid", parameters).content["notes"] == [
        f"Withdrawal {withdrawal.public_id} was rejected and becomes paid.",
        "The product has too little: it owes 1000.00 INR from then on, and cannot pay out before that is repaid.",
        f"{product} is sent the event withdrawal.paid of {withdrawal.public_id}.",
    ]
    by_two_persons("payout_proved_paid", parameters)
    assert postings()[-1] == (
        "withdrawal_proved_paid: available 218.00 INR, product_receivable 1000.00 INR, provider_balance -1218.00 INR"
    )
    [row] = reading.product_balances(product.pk, "test", currencies=["INR"])
    assert [row.available, row.owed] == [0, 1000]


def test_what_is_under_way_can_not_be_corrected(api: Api) -> None:
    withdrawal = order(api)
    assert open_to(withdrawal) == ()
    for verb in ("payout_returned", "payout_proved_paid"):
        with pytest.raises(Refused, match="The withdrawal is queued; only"):
            proposing.look(verb, {"withdrawal": withdrawal.public_id})
        with pytest.raises(Refused, match="There is no such withdrawal"):
            proposing.look(verb, {"withdrawal": "wd_00000000000000000000000000"})


def corrected_past_the_verbs(to_status: str, *, ignored: bool) -> None:
    with connection.cursor() as cursor:
        if ignored:
            cursor.execute("SET LOCAL pgtrigger.ignore = '{withdrawals_withdrawal:corrected_by_a_journal}'")
        cursor.execute("UPDATE withdrawals_withdrawal SET status = %s, sequence = sequence + 1", [to_status])
        cursor.execute(
            "INSERT INTO withdrawals_withdrawalmove (subject_id, sequence, from_status, to_status, cause, cause_id,"
            " detail, request_id, created_at)"
            " SELECT id, sequence, '', status, 'person', '', '', '', now() FROM withdrawals_withdrawal"
        )


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize(("status", "to_status"), [(1, "reversed"), (5, "paid")])
def test_the_database_corrects_no_end_without_its_journal(
    status: int,
    to_status: str,
    ignored: bool,
    api: Api,
    provider: ScriptedProvider,
    account: ProviderAccount,
) -> None:
    withdrawal = ended(api, provider, account, status)
    before = withdrawal.status
    with refused("without its journal"):
        corrected_past_the_verbs(to_status, ignored=ignored)
    assert Withdrawal.objects.get().status == before
