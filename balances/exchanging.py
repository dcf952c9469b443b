"""A product's money, changed into another currency."""

from typing import Final

from balances import accounts, corrections, verb_fields
from balances.funding import debts, spendable
from balances.kinds import JournalKind
from balances.posting import credit, debit
from balances.verb_fields import Refused, Values
from balances.verbs import Plan, PlannedJournal, Verb
from gateway.money import format_amount


def _plan(values: Values) -> Plan:
    product, mode = values["product"], values["mode"]
    sold, bought = values["currency"], values["bought_currency"]
    if sold == bought:
        raise Refused("Name two currencies.", field="bought_currency")
    from_account, to_account = (accounts.available(product.pk, mode, currency) for currency in (sold, bought))
    # Both, in the one order that everybody takes: two exchanges in opposite directions wait for each other.
    for key in sorted((from_account, to_account), key=lambda key: key.lock_rank):
        corrections.locked_balance(key)
    amount, bought_amount = values["amount"], values["bought_amount"]
    spendable(from_account, amount)
    legs = (
        debit(from_account, amount),
        credit(accounts.fx_position(mode, sold), amount),
        debit(accounts.fx_position(mode, bought), bought_amount),
        credit(to_account, bought_amount),
    )
    rate = f"{bought_amount / amount:.8f}".rstrip("0").rstrip(".")
    note = (
        f"{format_amount(amount, sold)} {sold} become {format_amount(bought_amount, bought)} {bought}: "
        f"{rate} {bought} for 1 {sold}."
    )
    journal = PlannedJournal(kind=JournalKind.EXCHANGED, legs=legs)
    return Plan(mode=mode, journals=(journal,), notes=(note, *debts(product, mode, bought)))


VERBS: Final = (
    Verb(
        name="exchanged",
        sentence="A product's available money is changed into another currency, at the rate that both amounts make.",
        fields=(
            verb_fields.product(),
            verb_fields.mode(),
            verb_fields.currency(label="Currency given"),
            verb_fields.amount(label="Amount given"),
            verb_fields.currency("bought_currency", "Currency got"),
            verb_fields.amount("bought_amount", "Amount got", of="bought_currency"),
        ),
        plan=_plan,
        needs_document=True,
    ),
)
