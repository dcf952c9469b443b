"""``manage.py second_factor``: for the first superuser, and for a night on which no superuser can come in.

Examples::

    manage.py second_factor ada                 # ada enrols at her next sign-in, within 24 hours
    manage.py second_factor ada --by ben        # ben is named in the log; else ada herself
    manage.py second_factor ada --lift-locks    # her wrong passwords and codes are forgotten
"""

from argparse import ArgumentParser
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from gateway.backoffice.signing_in import second_factor
from gateway.people import named_staff

#: For the log, after what was done.
_WHERE: Final = "on the command line"


class Command(BaseCommand):
    """Opens enrolment, or lifts the locks after failed sign-ins."""

    help = "Let a person enrol a second factor at their next sign-in; what they had before ends now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and who says so."""
        parser.add_argument("username")
        parser.add_argument("--by", help="who opens it, for the log; without it the person themselves")
        parser.add_argument("--lift-locks", action="store_true", help="only forget the person's failed sign-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what is next."""
        name = options["username"]
        # Whoever is inactive or no staff does not come in by it; that may be put right afterwards.
        person = get_user_model().objects.filter(username=name).first()
        if person is None:
            raise CommandError(f"There is nobody called {name!r}.")
        by = person if options["by"] is None else named_staff(options["by"])
        if options["lift_locks"]:
            second_factor.lift_locks(person, by=by, where=_WHERE)
            self.stdout.write(f"{name} may try again at once.")
            return
        second_factor.open_enrolment(person, by=by, where=_WHERE)
        self.stdout.write(
            f"{name} enrols at the next sign-in with the password, within {second_factor.OPEN_HOURS} hours."
        )
