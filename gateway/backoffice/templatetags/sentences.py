"""What columns say of themselves, without what only those who read the code need."""

import re
from typing import Final

from django import template

register = template.Library()

#: Where the provider's contract says so: ``(C§5 row 13)``. The sentences stand in migrations, which may not change.
_SOURCE: Final = re.compile(r"\s*\(C§[^)]*\)")


@register.filter
def without_sources(sentence: str) -> str:
    """As people read it: ``Zone of the provider's times.`` without the ``(C§0)`` at its end."""
    return _SOURCE.sub("", str(sentence))
