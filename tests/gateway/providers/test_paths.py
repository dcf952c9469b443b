"""Paths of an account: what may be written, and that the calls go there (C§5 rows 4 and 5)."""

from dataclasses import asdict
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from gateway.paykassma.client import Client, Paths
from gateway.providers import calls
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.providers.paths import check_paths, paths_of
from tests.scripted_provider import ScriptedProvider

CREATE = "transaction_create"


@pytest.mark.parametrize(
    "paths",
    [
        {},
        {"savings": "/api/v2/deposit-info", "pull": "/p"},
        {CREATE: "/v9/{wallet_type}/create"},
        {"media_hints": "/wallet-type/images/?"[:-1], "balances": "/a/b~c_d-e.f/%2B@:!$&'()*+,;="},
        asdict(Paths()),
    ],
)
def test_paths_are_taken(paths: dict[str, str]) -> None:
    check_paths(paths)
    assert asdict(paths_of(paths)) == {**asdict(Paths()), **paths}


@pytest.mark.parametrize(
    "paths",
    [
        [],
        None,
        "/api",
        {"unheard_of": "/api"},
        {"savings": None},
        {"savings": 5},
        {"savings": ""},
        {"savings": "/"},
        {"savings": "api/v1"},
        {"savings": "//evil.example/api"},
        {"savings": "https://evil.example/api"},
        {"savings": "@evil.example/api"},
        {"savings": "/api?secret=x"},
        {"savings": "/api#x"},
        {"savings": "/a b"},
        {"savings": "/a\\b"},
        {"savings": "/a\n"},
        {"savings": "/\u00fc"},
        {"savings": "/a/../b"},
        {"savings": "/a/."},
        {"savings": "/a/%2e%2E/b"},
        {"savings": "/" + "a" * 190},
        {"savings": "/{wallet_type}"},
        {CREATE: "/create"},
        {CREATE: "/create/{wallet_type}/{wallet_type}"},
        {CREATE: "/create/{wallet_type}/{x}"},
        {"payment_create": "/create/{currency}"},
    ],
    ids=ascii,
)
def test_whatever_else_is_written_is_refused(paths: Any) -> None:
    with pytest.raises(ValidationError):
        check_paths(paths)


def test_a_form_names_every_entry_that_is_wrong() -> None:
    with pytest.raises(ValidationError) as refused:
        check_paths({"savings": "x", "pull": "/p", "balance": "/b"})
    assert [sentence.split(":")[0] for sentence in refused.value.messages] == ["savings", "balance"]


def test_an_account_with_other_paths_is_refused_by_its_form(account: ProviderAccount) -> None:
    account.paths = {"savings": "https://evil.example/"}
    with pytest.raises(ValidationError) as refused:
        account.full_clean()
    assert set(refused.value.message_dict) == {"paths"}
    account.paths = {"savings": "/other"}
    account.full_clean()


def test_calls_go_where_the_account_says(account: ProviderAccount, provider: ScriptedProvider) -> None:
    ProviderAccount.objects.update(paths={"balances": "/v9/balances", CREATE: "/v9/{wallet_type}/create"})
    account.refresh_from_db()
    provider.script("/v9/balances", (200, {"status": "success", "data": {"balances": []}}))
    provider.script("/v9/upi_l/create", (200, {"status": "ok", "params": {}}))
    calls.call(account, "accounts-balance", lambda client: client.balances())
    calls.call(
        account,
        "transaction/create",
        lambda client: client.create_transaction(wallet_type="upi_l", currency="INR", label="x"),
    )
    assert [one.path for one in provider.requests] == ["/v9/balances", "/v9/upi_l/create"]


def test_a_system_s_own_path_counts_more_than_the_account_s(
    account: ProviderAccount, provider: ScriptedProvider, catalogue: None
) -> None:
    account.paths = {"manual_activation": "/account"}
    system = PaymentSystem.objects.get(pk="staging_b_ml")

    def ask(client: Client) -> Any:
        from decimal import Decimal  # noqa: PLC0415 - one use

        return client.activate_manually(
            wallet_type="staging_b_ml",
            currency="INR",
            label="x",
            key1="REF1",
            amount=Decimal(1),
            screenshot=None,
            custom_transaction_id="cnf_1",
        )

    calls.call(account, "possible-transaction/activate", ask, system=system)
    system.manual_path = "/api/v1/possible-transaction"
    calls.call(account, "possible-transaction/activate", ask, system=system)
    assert [one.path for one in provider.requests] == ["/account", "/api/v1/possible-transaction"]


def test_paths_that_were_written_past_every_form_are_not_called(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    account.paths = {"balances": "@evil.example/api"}
    with pytest.raises(ValidationError):
        calls.call(account, "accounts-balance", lambda client: client.balances())
    assert provider.requests == []
