"""Money between our bank and the products' accounts."""

from decimal import Decimal
from typing import Final

from balances import accounts, corrections, reading, verb_fields
from balances.accounts import AccountKey
from balances.kinds import JournalKind
from balances.posting import credit, debit
from balances.verb_fields import Refused, Values
from balances.verbs import Plan, PlannedJournal, Verb
from gateway.money import format_amount
from gateway.products.models import Product

_MONEY: Final = (verb_fields.product(), verb_fields.mode(), verb_fields.currency(), verb_fields.amount())


def debts(product: Product, mode: str, currency: str) -> tuple[str, ...]:
    """A note where the product owes something, which it repays from whatever it gets."""
    # Without a lock: it would be taken before that of the available money, and everybody else takes them the other way.
    owed = reading.balance_of(accounts.receivable(product.pk, mode, currency))
    if not owed:
        return ()
    return (f"{product} owes {format_amount(owed, currency)} {currency}, and repays that first.",)


def spendable(key: AccountKey, amount: Decimal) -> None:
    """Lock available money; refuse more than there is (an overdraft is for withdrawals), and all while it owes."""
    there = corrections.locked_balance(key)
    if there < amount:
        has = format_amount(max(there, Decimal(0)), key.currency)
        raise Refused(f"The product has {has} {key.currency} available, and no more.", field="amount")
    assert key.product is not None
    # After the lock: every debt is made under it.
    if corrections.owes(key.product, key.mode, key.currency):
        raise Refused(f"The product owes {key.currency}, which comes first.", field="amount")


def _plan_funded(values: Values) -> Plan:
    product, mode, currency = values["product"], values["mode"], values["currency"]
    left, right = accounts.bank(mode, currency), accounts.available(product.pk, mode, currency)
    legs = (debit(left, values["amount"]), credit(right, values["amount"]))
    journal = PlannedJournal(kind=JournalKind.PRODUCT_FUNDED, legs=legs)
    return Plan(mode=mode, journals=(journal,), notes=debts(product, mode, currency))


def _plan_settled(values: Values) -> Plan:
    mode, currency, amount = values["mode"], values["currency"], values["amount"]
    there = accounts.available(values["product"].pk, mode, currency)
    spendable(there, amount)
    legs = (debit(there, amount), credit(accounts.bank(mode, currency), amount))
    return Plan(mode=mode, journals=(PlannedJournal(kind=JournalKind.PRODUCT_SETTLED, legs=legs),))


VERBS: Final = (
    Verb(
        name="product_funded",
        sentence="A product's money arrived at our bank: it may pay out so much more.",
        fields=_MONEY,
        plan=_plan_funded,
        needs_document=True,
    ),
    Verb(
        name="product_settled",
        sentence="A product was paid out from our bank: it has so much less, and never more than is available.",
        fields=_MONEY,
        plan=_plan_settled,
        needs_document=True,
    ),
)
