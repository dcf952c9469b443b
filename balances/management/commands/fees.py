"""``manage.py fees``: what is taken of money that arrives and is paid out. Two persons agree on it (`money`)."""

from typing import Any

from django.core.management.base import BaseCommand

from balances.models import Fee


class Command(BaseCommand):
    """Shows the rows of fees."""

    help = "Show the rows of fees. A row is never changed: a later one follows it (manage.py money propose fee_agreed)."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each, the latest of a kind first."""
        rows = Fee.objects.select_related("product", "provider_account", "created_by")
        self.stdout.writelines(f"{one.public_id} {one}; {one.created_by}: {one.reason}\n" for one in rows)
