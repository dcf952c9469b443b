"""The provider's list of systems: looked at on time, kept, and heard on how a system is activated."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from gateway.providers import actions, tasks
from gateway.providers.models import PaymentSystem, ProviderAccount, SystemObservation
from tests.gateway.providers.answers import AVAILABLE, DOWN, offered
from tests.scripted_provider import ScriptedProvider

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("catalogue")


def test_a_due_account_is_looked_at_and_due_again_in_an_hour(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, offered("upi_l", "paytm"))
    ProviderAccount.objects.update(next_at=NOW)
    with time_machine.travel(NOW, tick=False):
        tasks.observe_systems()
        tasks.observe_systems()
    (asked,) = provider.to(AVAILABLE)
    assert asked.query["label"] == ["gateway"]
    assert asked.query["currency_code[]"] == ["BDT", "BTN", "CRC", "INR", "KES", "LKR", "MMK", "PKR", "UYU"]
    account.refresh_from_db()
    assert (account.next_at, account.token) == (NOW + timedelta(seconds=actions.OBSERVE_SECONDS), None)
    assert sorted(SystemObservation.objects.values_list("code", "currency", "position")) == [
        ("paytm", "INR", 1),
        ("upi_l", "INR", 0),
    ]


def test_a_failed_look_is_repeated_in_a_minute_and_forgets_nothing(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, offered("upi_l"), DOWN)
    assert actions.observe(account, currencies=["INR"], label="gateway") is not None
    ProviderAccount.objects.update(next_at=NOW)
    with time_machine.travel(NOW, tick=False):
        tasks.observe_systems()
    account.refresh_from_db()
    assert account.next_at == NOW + timedelta(seconds=60)
    assert SystemObservation.objects.get().code == "upi_l"


@pytest.mark.parametrize(
    "changes",
    [{"next_at": NOW + timedelta(seconds=1)}, {"is_active": False}, {"pause_kind": "person"}],
)
def test_who_is_not_due_is_left_alone(
    account: ProviderAccount, provider: ScriptedProvider, changes: dict[str, object]
) -> None:
    ProviderAccount.objects.update(**{"next_at": NOW, **changes})
    with time_machine.travel(NOW, tick=False):
        tasks.observe_systems()
    assert provider.requests == []


def test_a_new_look_replaces_the_old_one(account: ProviderAccount, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l"), offered("upi_l", is_manual=True, name="UPI"))
    for _ in range(2):
        actions.observe(account, currencies=["INR"], label="gateway")
    kept = SystemObservation.objects.get()
    assert (kept.is_manual, kept.name) == (True, "UPI")


def test_the_same_system_twice_in_one_list_is_one(account: ProviderAccount, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l", "upi_l"))
    assert len(actions.observe(account, currencies=["INR"], label="gateway") or []) == 1


@pytest.mark.parametrize(("code", "said", "manual"), [("upi_l", True, True), ("staging_b_ml", False, False)])
def test_the_provider_s_word_on_the_endpoint_counts_more_than_the_row(
    account: ProviderAccount, provider: ScriptedProvider, code: str, said: bool, manual: bool
) -> None:
    provider.script(AVAILABLE, offered(code, is_manual=said))
    system = PaymentSystem.objects.get(pk=code)
    for _ in range(2):
        assert actions.is_manual(account, system, currency="INR", label="cus_x") is manual
    assert len(provider.to(AVAILABLE)) == 1


@pytest.mark.parametrize(("code", "manual"), [("upi_l", False), ("staging_b_ml", True)])
def test_where_it_says_nothing_the_row_counts(
    account: ProviderAccount, provider: ScriptedProvider, code: str, manual: bool
) -> None:
    provider.script(AVAILABLE, DOWN)
    assert actions.is_manual(account, PaymentSystem.objects.get(pk=code), currency="INR", label="cus_x") is manual
