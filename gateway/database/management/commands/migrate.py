"""``manage.py migrate``: as the owner, and afterwards the application is told what it may do."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from gateway.database import roles


class Command(migrate.Command):
    """Django's own, between taking the owner's place and leaving it."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """All of it as the owner, the checks that come first as well: there may be no application role yet."""
        with roles.as_owner(connections[options["database"]]):
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the role, the tables, the grants; nothing of it where only a look is asked for."""
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        connection = connections[options["database"]]
        try:
            roles.make_application_role(connection)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        super().handle(*args, **options)
        roles.grant(connection)
