"""Columns that are encrypted at rest: provider secrets, recipients, frozen payloads, raw letters.

One MultiFernet over ``settings.FIELD_ENCRYPTION_KEYS``: the first key encrypts, every key decrypts, so a key is
rotated by putting the new one in front.
"""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)  # one entry a process; tests that rotate keys use a few
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _current() -> MultiFernet:
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


class EncryptedTextField(models.BinaryField):  # type: ignore[type-arg]
    """Text in Python, Fernet ciphertext in a ``bytea`` column. Cannot be searched."""

    def from_db_value(self, value: bytes | memoryview | None, *_: object) -> str | None:
        """Decrypt what the database returned."""
        return None if value is None else _current().decrypt(bytes(value)).decode()

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt before it leaves the process."""
        return None if value is None else _current().encrypt(str(value).encode())

    def to_python(self, value: Any) -> Any:
        """Text stays text; BinaryField would read it as base64."""
        return value


class EncryptedJSONField(EncryptedTextField):
    """A JSON value in Python, encrypted text in the database. Numbers that are money travel as strings."""

    def from_db_value(self, value: bytes | memoryview | None, *_: object) -> Any:
        """Decrypt and parse."""
        text = super().from_db_value(value)
        return None if text is None else json.loads(text)

    def get_prep_value(self, value: Any) -> Any:
        """Serialise and encrypt."""
        return None if value is None else super().get_prep_value(json.dumps(value, ensure_ascii=False))


class EncryptedBytesField(EncryptedTextField):
    """Raw bytes in Python (a letter exactly as it came), encrypted in the database."""

    def from_db_value(self, value: bytes | memoryview | None, *_: object) -> Any:
        """Decrypt."""
        return None if value is None else _current().decrypt(bytes(value))

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt."""
        return None if value is None else _current().encrypt(bytes(value))
