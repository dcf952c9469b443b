"""What a product may ask of the ledger. Output is in ``shapes.py``."""

from typing import Any

from rest_framework import serializers

from balances.statement_files import FileKind
from gateway.api.fields import CurrencyField, StrictSerializer, WordField
from gateway.api.instants import InstantField


class BalancesQuestion(StrictSerializer):
    """Query parameters of GET /balances."""

    currency = CurrencyField(required=False)
    as_of = InstantField(required=False)


class StatementQuestion(StrictSerializer):
    """Query parameters of GET /reports/statement."""

    currency = CurrencyField()
    to = InstantField()
    format = WordField(choices=FileKind.values, default=FileKind.CSV.value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A period has a length."""
        if attrs["from"] >= attrs["to"]:
            raise serializers.ValidationError({"to": ["The period ends after it begins: send a later time."]})
        return attrs


# A word of Python, which no class body can assign to.
StatementQuestion._declared_fields["from"] = InstantField()  # noqa: SLF001 - where the metaclass keeps them
