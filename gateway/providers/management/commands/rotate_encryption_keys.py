"""``manage.py rotate_encryption_keys``: everything encrypted or hashed, rewritten under the first key.

Put the new key in front of FIELD_ENCRYPTION_KEYS (or SEARCH_HASH_KEYS), restart every process, run this until it ends
with 0, and only then take the old key away: a process with the old settings goes on writing under the old key. Where
there is a live provider account it needs the owner's address, MIGRATION_DATABASE_URL, as `migrate` does.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError

from gateway.kept_history import by_command
from gateway.key_rotation import Progress, rotate


class Command(BaseCommand):
    """Prints a line for each column, and the place of each value that no key opens; never a value."""

    help = "Rewrite encrypted columns and search hashes under the first key. Safe while the service runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One switch."""
        parser.add_argument("--dry-run", action="store_true", help="only count what is still under an older key")

    @by_command("rotate_encryption_keys")
    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 0: everything is under the first key. 1: something is left."""
        dry_run = options["dry_run"]
        left = 0
        for one in self._rotated(dry_run=dry_run):
            word = "to rewrite" if dry_run else "rewritten"
            self.stdout.write(
                f"{one.column}: {one.current} current, {one.renewed} {word},"
                f" {one.busy} busy, {len(one.unreadable)} unreadable"
            )
            for pk in one.unreadable:
                self.stderr.write(f"{one.column} of {pk} cannot be decrypted with any of the keys")
            left += one.busy + len(one.unreadable) + (one.renewed if dry_run else 0)
        if left:
            self.stderr.write(f"{left} values are not under the first key.")
            sys.exit(1)
        self.stdout.write("Everything is under the first key.")

    def _rotated(self, *, dry_run: bool) -> Iterator[Progress]:
        try:
            yield from rotate(dry_run=dry_run)
        except IntegrityError as error:
            if "two persons" not in str(error):
                raise
            raise CommandError(
                "Secrets of live accounts are encrypted anew by the owner of the tables: set MIGRATION_DATABASE_URL."
            ) from None
