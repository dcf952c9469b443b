"""How a thing moved, and what its product asked for: its calls are known by the moves that they made."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from gateway.api.models import IdempotencyKey
from gateway.backoffice.story.bounded import first_and_last, with_gap
from gateway.backoffice.story.entries import Entry, Kind, Rank
from gateway.in_words import in_words, sentence
from gateway.lifecycles import CauseKind, Move
from gateway.status_tones import tone_of

#: The key of a request is written when its transaction began, by the database's clock; the move when it happened, by
#: ours. Both lie within milliseconds, and clocks of machines within a second or two.
_APART: Final = timedelta(seconds=5)


def rows_of(move: type[Move], about: Q) -> list[Any]:
    """The moves with their things, in their order; of a flood the first and the last ones."""
    rows: QuerySet[Any] = move._default_manager.filter(about)  # noqa: SLF001 - Django's documented API
    return first_and_last(rows, "created_at", "id")


def entries(rows: Iterable[Any], statuses: Any, *, kind: Kind = Kind.MOVE, with_first: bool = True) -> list[Entry]:
    """An entry for each move: to which status, with its sentence, and why.

    Args:
        rows: of `rows_of`.
        statuses: the choices of the thing's status.
        kind: of the entries.
        with_first: whether its beginning is told; not where the thing has an entry of its own.
    """

    def of(row: Any) -> Entry:
        status = statuses(row.to_status)
        before = "stays" if row.from_status == row.to_status else f"{in_words(row.from_status)} →"
        by_answer = row.cause in {CauseKind.PROVIDER_ANSWER, CauseKind.PULL}
        return Entry(
            kind=kind,
            at=row.created_at,
            rank=Rank.ANSWERED if by_answer else Rank.MOVED,
            tie=(row.sequence, ""),
            track=str(row.subject_id),
            title=before if row.from_status else "It began:",
            status=in_words(row.to_status),
            tone=tone_of(row.to_status),
            said=[sentence(status.label), *([f"“{row.detail}”"] if row.detail else [])],
            cause=(row.cause, row.cause_id),
            answers_a_call=by_answer,
        )

    told = with_gap(kind, list(rows), of)
    return told if with_first else [one for one in told if one.is_gap or one.tie[0] > 1]


def requests(product: Any, mode: str, touched: Iterable[Any], *, made: dict[Any, tuple[str, datetime]]) -> list[Entry]:
    """What the product asked for by its keys, as far as it moved something: one entry for each of its calls.

    Args:
        product: id of the product.
        mode: of the order.
        touched: moves (and decisions) of the order and of what belongs to it.
        made: by the id of what may have moved, how it is named here, and when it was made.
    """
    by_call: dict[tuple[str, str], list[Any]] = {}
    for row in touched:
        # Without a request id it was a worker on a key's behalf: a row of a batch, as its move says.
        if row.cause == CauseKind.API_KEY and row.request_id:
            by_call.setdefault((row.cause_id, row.request_id), []).append(row)
    # What each call made, if it made something; what else moved with it is told by the moves.
    firsts = {call: min(rows, key=lambda row: (row.sequence > 1, row.created_at)) for call, rows in by_call.items()}
    keys = _keys_of(product, mode, firsts.values())
    told = []
    for (key_id, request_id), first in firsts.items():
        name, made_at = made[first.subject_id]
        facts = [("Request id", request_id)]
        if first.sequence == 1 and (used := keys.get(first.subject_id)) is not None:
            facts += [("Idempotency-Key", used.key), ("Answered", str(used.response_status))]
        told.append(
            Entry(
                kind=Kind.REQUEST,
                # Its row is made a moment before its first move is written.
                at=min(first.created_at, made_at) if first.sequence == 1 else first.created_at,
                rank=Rank.ASKED,
                tie=(0, request_id),
                title=_asked(first, name),
                facts=facts,
                cause=(CauseKind.API_KEY, key_id),
            )
        )
    return told


def _asked(row: Any, name: str) -> str:
    if row.sequence == 1:
        return f"POST: the product sent the {name}"
    if row.to_status == "cancelled":
        return f"POST cancel: the product called the {name} off"
    return f"The product moved the {name}"


def _keys_of(product: Any, mode: str, moves: Iterable[Any]) -> dict[Any, IdempotencyKey]:
    """The idempotency keys by what they made, found by their time: an index of the objects would cost every order."""
    beginnings = [row for row in moves if row.sequence == 1]
    moments = Q(pk=None)
    for row in beginnings:
        moments |= Q(created_at__range=(row.created_at - _APART, row.created_at + _APART))
    made = [row.subject_id for row in beginnings]
    found = IdempotencyKey.objects.filter(moments, product=product, mode=mode, object_id__in=made)
    return {one.object_id: one for one in found}
