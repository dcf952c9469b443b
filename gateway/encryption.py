"""Columns that are encrypted at rest: provider secrets, recipients, frozen payloads, raw letters.

One MultiFernet over ``settings.FIELD_ENCRYPTION_KEYS``: the first key encrypts, every key decrypts. A key is rotated
by putting the new one in front; ``manage.py rotate_encryption_keys`` then rewrites what an older one encrypted.

A value that no key opens does not hinder its row: lists, sweeps and other columns work as before. Whoever asks for
that one column is told so by `UnreadableColumn`, and a save writes back the very ciphertext that was read.
"""

import json
from functools import lru_cache
from typing import Any, Final

import structlog
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.models.query_utils import DeferredAttribute

log: Final = structlog.get_logger(__name__)


@lru_cache(maxsize=4)  # one entry a process; tests that rotate keys use a few
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _current() -> MultiFernet:
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


#: What most orders have for details. That a row has none is nobody's secret, so it is encrypted once in a process.
_EMPTY_OBJECT: Final = b"{}"


@lru_cache(maxsize=4)  # as above
def _empty_object(keys: tuple[str, ...]) -> bytes:
    return _fernet(keys).encrypt(_EMPTY_OBJECT)


def is_current(ciphertext: bytes) -> bool:
    """True where the first key alone opens it. A token carries no name of its key, so this is tried."""
    try:
        _fernet((settings.FIELD_ENCRYPTION_KEYS[0],)).decrypt(ciphertext)
    except InvalidToken:
        return False
    return True


def renewed(ciphertext: bytes) -> bytes | None:
    """The same value under the first key; None where no key opens it."""
    try:
        return _current().rotate(ciphertext)
    except InvalidToken:
        return None


class UnreadableColumn(Exception):  # noqa: N818 - reads as the fact it reports
    """A value that none of the present keys opens. Names its place, never its content."""

    def __init__(self, row: models.Model, column: str) -> None:
        self.place = f"{row._meta.label}.{column} of {row.pk}"  # noqa: SLF001 - Django's documented model API
        super().__init__(f"{self.place} cannot be decrypted with the present keys")


class Sealed:
    """Stands in a loaded row for a value that could not be opened; keeps its ciphertext for a later save."""

    __slots__ = ("ciphertext",)

    def __init__(self, ciphertext: bytes) -> None:
        self.ciphertext = ciphertext


def readable_or(row: models.Model, column: str, otherwise: Any) -> Any:
    """A column's value for display, or a stand-in where it cannot be opened: one such row must not hide the others.

    Never to act upon the stand-in: whoever does something with a value asks `opens` before, or for the column itself,
    and is stopped.
    """
    try:
        return getattr(row, column)
    except UnreadableColumn as unreadable:
        log.error("column_unreadable", place=unreadable.place)  # noqa: TRY400 - it has no trace worth reading
        return otherwise


def opens(row: models.Model, *columns: str) -> bool:
    """Whether each of these columns holds something, and a key opens it: asked before anything is done with them."""
    return all(readable_or(row, name, None) is not None for name in columns)


class _EncryptedAttribute(DeferredAttribute):
    """The column as an attribute: its value, or `UnreadableColumn` for a sealed one."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            raise UnreadableColumn(instance, self.field.attname)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        # With this method the class is asked before the instance's own dictionary, where values are kept.
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.BinaryField):  # type: ignore[type-arg]
    """Text in Python, Fernet ciphertext in a ``bytea`` column. Cannot be searched."""

    descriptor_class = _EncryptedAttribute

    def get_db_converters(self, connection: Any) -> list[Any]:
        """What makes a loaded row out of a database row."""
        return [self._load]

    def _load(self, value: bytes | memoryview | None, *_: object) -> Any:
        try:
            return self.from_db_value(value)
        except InvalidToken:
            assert value is not None
            return Sealed(bytes(value))

    def from_db_value(self, value: bytes | memoryview | None, *_: object) -> Any:
        """Decrypt what the database returned."""
        return None if value is None else self._decoded(_current().decrypt(bytes(value)))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        """The value to write; a sealed one goes back as it came."""
        kept = model_instance.__dict__.get(self.attname)
        return kept if isinstance(kept, Sealed) else super().pre_save(model_instance, add)

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt before it leaves the process."""
        if isinstance(value, Sealed):
            return value.ciphertext
        if value is None:
            return None
        raw = self._encoded(value)
        return _empty_object(tuple(settings.FIELD_ENCRYPTION_KEYS)) if raw == _EMPTY_OBJECT else _current().encrypt(raw)

    def to_python(self, value: Any) -> Any:
        """Text stays text; BinaryField would read it as base64."""
        return value

    def _encoded(self, value: Any) -> bytes:
        return str(value).encode()

    def _decoded(self, raw: bytes) -> Any:
        return raw.decode()


class EncryptedJSONField(EncryptedTextField):
    """A JSON value in Python, encrypted text in the database. Numbers that are money travel as strings."""

    def _encoded(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False).encode()

    def _decoded(self, raw: bytes) -> Any:
        return json.loads(raw)


class EncryptedBytesField(EncryptedTextField):
    """Raw bytes in Python (a letter exactly as it came), encrypted in the database."""

    def _encoded(self, value: Any) -> bytes:
        return bytes(value)

    def _decoded(self, raw: bytes) -> Any:
        return raw
