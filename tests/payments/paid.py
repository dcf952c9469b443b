"""A deposit that the customer says is paid, and what its receipts come to."""

from decimal import Decimal
from typing import Any

import time_machine

from balances.models import Journal
from payments.models import Deposit, Receipt
from tests.conftest import Api
from tests.payments.stage import Book, confirm, fresh, work


def states(deposit: Deposit) -> tuple[str, Decimal | None, str]:
    return deposit.status, deposit.received_amount, deposit.amount_check


def postings() -> list[str]:
    """Each journal with its entries, but for what the tests put into a product or took out, oldest first."""
    posted = Journal.objects.exclude(kind__in=["product_funded", "product_settled"]).order_by("created_at", "pk")
    return [
        f"{one.kind}: "
        + ", ".join(
            f"{leg.account.kind} {leg.amount:.2f} {leg.currency}"
            for leg in sorted(one.entries.all(), key=lambda leg: leg.account.kind)
        )
        for one in posted.prefetch_related("entries__account")
    ]


def receipts() -> list[tuple[str, Decimal, str]]:
    return list(Receipt.objects.order_by("received_at", "id").values_list("status", "amount", "contradiction"))


class Paid:
    """A deposit whose customer named a reference, and the provider's book about it."""

    def __init__(self, api: Api, deposit: Deposit, book: Book, clock: time_machine.Traveller) -> None:
        self.api, self.book, self.clock = api, book, clock
        self.order = confirm(api, deposit).json()["id"]
        work()
        self.deposit = fresh(deposit)
        self.label = deposit.customer.label
        assert self.deposit.status == "verifying"

    def arrives(self, *items: dict[str, Any], label: str | None = None, **envelope: Any) -> Deposit:
        """The book says so, and the provider is asked once more."""
        self.book.enter(self.order, *items, label=self.label if label is None else label, **envelope)
        return self.asked_again()

    def asked_again(self) -> Deposit:
        due = fresh(self.deposit).next_at
        assert due is not None
        self.clock.move_to(due)
        work()
        return fresh(self.deposit)

    def shown(self) -> dict[str, Any]:
        return dict(self.api.get(f"deposits/{self.deposit.public_id}").json())
