"""Where a provider account's addresses differ from the contract's (C§5 rows 4 and 5): checked, then used."""

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final
from urllib.parse import unquote

from django.core.exceptions import ValidationError

from gateway.paykassma.client import Paths

#: As long as any column that holds a path; real ones have some forty characters.
_MAX_LENGTH: Final = 190
_PLACE: Final = "{wallet_type}"
#: Visible ASCII that stays a path: no query, no fragment, no backslash, no blank, nothing to be filled in.
_PATH: Final = re.compile(r"/(?!/)[\x21\x24-\x3b\x3d\x40-\x5b\x5d-\x7a\x7e]*", re.ASCII)
_DEFAULTS: Final = asdict(Paths())


def check_paths(value: Any) -> None:
    """Refuse what is no object of paths by operation; a validator of `ProviderAccount.paths`.

    Raises:
        ValidationError: it names every entry that is wrong.
    """
    if not isinstance(value, dict):
        raise ValidationError("Write an object: the name of an operation and its path.")
    objections = [f"{name}: {sentence}" for name, path in value.items() if (sentence := _objection(name, path))]
    if objections:
        raise ValidationError(objections)


def paths_of(overrides: Mapping[str, str]) -> Paths:
    """The contract's paths, with the given ones in their places.

    Checked once more: a row may have been written by other ways than a form, and the secret goes to these paths.
    """
    check_paths(overrides)
    return replace(Paths(), **overrides)


def _objection(name: str, path: Any) -> str:
    if name not in _DEFAULTS:
        return f"There is no such operation. Known: {', '.join(_DEFAULTS)}."
    if not isinstance(path, str) or not 1 < len(path) <= _MAX_LENGTH:
        return f"Write a path of 2 to {_MAX_LENGTH} characters."
    if path.count(_PLACE) != _DEFAULTS[name].count(_PLACE):
        return f"The payment system's place is written {_PLACE}, once, where the contract has one, and nowhere else."
    plain = path.replace(_PLACE, "x")
    # Dots as a whole segment would be resolved away before anything is sent, and another address be called.
    if not _PATH.fullmatch(plain) or any(part and not unquote(part).strip(".") for part in plain.split("/")):
        return (
            "Begin with one slash and write the path alone: no host, no query, no fragment, no dots in place of a name."
        )
    return ""
