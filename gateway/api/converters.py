"""TypeIDs in addresses: ``<dep:deposit_id>`` gives the UUID; another prefix matches nothing, so it is a 404."""

import uuid

from django.urls import register_converter

from gateway import ids


class _TypeIdConverter:
    regex = "[a-z]{1,3}_[0-9a-z]{26}"
    prefix: str

    def to_python(self, value: str) -> uuid.UUID:
        """The UUID behind the id; ValueError means "no match" to Django."""
        found = ids.decode(self.prefix, value)
        if found is None:
            raise ValueError(value)
        return found

    def to_url(self, value: uuid.UUID) -> str:
        """The prefixed text."""
        return ids.encode(self.prefix, value)


def register() -> None:
    """Make one converter for each kind of id that stands in an address, named by its prefix."""
    for prefix in ids.IN_ADDRESSES:
        register_converter(type(f"{prefix}Converter", (_TypeIdConverter,), {"prefix": prefix}), prefix)
