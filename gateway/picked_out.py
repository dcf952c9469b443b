"""Rows whose keys are picked out first, and only then joined, sorted and filtered otherwise.

PostgreSQL guesses how many rows a condition leaves, and begins with whichever table it guesses to leave the fewest:
where that guess is wrong it walks through millions. What is in an array it has to have found before.
"""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models


class _Among(models.Func):
    """Whether the first one is in the array of the second."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()


def picked_out(rows: "models.QuerySet[Any]") -> models.Q:
    """Filter: these rows, of the same model."""
    return models.Q(_Among(models.F("pk"), ArraySubquery(rows.values("pk"))))
