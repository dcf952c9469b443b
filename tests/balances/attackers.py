"""Who attacks the database, and in which ways: every guard is tried in all of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from django.db import connection, transaction

from tests import roles

ATTACKERS: Final[dict[str, Callable[[], AbstractContextManager[None]]]] = {
    "application": roles.as_application,
    "owner": roles.as_owner,
}


def attack_plainly(step: Callable[[], object]) -> None:
    with transaction.atomic():
        step()


def attack_in_a_savepoint(step: Callable[[], object]) -> None:
    with transaction.atomic(), transaction.atomic():
        step()


def attack_with_the_variable(step: Callable[[], object]) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger%%'")
            names = [name for trigger, table in cursor.fetchall() for name in (trigger, f"{table}:{trigger}")]
            cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{','.join(names)}}}"])
        step()


WAYS: Final = (attack_plainly, attack_in_a_savepoint, attack_with_the_variable)
