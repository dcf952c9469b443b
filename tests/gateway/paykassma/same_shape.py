"""Does an answer have the shape of a recorded one: the same keys, and values of the same JSON type?"""

from collections.abc import Iterator
from typing import Any, Final

#: Objects whose keys are names of systems, currencies or details: only their values have a shape.
FREE_KEYS: Final = frozenset({"converted_amount", "stockpiling", "images"})

#: Null in one of the contract's samples and something else in another.
NULLABLE: Final = frozenset(
    {
        *("transaction_type", "stockpiling_id", "withdrawal_id", "withdrawal_status", "bank_code", "branch_code"),
        *("is_check_amount", "plugin_custom_order_id", "transaction_id"),
    }
)


def kind(value: Any) -> str:
    """The JSON type of a value; PHP tells neither integers from floats nor empty lists from empty objects."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case dict() | list():
            return "container" if not value else type(value).__name__
        case _:
            return "number"


def differences(recorded: Any, answered: Any, name: str = "", path: str = "") -> Iterator[str]:
    """Where the two differ in shape.

    Args:
        recorded: a parsed recording.
        answered: what somebody else says in the same case.
        name: key of the member that is compared; names the objects of free keys.
        path: for the reader.
    """
    if kind(recorded) != kind(answered):
        is_nullable = name in NULLABLE and "null" in {kind(recorded), kind(answered)}
        if not is_nullable:
            yield f"{path or '/'}: recorded {kind(recorded)}, answered {kind(answered)}"
    elif isinstance(recorded, dict):
        yield from _members(recorded, answered, name, path)
    elif isinstance(recorded, list) and recorded:
        for index, element in enumerate(answered):
            # A list may hold elements of several shapes (found and not found): one of them has to fit.
            tries = [list(differences(one, element, name, f"{path}/{index}")) for one in recorded]
            if all(tries):
                yield from min(tries, key=len)


def _members(recorded: dict[str, Any], answered: dict[str, Any], name: str, path: str) -> Iterator[str]:
    if name in FREE_KEYS:
        for key, value in answered.items():
            tries = [list(differences(one, value, key, f"{path}/{key}")) for one in recorded.values()]
            if all(tries):
                yield from min(tries, key=len)
        return
    yield from (f"{path}/{key}: recorded, not answered" for key in recorded.keys() - answered.keys())
    yield from (f"{path}/{key}: answered, not recorded" for key in answered.keys() - recorded.keys())
    for key in recorded.keys() & answered.keys():
        yield from differences(recorded[key], answered[key], key, f"{path}/{key}")
