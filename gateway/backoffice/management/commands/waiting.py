"""``manage.py waiting``: what waits for a person, as the admin's pages show it, for a terminal or a program.

Examples::

    manage.py waiting
    manage.py waiting --json | jq '.[] | select(.mode == "live")'
"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.timesince import timesince

import payments.waiting
import withdrawals.waiting
from balances.waiting import LISTED_MAX, Waiting
from gateway.money import format_amount


class Command(BaseCommand):
    """Lists what waits, oldest first."""

    help = f"List the money and the payouts that wait for a person, oldest first (at most {LISTED_MAX} of each sort)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How to show it."""
        parser.add_argument("--json", action="store_true", help="one array of objects, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show it."""
        everything = [*payments.waiting.waiting(), *withdrawals.waiting.waiting()]
        rows = sorted(everything, key=lambda row: (row.since, row.public_id))
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(row) for row in rows], indent=2))
            return
        for row in rows:
            self.stdout.write(
                f"{row.public_id}  {_age(row)}  {row.sum}  {row.payment_system}  {row.account} ({row.mode})"
                f"  {row.order or 'no order'}\n    {row.why}"
                + (f"\n    {row.asked_for} waits for a second person." if row.asked_for else "")
            )
        if not rows:
            self.stdout.write("Nothing waits.")


def _age(row: Waiting) -> str:
    return timesince(row.since, depth=1).replace("\xa0", " ")


def _as_json(row: Waiting) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "since": row.since.isoformat(),
        "age_seconds": int((timezone.now() - row.since).total_seconds()),
        "amount": format_amount(row.amount, row.currency),
        "currency": row.currency,
        "payment_system": row.payment_system,
        "account": row.account,
        "mode": row.mode,
        "order": row.order or None,
        "why": row.why,
        "instruction": row.asked_for or None,
    }
