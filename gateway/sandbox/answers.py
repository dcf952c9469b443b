"""The shapes in which the provider answers (C§0), and the ways in which an answer fails to arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from gateway.sandbox.faults import Fault
from gateway.sandbox.rows import OrderRef

CODE_SUCCESS: Final = 20000
CODE_INVALID: Final = 30228
CODE_WRONG_SECRET: Final = 36205

# Texts the contract prints word for word.
POSTBACK_NOT_FOUND: Final = "Postback not found"
WITHDRAWAL_NOT_FOUND: Final = "Withdrawal with this ID not found"
POSSIBLE_CREATED: Final = "Transaction not found. Possible transaction created"
CHECK_STARTED: Final = (
    "Check of deposit status started. The operation may take longer than expected. "
    "Once checked the funds will credit to you account"
)
INSUFFICIENT: Final = "Insufficient balance"


class Manner(StrEnum):
    """How an answer travels."""

    NORMAL = "normal"
    DROPPED = "dropped"
    GARBAGE = "garbage"
    BAD_GATEWAY = "bad_gateway"
    HANGING = "hanging"
    LETTER_FIRST = "letter_first"
    CUT = "cut"
    WRONG_TYPES = "wrong_types"
    SLOW = "slow"
    DROPPED_LATE = "dropped_late"


_MANNERS: Final[Mapping[Fault | None, Manner]] = MappingProxyType(
    {
        Fault.LOST_AFTER: Manner.DROPPED,
        Fault.LOST_BEFORE: Manner.DROPPED,
        Fault.DENIED: Manner.DROPPED,
        Fault.GARBAGE: Manner.GARBAGE,
        Fault.BAD_GATEWAY: Manner.BAD_GATEWAY,
        Fault.HANG: Manner.HANGING,
        Fault.LETTER_FIRST: Manner.LETTER_FIRST,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer.

    Attributes:
        body: a JSON value.
        status: HTTP status.
        manner: how it travels.
        order: the accepted order, if there is one.
    """

    body: Any
    status: HTTPStatus = HTTPStatus.OK
    manner: Manner = Manner.NORMAL
    order: OrderRef | None = None


def accepted(body: Any, fault: Fault | None, order: OrderRef, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """Answer for an order that exists now, in the manner of its fault."""
    return Answer(body=body, status=status, manner=_MANNERS.get(fault, Manner.NORMAL), order=order)


def dropped() -> Answer:
    """No answer, and no order."""
    return Answer(body=None, manner=Manner.DROPPED)


def ok(**members: Any) -> Answer:
    """OK-1 to OK-5."""
    return Answer(body={"status": "ok", **members})


def success(data: Any, total: int | None = None) -> Answer:
    """OK-6, with `paginate` where a number of elements is given."""
    return Answer(body=success_body(data, total))


def success_body(data: Any, total: int | None = None) -> dict[str, Any]:
    """The body of OK-6."""
    body: dict[str, Any] = {"status": "success", "message": "", "code": CODE_SUCCESS, "data": data}
    if total is not None:
        body["paginate"] = {"offset": 0, "total": total, "limit": total}
    return body


def possible_created_body() -> dict[str, Any]:
    """PEND."""
    return {"status": "possible_transaction_created", "message": POSSIBLE_CREATED}


def fail(message: str | Mapping[str, list[str]]) -> Answer:
    """ERR-1 with a text, ERR-2 with texts by field. The contract gives no HTTP status for them: 200."""
    return Answer(body={"status": "fail", "message": message})


def wrong_secret() -> Answer:
    """ERR-3."""
    return Answer(
        body={
            "status": "error",
            "code": CODE_INVALID,
            "errors": {"target": "secret", "code": CODE_WRONG_SECRET, "message": "Wrong secret"},
            "error_message": "Data validation error",
        },
    )
