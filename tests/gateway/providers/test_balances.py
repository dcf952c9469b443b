"""What the provider says that it holds (C§1.11): asked regularly, to the last decimal, and never forgotten silently."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gateway.providers import tasks
from gateway.providers.balances import BALANCE_SECONDS
from gateway.providers.models import BalanceCheck, ObservedBalance, ProviderAccount, ProviderCall
from tests.gateway.providers.answers import DOWN, NOT_FOUND, WRONG_SECRET
from tests.scripted_provider import DROP, ScriptedProvider
from tests.staff import browser_of

BALANCES = "/api/v1/accounts-balance"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=BALANCE_SECONDS)

pytestmark = pytest.mark.django_db


def said(*entries: tuple[Any, Any, str]) -> tuple[int, bytes]:
    """The answer, amounts as the provider writes them."""
    rows = ",".join(
        f'{{"wallet_type": "{system}", "currency_code": "{currency}", "amount": {amount}}}'
        for system, currency, amount in entries
    )
    return 200, f'{{"status":"success","message":"","code":20000,"data":{{"balances":[{rows}]}}}}'.encode()


def look(at: datetime = NOW) -> None:
    with time_machine.travel(at, tick=False):
        tasks.observe_balances()


def kept() -> list[tuple[str, str, Decimal, datetime]]:
    return list(
        ObservedBalance.objects.order_by("wallet_type", "currency").values_list(
            "wallet_type", "currency", "amount", "observed_at"
        )
    )


def test_every_figure_is_kept_to_its_last_decimal_with_its_time(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(
        BALANCES,
        said(
            ("paytm", "IDR", "-324324.00"),
            ("upi_l", "INR", "187239.195"),
            ("upi_l", "USD", '"23.9375"'),
            ("coin", "BTC", "-0.00000001"),
            ("full", "INR", "999999999999999.12345678"),
        ),
    )
    look()
    (asked,) = provider.requests
    assert (asked.method, asked.path, set(asked.query), asked.body) == ("GET", BALANCES, {"secret"}, b"")
    assert kept() == [
        ("coin", "BTC", Decimal("-0.00000001"), NOW),
        ("full", "INR", Decimal("999999999999999.12345678"), NOW),
        ("paytm", "IDR", Decimal(-324324), NOW),
        ("upi_l", "INR", Decimal("187239.195"), NOW),
        ("upi_l", "USD", Decimal("23.9375"), NOW),
    ]
    check = BalanceCheck.objects.get()
    assert (check.account_id, check.asked_at, check.answered_at) == (account.pk, NOW, NOW)
    assert (check.note, check.next_at, check.token) == ("accepted (HTTP 200)", LATER, None)


def test_it_is_asked_again_after_a_quarter_of_an_hour_and_not_before(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(BALANCES, said(("upi_l", "INR", "1")), said(("upi_l", "INR", "-2.5"), ("paytm", "INR", "0")))
    look()
    look(LATER - timedelta(seconds=1))
    assert (len(provider.requests), kept()) == (1, [("upi_l", "INR", Decimal(1), NOW)])
    look(LATER)
    assert len(provider.requests) == 2
    assert kept() == [("paytm", "INR", Decimal(0), LATER), ("upi_l", "INR", Decimal("-2.5"), LATER)]


@pytest.mark.parametrize(
    "entry",
    [
        ("upi_l", "INR", "0.123456789"),
        ("upi_l", "INR", "1000000000000000"),
        ("upi_l", "INR", "1e16"),
        ("upi_l", "INR", "123456789012345.0000000000000001"),
        ("upi_l", "INR", "null"),
        ("upi_l", "INR", "true"),
        ("upi_l", "INR", '"1,000"'),
        ("", "INR", "1"),
        ("upi_l", "RUPEE", "1"),
        ("x" * 191, "INR", "1"),
    ],
    ids=ascii,
)
def test_what_is_no_whole_figure_is_told_and_not_stored(
    account: ProviderAccount, provider: ScriptedProvider, entry: Any, caplog: pytest.LogCaptureFixture
) -> None:
    provider.script(BALANCES, said(entry, ("paytm", "INR", "5.5")))
    look()
    assert kept() == [("paytm", "INR", Decimal("5.5"), NOW)]
    assert [record for record in caplog.messages if "balance_unusable" in record]


@pytest.mark.parametrize("silence", [DOWN, DROP, NOT_FOUND, WRONG_SECRET, (200, {"status": "fail", "message": "no"})])
def test_a_failed_question_leaves_the_figures_with_their_time(
    account: ProviderAccount, provider: ScriptedProvider, silence: Any
) -> None:
    provider.script(BALANCES, said(("upi_l", "INR", "1")), silence)
    look()
    look(LATER)
    assert kept() == [("upi_l", "INR", Decimal(1), NOW)]
    check = BalanceCheck.objects.get()
    assert (check.asked_at, check.answered_at) == (LATER, NOW)
    assert check.note == ProviderCall.objects.order_by("started_at", "id").last().note  # type: ignore[union-attr]
    assert check.next_at == LATER + timedelta(seconds=BALANCE_SECONDS)


def test_a_system_that_is_no_longer_named_keeps_its_last_figure(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(BALANCES, said(("upi_l", "INR", "1")), said())
    look()
    look(LATER)
    assert kept() == [("upi_l", "INR", Decimal(1), NOW)]


def test_the_wrong_secret_of_this_call_is_a_credential_error_like_any(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(BALANCES, WRONG_SECRET)
    look()
    with time_machine.travel(NOW, tick=False):
        account.refresh_from_db()
        assert account.is_paused()
    assert ProviderCall.objects.get().outcome == "credential_error"
    assert ObservedBalance.objects.count() == 0


def test_each_active_account_is_asked_with_its_own_secret(
    account: ProviderAccount, live_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(BALANCES, said(("upi_l", "INR", "1")))
    look()
    assert sorted(one.query["secret"][0] for one in provider.requests) == sorted(
        [account.api_secret, live_account.api_secret]
    )
    assert set(ObservedBalance.objects.values_list("account", flat=True)) == {account.pk, live_account.pk}


@pytest.mark.parametrize("changes", [{"is_active": False}, {"pause_kind": "outage"}])
def test_who_is_paused_or_retired_is_left_alone(
    account: ProviderAccount, provider: ScriptedProvider, changes: dict[str, object]
) -> None:
    ProviderAccount.objects.update(**changes)
    look()
    assert provider.requests == []


def test_people_see_every_decimal(account: ProviderAccount, provider: ScriptedProvider, client: Client) -> None:
    provider.script(BALANCES, said(("upi_l", "INR", "187239.195"), ("paytm", "IDR", "-324324.00")))
    look()
    browser_of(User.objects.create_superuser("person"), client)
    listed = client.get(reverse("admin:providers_observedbalance_changelist")).content.decode()
    assert "187,239.195" in listed
    assert "-324,324.00" in listed
    assert client.get(reverse("admin:providers_observedbalance_add")).status_code == 403
    assert client.get(reverse("admin:providers_balancecheck_changelist")).status_code == 200
