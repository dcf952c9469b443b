"""``manage.py issue_key``: a new API key, shown once.

Example::

    manage.py issue_key Shop --mode live --name "payout service" --scope read --scope withdrawals:write \
        --by ada --reason "the shop pays out itself"

One by which real money leaves works when another person has agreed: ``manage.py money approve ins_01… --by ben``.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from balances.signing_in import person
from balances.verb_fields import Refused
from gateway.backoffice.master_data.key_issuing import issue
from gateway.kept_history import by_command
from gateway.products.models import Mode, Product, Scope


class Command(BaseCommand):
    """Issues a key, or asks for it."""

    help = "Issue an API key; it is shown once. A live one by which money leaves takes two persons."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose key, what it may, who asks and why."""
        parser.add_argument("product", help="its name")
        parser.add_argument("--mode", required=True, choices=Mode.values)
        parser.add_argument("--name", required=True, help="by which people know the key")
        parser.add_argument("--scope", required=True, action="append", choices=Scope.values)
        parser.add_argument("--reason", required=True)
        parser.add_argument("--by", required=True, help="your username; your password is asked for")

    @by_command("issue_key")
    def handle(self, *args: Any, **options: Any) -> None:
        """Issue it; the key is the first line of the output."""
        product = Product.objects.filter(name=options["product"]).first()
        if product is None:
            raise CommandError(f"There is no product {options['product']!r}.")
        by = person(options["by"])
        try:
            made = issue(
                product,
                Mode(options["mode"]),
                name=options["name"],
                scopes=options["scope"],
                reason=options["reason"],
                by=by,
            )
        except (Refused, PermissionDenied) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(made.key)
        works = "It works now." if made.instruction is None else f"{made.instruction.public_id} waits for approval."
        self.stdout.write(f"It is not shown again. {works}")
