"""Who looks and then writes about the same thing does so one after the other.

An order that fits a limit alone may not fit together with another one that is made at the same moment: each would count
without the other. So whoever looks first takes a turn, which ends with the transaction, and looks after that.
"""

from collections.abc import Iterable

from django.db import connection


def take(things: Iterable[str], *, shared: bool = False) -> None:
    """Wait until nobody else has a turn at one of these things, then have it until the transaction ends.

    All at once and in one order, so that two that want the same things never wait for each other. Of several calls in
    one transaction, and of other locks beside them, each caller says which come first.

    Args:
        things: each by a name that begins with what it is, such as ``limit/…``: turns are the whole service's.
        shared: together with all others who take it so. Who wants it alone waits for all of them, and the other way
            round.
    """
    keys = sorted(set(things))
    if not keys:
        return
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {lock}(hashtextextended(thing, 0)) FROM unnest(%s::text[]) AS thing",  # noqa: S608 - one of two names
            [keys],
        )
