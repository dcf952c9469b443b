"""The world in which money moves: a product with its customers, and a provider whose books the test writes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import time_machine
from django.db import transaction

from balances import reading
from balances.models import Journal
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from gateway.webhooks.models import Event
from payments.models import Deposit, Receipt
from payments.resolutions import reverse_receipt
from tests.conftest import Api
from tests.money.page import Leg, Posted
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    OK,
    Book,
    confirm,
    create_path,
    details,
    fresh,
    money,
    offered,
    place,
    work,
)
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import decided
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import IMPS, order, send
from withdrawals import asking
from withdrawals.models import Withdrawal

#: What the product has in every example of the page.
FUNDED: Final = "5000"
#: Where the provider tells savings (C§1.6).
SAVINGS: Final = "/api/v1/deposit-info"


def decide(verb: Callable[..., Any], *arguments: Any) -> Any:
    """Everything in these tests that people decide about orders and their money goes through here."""
    with transaction.atomic():
        return verb(*arguments, decided("asked the provider's support"))


class World:
    """A product, and the provider's books about it."""

    def __init__(
        self,
        *,
        api: Api,
        product: Product,
        account: ProviderAccount,
        provider: ScriptedProvider,
        clock: time_machine.Traveller,
    ) -> None:
        self.api, self.product, self.account, self.provider, self.clock = api, product, account, provider, clock
        self.book = Book(provider)
        for system in ("upi_l", "paytm"):
            provider.script(create_path(system), details())
        provider.script(AVAILABLE, offered(("upi_l", "INR", False), ("paytm", "INR", False)))
        provider.script(ACTIVATE, OK)
        provider.script(words.CREATE, words.OK)
        self.reports("0", "0")
        #: The provider's page of the last deposit that its customer named a reference for.
        self.order = ""
        self._references = 0

    def named(self, **changes: Any) -> Deposit:
        """A deposit whose customer has named a reference; the provider has no money for it yet."""
        deposit = place(self.api, **changes)
        work()
        self._references += 1
        answer = confirm(self.api, deposit, f"{self._references:012}", amount=f"{deposit.amount:.2f}")
        assert answer.status_code == 201, answer.content
        self.order = answer.json()["id"]
        work()
        deposit = fresh(deposit)
        assert deposit.status in {"verifying", "accumulating"}, deposit.status
        return deposit

    def arrives(self, deposit: Deposit, *items: dict[str, Any], label: str | None = None) -> Receipt:
        """The provider's book has these items for the deposit, and it is asked; the newest receipt."""
        self.book.enter(self.order, *items, label=deposit.customer.label if label is None else label)
        return self.asked_about(deposit)

    def asked_about(self, deposit: Deposit) -> Receipt:
        """The next question about the deposit."""
        due = fresh(deposit).next_at
        assert due is not None
        self.clock.move_to(due)
        work()
        return Receipt.objects.order_by("received_at", "id").last() or Receipt()

    def paid(self, amount: str = "1000", **changes: Any) -> tuple[Deposit, Receipt]:
        """A deposit for which so much has arrived."""
        deposit = self.named(**changes)
        receipt = self.arrives(deposit, money(amount=amount, transaction_id=f"T{self._references}"))
        return fresh(deposit), receipt

    def reports(self, saved: str, lacking: str) -> None:
        """What the provider says is saved up from now on."""
        body = f'{{"status":"ok","stockpiling_sum":{saved},"lacks_sum":{lacking},"minimum_deposit":148}}'
        self.provider.script(SAVINGS, (200, body.encode()))

    def saved_up(self) -> Deposit:
        """A deposit of 100.00 that waits in the customer's savings."""
        self.reports("100", "48")
        return self.named(payment_system="paytm", amount="100.00")

    def reserved(self, amount: str = "1218") -> Withdrawal:
        """A withdrawal that nobody has sent yet."""
        return order(self.api, {**IMPS, "amount": amount})

    def sent(self, amount: str = "1218", answer: Any = words.OK) -> Withdrawal:
        """A withdrawal that the provider has, or answered like this."""
        withdrawal = self.reserved(amount)
        self.provider.script(words.CREATE, answer)
        return self.send(withdrawal)

    def send(self, withdrawal: Withdrawal) -> Withdrawal:
        """One worker's step; the row afterwards."""
        return send(withdrawal)

    def ended(self, withdrawal: Withdrawal, status: int) -> Withdrawal:
        """The provider says that it was paid (1) or rejected (5)."""
        self.provider.script(words.PULL, words.pulled(words.found(withdrawal, status)))
        asking.ask(self.account, [withdrawal.public_id])
        self.book = Book(self.provider)  # asked about deposits again
        withdrawal.refresh_from_db()
        return withdrawal

    def owing(self) -> Withdrawal:
        """The product owes 400.00; its 5,400.00 are in a withdrawal that the provider has."""
        _, receipt = self.paid()
        withdrawal = self.sent("5400")
        decide(reverse_receipt, receipt.pk)
        return withdrawal

    def balances(self) -> dict[tuple[str, str], Decimal]:
        """What the product sees of its balances."""
        return {
            (name, row.currency): getattr(row, name)
            for row in reading.product_balances(self.product.pk, "test")
            for name in ("available", "held", "savings", "owed")
        }

    def news(self) -> list[str]:
        """What the product was told, oldest first."""
        return list(Event.objects.filter(product=self.product).order_by("id").values_list("type", flat=True))

    def posted(self) -> list[Posted]:
        """Every journal, oldest first, each on accounts of this product and of this provider account alone."""
        found = []
        for journal in Journal.objects.order_by("created_at", "pk").prefetch_related("entries__account"):
            legs = []
            for entry in journal.entries.all():
                account = entry.account
                assert account.product_id in {None, self.product.pk}
                assert account.provider_account_id in {None, self.account.pk}
                assert (account.mode, entry.currency) == ("test", account.currency)
                legs.append(Leg(account.kind, account.payment_system, entry.amount, account.currency))
            found.append(Posted(journal.kind, tuple(legs)))
        return found
