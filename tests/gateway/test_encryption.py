"""Encrypted columns: text for us, ciphertext for whoever reads the disk."""

from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.db import connection
from pytest_django.fixtures import Settings

from gateway.encryption import EncryptedBytesField, EncryptedJSONField, EncryptedTextField
from gateway.providers.models import ProviderAccount, ProviderCall

ODD_TEXTS = ["", "a", "ü\U0001f600\0\u202e", "x" * 100_000]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (EncryptedTextField(), ODD_TEXTS),
        (EncryptedBytesField(), [b"", b"\0\xff", bytes(range(256)) * 100]),
        (EncryptedJSONField(), [None, {}, {"a": ["1.00", None, True]}, "ü", []]),
    ],
    ids=["text", "bytes", "json"],
)
def test_what_is_written_is_read(field: Any, values: list[Any]) -> None:
    for value in values:
        stored = field.get_prep_value(value)
        assert field.from_db_value(stored) == value
        assert field.from_db_value(None if stored is None else memoryview(stored)) == value


@pytest.mark.parametrize("field", [EncryptedTextField(), EncryptedBytesField(), EncryptedJSONField()])
def test_nothing_stays_nothing(field: Any) -> None:
    assert field.get_prep_value(None) is None
    assert field.from_db_value(None) is None


def test_the_same_text_is_never_stored_alike() -> None:
    field = EncryptedTextField()
    stored = {field.get_prep_value("the same") for _ in range(20)}
    assert len(stored) == 20
    assert all(b"the same" not in one for one in stored)


def test_the_column_holds_ciphertext(account: ProviderAccount) -> None:
    call = ProviderCall.objects.create(account=account, operation="x", request={"a": "canary"}, response=b"canary")
    with connection.cursor() as cursor:
        cursor.execute("SELECT request, response FROM providers_providercall WHERE id = %s", [call.pk])
        stored = [bytes(one) for one in cursor.fetchone()]
    assert all(b"canary" not in one and one.startswith(b"gAAAA") for one in stored)
    call.refresh_from_db()
    assert (call.request, call.response) == ({"a": "canary"}, b"canary")


def test_a_key_is_rotated_by_putting_the_new_one_in_front(settings: Settings) -> None:
    field, former = EncryptedTextField(), settings.FIELD_ENCRYPTION_KEYS
    old = field.get_prep_value("secret")
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *former]
    new = field.get_prep_value("secret")
    assert (field.from_db_value(old), field.from_db_value(new)) == ("secret", "secret")
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert field.from_db_value(new) == "secret"
    with pytest.raises(InvalidToken):
        field.from_db_value(old)


def test_altered_ciphertext_is_not_read() -> None:
    field = EncryptedTextField()
    stored = bytearray(field.get_prep_value("100.00"))
    stored[30] ^= 1
    with pytest.raises(InvalidToken):
        field.from_db_value(bytes(stored))
