"""``manage.py migrate``: as the owner, and afterwards the application is told what it may do."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from gateway.database import roles


class Command(migrate.Command):
    """Django's own, between taking the owner's place and leaving it."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the role, the tables, the grants. Where only a look is asked for, nothing of it."""
        connection = connections[options["database"]]
        with roles.as_owner(connection):
            if options["plan"] or options["check_unapplied"]:
                super().handle(*args, **options)
                return
            try:
                roles.make_application_role(connection)
            except ImproperlyConfigured as error:
                raise CommandError(str(error)) from None
            super().handle(*args, **options)
            roles.grant(connection)
