"""``manage.py statement --product … --mode live --currency INR --from 2026-01-01 --to 2026-02-01 --file ….csv``.

What ``GET /reports/statement`` gives a product, for any product and period, and of any length.
"""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from balances import statement_files
from balances.statement_files import MAX_MOVEMENTS, FileKind
from balances.statements import NotYetFinal, Statement, statement_of
from gateway.products.models import Mode, Product


class Command(BaseCommand):
    """Writes the statement of one product, mode, currency and period to a file."""

    help = "Write a statement of what a product had and owed: opening balances, every movement, closing balances."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What it is about, and where it goes."""
        parser.add_argument("--product", required=True, help="its name")
        parser.add_argument("--mode", required=True, choices=Mode.values)
        parser.add_argument("--currency", required=True, help="ISO 4217 code")
        times = "a date, or date and time by ISO 8601; UTC where it names no zone"
        parser.add_argument("--from", required=True, dest="begin", type=_instant, help=f"included: {times}")
        parser.add_argument("--to", required=True, dest="end", type=_instant, help=f"not included: {times}")
        parser.add_argument("--format", default=FileKind.CSV.value, choices=FileKind.values)
        parser.add_argument("--file", required=True, type=Path, help="must not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file, whole or not at all."""
        statement, kind, file = _statement(options), FileKind(options["format"]), options["file"]
        most = MAX_MOVEMENTS.get(kind)
        if most is not None and statement.count(up_to=most) > most:
            raise CommandError(f"The period has more movements than the {most:,} that fit into one sheet; take csv.")
        if file.exists():
            raise CommandError(f"{file} exists already.")
        part = file.with_name(f"{file.name}.part")
        try:
            with part.open("wb") as opened:
                statement_files.write(statement, kind, opened)
            part.rename(file)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
        finally:
            part.unlink(missing_ok=True)
        self.stdout.write(f"{file} is written.")


def _statement(options: dict[str, Any]) -> Statement:
    product = Product.objects.filter(name=options["product"]).first()
    if product is None:
        raise CommandError(f"There is no product {options['product']!r}.")
    if not re.fullmatch(r"[A-Z]{3}", options["currency"], re.ASCII):
        raise CommandError('--currency is an ISO 4217 code such as "INR".')
    if options["begin"] >= options["end"]:
        raise CommandError("The period ends after it begins: --to is later than --from.")
    try:
        return statement_of(product, options["mode"], options["currency"], options["begin"], options["end"])
    except NotYetFinal:
        raise CommandError("--to is five minutes ago or earlier: a statement is final.") from None


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        at.replace(year=at.year - 1)  # the balance before it is asked for, too
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text!r} is no date or time") from None
    return at
