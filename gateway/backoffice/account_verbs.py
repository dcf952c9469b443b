"""A live provider account, opened and changed by two persons: its credentials, where it leads, and what it allows."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.forms import modelform_factory
from django.utils import timezone

from balances import verb_fields, verb_secrets
from balances.instruction_models import Instruction
from balances.verb_fields import Field, Refused, Values
from balances.verbs import Plan, Verb
from gateway.encryption import readable_or
from gateway.lifecycles import Cause
from gateway.products.models import Mode
from gateway.providers import health
from gateway.providers.account_forms import ProviderAccountForm
from gateway.providers.models import UNGUESSABLE_PATTERN, ProviderAccount
from gateway.providers.models.account_guards import CHANGED, EMPTY, OPENED, PLAIN_COLUMNS, SECRET_COLUMNS

_YES_OR_NO: Final = [("yes", "yes"), ("no", "no")]
_SWITCHES: Final = frozenset({"is_active", "ids_proven_unique", "accepts_older_postbacks"})
#: As long as the column of an address, and room for every path that there is.
_URL_MAX_LENGTH: Final = 200
_PATHS_MAX_LENGTH: Final = 2000
_NAME_MAX_LENGTH: Final = 80
#: With each column, what a person should know who agrees to it.
_WARNINGS: Final = {
    "base_url": "Every call, with the secret of the account, and every payout goes to this address.",
    "paths": "Every call of these operations goes to these paths.",
    "widget_url": "Customers are sent to this address to pay.",
    "ids_proven_unique": "With yes, a withdrawal whose answer was lost is sent again by itself.",
    "accepts_older_postbacks": "With yes, letters of the two older formats are believed to be the provider's.",
    "withdrawal_key": "It signs payouts.",
    "postback_token": "The provider has to write to the new address.",
}
_LABELS: Final = {
    "base_url": "Base URL",
    "widget_url": "Widget URL",
    "paths": "Paths",
    "is_active": "Takes new orders",
    "ids_proven_unique": "Ids proven unique",
    "accepts_older_postbacks": "Accepts older postbacks",
    "api_secret": "API secret",
    "withdrawal_key": "Withdrawal key",
    "postback_access_key": "Postback access key",
    "postback_private_key": "Postback private key",
    "previous_postback_access_key": "Previous postback access key",
    "previous_postback_private_key": "Previous postback private key",
    "postback_token": "Postback token",
}
#: What every account has.
_NEEDED: Final = ("base_url", *SECRET_COLUMNS[:4], "postback_token")


def _columns(*, of_a_new_one: bool) -> Iterator[Field]:
    for name in (*PLAIN_COLUMNS, *SECRET_COLUMNS):
        label, is_required = _LABELS[name], of_a_new_one and name in _NEEDED
        if name in _SWITCHES:
            yield verb_fields.chosen(name, label, _WARNINGS.get(name, "Yes or no."), _YES_OR_NO, is_required=False)
        elif name in SECRET_COLUMNS:
            yield _secret(name, label, is_required=is_required)
        elif name == "paths":
            yield _paths()
        else:
            yield _url(name, label, is_required=is_required)


def _url(name: str, label: str, *, is_required: bool) -> Field:
    return Field(
        name=name,
        label=label,
        help=f"For example https://api.example.com; write {EMPTY} to empty it.",
        read=lambda text, _: text if text == EMPTY else text.rstrip("/"),
        is_required=is_required,
        max_length=_URL_MAX_LENGTH,
    )


def _paths() -> Field:
    def read(text: str, _: Values) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            raise Refused(f"Paths: write JSON, {example}.", field="paths") from None

    example = 'for example {"savings": "/api/v2/deposit-info"}'
    return Field(
        name="paths",
        label="Paths",
        help="All of those that are unlike the contract's, by operation, as JSON.",
        read=read,
        write=lambda value, _: json.dumps(value, sort_keys=True),
        is_required=False,
        max_length=_PATHS_MAX_LENGTH,
    )


def _secret(name: str, label: str, *, is_required: bool) -> Field:
    def read(text: str, _: Values) -> str:
        if not (text.isascii() and text.isprintable()) or " " in text:
            raise Refused(f"{label}: visible letters, digits and signs, without blanks.", field=name)
        if name == "postback_token" and not re.match(UNGUESSABLE_PATTERN, text):
            raise Refused(f"{label}: 8 to 128 letters, digits or any of . _ ~ -", field=name)
        if text == EMPTY and not name.startswith("previous_"):
            raise Refused(f"{label}: it cannot be empty.", field=name)
        return text

    empties = f" Write {EMPTY} to empty it." if name.startswith("previous_") else ""
    return Field(
        name=name,
        label=label,
        help=f"It is not shown again; others see a fingerprint.{empties}",
        read=read,
        is_required=is_required,
        is_secret=True,
    )


def _told(values: Values) -> dict[str, Any]:
    """The columns that are named, with their values as the model has them."""
    told: dict[str, Any] = {}
    for name in (*PLAIN_COLUMNS, *SECRET_COLUMNS):
        value = values[name]
        if value is None:
            continue
        if name in _SWITCHES:
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
            yield f"{_LABELS[name]}: {now}."
        else:
            former = "" if before is None else f"from {_said(before, name)} "
            yield f"{_LABELS[name]}: {former}to {_said(account, name)}."
        if name in _WARNINGS:
            yield _WARNINGS[name]


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


_NAME: Final = Field(
    name="name", label="Name", help="By which people know it.", read=lambda text, _: text, max_length=_NAME_MAX_LENGTH
)

VERBS: Final = (
    Verb(
        name=OPENED,
        sentence="A new account with the provider, for real money.",
        fields=(_NAME, *_columns(of_a_new_one=True)),
        plan=_plan_opening,
        execute=_open,
    ),
    Verb(
        name=CHANGED,
        sentence="Credentials of a provider account, where it leads, or what it allows. What is left empty stays.",
        fields=(verb_fields.provider_account(), *_columns(of_a_new_one=False)),
        plan=_plan_change,
        execute=_change,
    ),
)
