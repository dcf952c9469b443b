"""``manage.py provider_account list | pause NAME | resume NAME``: what the admin does, from a terminal."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from gateway.people import check_permission, named_staff
from gateway.providers.actions import pause_account, resume_account
from gateway.providers.models import PAUSE_REASON_MAX_LENGTH, ProviderAccount
from gateway.providers.pauses import stopped_through

_VERBS = {"pause": pause_account, "resume": resume_account}


class Command(BaseCommand):
    """Shows provider accounts, stops one, or lets it go on."""

    help = "Show provider accounts, pause one or resume it. Whoever does it, and why, is written down."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A verb; pausing and resuming need an account, a person and a reason."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="how each account is")
        for name, verb in _VERBS.items():
            one = verbs.add_parser(name, help=verb.__doc__)
            one.add_argument("name", help="of the account, as `list` shows it")
            one.add_argument("--by", required=True, help="username of the staff member who decided it")
            one.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        if options["verb"] == "list":
            self.stdout.writelines(_line(one) + "\n" for one in ProviderAccount.objects.order_by("name"))
            return
        account = ProviderAccount.objects.filter(name=options["name"]).first()
        if account is None:
            raise CommandError(f"There is no provider account {options['name']!r}.")
        person = named_staff(options["by"])
        try:
            check_permission(person, "providers.change_provideraccount", lock=False)
        except PermissionDenied as error:
            raise CommandError(str(error)) from None
        reason = options["reason"].strip()
        if not 0 < len(reason) <= PAUSE_REASON_MAX_LENGTH:
            raise CommandError(f"Give a reason of 1 to {PAUSE_REASON_MAX_LENGTH} characters.")
        _VERBS[options["verb"]](account, by=person, reason=reason)
        account.refresh_from_db()
        self.stdout.write(_line(account))


def _line(account: ProviderAccount) -> str:
    line = f"{account.name} ({account.mode}): "
    if account.is_paused():
        line += f"paused, {account.pause_kind}, since {account.paused_since:%Y-%m-%d %H:%M:%S}Z: {account.pause_reason}"
    else:
        line += "going"
    if account.paused_until is not None:
        line += f"; next probe {account.paused_until:%H:%M:%S}Z"
    for pause in stopped_through(account):
        line += f"; payouts paused since {pause.since:%Y-%m-%d %H:%M:%S}Z: {pause.reason}"
    return f"{line}; {account.calls_per_minute} calls a minute, {account.calls_at_once} at once"
