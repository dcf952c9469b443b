"""Withdrawals that wait in one line, and a pace at which they may leave together."""

from typing import Any

from gateway.providers.models import ProviderAccount
from gateway.providers.pace import forget, take_place
from tests.conftest import Api
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import IMPS, order
from withdrawals import sending_together
from withdrawals.models import Withdrawal


def unhurried(account: ProviderAccount) -> None:
    """No pace holds its withdrawals back, and it has been called before: its line has a row."""
    account.calls_per_minute = account.calls_at_once = 1_000_000
    account.save(update_fields=["calls_per_minute", "calls_at_once"])
    forget(account)
    assert take_place(account)


def line_of(api: Api, account: ProviderAccount, count: int, wish: dict[str, Any] = IMPS) -> list[Withdrawal]:
    """So many queued withdrawals, oldest first, of an account whose pace holds none of them back."""
    unhurried(account)
    return [order(api, wish) for _ in range(count)]


def sent_together(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, count: int, wish: dict[str, Any] = IMPS
) -> list[Withdrawal]:
    """So many that were sent together, and accepted."""
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, count, wish)
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["accepted"] * count
    return line


def statuses(line: list[Withdrawal]) -> list[str]:
    """As they are now; the rows are read afresh."""
    for one in line:
        one.refresh_from_db()
    return [one.status for one in line]
