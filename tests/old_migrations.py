"""The way of databases that began before there were squashed migrations: each migration in turn, until those are gone.

``python -m tests.old_migrations`` migrates an empty database that way.
"""

import copy
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
if __name__ == "__main__":
    django.setup()

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.models import Field

from gateway.database import roles


def without_squashed() -> MigrationLoader:
    """The migrations as if there were no squashed ones; Django does the same where some of the old are applied."""
    loader = MigrationLoader(connection, replace_migrations=False)
    for squashed, migration in loader.replacements.items():
        loader.graph.remove_replacement_node(squashed, migration.replaces)
    return loader


def _copied(field: "Field[Any, Any]") -> "Field[Any, Any]":
    """What `Field.clone` makes of a field that no model has yet, the next in order; that takes it apart to do so."""
    made = copy.deepcopy(field)
    made.creation_counter = Field.creation_counter
    Field.creation_counter += 1
    return made


def executor() -> MigrationExecutor:
    """Migrates to old migrations, by old migrations. Django's connection has to be the owner's.

    For a process of its own. After nearly every operation Django makes nearly every model anew, of cloned fields, which
    is nearly all that such a process does; copied ones are made in two thirds of the time.
    """
    Field.clone = _copied  # type: ignore[assignment, method-assign]
    old = MigrationExecutor(connection)
    old.loader = without_squashed()
    return old


def main() -> None:
    """Migrate by the old ones alone, and let ``manage.py migrate`` do what it does after the last."""
    with roles.as_owner(connection):
        old = executor()
        old.migrate(old.loader.graph.leaf_nodes())
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    main()
