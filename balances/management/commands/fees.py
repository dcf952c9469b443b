"""``manage.py fees list | add``: what the admin does, from a terminal."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from balances import fees
from balances.kinds import FeeDirection, FeeKind
from balances.models import Fee
from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem, ProviderAccount

_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)


class Command(BaseCommand):
    """Shows the rows of fees, or adds one."""

    help = "Show the rows of fees, or add one. A row is never changed: a later one follows it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A verb; adding needs a fee, a person and a reason."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="every row, the latest of a kind first")
        add = verbs.add_parser("add", help="let a new row count from its time on")
        add.add_argument("kind", choices=FeeKind.values, help="provider: taken of us; product: paid to us")
        add.add_argument("direction", choices=FeeDirection.values)
        add.add_argument("mode", choices=Mode.values)
        add.add_argument("currency", help="ISO 4217 code")
        add.add_argument("--system", help="code of the payment system; all that no other row names if left out")
        add.add_argument("--product", help="its name; all that no other row names if left out")
        add.add_argument("--account", help="the provider account's name; all that no other row names if left out")
        add.add_argument("--percent", type=_number, required=True, help="of the amount, 0 to 100")
        add.add_argument("--fixed", type=_number, default=Decimal(0), help="added to it, in units of the currency")
        add.add_argument("--valid-from", type=_time, help="ISO 8601, UTC where it names no zone; at once if left out")
        add.add_argument("--by", required=True, help="username of the staff member who decided it")
        add.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        if options["verb"] == "list":
            rows = Fee.objects.select_related("product", "provider_account", "created_by")
            self.stdout.writelines(_line(one) + "\n" for one in rows)
            return
        person = get_user_model().objects.filter(username=options["by"], is_active=True, is_staff=True).first()
        if person is None or not person.has_perm("balances.add_fee"):
            raise CommandError(f"{options['by']!r} is nobody who may add fees.")
        fee = Fee(
            **{name: options[name] for name in ("kind", "direction", "mode", "currency", "percent", "fixed")},
            payment_system=_named(PaymentSystem, "code", options["system"]),
            product=_named(Product, "name", options["product"]),
            provider_account=_named(ProviderAccount, "name", options["account"]),
            valid_from=options["valid_from"],
            reason=options["reason"].strip(),
        )
        try:
            fees.add(fee, by=person)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(_line(fee))


def _named(model: Any, column: str, name: str | None) -> Any:
    if name is None:
        return None
    found = model.objects.filter(**{column: name}).first()
    if found is None:
        raise CommandError(f"There is no {model._meta.verbose_name} {name!r}.")  # noqa: SLF001 - Django's documented way
    return found


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ArgumentTypeError("write plain digits with an optional decimal point")
    return Decimal(text)


def _time(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("write a time like 2030-01-31T00:00:00+00:00") from None
    return timezone.make_aware(read) if timezone.is_naive(read) else read


def _line(fee: Fee) -> str:
    return f"{fee.public_id} {fee}; {fee.created_by}: {fee.reason}"
