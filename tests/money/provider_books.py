"""The provider's own books, kept by the test: what it has of the customers' money, and what it paid out."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from gateway import ids
from tests.money.world import SAVINGS
from tests.payments.stage import ACTIVATE, AVAILABLE, OK, PULL, create_path, details, money, offered
from tests.postbacks.letters import POSTBACK, envelope
from tests.scripted_provider import DROP, Received, ScriptedProvider
from tests.withdrawals import provider_words as words
from withdrawals.models import Withdrawal

#: Below this a system collects savings; of the contract's sample (C§1.6).
MINIMUM: Final = Decimal(148)

#: What becomes of a payout when it is sent: taken; taken and its answer lost; lost on the way; refused for want of
#: money, and taken when it comes again; refused for good.
Fate = Literal["taken", "answer lost", "never arrived", "no funds", "refused"]


@dataclass(slots=True)
class Item:
    """Money that the provider has, or had: one item of an answer."""

    number: str
    order: str
    system: str
    amount: Decimal
    currency: str
    label: str
    stockpiling: int | None = None
    is_there: bool = True

    def said(self) -> dict[str, Any]:
        """As the provider writes it."""
        return money(
            transaction_id=self.number,
            plugin_custom_order_id=self.order,
            wallet_type=self.system,
            amount=f"{self.amount:.2f}",
            currency_code=self.currency,
            stockpiling_id=self.stockpiling,
        )


@dataclass(slots=True)
class Payout:
    """An order to pay out that the provider took.

    Attributes:
        body: as it came.
        times: how often it was taken; more than once, and it would be paid so often.
        status: the provider's number: 1 paid, 5 rejected, 0 not yet known.
        came_back: it was paid, and the money is the provider's again.
    """

    body: bytes
    times: int = 0
    status: int = 0
    came_back: bool = False

    @property
    def amount(self) -> Decimal:
        return Decimal(json.loads(self.body)["amount"])


class ProviderBooks:
    """What the provider knows, and how it answers."""

    def __init__(self, provider: ScriptedProvider) -> None:
        self.items: list[Item] = []
        self.payouts: dict[str, Payout] = {}
        self.fates: dict[str, Fate] = {}
        self.activated: set[str] = set()
        #: What waits below the minimum, by customer: under which order, and how much.
        self.saved: dict[str, list[Item]] = {}
        #: What is missing from a customer's savings without having been released.
        self.lost: dict[str, Decimal] = {}
        #: What was said, in order: an item that was named, or the savings of a customer.
        self.said: list[Item | tuple[str, Decimal]] = []
        provider.script(AVAILABLE, offered(("upi_l", "INR", False), ("paytm", "INR", False)))
        for system in ("upi_l", "paytm"):
            provider.script(create_path(system), details())
        provider.script(ACTIVATE, self._activate)
        provider.script(PULL, self._pull)
        provider.script(POSTBACK, self._read)
        provider.script(SAVINGS, self._savings)
        provider.script(words.CREATE, self._create)

    def balance(self, currency: str) -> Decimal:
        """What the provider owes us by its own books."""
        came = sum((one.amount for one in self.items if one.is_there and one.currency == currency), Decimal(0))
        paid = [one for one in self.payouts.values() if one.status == 1 and not one.came_back]
        # A request that was taken twice is paid twice.
        return came - (sum((one.times * one.amount for one in paid), Decimal(0)) if currency == "INR" else 0)

    def sum_saved(self, label: str) -> Decimal:
        """What the provider says is saved up for a customer."""
        return sum((one.amount for one in self.saved.get(label, [])), Decimal(0)) - self.lost.get(label, Decimal(0))

    def release(self, label: str) -> None:
        """All that a customer has saved up becomes money, each item by its own number."""
        self.items += self.saved.pop(label)
        self.lost.pop(label, None)

    def _activate(self, request: Received) -> Any:
        self.activated.add(request.json()["custom_transaction_id"])
        return OK

    def _pull(self, request: Received) -> Any:
        if request.query["type"] == ["withdrawal"]:
            return words.pulled(*(self._word(one) for one in request.query["withdrawal_id[]"]))
        rows = []
        for order in request.query["plugin_custom_order_id[]"]:
            there = [one for one in self.items if one.order == order and one.is_there]
            said = {"postback": self._envelope(there)} if there else {"message": "Postback not found"}
            rows.append({"plugin_custom_order_id": order, **said})
        return 200, {"status": "success", "message": "", "code": 20000, "data": {"transactions": rows}}

    def _read(self, request: Received) -> Any:
        there = [one for one in self.items if [one.number] == request.query["transaction_id"] and one.is_there]
        if not there:
            return 404, {"status": "error", "message": "Postback not found"}
        return 200, {"status": "ok", "postback": self._envelope(there)}

    def _envelope(self, items: list[Item]) -> dict[str, Any]:
        self.said += items
        return envelope([one.said() for one in items], label=items[0].label, currency_code=None)

    def _savings(self, request: Received) -> Any:
        [label] = request.query["label"]
        saved = self.sum_saved(label)
        self.said.append((label, saved))
        lacking = max(MINIMUM - saved, Decimal(0))
        body = f'{{"status":"ok","stockpiling_sum":{saved},"lacks_sum":{lacking},"minimum_deposit":{MINIMUM}}}'
        return 200, body.encode()

    def _create(self, request: Received) -> Any:
        name = request.json()["withdrawal_id"]
        fate = self.fates.pop(name, "taken")
        if fate == "never arrived":
            return DROP
        if fate == "no funds":
            return words.NO_FUNDS
        if fate == "refused":
            return words.REFUSED_FIELD
        payout = self.payouts.setdefault(name, Payout(request.body))
        payout.times += 1
        return DROP if fate == "answer lost" else words.OK

    def _word(self, name: str) -> dict[str, Any]:
        payout = self.payouts.get(name)
        withdrawal = Withdrawal(id=ids.decode(ids.WITHDRAWAL, name))
        if payout is None:
            return words.not_found(withdrawal)
        withdrawal.body = payout.body
        return words.found(withdrawal, payout.status) if payout.status else words.no_postback(withdrawal)
