"""What several files about withdrawals ask for besides."""

from collections.abc import Iterator

import pytest
import time_machine

from gateway.providers.models import ProviderAccount


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It stands still at noon of 2026-03-01 (UTC) unless it is moved."""
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def unique(account: ProviderAccount) -> ProviderAccount:
    """The provider has shown that it pays an id once."""
    ProviderAccount.objects.update(ids_proven_unique=True)
    account.refresh_from_db()
    return account
