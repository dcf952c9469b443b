"""Corrections by hand: between any two accounts, of what a product owes, and fees that it has to pay."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from balances import accounts, corrections, verb_fields
from balances.accounts import AccountKey
from balances.funding import debts
from balances.kinds import AccountKind, JournalKind
from balances.posting import credit, debit
from balances.verb_fields import Field, Refused, Values
from balances.verbs import Plan, PlannedJournal, Verb
from gateway.money import format_amount

K = AccountKind

#: What an account of each kind is kept by; those that are not here follow something else to the cent (holds, the
#: provider's word on savings, the receipts in suspense), so that a correction by hand would only make them wrong: money
#: moved out of suspense past its receipt would be credited a second time when that is resolved.
_OWNERS: Final[dict[AccountKind, tuple[str, ...]]] = {
    K.PROVIDER_BALANCE: ("provider_account", "payment_system"),
    K.PROVIDER_SETTLEMENT: ("provider_account",),
    K.BANK: (),
    K.PRODUCT_RECEIVABLE: ("product",),
    K.AVAILABLE: ("product",),
    K.FEE_INCOME: ("product",),
    K.PROVIDER_FEES: ("provider_account", "payment_system"),
    K.WRITE_OFF: (),
    K.FX_POSITION: (),
}


def _side(side: str) -> tuple[Field, ...]:
    """The fields that name one account: ``debit_account``, ``debit_product`` and so on."""
    label = side.capitalize()
    kinds = [(kind.value, f"{kind.value}: {kind.label}") for kind in _OWNERS]
    return (
        verb_fields.chosen(f"{side}_account", f"{label}: account", f"Which account the {side} goes to.", kinds),
        verb_fields.product(f"{side}_product", f"{label}: product", is_required=False),
        verb_fields.provider_account(f"{side}_provider_account", f"{label}: provider account", is_required=False),
        verb_fields.payment_system(f"{side}_payment_system", f"{label}: payment system", is_required=False),
    )


def _account(side: str, values: Values) -> AccountKey:
    kind = AccountKind(values[f"{side}_account"])
    for owner in ("product", "provider_account", "payment_system"):
        name, is_wanted = f"{side}_{owner}", owner in _OWNERS[kind]
        if is_wanted and values[name] is None:
            raise Refused(f"The account {kind} has a {owner.replace('_', ' ')}: name it.", field=name)
        if values[name] is not None and not is_wanted:
            raise Refused(f"The account {kind} has no {owner.replace('_', ' ')}: leave it empty.", field=name)
    product, holder = values[f"{side}_product"], values[f"{side}_provider_account"]
    if holder is not None and holder.mode != values["mode"]:
        raise Refused(f"{holder.name} is a {holder.mode} account.", field=f"{side}_provider_account")
    return AccountKey(
        kind=kind,
        mode=values["mode"],
        currency=values["currency"],
        product=product.pk if product else None,
        provider_account=holder.pk if holder else None,
        payment_system=values[f"{side}_payment_system"] or "",
    )


def _plan_adjusted(values: Values) -> Plan:
    left, right = _account("debit", values), _account("credit", values)
    if left == right:
        raise Refused("Debit and credit are the same account.", field="credit_account")
    notes: tuple[str, ...] = ()
    if right.kind == K.AVAILABLE:
        notes = debts(values["credit_product"], right.mode, right.currency)
    legs = corrections.within_what_is_there((debit(left, values["amount"]), credit(right, values["amount"])))
    return Plan(mode=left.mode, journals=(PlannedJournal(kind=JournalKind.ADJUSTED, legs=legs),), notes=notes)


def _plan_written_off(values: Values) -> Plan:
    product, mode, currency, amount = values["product"], values["mode"], values["currency"], values["amount"]
    receivable = accounts.receivable(product.pk, mode, currency)
    owed: Decimal = corrections.locked_balance(receivable)
    if owed < amount:
        raise Refused(f"{product} owes {format_amount(owed, currency)} {currency}, and no more.", field="amount")
    legs = (debit(accounts.write_off(mode, currency), amount), credit(receivable, amount))
    return Plan(mode=mode, journals=(PlannedJournal(kind=JournalKind.WRITTEN_OFF, legs=legs),))


def _plan_product_fee(values: Values) -> Plan:
    owner = (values["product"].pk, values["mode"], values["currency"])
    taken = corrections.take_back(*owner, values["amount"])
    legs = (*taken, credit(accounts.fee_income(*owner), values["amount"]))
    return Plan(mode=values["mode"], journals=(PlannedJournal(kind=JournalKind.PRODUCT_FEE, legs=legs),))


def _of_a_product(name: str, sentence: str, plan: Callable[[Values], Plan]) -> Verb:
    fields = (verb_fields.product(), verb_fields.mode(), verb_fields.currency(), verb_fields.amount())
    return Verb(name=name, sentence=sentence, fields=fields, plan=plan)


VERBS: Final = (
    Verb(
        name="adjusted",
        sentence="An amount was booked on the wrong account: it is moved to the right one.",
        fields=(
            verb_fields.mode(),
            verb_fields.currency(),
            verb_fields.amount(),
            *_side("debit"),
            *_side("credit"),
        ),
        plan=_plan_adjusted,
        needs_document=True,
    ),
    _of_a_product("written_off", "What a product owes us is given up.", _plan_written_off),
    _of_a_product(
        "product_fee", "A product pays a fee; what it does not have, it owes us from then on.", _plan_product_fee
    ),
)
