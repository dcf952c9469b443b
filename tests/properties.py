"""How property tests run here: the same examples each time, as many as fit, and no clock for a single one."""

from typing import Final

from hypothesis import HealthCheck, settings

#: Pure functions: a hundred examples take a second.
PURE: Final = settings(derandomize=True, deadline=None, max_examples=120, database=None)

#: Examples that reach the database or the API; a fixture is shared by all examples of a test, which leave nothing.
WITH_DATABASE: Final = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
