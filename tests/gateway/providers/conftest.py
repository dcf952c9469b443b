from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def no_memory() -> Iterator[None]:
    """Nothing that an earlier test was told is remembered."""
    cache.clear()
    yield
    cache.clear()
