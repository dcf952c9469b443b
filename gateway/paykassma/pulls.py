"""What the provider answers when asked about orders: many at once (C§1.12) or one (C§1.10)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from gateway.paykassma.postbacks import Postback, PostbackItem, UnusableItem, parse_postback
from gateway.paykassma.wire_values import read_id, read_items

Kind = Literal["deposit", "withdrawal"]

# By kind: the list in the answer, the outer id of its entries, and the same id inside of a postback's item.
_LIST_NAME: Final[dict[Kind, str]] = {"deposit": "transactions", "withdrawal": "withdrawals"}
_OUTER_ID: Final[dict[Kind, str]] = {"deposit": "plugin_custom_order_id", "withdrawal": "withdrawal_id"}

_NOT_FOUND_TEXT: Final = "withdrawal with this id not found"
#: Reason of an entry that has neither a postback nor a message that we know: words, not money.
UNKNOWN_MESSAGE: Final = "unknown_message"
#: Reason of several entries for one withdrawal, one of which has a postback: it may have been made, or paid, twice.
FOUND_TWICE: Final = "found_twice"

_NO_POSTBACK_TEXT: Final = "postback not found"


class PullState(StrEnum):
    """What the provider knows of an order."""

    NOT_FOUND = "not_found"
    """It says that the order never arrived. It may lag behind: not a proof."""
    NO_POSTBACK = "no_postback"
    """No result yet. A withdrawal is known there; of a deposit it says no more than that."""
    FOUND = "found"
    """There is a postback; its items may still be unusable."""
    UNUSABLE = "unusable"
    """It said something that we cannot read: never to be taken for any of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullEntry:
    """The provider's word on one order.

    Attributes:
        postback: only when found.
        reason: only when unusable: a short fixed word.
        inner_id_agrees: whether every item carries the id that was asked for. The contract's sample has
            one that does not (C§1.12): worth a line in the log.
    """

    state: PullState
    postback: Postback | None = None
    reason: str = ""
    inner_id_agrees: bool = True


def parse_pull(kind: Kind, payload: Any) -> dict[str, PullEntry]:
    """Read the answer to a pull of many orders (C§1.12).

    Args:
        kind: what was asked for.
        payload: of an accepted answer.

    Returns:
        By the *outer* id. An id that is missing was not answered: that is no "not found" either.
    """
    data = payload.get("data") if isinstance(payload, dict) else None
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict) and _LIST_NAME[kind] in data[0]:
        data = data[0]  # "array/object", says the table
    if isinstance(data, dict) and _LIST_NAME[kind] in data:
        data = data[_LIST_NAME[kind]]
    entries: dict[str, PullEntry] = {}
    for raw in read_items(data):
        outer_id = read_id(raw.get(_OUTER_ID[kind])) if isinstance(raw, dict) else None
        if not outer_id:
            continue
        entry = _entry(kind, outer_id, raw)
        known = entries.get(outer_id)
        entries[outer_id] = entry if known is None else _both(kind, known, entry)
    return entries


def _both(kind: Kind, known: PullEntry, entry: PullEntry) -> PullEntry:
    if kind == "withdrawal" and (PullState.FOUND in {known.state, entry.state} or known.reason == FOUND_TWICE):
        # Even the same twice: money out is one order with one end. Money in is told apart by its items.
        return PullEntry(state=PullState.UNUSABLE, reason=FOUND_TWICE)
    return known if known == entry else PullEntry(state=PullState.UNUSABLE, reason="answered_twice")


def _entry(kind: Kind, outer_id: str, raw: dict[str, Any]) -> PullEntry:
    if raw.get("postback"):
        postback = parse_postback(raw["postback"])
        if isinstance(postback, UnusableItem):
            return PullEntry(state=PullState.UNUSABLE, reason=postback.reason)
        if not postback.items:
            return PullEntry(state=PullState.UNUSABLE, reason="no_items")
        return PullEntry(
            state=PullState.FOUND,
            postback=postback,
            inner_id_agrees=all(
                (item.custom_id if kind == "deposit" else item.withdrawal_id) == outer_id
                for item in postback.items
                if isinstance(item, PostbackItem)
            ),
        )
    message = raw.get("message")
    text = message.casefold() if isinstance(message, str) else ""
    if _NO_POSTBACK_TEXT in text:
        return PullEntry(state=PullState.NO_POSTBACK)
    if kind == "withdrawal" and _NOT_FOUND_TEXT in text:
        return PullEntry(state=PullState.NOT_FOUND)
    return PullEntry(state=PullState.UNUSABLE, reason=UNKNOWN_MESSAGE)


def parse_read_postback(payload: Any) -> Postback | UnusableItem:
    """Read the answer to a question about one postback (C§1.10).

    Args:
        payload: of an accepted answer.

    Returns:
        The postback; `UnusableItem` for an answer without one.
    """
    postback = payload.get("postback") if isinstance(payload, dict) else None
    return parse_postback(postback) if postback else UnusableItem(reason="no_postback", raw=postback)
