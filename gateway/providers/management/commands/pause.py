"""``manage.py pause``: payouts stopped, and let go on, from a terminal: for nights on which the admin is down.

Examples::

    manage.py pause list
    manage.py pause everything --by ada --reason "too many wrong recipients"
    manage.py pause product Shop --mode test --by ada --reason "a trial"
    manage.py pause resume 01a20fd0-c7b7-75b4-addc-af177162d789 --by ben --reason "it was a test"
"""

import uuid
from argparse import ArgumentParser
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from gateway.people import named_staff
from gateway.products.models import Mode
from gateway.providers.models import PauseScope, PayoutPause, PayoutPauseKind, ProviderAccount
from gateway.providers.pause_targets import name_of, targets
from gateway.providers.pauses import CannotPause, pause_payouts, resume_payouts

#: As they are typed.
_SCOPES: Final = {
    "account": PauseScope.PROVIDER_ACCOUNT,
    "product": PauseScope.PRODUCT,
    "system": PauseScope.PAYMENT_SYSTEM,
}


class Command(BaseCommand):
    """Lists pauses of payouts, makes one, or ends one."""

    help = "Pause payouts, or let them go on. Whoever does it, and why, is written down."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is to be paused; or a list, or the end of a pause."""
        whats = parser.add_subparsers(dest="what", required=True)
        whats.add_parser("list", help="what is paused now, with the ids of the pauses")
        steps = [whats.add_parser("everything", help="all payouts of a mode")]
        for name, scope in _SCOPES.items():
            step = whats.add_parser(name, help=f"payouts of one {scope.label}")
            step.add_argument("name", help="as the admin shows it")
            steps.append(step)
        for step in steps:
            step.add_argument("--mode", choices=Mode.values, help="live unless it says test; of an account its own")
        resume = whats.add_parser("resume", help="end a pause")
        resume.add_argument("id", type=uuid.UUID, help="as `list` shows it")
        for step in (*steps, resume):
            step.add_argument("--by", required=True, help="username of the staff member who decided it")
            step.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; what is refused is a sentence."""
        try:
            self._do(options)
        except (CannotPause, PermissionDenied) as error:
            raise CommandError(str(error)) from error

    def _do(self, options: dict[str, Any]) -> None:
        if options["what"] == "list":
            rows = PayoutPause.objects.filter(ended_at=None).select_related("by").order_by("since")
            self.stdout.writelines(_line(one) for one in rows)
            return
        by = named_staff(options["by"])
        if options["what"] == "resume":
            done = resume_payouts(options["id"], options["reason"], by)
            self.stdout.write("They go on." if done else "That pause had ended before.")
            return
        scope = _SCOPES.get(options["what"], PauseScope.EVERYTHING)
        key, mode = _found(scope, options)
        made = pause_payouts(scope, key, PayoutPauseKind.PERSON, options["reason"], by, mode=mode)
        self.stdout.write(_line(made), ending="")


def _found(scope: PauseScope, options: dict[str, Any]) -> tuple[str, str]:
    name = options.get("name", "everything")
    mode = options["mode"] or Mode.LIVE
    if scope == PauseScope.PROVIDER_ACCOUNT:
        mode = ProviderAccount.objects.filter(name=name).values_list("mode", flat=True).first() or mode
    found = [one.key for one in targets(mode) if (one.scope, one.name) == (scope, name)]
    if not found:
        raise CommandError(f"There is no {scope.label} {name!r} that pays out.")
    return found[0], mode


def _line(pause: PayoutPause) -> str:
    since = f"{pause.since:%Y-%m-%d %H:%M:%S}Z"
    return f"{pause.pk}  {pause.mode}  {name_of(pause)}, since {since}, {pause.by or 'by itself'}: {pause.reason}\n"
