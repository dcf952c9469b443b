"""TypeIDs in addresses: ``<dep:deposit_id>`` gives the UUID.

A text that is no id of the kind is the id of nothing: whoever sends it meets the same door as with the id of an object
that does not exist, and is asked for the same key before.
"""

import uuid
from typing import Final

from django.urls import register_converter

from gateway import ids

#: No object's id: ours carry their time.
_NOBODY: Final = uuid.UUID(int=0)

#: The kinds of ids that stand in addresses.
PREFIXES: Final = (
    ids.CUSTOMER,
    ids.DEPOSIT,
    ids.CHECKOUT_SESSION,
    ids.CONFIRMATION,
    ids.WITHDRAWAL,
    ids.BATCH,
    ids.EVENT,
    ids.WEBHOOK_ENDPOINT,
)


class _TypeIdConverter:
    regex = "[^/]+"
    prefix: str

    def to_python(self, value: str) -> uuid.UUID:
        """The UUID behind the id."""
        return ids.decode(self.prefix, value) or _NOBODY

    def to_url(self, value: uuid.UUID) -> str:
        """The prefixed text."""
        return ids.encode(self.prefix, value)


def register() -> None:
    """Make one converter for each kind of id that stands in an address, named by its prefix."""
    for prefix in PREFIXES:
        register_converter(type(f"{prefix}Converter", (_TypeIdConverter,), {"prefix": prefix}), prefix)
