"""What a batch would do: its sums, what people would have to approve, and what is there for it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import transaction
from rest_framework import serializers

from balances.reading import product_balances
from gateway.api.fields import AmountField, CurrencyField, SignedAmountField
from gateway.money import format_amount
from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem
from withdrawals import slabs


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the report has to know of a row: nothing of its recipient."""

    payment_system: PaymentSystem
    currency: str
    amount: Decimal
    is_made: bool


class SumShape(serializers.Serializer[Any]):
    """The rows of one payment system and currency that are still to be made."""

    payment_system = serializers.CharField()
    currency = CurrencyField()
    rows = serializers.IntegerField()
    amount = AmountField()


class MoneyShape(serializers.Serializer[Any]):
    """What the rows of a currency take, and what is available now."""

    currency = CurrencyField()
    needed = AmountField()
    available = SignedAmountField()


class BatchReportShape(serializers.Serializer[Any]):
    """What a batch would do, were it accepted now."""

    object = serializers.ChoiceField(choices=["withdrawal_batch_report"])
    rows = serializers.IntegerField()
    already_made = serializers.IntegerField(help_text="Rows whose very withdrawal you have made before.")
    to_approve = serializers.IntegerField(
        help_text="Rows of which, by their amount, people have to approve the withdrawal before it is sent."
    )
    sums = SumShape(many=True)
    money = MoneyShape(many=True)


@transaction.atomic(savepoint=False)
def report_shape(product: Product, mode: Mode, lines: Iterable[Line]) -> dict[str, Any]:
    """The values of `BatchReportShape`, ready for JSON. Of rows that are made already only the number counts."""
    counts: Counter[tuple[str, str]] = Counter()
    sums: dict[tuple[str, str], Decimal] = {}
    rows = already_made = to_approve = 0

    @cache
    def slabs_of(currency: str) -> tuple[slabs.Slab, ...]:
        return slabs.in_force(product.pk, mode, currency)

    for line in lines:
        rows += 1
        if line.is_made:
            already_made += 1
            continue
        to_approve += bool(slabs.roles_for(line.amount, slabs_of(line.currency)))
        place = (line.payment_system.code, line.currency)
        counts[place] += 1
        sums[place] = sums.get(place, Decimal(0)) + line.amount
    needed: dict[str, Decimal] = {}
    for (_, currency), amount in sums.items():
        needed[currency] = needed.get(currency, Decimal(0)) + amount
    available = {one.currency: one.available for one in product_balances(product.pk, mode, currencies=sorted(needed))}
    return {
        "object": "withdrawal_batch_report",
        "rows": rows,
        "already_made": already_made,
        "to_approve": to_approve,
        "sums": [
            {
                "payment_system": system,
                "currency": currency,
                "rows": counts[system, currency],
                "amount": format_amount(sums[system, currency], currency),
            }
            for system, currency in sorted(sums)
        ],
        "money": [
            {
                "currency": currency,
                "needed": format_amount(needed[currency], currency),
                "available": format_amount(available.get(currency, Decimal(0)), currency),
            }
            for currency in sorted(needed)
        ],
    }
