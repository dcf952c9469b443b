"""Instructions, found by everything that they are called by: each way is an index."""

from typing import Any, Final

from django.db.models import QuerySet

from balances.instruction_models import Instruction
from gateway import ids
from gateway.exact_search import key_of

#: Of what an instruction is about, by the prefix of its id: the field that tells a verb of it.
_TYPEIDS: Final = {ids.RECEIPT: "receipt", ids.DEPOSIT: "deposit", ids.WITHDRAWAL: "withdrawal"}
#: The same of those that are told, and kept, without their prefix (`balances.verb_fields.row_id`).
_KEYS: Final = {ids.JOURNAL: "journal", ids.BLOCKED_RECIPIENT: "blocked"}


def instructions(term: str) -> "list[QuerySet[Any]]":
    """Instructions by their document, or by the id of what they are about."""
    ways = [Instruction.objects.filter(document=term)]
    for prefix, field in _TYPEIDS.items():
        if (key := key_of(prefix, term)) is not None:
            ways.append(about(field, ids.encode(prefix, key)))
    for prefix, field in _KEYS.items():
        if (key := key_of(prefix, term)) is not None:
            ways.append(about(field, str(key)))
    return ways


def about(field: str, text: str) -> "QuerySet[Instruction]":
    """Instructions that were told this by a field; asked so that the index of the parameters serves it."""
    return Instruction.objects.filter(parameters__contains={field: text})
