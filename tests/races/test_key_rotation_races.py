"""Keys are rotated while others write: nobody waits for the rotation, and no write is lost."""

import threading
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from gateway import key_rotation
from gateway.encryption import is_current
from gateway.key_rotation import Progress, rotate
from gateway.providers.models import ProviderAccount, ProviderCall

pytestmark = pytest.mark.django_db(transaction=True)


def of_responses(found: list[Progress]) -> Progress:
    return next(one for one in found if one.column == "providers.ProviderCall.response")


def stored(call: ProviderCall) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT response FROM providers_providercall WHERE id = %s", [call.pk])
        return bytes(cursor.fetchone()[0])


def test_a_locked_row_is_passed_over_and_reported_and_taken_by_the_next_run(
    account: ProviderAccount, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "PAUSE_SECONDS", 0)
    locked, free = (ProviderCall.objects.create(account=account, operation="x", response=b"kept") for _ in range(2))
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    is_locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            ProviderCall.objects.select_for_update().get(pk=locked.pk)
            is_locked.set()
            may_end.wait(30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert is_locked.wait(30)
        first = of_responses(list(rotate()))
    finally:
        may_end.set()
        holder.join()
    assert (first.renewed, first.busy, first.is_done) == (1, 1, False)
    assert (is_current(stored(free)), is_current(stored(locked))) == (True, False)
    second = of_responses(list(rotate()))
    assert (second.current, second.renewed, second.is_done) == (1, 1, True)
    assert is_current(stored(locked))


def test_writers_at_the_same_time_lose_nothing(account: ProviderAccount, settings: Settings) -> None:
    calls = [ProviderCall.objects.create(account=account, operation="x", response=b"0") for _ in range(20)]
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    together, failures = threading.Barrier(3), []

    def write(name: bytes) -> None:
        try:
            together.wait(30)
            for count in range(30):
                for call in calls[count % 2 :: 2]:
                    ProviderCall.objects.filter(pk=call.pk).update(response=b"%s-%d" % (name, count))
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(name,)) for name in (b"a", b"b")]
    for writer in writers:
        writer.start()
    together.wait(30)
    found: list[Any] = [of_responses(list(rotate())) for _ in range(5)]
    for writer in writers:
        writer.join()
    assert failures == []
    assert not any(one.unreadable for one in found)
    # The last word of a writer stands in every row: none was replaced by an older one.
    last = set(ProviderCall.objects.values_list("response", flat=True))
    assert last <= {b"a-28", b"b-28", b"a-29", b"b-29"}
