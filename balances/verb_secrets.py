"""Secrets that people hand to a verb: kept encrypted beside the instruction until it is decided, and never shown.

What stands in the parameters of a secret is its fingerprint, a part of its keyed hash: whoever holds the secret can
compare, and nobody without the key can try secrets on it.
"""

import hmac
from collections.abc import Iterable, Mapping
from typing import Final

from balances.instruction_models import Instruction
from balances.verb_fields import Field, Refused
from gateway.encryption import UnreadableColumn
from gateway.keyed_hashes import every_hash

#: Of 64 hexadecimal digits: no two secrets share so many by chance, and a person compares them at a glance.
_SHOWN: Final = 12
#: How the parameter of a secret begins.
_CHANGED: Final = "changed, fingerprint "


def fingerprint(field: str, text: str) -> str:
    """By what a secret is known to whoever does not hold it."""
    return f"{_CHANGED}{_fingerprints(field, text)[0]}"


def is_of(field: str, text: str, kept: str) -> bool:
    """Whether a fingerprint is that of this secret, under any of the present keys."""
    known = [f"{_CHANGED}{one}" for one in _fingerprints(field, text)]
    return any(hmac.compare_digest(one.encode(), kept.encode()) for one in known)


def is_held(instruction: Instruction, field: str, text: str) -> bool:
    """Whether somebody holds the secret that an instruction asks for, or asked for.

    Raises:
        Refused: it has no such secret.
    """
    kept = instruction.parameters.get(field, "")
    if not kept.startswith(_CHANGED):
        raise Refused(f"{field} is no secret of this instruction.")
    return is_of(field, text.strip(), kept)


def _fingerprints(field: str, text: str) -> list[str]:
    return [one[:_SHOWN] for one in every_hash(f"secret of an instruction: {field}", text)]


def parted(fields: Iterable[Field], texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str] | None]:
    """What an instruction keeps of these texts: what may be seen, and the secrets, or None where there are none."""
    secret = {one.name for one in fields if one.is_secret and one.name in texts}
    shown = {name: fingerprint(name, text) if name in secret else text for name, text in texts.items()}
    return shown, {name: texts[name] for name in sorted(secret)} or None


def texts_of(fields: Iterable[Field], instruction: Instruction) -> dict[str, str]:
    """What the verb of an undecided instruction is told, its secrets in their places.

    Raises:
        Refused: the secrets cannot be decrypted, or are not those that were asked for.
    """
    texts: dict[str, str] = dict(instruction.parameters)
    try:
        secrets: dict[str, str] = instruction.secrets or {}
    except UnreadableColumn:
        raise Refused("Its secrets cannot be decrypted with the present keys; ask for it anew.") from None
    for name in (one.name for one in fields if one.is_secret and one.name in texts):
        if name not in secrets or not is_of(name, secrets[name], texts[name]):
            raise Refused("Its secrets are not those that were asked for; ask for it anew.")
        texts[name] = secrets[name]
    return texts
