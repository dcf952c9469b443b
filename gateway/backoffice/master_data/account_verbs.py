"""A live provider account, opened and changed by two persons: its credentials, where it leads, and what it allows."""

import json
from collections.abc import Iterator
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.forms import modelform_factory
from django.utils import timezone

from balances import verb_fields, verb_secrets
from balances.instruction_models import Instruction
from balances.verb_fields import Refused, Values
from balances.verbs import Plan, Verb
from gateway.backoffice.master_data.account_fields import LABELS, NAME, SWITCHES, WARNINGS, columns
from gateway.encryption import readable_or
from gateway.lifecycles import Cause
from gateway.products.models import Mode
from gateway.providers import health
from gateway.providers.account_forms import ProviderAccountForm
from gateway.providers.models import ProviderAccount
from gateway.providers.models.account_guards import CHANGED, EMPTY, OPENED, PLAIN_COLUMNS, SECRET_COLUMNS


def _told(values: Values) -> dict[str, Any]:
    """The columns that are named, with their values as the model has them."""
    told: dict[str, Any] = {}
    for name in (*PLAIN_COLUMNS, *SECRET_COLUMNS):
        value = values[name]
        if value is None:
            continue
        if name in SWITCHES:
            value = value == "yes"
        elif value == EMPTY:
            value = None if name in SECRET_COLUMNS else ""
        told[name] = value
    return told


def _checked(account: ProviderAccount, told: dict[str, Any]) -> None:
    """Set the columns, as the forms and the model allow it.

    Raises:
        Refused: they do not.
    """
    plain = {name: value for name, value in told.items() if name in PLAIN_COLUMNS}
    shown = {name: json.dumps(value) if name == "paths" else value for name, value in plain.items()}
    form = modelform_factory(ProviderAccount, form=ProviderAccountForm, fields=[*plain])(shown, instance=account)
    for name in form.fields.keys() - plain.keys():
        del form.fields[name]  # it stays as it is
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Refused(" ".join(str(one) for one in errors), field=field if field in plain else "")
    for name, value in told.items():
        setattr(account, name, value)
    try:
        account.full_clean(exclude=[one for one in SECRET_COLUMNS if one != "postback_token"])
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None
    pair = ("previous_postback_access_key", "previous_postback_private_key")
    if len({readable_or(account, name, "") is None for name in pair}) > 1:
        raise Refused("The previous postback keys are two, or none.", field=pair[0])


def _notes(account: ProviderAccount, before: ProviderAccount | None, values: Values) -> Iterator[str]:
    for name in (one for one in _told(values) if before is None or _differs(before, account, one)):
        if name in SECRET_COLUMNS:
            now = "emptied" if values[name] == EMPTY else verb_secrets.fingerprint(name, values[name])
            yield f"{LABELS[name]}: {now}."
        else:
            former = "" if before is None else f"from {_said(before, name)} "
            yield f"{LABELS[name]}: {former}to {_said(account, name)}."
        if name in WARNINGS:
            yield WARNINGS[name]


def _said(account: ProviderAccount, name: str) -> str:
    value = getattr(account, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, sort_keys=True) if name == "paths" else value or "nothing"


def _differs(before: ProviderAccount, after: ProviderAccount, name: str) -> bool:
    # What cannot be opened any more is always replaced.
    return bool(readable_or(before, name, object()) != getattr(after, name))


def _locked(account: ProviderAccount) -> ProviderAccount:
    return ProviderAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)


def _plan_change(values: Values) -> Plan:
    before, after = _locked(values["provider_account"]), _locked(values["provider_account"])
    _checked(after, _told(values))
    notes = tuple(_notes(after, before, values))
    if not notes:
        raise Refused("Nothing of this account would change.")
    return Plan(mode=before.mode, notes=(f"The {before.mode} provider account {before.name} changes.", *notes))


def _change(values: Values, _cause: Cause, _instruction: Instruction) -> None:
    before, after = _locked(values["provider_account"]), _locked(values["provider_account"])
    told = _told(values)
    _checked(after, told)
    changed = [name for name in told if _differs(before, after, name)]
    after.save(update_fields=changed)
    if {"base_url", *SECRET_COLUMNS} & set(changed):
        health.forgive(after)


def _new(values: Values) -> ProviderAccount:
    # Due now: the first look at the provider's list of systems does not wait for an hour.
    account = ProviderAccount(name=values["name"], mode=Mode.LIVE, next_at=timezone.now())
    told = _told(values)
    account.base_url = told["base_url"]
    _checked(account, told)
    return account


def _plan_opening(values: Values) -> Plan:
    account = _new(values)
    opened = f"A live provider account {account.name} is opened."
    return Plan(mode=Mode.LIVE, notes=(opened, *_notes(account, None, values)))


def _open(values: Values, _cause: Cause, _instruction: Instruction) -> None:
    _new(values).save(force_insert=True)


VERBS: Final = (
    Verb(
        name=OPENED,
        sentence="A new account with the provider, for real money.",
        fields=(NAME, *columns(of_a_new_one=True)),
        plan=_plan_opening,
        execute=_open,
    ),
    Verb(
        name=CHANGED,
        sentence="Credentials of a provider account, where it leads, or what it allows. What is left empty stays.",
        fields=(verb_fields.provider_account(), *columns(of_a_new_one=False)),
        plan=_plan_change,
        execute=_change,
    ),
)
