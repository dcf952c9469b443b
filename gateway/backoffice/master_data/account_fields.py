"""What the verbs of provider accounts have to be told: a field for each column that takes two persons."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from balances import verb_fields
from balances.verb_fields import Field, Refused, Values
from gateway.providers.models import ACCOUNT_NAME_MAX_LENGTH, UNGUESSABLE_PATTERN
from gateway.providers.models.account_guards import EMPTY, PLAIN_COLUMNS, SECRET_COLUMNS

_YES_OR_NO: Final = [("yes", "yes"), ("no", "no")]
#: Columns that are on or off.
SWITCHES: Final = frozenset({"is_active", "ids_proven_unique", "accepts_older_postbacks"})
#: As long as the column of an address, and room for every path that there is.
_URL_MAX_LENGTH: Final = 200
_PATHS_MAX_LENGTH: Final = 2000
#: With each column, what a person should know who agrees to it.
WARNINGS: Final = {
    "base_url": "Every call, with the secret of the account, and every payout goes to this address.",
    "paths": "Every call of these operations goes to these paths.",
    "widget_url": "Customers are sent to this address to pay.",
    "ids_proven_unique": "With yes, a withdrawal whose answer was lost is sent again by itself.",
    "accepts_older_postbacks": "With yes, letters of the two older formats are believed to be the provider's.",
    "withdrawal_key": "It signs payouts.",
    "postback_token": "The provider has to write to the new address.",
}
LABELS: Final = {
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

NAME: Final = Field(
    name="name",
    label="Name",
    help="By which people know it.",
    read=lambda text, _: text,
    max_length=ACCOUNT_NAME_MAX_LENGTH,
)


def columns(*, of_a_new_one: bool) -> Iterator[Field]:
    """A field of each column that takes two persons; of those that an opened account needs, none may be left out."""
    for name in (*PLAIN_COLUMNS, *SECRET_COLUMNS):
        label, is_required = LABELS[name], of_a_new_one and name in _NEEDED
        if name in SWITCHES:
            yield verb_fields.chosen(name, label, WARNINGS.get(name, "Yes or no."), _YES_OR_NO, is_required=False)
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
        help=f"For example https://api.example.com.{'' if name in _NEEDED else f' Write {EMPTY} to empty it.'}",
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
