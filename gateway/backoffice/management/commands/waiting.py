"""``manage.py waiting``: what waits for a person, as the admin's pages show it, for a terminal or a program.

Examples::

    manage.py waiting
    manage.py waiting --mode live --queue suspense
    manage.py waiting --json | jq '.[] | select(.age_seconds > 86400)'
"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.timesince import timesince

from balances.waiting import LISTED_MAX, Waiting
from gateway.backoffice.queues import catalogue, reading
from gateway.backoffice.queues.catalogue import Queue
from gateway.money import format_amount
from gateway.shown_mode import MODES


class Command(BaseCommand):
    """Lists what waits, oldest first."""

    help = f"List what waits for a person, oldest first (at most {LISTED_MAX} of each queue and mode)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How to show it."""
        parser.add_argument("--json", action="store_true", help="one array of objects, for programs")
        parser.add_argument("--queue", choices=[one.name for one in catalogue.QUEUES], help="of this queue alone")
        parser.add_argument("--mode", choices=MODES, help="of this mode alone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show it."""
        rows = sorted(_waiting(options["queue"], options["mode"]), key=lambda pair: (pair[1].since, pair[1].public_id))
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(queue, row) for queue, row in rows], indent=2))
            return
        for queue, row in rows:
            self.stdout.write(
                f"{row.public_id}  {queue.name}  {_age(row)}  {row.sum}  {row.payment_system or 'no system'}"
                f"  {row.account} ({row.mode})  {row.order or 'no order'}\n    {row.why}"
                + (f"\n    {row.asked_for} waits for a second person." if row.asked_for else "")
            )
        if not rows:
            self.stdout.write("Nothing waits.")


def _age(row: Waiting) -> str:
    return timesince(row.since, depth=1).replace("\xa0", " ")


def _waiting(name: str | None, mode: str | None) -> list[tuple[Queue, Waiting]]:
    wanted = [one for one in catalogue.QUEUES if name in {None, one.name}]
    modes = MODES if mode is None else (mode,)
    return [
        (queue, row.entry)
        for queue in wanted
        for one in modes
        for row in reading.page(queue, one, {}, limit=LISTED_MAX).rows
    ]


def _as_json(queue: Queue, row: Waiting) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "queue": queue.name,
        "since": row.since.isoformat(),
        "age_seconds": int((timezone.now() - row.since).total_seconds()),
        "amount": None if row.amount is None else format_amount(row.amount, row.currency),
        "currency": row.currency,
        "payment_system": row.payment_system,
        "account": row.account,
        "mode": row.mode,
        "order": row.order or None,
        "why": row.why,
        "instruction": row.asked_for or None,
    }
