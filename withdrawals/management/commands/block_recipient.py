"""``manage.py block_recipient --by NAME --reason TEXT [--product NAME]``: what the admin does, from a terminal.

The account is asked for, or read from standard input: an argument would stand in the shell's history and in the list
of processes.
"""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from gateway.people import named_staff
from gateway.products.models import Product
from withdrawals.blocklist import Unblockable, block


class Command(BaseCommand):
    """Blocks one account; two persons end it (``manage.py money propose recipient_unblocked``)."""

    help = "Pay nothing more to an account, which is read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, why, and whose orders."""
        parser.add_argument("--by", required=True, help="username of the staff member who decided it")
        parser.add_argument("--reason", required=True, help="kept plain: no account data")
        parser.add_argument("--product", default="", help="name of the one product; all of them where it is left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        person = named_staff(options["by"])
        product = Product.objects.filter(name=options["product"]).first()
        if options["product"] and product is None:
            raise CommandError(f"There is no product {options['product']!r}.")
        account = getpass.getpass("Account: ") if sys.stdin.isatty() else sys.stdin.readline()
        try:
            with transaction.atomic(durable=True):
                made = block(account, product=product, by=person, reason=options["reason"])
        except (Unblockable, PermissionDenied) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{made.public_id} blocks {made}.")
