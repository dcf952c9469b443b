"""Money between our bank and the provider, and what the provider takes for itself."""

from collections.abc import Callable
from typing import Final

from balances import accounts, verb_fields
from balances.accounts import AccountKey
from balances.kinds import JournalKind
from balances.posting import credit, debit
from balances.verb_fields import Values
from balances.verbs import Plan, PlannedJournal, Verb

_ACCOUNT: Final = verb_fields.provider_account()
_MONEY: Final = (verb_fields.currency(), verb_fields.amount())
_AT_THE_PROVIDER: Final = (_ACCOUNT, verb_fields.payment_system(), *_MONEY)

_Side = Callable[[Values], AccountKey]


def _bank(values: Values) -> AccountKey:
    return accounts.bank(values["provider_account"].mode, values["currency"])


def _settlement(values: Values) -> AccountKey:
    account = values["provider_account"]
    return accounts.provider_settlement(account.pk, account.mode, values["currency"])


def _balance(values: Values) -> AccountKey:
    account = values["provider_account"]
    return accounts.provider_balance(account.pk, account.mode, values["currency"], values["payment_system"])


def _fees(values: Values) -> AccountKey:
    account = values["provider_account"]
    return accounts.provider_fees(account.pk, account.mode, values["currency"], values["payment_system"])


def _moved(kind: JournalKind, left: _Side, right: _Side) -> Callable[[Values], Plan]:
    def plan(values: Values) -> Plan:
        legs = (debit(left(values), values["amount"]), credit(right(values), values["amount"]))
        return Plan(mode=values["provider_account"].mode, journals=(PlannedJournal(kind=kind, legs=legs),))

    return plan


VERBS: Final = (
    Verb(
        name="provider_topped_up",
        sentence="Our bank paid the provider, so that it has money for payouts.",
        fields=_AT_THE_PROVIDER,
        plan=_moved(JournalKind.PROVIDER_TOPPED_UP, _balance, _bank),
        needs_document=True,
    ),
    Verb(
        name="moved_to_settlement",
        sentence="The provider set money aside that it will pay to our bank.",
        fields=_AT_THE_PROVIDER,
        plan=_moved(JournalKind.MOVED_TO_SETTLEMENT, _settlement, _balance),
    ),
    Verb(
        name="settled_to_bank",
        sentence="The provider paid to our bank what it had set aside.",
        fields=(_ACCOUNT, *_MONEY),
        plan=_moved(JournalKind.SETTLED_TO_BANK, _bank, _settlement),
        needs_document=True,
    ),
    Verb(
        name="provider_fee",
        sentence="The provider took a fee from what it holds for us.",
        fields=_AT_THE_PROVIDER,
        plan=_moved(JournalKind.PROVIDER_FEE, _fees, _balance),
        needs_document=True,
    ),
)
