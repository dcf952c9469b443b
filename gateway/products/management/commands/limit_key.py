"""``manage.py limit_key pk_live_Ab1c --calls 600 --network 192.0.2.0/24``: how often a key may call, and from where.

What is not named is no longer limited: the command says all of it each time.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gateway.kept_history import by_command
from gateway.products.actions import limit_key
from gateway.products.models import ApiKey


class Command(BaseCommand):
    """Finds one key by its first characters, as the admin shows them."""

    help = "Set how often an API key may call and from which networks; without options both limits are taken off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The key and its limits."""
        parser.add_argument("prefix", help="the key's first 12 characters, as the admin shows them")
        parser.add_argument("--calls", type=int, default=None, help="calls in a minute")
        parser.add_argument("--network", action="append", default=[], help="CIDR notation; may be given several times")

    @by_command("limit_key")
    def handle(self, *args: Any, **options: Any) -> None:
        """Limit the key."""
        found = list(ApiKey.objects.filter(prefix=options["prefix"]))
        if len(found) != 1:
            raise CommandError(f"{len(found)} keys begin with {options['prefix']}.")
        calls = options["calls"]
        if calls is not None and calls < 1:
            raise CommandError("--calls is a whole number above 0.")
        try:
            limit_key(found[0].pk, calls_per_minute=calls, networks=options["network"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{found[0]} is limited.")
