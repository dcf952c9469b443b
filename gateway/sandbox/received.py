"""What a client sent, read as the provider's framework reads it: query, JSON body and form in one bag."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request

# `name[]` and `name[0]` are elements of the list `name`.
_ELEMENT: Final = re.compile(r"(?P<name>[^\[\]]+)\[[0-9]*\]")

# Never kept: what opens doors.
_REDACTED_FIELDS: Final = frozenset({"secret", "signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The fields of one call.

    Attributes:
        fields: query string, form and JSON members by name, strings trimmed; a body wins over the query.
        document: the JSON object as it was sent, numbers as Python reads them; None where the body is none.
        is_broken: whether there is a body that claims to be JSON and is no JSON object.
        files: uploaded files, bytes by field name.
    """

    fields: dict[str, Any]
    document: dict[str, Any] | None = field(repr=False)
    is_broken: bool
    files: dict[str, int]

    @property
    def order_id(self) -> str:
        """The client's own id of the order that the call is about; empty where it has none."""
        for name in ("custom_transaction_id", "withdrawal_id"):
            value = self.fields.get(name)
            if isinstance(value, str):
                return value
        return ""

    def redacted(self) -> dict[str, Any]:
        """The fields for the list of requests."""
        shown = {name: value for name, value in self.fields.items() if name not in _REDACTED_FIELDS}
        return {**shown, **{name: f"{size} bytes" for name, size in self.files.items()}}


def receive(request: Request) -> Received:
    """Read a call."""
    bag = {**_lists(request.args), **_lists(request.form)}
    document: dict[str, Any] | None = None
    is_broken = False
    if request.mimetype == "application/json" and (raw := request.get_data()):
        document = _object(raw, exact=False)
        bag |= _object(raw, exact=True) or {}
        is_broken = document is None
    return Received(
        fields={name: _trimmed(value) for name, value in bag.items()},
        document=document,
        is_broken=is_broken,
        files={name: len(file.stream.read()) for name, file in request.files.items()},
    )


def _lists(pairs: MultiDict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs.items(multi=True):
        element = _ELEMENT.fullmatch(name)
        if element is None:
            found[name] = value
        else:
            held = found.setdefault(element["name"], [])
            if isinstance(held, list):
                held.append(value)
    return found


def _object(raw: bytes, *, exact: bool) -> dict[str, Any] | None:
    """Parse a JSON object; `exact` keeps fractions as Decimal for money, a signature needs them as floats."""
    try:
        value = json.loads(raw, parse_float=Decimal if exact else None)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _trimmed(value: Any) -> Any:
    match value:
        case str():
            return value.strip()
        case Mapping():
            return {name: _trimmed(member) for name, member in value.items()}
        case list():
            return [_trimmed(item) for item in value]
        case _:
            return value
