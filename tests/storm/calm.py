"""After the storm: what waits for its next question is made due, until nothing moves any more.

The ladder of questions goes on for a week. What it waits for is time alone, so a test may have it pass: the rows become
due at once, as they would by themselves.
"""

import time
from typing import Any, Final

from tests.storm.parts import Parts

# The storm's own process has no Django: what is said here a second time, `test_calm` compares.
#: Waiting for a question, a probe, or to be sent again.
_WAITING: Final = ["queued", "accepted", "waiting_funds", "unknown", "sending"]
_FINAL: Final = frozenset({"paid", "rejected", "failed", "cancelled", "reversed"})
#: In calm weather every call is answered at once: whoever has had a row for so long has died with it. Its lease
#: (`gateway.providers.calls.LEASE_SECONDS`) would last two minutes.
_WORKING_SECONDS: Final = 12
_LEASE_SECONDS: Final = 120
#: From one round to the next: a sweep (three seconds) and the work it rings for.
_ROUND_SECONDS: Final = 4.0
#: Nothing moves any more where so many rounds changed nothing: longer than any delay of the simulated provider, and
#: than any wait that is not turned forward below.
_STILL_ROUNDS: Final = 5
#: A backlog is worked off at the machine's pace; what still moves after so long goes round in circles.
_PATIENCE_SECONDS: Final = 1_800.0
#: More questions than the ladder has: the week is over.
_WEEK: Final = 1_000

_DUE: Final = """
    UPDATE withdrawals_withdrawal SET next_at = now()
    WHERE status = ANY(%s) AND next_at > now() AND (
        token IS NULL OR next_at < now() + make_interval(secs => %s)
    )
"""
#: Before the same bytes go out once more, hours pass since they were last sent (`SEND_AGAIN_DELAYS_SECONDS`).
_HOURS_PASS: Final = """
    UPDATE withdrawals_withdrawal SET sent_at = sent_at - interval '3 hours'
    WHERE status = 'unknown' AND token IS NULL AND sent_at > now() - interval '3 hours'
"""
_LETTERS_DUE: Final = "UPDATE postbacks_letteritem SET next_at = now() WHERE next_at > now() AND token IS NULL"
_PROBE_DUE: Final = "UPDATE providers_provideraccount SET paused_until = now() WHERE paused_until > now()"
_WEEK_IS_OVER: Final = "UPDATE withdrawals_withdrawal SET attempts = %s WHERE status = 'unknown' AND token IS NULL"
_STATUSES: Final = "SELECT status, count(*) FROM withdrawals_withdrawal WHERE reference LIKE %s GROUP BY 1 ORDER BY 1"
_MOVES: Final = "SELECT count(*) FROM withdrawals_withdrawalmove"


def settle(parts: Parts, name: str, ended: frozenset[str] = _FINAL) -> dict[str, int]:
    """Let time pass until nothing moves; how many withdrawals of this storm are in which status.

    Args:
        parts: that run.
        name: of the storm, with which references begin.
        ended: where all are in one of these, nothing more is waited for.
    """
    still, before, until = 0, -1, time.monotonic() + _PATIENCE_SECONDS
    with parts.database() as connection:
        while still < _STILL_ROUNDS and time.monotonic() < until:
            parts.revive()
            statuses = statuses_of(connection, name)
            if set(statuses) <= ended:
                break
            connection.execute(_PROBE_DUE)
            connection.execute(_LETTERS_DUE)
            connection.execute(_HOURS_PASS)
            connection.execute(_DUE, (_WAITING, _LEASE_SECONDS - _WORKING_SECONDS))
            time.sleep(_ROUND_SECONDS)
            (moves,) = connection.execute(_MOVES).fetchone() or (0,)
            still, before = (still + 1 if moves == before else 0), moves
        return statuses_of(connection, name)


def end_week(parts: Parts, name: str) -> dict[str, int]:
    """Let the last question of the ladder be asked of what is still unknown."""
    with parts.database() as connection:
        connection.execute(_WEEK_IS_OVER, (_WEEK,))
    return settle(parts, name, _FINAL | {"manual_review"})


def statuses_of(connection: Any, name: str) -> dict[str, int]:
    """How many withdrawals whose references begin like this are in which status."""
    return dict(connection.execute(_STATUSES, (f"{name}-%",)).fetchall())
