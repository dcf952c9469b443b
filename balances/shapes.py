"""How balances and entries are shown to products."""

from typing import Any, Final

from rest_framework import serializers

from balances.kinds import DEBIT_NORMAL, AccountKind, JournalKind
from balances.models import Entry
from balances.reading import PRODUCT_KINDS, ProductBalance, ProductBalances
from gateway import ids
from gateway.api.fields import CurrencyField, SignedAmountField
from gateway.lifecycles import CauseKind
from gateway.money import format_amount
from gateway.products.models import Mode

#: What a product's accounts are called in answers: as in its balances.
ACCOUNT_NAMES: Final = {
    kind: "owed" if kind == AccountKind.PRODUCT_RECEIVABLE else kind.value for kind in PRODUCT_KINDS
}


class BalanceShape(serializers.Serializer[Any]):
    """What a product has in one currency."""

    object = serializers.ChoiceField(choices=["balance"])
    currency = CurrencyField()
    available = SignedAmountField(
        help_text="What withdrawals may take. Below zero: an overdraft that was granted is in use."
    )
    held = SignedAmountField(help_text="Reserved for withdrawals under way.")
    savings = SignedAmountField(help_text="Saved up by customers at the provider; credited once it is released.")
    owed = SignedAmountField(
        help_text="What you owe us, because something was taken back for which there was too little. "
        "It is repaid first, and there are no withdrawals before."
    )


class BalanceListShape(serializers.Serializer[Any]):
    """The balances of every currency that fits the question, all of the same moment."""

    object = serializers.ChoiceField(choices=["list"])
    data = BalanceShape(many=True)  # type: ignore[assignment]  # a field of that name
    mode = serializers.ChoiceField(choices=Mode.choices)
    as_of = serializers.DateTimeField(help_text="The instant of all of these figures.")
    final = serializers.BooleanField(
        help_text="True once `as_of` is more than five minutes ago: the same question will always have this answer. "
        "Before, it may get another one: an entry counts from the instant it was written, and is seen up to 60 seconds "
        "later."
    )


class LedgerEntryShape(serializers.Serializer[Any]):
    """One change of one account of the product."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["ledger_entry"])
    account = serializers.ChoiceField(choices=list(ACCOUNT_NAMES.values()), help_text="As in GET /balances.")
    sequence = serializers.IntegerField(
        help_text="Counts the entries of this account in this currency from 1, without a gap: where one is missing, "
        "there is an entry that you have not read."
    )
    currency = CurrencyField()
    amount = SignedAmountField(
        help_text="What was added to the account; below zero: taken from it. "
        "Of `owed`, what is added is to your disadvantage."
    )
    balance_after = SignedAmountField(help_text="What the account held then.")
    journal = serializers.CharField(help_text="The move of money that it is a part of; its parts share this id.")
    kind = serializers.ChoiceField(choices=JournalKind.choices, help_text="Why the money moved.")
    subject = serializers.CharField(allow_null=True, help_text="Id of the order that the money belongs to.")
    reverses = serializers.CharField(allow_null=True, help_text="The journal that this one takes back.")
    cause = serializers.ChoiceField(choices=CauseKind.choices, help_text="What kind of thing moved it.")
    mode = serializers.ChoiceField(choices=Mode.choices)
    created_at = serializers.DateTimeField()


def balances_shape(found: ProductBalances, mode: str) -> dict[str, Any]:
    """The values of `BalanceListShape`."""
    return {
        "object": "list",
        "data": [_balance_shape(one) for one in found.balances],
        "mode": mode,
        "as_of": found.as_of.isoformat(),
        "final": found.is_final,
    }


def _balance_shape(balance: ProductBalance) -> dict[str, Any]:
    return {
        "object": "balance",
        "currency": balance.currency,
        "available": format_amount(balance.available, balance.currency),
        "held": format_amount(balance.held, balance.currency),
        "savings": format_amount(balance.savings, balance.currency),
        "owed": format_amount(balance.owed, balance.currency),
    }


def entry_shape(entry: Entry) -> dict[str, Any]:
    """The values of `LedgerEntryShape`, of an account that keeps its balance; persons and their words stay with us."""
    journal, kind = entry.journal, AccountKind(entry.account.kind)
    assert entry.balance_after is not None, "a product's accounts keep their balances"
    added = entry.amount if kind in DEBIT_NORMAL else -entry.amount
    return {
        "id": ids.encode(ids.ENTRY, entry.pk),
        "object": "ledger_entry",
        "account": ACCOUNT_NAMES[kind],
        "sequence": entry.sequence,
        "currency": entry.currency,
        "amount": format_amount(added, entry.currency),
        "balance_after": format_amount(entry.balance_after, entry.currency),
        "journal": ids.encode(ids.JOURNAL, journal.pk),
        "kind": journal.kind,
        "subject": journal.subject or None,
        "reverses": None if journal.reverses_id is None else ids.encode(ids.JOURNAL, journal.reverses_id),
        "cause": journal.cause,
        "mode": entry.mode,
        "created_at": entry.created_at.isoformat(),
    }
