"""How far below zero a product's available money may go."""

from decimal import Decimal
from typing import Final

from balances import accounts, corrections, verb_fields
from balances.instruction_models import Instruction
from balances.kinds import OVERDRAFT_VERB
from balances.models import Account
from balances.posting import open_accounts
from balances.verb_fields import Refused, Values
from balances.verbs import Plan, Verb
from gateway.lifecycles import Cause
from gateway.money import format_amount


def _plan(values: Values) -> Plan:
    product, mode, currency, limit = values["product"], values["mode"], values["currency"], values["limit"]
    key = accounts.available(product.pk, mode, currency)
    balance = corrections.locked_balance(key)
    if balance < -limit:
        used = format_amount(-balance, currency)
        raise Refused(f"The product is {used} {currency} below zero: the limit cannot be less.", field="limit")
    before = Account.objects.filter(pk=key.id).values_list("overdraft_limit", flat=True).first() or Decimal(0)
    figures = [f"{format_amount(one, currency)} {currency}" for one in (before, limit)]
    note = f"The overdraft limit of {product} ({mode}) changes from {figures[0]} to {figures[1]}."
    return Plan(mode=mode, notes=(note,))


def _set(values: Values, _cause: Cause, _instruction: Instruction) -> None:
    key = accounts.available(values["product"].pk, values["mode"], values["currency"])
    open_accounts([key])
    Account.objects.filter(pk=key.id).update(overdraft_limit=values["limit"])


VERBS: Final = (
    Verb(
        name=OVERDRAFT_VERB,
        sentence="A product's withdrawals may take its available money below zero, down to a limit.",
        fields=(
            verb_fields.product(),
            verb_fields.mode(),
            verb_fields.currency(),
            verb_fields.amount("limit", "Limit", may_be_zero=True),
        ),
        plan=_plan,
        execute=_set,
    ),
)
