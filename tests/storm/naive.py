"""What the storm does to a worker that tries again on any error: the reason for everything that ours does instead.

It lives in the tests alone. It sends the same bytes with the same id until it is told "ok", as many do, and it has the
right to: the simulated provider takes each of its requests for a new order, for nobody has shown that it would not.
"""

import concurrent.futures
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import httpx

from gateway.paykassma.messages import WithdrawalOrder, freeze_withdrawal
from tests.storm.orders import Wish

#: A round number, as it is found in many workers.
_TRIES: Final = 5
_TIMEOUT_SECONDS: Final = 3.0
_THREADS: Final = 16


def send_all(sandbox_url: str, withdrawal_key: str, wishes: Sequence[Wish]) -> None:
    """Send each of the wishes until it is answered well, five times at most."""
    with (
        httpx.Client(base_url=sandbox_url, trust_env=False, timeout=_TIMEOUT_SECONDS) as client,
        concurrent.futures.ThreadPoolExecutor(_THREADS) as threads,
    ):
        # Asked for one by one, so that what goes wrong here is raised.
        list(threads.map(lambda wish: _send(client, _signed(wish, withdrawal_key)), wishes))


def _signed(wish: Wish, withdrawal_key: str) -> bytes:
    order = WithdrawalOrder(
        withdrawal_id=f"naive-{wish.recipient}",
        payment_system="imps_ib",
        amount=int(wish.amount),
        currency_code="INR",
        label=wish.customer,
        is_test=True,
        comment="payout",
        bank_details={"bank_code": "MAHB0001821"},
        account_number=wish.recipient,
        account_name="Test Name",
    )
    return freeze_withdrawal(order, withdrawal_key)


def _send(client: httpx.Client, body: bytes) -> None:
    for _ in range(_TRIES):
        try:
            answer = client.post("/v2/withdrawal/create", content=body, headers={"Content-Type": "application/json"})
            if answer.json()["status"] == "ok":
                return
        except (httpx.HTTPError, json.JSONDecodeError, LookupError, TypeError):
            continue


def paid_twice(book: dict[str, Any]) -> int:
    """How many orders the provider's book shows more than one payment of."""
    entries = book["entries"]
    times = Counter(one["order_id"] for one in entries if one["movement"] == "withdrawal_paid")
    return sum(count > 1 for count in times.values())
