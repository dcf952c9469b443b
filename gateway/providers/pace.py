"""How fast an account is called: a place in line for each call, and none while the account is paused.

One statement a call on one narrow row, in PostgreSQL: losing Redis neither opens this gate nor shuts it. The time is
the database's, so workers whose clocks differ keep one pace.
"""

import time
from typing import Any, Final

from django.db import connection

from gateway.providers.models import CallPace, ProviderAccount

#: A worker waits at most so long for its place: long enough to smooth a burst, short enough that one slow account does
#: not hold the workers of the others. Who would wait longer gives the work back.
WAIT_SECONDS: Final = 2.0

# The generic cell rate algorithm: `used_until` runs ahead of the clock by one step for each call, and a call must wait
# where it has run ahead by more than the calls that may leave at once. The pause is read in the same breath, so a loop
# that has held its account for minutes stops as well.
#
# The row's lock lasts until the commit: with a flush to disk in between, all workers together could make no more calls
# a second than the disk makes flushes. A crash of the database forgets at most the last fraction of a second.
_TAKE: Final = """
    WITH unflushed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO providers_callpace AS pace (account_id, used_until)
    SELECT account.id, clock_timestamp() + make_interval(secs => %(step)s)
    FROM providers_provideraccount AS account, unflushed
    WHERE account.id = %(account)s
        AND account.pause_kind = 'none'
    ON CONFLICT (account_id) DO UPDATE
    SET used_until = GREATEST(pace.used_until, clock_timestamp()) + make_interval(secs => %(step)s)
    WHERE pace.used_until <= clock_timestamp() + make_interval(secs => %(ahead)s + %(patience)s)
    RETURNING EXTRACT(EPOCH FROM used_until - clock_timestamp())::float8 - %(step)s - %(ahead)s
"""
# The places that are free at this moment, at most as many as are wanted. The row is locked before the clock is read.
_TAKE_FREE: Final = """
    WITH unflushed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
    line AS MATERIALIZED (
        SELECT account_id, used_until FROM providers_callpace, unflushed
        WHERE account_id = %(account)s FOR UPDATE OF providers_callpace
    ),
    now AS MATERIALIZED (SELECT account_id, used_until, clock_timestamp() AS at FROM line),
    free AS (
        SELECT account_id, GREATEST(used_until, at) AS used, LEAST(
            %(wanted)s,
            floor((%(ahead)s - EXTRACT(EPOCH FROM GREATEST(used_until, at) - at)::float8) / %(step)s)::integer + 1
        ) AS places
        FROM now
    )
    UPDATE providers_callpace AS pace SET used_until = free.used + make_interval(secs => %(step)s * free.places)
    FROM free, providers_provideraccount AS account
    WHERE pace.account_id = free.account_id AND account.id = free.account_id AND account.pause_kind = 'none'
        AND free.places > 0
    RETURNING free.places
"""
_GIVE_BACK: Final = """
    WITH unflushed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE providers_callpace SET used_until = used_until - make_interval(secs => %(step)s * %(places)s) FROM unflushed
    WHERE account_id = %(account)s
"""


def take_place(account: ProviderAccount, *, patience_seconds: float = WAIT_SECONDS) -> bool:
    """Wait for the account's next place in line; false where it is paused or the wait would be too long.

    Taken before an order is marked as being sent, so that who is held back has nothing to undo.

    Args:
        account: whose pace and whose pauses count.
        patience_seconds: the longest wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {**_line_of(account), "patience": patience_seconds})
        row = cursor.fetchone()
    if row is None:
        return False
    if row[0] > 0:
        time.sleep(row[0])
    return True


def take_free_places(account: ProviderAccount, wanted: int) -> int:
    """Take the account's places that are free without waiting; how many, none while it is paused or was never called.

    Calls that leave at once by these are no more than would leave at once one by one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_FREE, {**_line_of(account), "wanted": wanted})
        row = cursor.fetchone()
    return 0 if row is None else int(row[0])


def give_back_places(account: ProviderAccount, places: int) -> None:
    """Give back places that were taken a moment ago, and by which nothing left."""
    if places:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, {**_line_of(account), "places": places})


def forget(account: ProviderAccount) -> None:
    """Begin the line anew, where the pace was changed: at a slower one it may have run ahead by hours."""
    CallPace.objects.filter(account=account).delete()


def _line_of(account: ProviderAccount) -> dict[str, Any]:
    """What all statements are told: whose line it is, its step, and how far it may run ahead, in seconds."""
    step_seconds = 60 / account.calls_per_minute
    return {"account": account.pk, "step": step_seconds, "ahead": (account.calls_at_once - 1) * step_seconds}
