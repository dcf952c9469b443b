"""What the provider knows before it was ever sent, after a backup was restored, say, is never sent."""

from typing import Any

import pytest

from balances.models import Hold
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.approving import REASON, person, waiting
from tests.withdrawals.orders import moves, send
from tests.withdrawals.together import statuses, unhurried
from withdrawals import approvals, asking, sending_together
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db(transaction=True)

KNOWN: dict[str, Any] = {
    "paid": lambda one: words.found(one, 1),
    "rejected": lambda one: words.found(one, 5),
    "under way": words.no_postback,
}


def known_and_approved(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, says: Any
) -> tuple[Withdrawal, list[tuple[str, str]]]:
    """It waited for approval when the provider spoke of it, and was approved all the same."""
    provider.script(words.CREATE, words.OK)
    unhurried(account)
    withdrawal = waiting(api)
    provider.script(words.PULL, words.pulled(says(withdrawal)))
    asking.ask(account, [withdrawal.public_id])
    approvals.approve(withdrawal.pk, person("ada"), REASON)
    withdrawal.refresh_from_db()
    assert withdrawal.status == "queued"
    return withdrawal, moves(withdrawal)


def assert_a_person_has_it(withdrawal: Withdrawal, before: list[tuple[str, str]], provider: ScriptedProvider) -> None:
    assert provider.to(words.CREATE) == []
    assert moves(withdrawal) == [*before, ("manual_review", "clock")]
    assert withdrawal.contradiction == "It was to be sent, and the provider knows it already."
    assert withdrawal.sent_at is None
    assert Hold.objects.get(pk=withdrawal.pk).status == "open"


@pytest.mark.parametrize("says", KNOWN.values(), ids=KNOWN.keys())
def test_approved_all_the_same_it_goes_to_a_person(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, says: Any
) -> None:
    withdrawal, before = known_and_approved(api, account, provider, says)
    assert_a_person_has_it(send(withdrawal), before, provider)


@pytest.mark.parametrize("says", KNOWN.values(), ids=KNOWN.keys())
def test_in_a_batch_it_goes_to_a_person_and_the_others_leave(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product, says: Any
) -> None:
    withdrawal, before = known_and_approved(api, account, provider, says)
    others = [waiting(api, slabs) for slabs in ("0: approver + approver", "0: approver")]
    first, second = person("bob"), person("eve")
    for one, deciders in zip(others, ([first, second], [first]), strict=True):
        for by in deciders:
            approvals.approve(one.pk, by, REASON)

    sending_together.send_withdrawals(account.pk)

    assert statuses([withdrawal, *others]) == ["manual_review", "accepted", "accepted"]
    assert sorted(one.json()["withdrawal_id"] for one in provider.to(words.CREATE)) == sorted(
        one.public_id for one in others
    )
    provider.requests.clear()
    assert_a_person_has_it(withdrawal, before, provider)
