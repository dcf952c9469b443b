"""The product that goes on ordering payouts, whatever happens to the service."""

import random
import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import httpx

from tests.storm.parts import Parts

#: Callers at a time.
_THREADS: Final = 6
#: Before the same request is sent again, with the same key.
_RETRY_SECONDS: Final = 0.5
#: A product gives up on one order after this; the service would be down for longer than any restart takes.
_PATIENCE_SECONDS: Final = 180.0
_TIMEOUT_SECONDS: Final = 10.0
_CREATED: Final = 201
#: The demo product has a million to pay out; two full storms stay below it. The second one orders other amounts for the
#: same recipients, which would else be duplicates that wait for a person.
_AMOUNTS: Final = {"unproven": (100, 175), "proven": (175, 250), "naive": (100, 175)}
#: What may be tried again: too early, too many, in flight elsewhere, not able just now.
_AGAIN: Final = frozenset({409, 425, 429, 500, 502, 503, 504})
_BANK: Final = {"account_name": "Test Name", "bank_code": "MAHB0001821"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One payout that is wanted.

    Attributes:
        at: seconds after the beginning.
        reference: the product's own; its idempotency key, too.
        recipient: an account number, by which the simulated provider draws what befalls the order.
    """

    at: float
    reference: str
    recipient: str
    customer: str
    amount: Decimal


def plan_wishes(seed: int, name: str, count: int, seconds: float) -> list[Wish]:
    """All payouts of the storm of this name: the same for the same arguments, each to a recipient of its own."""
    draws = random.Random(f"wishes {seed}")  # noqa: S311 - it has to be repeatable, not secret
    return [
        Wish(
            at=draws.uniform(0, seconds),
            reference=f"storm-{seed}-{name}-{number}",
            recipient=f"{seed % 1_000_000:06d}{number:06d}",
            customer=f"customer-{draws.randrange(100)}",
            amount=Decimal(draws.randrange(*_AMOUNTS[name])),
        )
        for number in range(count)
    ]


@dataclass(slots=True)
class Ordered:
    """What came of the wishes.

    Attributes:
        ids: of the withdrawals that were answered with 201, by reference.
        refused: answers that no retry would change, by reference.
        retries: how often a request was sent again.
    """

    ids: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    retries: int = 0


class Callers:
    """Threads that send the wishes, each when its time comes."""

    def __init__(self, parts: Parts, wishes: list[Wish]) -> None:
        self.ordered = Ordered()
        self._url, self._key = f"{parts.api_url}/withdrawals", parts.api_key
        self._lock = threading.Lock()
        self._left = iter(sorted(wishes, key=lambda one: one.at))
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_THREADS)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def are_busy(self) -> bool:
        """Whether some wish has no answer yet."""
        return any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        headers = {"Authorization": f"Bearer {self._key}"}
        with httpx.Client(headers=headers, trust_env=False, timeout=_TIMEOUT_SECONDS) as client:
            while (wish := self._next()) is not None:
                time.sleep(max(0.0, self._began + wish.at - time.monotonic()))
                self._order(client, wish)

    def _next(self) -> Wish | None:
        with self._lock:
            return next(self._left, None)

    def _order(self, client: httpx.Client, wish: Wish) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        said = "nothing"
        while time.monotonic() < until:
            answer = self._post(client, wish)
            if answer is not None and answer.status_code == _CREATED:
                with self._lock:
                    self.ordered.ids[wish.reference] = answer.json()["id"]
                return
            said = "nothing" if answer is None else f"{answer.status_code} {answer.text[:300]}"
            if answer is not None and answer.status_code not in _AGAIN:
                break
            with self._lock:
                self.ordered.retries += 1
            time.sleep(_RETRY_SECONDS)
        with self._lock:
            self.ordered.refused[wish.reference] = said

    def _post(self, client: httpx.Client, wish: Wish) -> httpx.Response | None:
        body: dict[str, Any] = {
            "payment_system": "imps_ib",
            "currency": "INR",
            "amount": str(wish.amount),
            "customer": wish.customer,
            "reference": wish.reference,
            "recipient": {"account_number": wish.recipient, **_BANK},
            "comment": "payout",
        }
        try:
            return client.post(self._url, json=body, headers={"Idempotency-Key": wish.reference})
        except httpx.TransportError:
            return None
