"""What COMMIT asks, asked in the middle of a test: a test is one transaction, and deferred rules look at its end."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction


def committed() -> None:
    """Ask now. What is written from here on is asked about later again, as ever."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def refused(sentence: str) -> Iterator[None]:
    """What is done in here the database refuses with this sentence, at once or at what would be its COMMIT; undone.

    Args:
        sentence: a regular expression, as `pytest.raises` takes it.
    """
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():  # noqa: PT012 - what is attacked is the caller's
        yield
        committed()
