"""``manage.py messages``: the catalogues of the payment pages, kept up with what the pages say."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.checkout import catalogues


class Command(BaseCommand):
    """Writes the catalogues."""

    help = "Bring payments/locale/ up to date with the sentences of the payment pages, and compile it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write each, and say what waits for a translation."""
        for language in catalogues.LANGUAGES:
            catalog = catalogues.updated(language, catalogues.used())
            catalogues.write(language, catalog)
            waiting = [message for message in catalog if message.id and not message.string]
            self.stdout.write(f"{language}: {len(catalog)} sentences, {len(waiting)} without a translation")
