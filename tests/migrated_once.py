"""One process of a spread run migrates a database, and all of them copy it: a copy takes a tenth of a second.

Advisory locks say who is where. They end with their process, however it ends, so that whoever comes first begins anew.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql
from pytest_django import DjangoDbBlocker

from tests import roles

#: Held by whoever looks whether the database is there, makes it or drops it.
_LOOKING: Final = 1
#: Shared by everybody who may copy it.
_COPYING: Final = 2


@contextmanager
def migrated_once(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Meanwhile the database that Django makes for the tests begins as a copy.

    Django's connection is the owner's, and to no database of the tests yet.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield  # the only process migrates its own
        return
    name = f"test_{connection.settings_dict['NAME']}_migrated"
    with roles.owner() as keeper:
        keeper.execute("SELECT pg_advisory_lock(%s)", [_LOOKING])
        if _nobody_copies(keeper):
            with blocker.unblock():
                _migrate(name)
        keeper.execute("SELECT pg_advisory_lock_shared(%s)", [_COPYING])
        keeper.execute("SELECT pg_advisory_unlock(%s)", [_LOOKING])
        connection.settings_dict["TEST"]["TEMPLATE"] = name
        yield
        keeper.execute("SELECT pg_advisory_lock(%s)", [_LOOKING])
        keeper.execute("SELECT pg_advisory_unlock_shared(%s)", [_COPYING])
        if _nobody_copies(keeper):
            keeper.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _nobody_copies(keeper: "psycopg.Connection[Any]") -> bool:
    """Asked by whoever is looking: nobody begins or ends meanwhile."""
    (alone,) = keeper.execute("SELECT pg_try_advisory_lock(%s)", [_COPYING]).fetchone() or (False,)
    if alone:
        keeper.execute("SELECT pg_advisory_unlock(%s)", [_COPYING])
    return bool(alone)


def _migrate(name: str) -> None:
    wanted, database = connection.settings_dict["TEST"]["NAME"], connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    # What somebody is connected to cannot be copied.
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["TEST"]["NAME"] = wanted
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = database
