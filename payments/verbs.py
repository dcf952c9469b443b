"""The verbs by which two persons decide about a receipt (`balances.verbs`).

What they are shown is the action itself, rehearsed (`balances.rehearsing`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from balances import accounts, corrections, rehearsing, verb_fields
from balances.funding import debts
from balances.verb_fields import Field, Values
from balances.verbs import Plan, Verb
from gateway import ids
from gateway.in_words import in_words
from gateway.lifecycles import Cause
from gateway.money import format_amount
from payments import resolutions, saved_up
from payments.calling_off import open_siblings
from payments.models import Deposit, Receipt, Savings
from payments.states import RECEIPT, ReceiptStatus

_RECEIPT: Final = verb_fields.typeid("receipt", "Receipt", "The money in question.", ids.RECEIPT)
_DEPOSIT: Final = verb_fields.typeid("deposit", "Deposit", "The deposit that it was paid for.", ids.DEPOSIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What a decision is about and may change, all of it locked."""

    receipt: Receipt
    deposits: Mapping[str, Deposit]
    others: Mapping[str, Receipt]
    savings: Savings | None


def _lock(values: Values) -> _Scene:
    deposit_id = values.get("deposit")
    deposits, receipt = resolutions.lock(values["receipt"], deposit_id)
    others = Receipt.objects.filter(deposit__in=deposits).exclude(pk=receipt.pk).select_for_update(of=("self",))
    scene = _Scene(
        receipt=receipt,
        # What else is open of their checkout sessions is called off as money is credited, and that is news, too.
        deposits={one.public_id: one for one in [*deposits.values(), *open_siblings(deposits.values())]},
        others={one.public_id: one for one in others.order_by("id")},
        savings=None if deposit_id is None else saved_up.lock_for(deposits[deposit_id], receipt),
    )
    if receipt.product_id is not None:
        # How much of it the product still has decides what it will owe.
        corrections.locked_balance(accounts.available(receipt.product_id, receipt.money.mode, receipt.currency))
    return scene


def _plan(values: Values, act: Callable[[Values, Cause], object]) -> Plan:
    scene = _lock(values)
    before = {name: one.sequence for name, one in scene.deposits.items()}
    if scene.savings is not None:
        before[scene.savings.public_id] = scene.savings.sequence
    journals, notes = rehearsing.rehearsed(
        lambda cause: act(values, cause), lambda: (*_changes(scene), *rehearsing.news(before))
    )
    receipt = scene.receipt
    doubts = (f"What speaks against it: {receipt.contradiction}.",) if receipt.contradiction else ()
    return Plan(
        mode=receipt.money.mode,
        journals=journals,
        notes=(*doubts, *notes, *rehearsing.shortfalls(journals), *_repaid(values, scene)),
    )


def _changes(scene: _Scene) -> list[str]:
    """What became of the deposits and of the receipts beside the one in question."""
    said = []
    for name, was in scene.deposits.items():
        now = Deposit.objects.get(pk=was.pk)
        if now.sequence == was.sequence:
            said.append(f"Deposit {name} stays {in_words(now.status)}.")
            continue
        arrived = format_amount(now.received_amount or Decimal(0), now.currency)
        check = f" ({in_words(now.amount_check)})" if now.amount_check else ""
        late = ", late" if now.late else ""
        said.append(
            f"Deposit {name} was {in_words(was.status)} and becomes {in_words(now.status)}{late}, with {arrived} of"
            f" {format_amount(now.amount, now.currency)} {now.currency}{check}."
        )
    if not scene.deposits:
        said.append("No deposit changes, so no event is sent.")
    for name, other in scene.others.items():
        status = Receipt.objects.values_list("status", flat=True).get(pk=other.pk)
        if status != other.status:
            amount = f"{format_amount(other.amount, other.currency)} {other.currency}"
            said.append(f"Receipt {name} of {amount} waited for the same deposit and becomes {in_words(status)}, too.")
    return said


def _repaid(values: Values, scene: _Scene) -> tuple[str, ...]:
    """A note where the product that gets the money owes some."""
    product = values.get("product")
    if product is None and values.get("deposit") is not None:
        product = scene.deposits[ids.encode(ids.DEPOSIT, values["deposit"])].product
    if product is None:
        return ()
    return debts(product, scene.receipt.money.mode, scene.receipt.currency)


def _attach(values: Values, cause: Cause) -> None:
    resolutions.attach(values["receipt"], values["deposit"], cause)


def _credit_product(values: Values, cause: Cause) -> None:
    resolutions.credit_product(values["receipt"], values["product"], cause)


def _give_back(values: Values, cause: Cause) -> None:
    resolutions.give_back(values["receipt"], cause)


def _write_off(values: Values, cause: Cause) -> None:
    resolutions.write_off(values["receipt"], cause)


def _reverse(values: Values, cause: Cause) -> None:
    resolutions.reverse_receipt(values["receipt"], cause)


def _verb(
    name: str,
    sentence: str,
    act: Callable[[Values, Cause], object],
    *fields: Field,
    wish: str,
    needs_document: bool = False,
) -> Verb:
    return Verb(
        name=name,
        sentence=sentence,
        fields=(_RECEIPT, *fields),
        plan=lambda values: _plan(values, act),
        execute=lambda values, cause, _: act(values, cause),
        needs_document=needs_document,
        wish=wish,
        refusals=(resolutions.Unresolvable,),
    )


_BECOMES: Final = (
    (
        ReceiptStatus.CREDITED,
        _verb(
            "receipt_attached",
            "Money that waits was paid for a deposit: it is credited to it, whatever its amount or currency.",
            _attach,
            _DEPOSIT,
            wish="Ask to credit it to a deposit",
        ),
    ),
    (
        ReceiptStatus.CREDITED,
        _verb(
            "receipt_credited_to_product",
            "Money that waits is a product's, though of none of its deposits: it may pay out so much more.",
            _credit_product,
            verb_fields.product(),
            wish="Ask to credit it to a product",
        ),
    ),
    (
        ReceiptStatus.RETURNED,
        _verb(
            "receipt_given_back",
            "The provider took back money that waits, or gave it back to whoever paid.",
            _give_back,
            wish="Ask to record that it went back",
            needs_document=True,
        ),
    ),
    (
        ReceiptStatus.WRITTEN_OFF,
        _verb(
            "receipt_written_off",
            "Nobody can say whose money that waits is: we keep it.",
            _write_off,
            wish="Ask to write it off",
        ),
    ),
    (
        ReceiptStatus.REVERSED,
        _verb(
            "receipt_reversed",
            "The provider took credited money back: the product gives it back, or owes it.",
            _reverse,
            wish="Ask to record that the provider took it back",
            needs_document=True,
        ),
    ),
)

VERBS: Final = tuple(verb for _, verb in _BECOMES)


def open_to(receipt: Receipt) -> tuple[Verb, ...]:
    """What people may do with a receipt as it is."""
    return tuple(verb for status, verb in _BECOMES if RECEIPT.may(receipt.status, status))


def told_of(receipt: Receipt) -> dict[str, str]:
    """What the form of such a decision begins with, by the names of its fields: the receipt, and its deposit if any."""
    own = {"receipt": receipt.public_id}
    if receipt.deposit_id is not None:
        own["deposit"] = ids.encode(ids.DEPOSIT, receipt.deposit_id)
    return own
