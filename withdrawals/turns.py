"""Who looks and then writes about the same thing does so one after the other.

An order that fits a limit alone may not fit together with another one that is made at the same moment: each would count
without the other. So whoever counts first takes a turn, which ends with the transaction, and counts after that.
"""

from collections.abc import Iterable

from django.db import connection


def take(things: Iterable[str]) -> None:
    """Wait until nobody else has a turn at one of these things, then have it until the transaction ends.

    All at once and in one order, so that two that want the same things never wait for each other. They come before the
    locks of the ledger's accounts, so one transaction opens one withdrawal.
    """
    keys = sorted(set(things))
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(thing, 0)) FROM unnest(%s::text[]) AS thing", [keys]
        )
