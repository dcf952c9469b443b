"""How money leaves through a payment system, said by two persons: whether, how much at once, and whom it names."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from django.forms import modelform_factory

from balances import verb_fields
from balances.instruction_models import Instruction
from balances.verb_fields import Field, Refused, Values
from balances.verbs import Plan, Verb
from gateway.lifecycles import Cause
from gateway.products.models import Mode
from gateway.providers.field_rules import BadFields, recipient_rows
from gateway.providers.forms import JSON_MAX_CHARS, PaymentSystemForm
from gateway.providers.models import PaymentSystem
from gateway.providers.models.system_guards import NO_LIMIT, PAYOUT_COLUMNS, PAYOUTS_CHANGED

#: As many digits as the column has.
_AMOUNT: Final = re.compile(r"[0-9]{1,16}(\.[0-9]{1,4})?", re.ASCII)
_LABELS: Final = {
    "pays_out": "Pays out",
    "withdrawal_minimum": "Withdrawal minimum",
    "withdrawal_maximum": "Withdrawal maximum",
    "recipient_fields": "Recipient fields",
}


def _limit(name: str) -> Field:
    def read(text: str, _: Values) -> str:
        if text != NO_LIMIT and not _AMOUNT.fullmatch(text):
            raise Refused(f"{_LABELS[name]}: plain digits with at most four decimals, or {NO_LIMIT}.", field=name)
        return text

    sentence = f"Of one payout, in the system's currency; write {NO_LIMIT} where there is none."
    return Field(name=name, label=_LABELS[name], help=sentence, read=read)


def _recipient_fields() -> Field:
    def read(text: str, _: Values) -> list[dict[str, Any]]:
        try:
            return recipient_rows(json.loads(text))
        except BadFields as error:
            raise Refused(str(error), field="recipient_fields") from None
        except (ValueError, RecursionError):
            raise Refused("Recipient fields: write a JSON list.", field="recipient_fields") from None

    return Field(
        name="recipient_fields",
        label=_LABELS["recipient_fields"],
        help="Whom to pay, field by field, and where each goes in the signed request; as JSON, all of them.",
        read=read,
        write=lambda value, _: json.dumps(value),
        max_length=JSON_MAX_CHARS,
    )


def _locked(values: Values) -> PaymentSystem:
    return PaymentSystem.objects.select_for_update(of=("self",), no_key=True).get(pk=values["code"])


def _change_in(system: PaymentSystem, values: Values) -> None:
    """Set the columns, as the form and its rules allow it; not saved.

    Raises:
        Refused: they do not.
    """
    sent = {name: "" if values[name] == NO_LIMIT else values[name] for name in PAYOUT_COLUMNS}
    sent |= {"pays_out": values["pays_out"] == "yes", "recipient_fields": json.dumps(values["recipient_fields"])}
    form = modelform_factory(PaymentSystem, form=PaymentSystemForm, fields=[*PAYOUT_COLUMNS])(sent, instance=system)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Refused(" ".join(str(one) for one in errors), field=field if field in PAYOUT_COLUMNS else "")


def _notes(before: PaymentSystem, after: PaymentSystem) -> Iterator[str]:
    """All of it, before and after: what is the same was not looked at by two persons while nothing was paid out."""
    for name, label in _LABELS.items():
        old, new = _said(getattr(before, name)), _said(getattr(after, name))
        yield f"{label}: {new}, as it is." if old == new else f"{label}: from {old} to {new}."


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "nothing" if value is None else json.dumps(value, sort_keys=True)


def _plan(values: Values) -> Plan:
    before, after = _locked(values), _locked(values)
    _change_in(after, values)
    if all(getattr(before, name) == getattr(after, name) for name in PAYOUT_COLUMNS):
        raise Refused("Nothing of this payment system would change.")
    changed = f"How money leaves through {before.code} ({before.name}) changes, of live and of test payouts."
    return Plan(mode=Mode.LIVE, notes=(changed, *_notes(before, after)))


def _change(values: Values, _cause: Cause, _instruction: Instruction) -> None:
    system = _locked(values)
    _change_in(system, values)
    system.save(update_fields=PAYOUT_COLUMNS)


VERBS: Final = (
    Verb(
        name=PAYOUTS_CHANGED,
        sentence="Whether a payment system pays out, the least and the most of one payout, and the recipient's fields.",
        fields=(
            verb_fields.payment_system("code"),
            verb_fields.chosen(
                "pays_out", _LABELS["pays_out"], "Whether payouts go through it.", [("yes", "yes"), ("no", "no")]
            ),
            _limit("withdrawal_minimum"),
            _limit("withdrawal_maximum"),
            _recipient_fields(),
        ),
        plan=_plan,
        execute=_change,
    ),
)
