"""Trouble by the dozen: what befalls each order and each call about it, drawn from a seed.

A draw depends on the seed, the order's recipient and how often such a call was made about it, and on nothing else:
neither on the client's ids, which differ from run to run, nor on which call arrives first. So the same seed and the
same recipients meet the same troubles, however the client's processes take turns.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from gateway.sandbox.answers import Answer, Manner
from gateway.sandbox.faults import Fault
from gateway.sandbox.received import Received


class Trouble(StrEnum):
    """What happens to one call."""

    RESET_BEFORE = "reset_before"
    """The connection closes and nothing was done."""
    BAD_GATEWAY_BEFORE = "bad_gateway_before"
    """HTTP 502 and nothing was done."""
    RESET_AFTER = "reset_after"
    """Done, and the connection closes unanswered."""
    BAD_GATEWAY_AFTER = "bad_gateway_after"
    """Done, and answered by HTTP 502."""
    HTML = "html"
    """Done, and answered by HTTP 200 and HTML."""
    CUT = "cut"
    """Done, and the JSON of the answer ends in its middle."""
    WRONG_TYPES = "wrong_types"
    """Done, and answered by JSON of other types than the contract's."""
    SLOW = "slow"
    """Done, and answered well after some seconds."""
    RESET_LATE = "reset_late"
    """Done, and the connection closes unanswered after some seconds."""
    HANG = "hang"
    """Done, and the answer hangs for longer than a client waits."""


_Choice = TypeVar("_Choice", bound=StrEnum)
#: Choices with their shares; what is left of 1 is no choice.
_Shares = Sequence[tuple[_Choice, float]]

#: Six of ten payouts meet a trouble when they are first sent: far more than any provider makes, few enough that the
#: client does not take each quarter of a minute for an outage.
_CREATION: Final[_Shares[Trouble]] = (
    (Trouble.RESET_BEFORE, 0.07),
    (Trouble.BAD_GATEWAY_BEFORE, 0.06),
    (Trouble.RESET_AFTER, 0.12),
    (Trouble.BAD_GATEWAY_AFTER, 0.07),
    (Trouble.HTML, 0.05),
    (Trouble.CUT, 0.05),
    (Trouble.WRONG_TYPES, 0.05),
    (Trouble.SLOW, 0.05),
    (Trouble.RESET_LATE, 0.04),
)
#: A question is repeated anyway.
_PULL: Final[_Shares[Trouble]] = (
    (Trouble.RESET_BEFORE, 0.05),
    (Trouble.BAD_GATEWAY_BEFORE, 0.05),
    (Trouble.RESET_AFTER, 0.03),
    (Trouble.HTML, 0.03),
    (Trouble.CUT, 0.03),
    (Trouble.WRONG_TYPES, 0.03),
    (Trouble.SLOW, 0.02),
)
#: What becomes of the order itself, in place of what its amount would call for.
_FATE: Final[_Shares[Fault]] = (
    (Fault.REJECTED, 0.07),
    (Fault.INTERMEDIATE, 0.06),
    (Fault.TWICE, 0.12),
    (Fault.NO_LETTER, 0.14),
    (Fault.LETTER_FIRST, 0.06),
    (Fault.CONTRADICTED, 0.12),
    (Fault.MASKED, 0.04),
    (Fault.SIGNED_ESCAPED, 0.04),
    (Fault.INSUFFICIENT, 0.06),
    (Fault.REFUSED_TEXT, 0.03),
    (Fault.REFUSED_FIELD, 0.03),
)

_BEFORE: Final[Mapping[Trouble, Manner]] = MappingProxyType(
    {Trouble.RESET_BEFORE: Manner.DROPPED, Trouble.BAD_GATEWAY_BEFORE: Manner.BAD_GATEWAY}
)
_AFTER: Final[Mapping[Trouble, Manner]] = MappingProxyType(
    {
        Trouble.RESET_AFTER: Manner.DROPPED,
        Trouble.BAD_GATEWAY_AFTER: Manner.BAD_GATEWAY,
        Trouble.HTML: Manner.GARBAGE,
        Trouble.CUT: Manner.CUT,
        Trouble.WRONG_TYPES: Manner.WRONG_TYPES,
        Trouble.SLOW: Manner.SLOW,
        Trouble.RESET_LATE: Manner.DROPPED_LATE,
        Trouble.HANG: Manner.HANGING,
    }
)

#: From acceptance to outcome: at once for some, later than several questions for others.
_OUTCOME_MAX_SECONDS: Final = 8.0
#: So many questions at most are answered by "not found" about an order that exists.
_DENIALS_MAX: Final = 2
#: Of three orders one is denied at first.
_DENIED: Final = 1 / 3
#: So often at most there is not enough money for an order.
_REFUSALS_FOR_FUNDS_MAX: Final = 2
#: Bytes of a digest that make a draw; seven fit a float.
_DRAW_BYTES: Final = 7


class Storm:
    """One storm. What was drawn for an order stays when it is over; its calls are left alone from then on.

    Attributes:
        ids_are_unique: whether a `withdrawal_id` that was seen before is refused; else each time it is paid again.
    """

    def __init__(self, seed: int, *, ids_are_unique: bool, hangs: float) -> None:
        self._seed = seed
        self.ids_are_unique = ids_are_unique
        self._creation = ((Trouble.HANG, hangs), *_CREATION)
        self._lock = threading.Lock()
        self._times: Counter[tuple[str, str]] = Counter()
        self._recipients: dict[str, str] = {}
        self._is_over = False

    def end(self) -> None:
        """Leave all calls alone from now on."""
        self._is_over = True

    def befall(self, endpoint: str, received: Received) -> Trouble | None:
        """Take note of a call, and draw what happens to it."""
        if endpoint == "withdraw":
            name = received.order_id
            self._recipients.setdefault(name, str(received.fields.get("account_number", "")))
            shares: _Shares[Trouble] = self._creation
        elif endpoint == "pull_postbacks":
            ids = received.fields.get("withdrawal_id")
            name = str(ids[0]) if isinstance(ids, list) and ids else ""
            shares = _PULL
        else:
            return None
        time = self._count(endpoint, name)
        return None if self._is_over else self._choose(shares, endpoint, name, str(time))

    def fate(self, withdrawal_id: str) -> Fault | None:
        """What becomes of an order."""
        fault = self._choose(_FATE, "fate", withdrawal_id)
        if fault is not Fault.INSUFFICIENT:
            return fault
        times = 1 + int(self._draw("funds", withdrawal_id) * _REFUSALS_FOR_FUNDS_MAX)
        with self._lock:
            is_short = self._times["withdraw", withdrawal_id] <= times
        return fault if is_short and not self._is_over else None

    def outcome_seconds(self, withdrawal_id: str) -> float:
        """From the order's acceptance to its outcome."""
        return self._draw("outcome", withdrawal_id) * _OUTCOME_MAX_SECONDS

    def denies(self, withdrawal_id: str) -> bool:
        """Whether this question about an order is answered by "not found", whatever is true."""
        time = self._count("question", withdrawal_id)
        draw = self._draw("denials", withdrawal_id)
        return not self._is_over and draw < _DENIED and time <= 1 + int(draw / _DENIED * _DENIALS_MAX)

    def _count(self, what: str, name: str) -> int:
        with self._lock:
            self._times[what, name] += 1
            return self._times[what, name]

    def _choose(self, shares: _Shares[_Choice], what: str, name: str, *more: str) -> _Choice | None:
        left = self._draw(what, name, *more)
        for choice, share in shares:
            left -= share
            if left < 0:
                return choice
        return None

    def _draw(self, what: str, name: str, *more: str) -> float:
        """From 0 to 1, the same for the same order whatever the client calls it."""
        parts = (str(self._seed), what, self._recipients.get(name, ""), *more)
        digest = hashlib.sha256("\0".join(parts).encode()).digest()
        return int.from_bytes(digest[:_DRAW_BYTES]) / 256**_DRAW_BYTES


def instead(trouble: Trouble | None) -> Answer | None:
    """What is answered to a call of which nothing is done; None for all others."""
    manner = None if trouble is None else _BEFORE.get(trouble)
    return None if manner is None else Answer(body=None, manner=manner)


def spoiled(answer: Answer, trouble: Trouble | None) -> Answer:
    """The answer to a call that was done, as it travels. One that waits for its letter waits for nothing else."""
    manner = None if trouble is None or answer.manner is Manner.LETTER_FIRST else _AFTER.get(trouble)
    return answer if manner is None else replace(answer, manner=manner)
