"""``manage.py payment_systems_table``: ``docs/payment-systems.md``, written from the built-in catalogue."""

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand

from gateway.providers.catalogue import SYSTEMS, System
from gateway.providers.detail_fields import DetailField
from gateway.providers.models import Flow, QrKind, ReferenceKind, ScreenshotWish

_HEAD: Final = """\
# Payment systems

Written by `make docs` from `gateway/providers/catalogue.py`; `make check` fails when the two differ. This is what a new
installation starts with. Rows are edited in the admin, so the last word on an installation has
`GET /api/v1/payment-systems`, which also gives JSON Schemas of everything below.

Limits are not part of the catalogue: the provider sets them per client, and finance writes them into the rows; those
of payouts take two persons, like everything about how money leaves (`payment_system_payouts_changed`).
"""
_DEPOSITS: Final = """\
## Money in

`activation`: details are shown, the customer pays by hand and names the bank's reference. `redirect`: the customer is
sent to a payment page. `push`: the customer approves on the phone. *Manual* systems are confirmed by a person at the
provider, with a form instead of JSON. A reference is checked after normalising: of *digits*, blanks and hyphens are
dropped; of a *code*, blanks are dropped and letters made capital. *Called*: what the customer's app calls it, shown
untranslated. *Minutes*: how long it usually takes until the money is seen, an estimate until somebody has measured.
"""
_WITHDRAWALS: Final = """\
## Money out

Fields of `recipient`. Amounts are whole units.
"""
_WAITING: Final = """\
## Recipient fields that wait

These systems do not pay out, as far as the contract says; their fields are ready for whoever is told that they do.
"""
_FIELDS: Final = """\
## Fields

Of `details` and `recipient`: what the whole value has to be.
"""
_KINDS: Final = {ReferenceKind.DIGITS: "digits, ", ReferenceKind.CODE: "code, ", ReferenceKind.TEXT: ""}


def document() -> str:
    """The whole page."""
    deposits = [one for one in SYSTEMS if one.flow != Flow.NONE]
    withdrawals = [one for one in SYSTEMS if one.pays_out]
    waiting = [one for one in SYSTEMS if one.recipient_fields and not one.pays_out]
    parts = [
        _HEAD,
        _DEPOSITS,
        _table(
            [
                "code",
                "name",
                "currency",
                "flow",
                "reference",
                "called",
                "example",
                "amount",
                "screenshot",
                "`details`",
                "way back",
                "minutes",
                "QR",
            ],
            map(_deposit_row, deposits),
        ),
        _WITHDRAWALS,
        _table(["code", "name", "currency", "`recipient`"], map(_withdrawal_row, withdrawals)),
        _WAITING,
        _table(["code", "name", "currency", "`recipient`"], map(_withdrawal_row, waiting)),
        _FIELDS,
        _table(["field", "title", "pattern", "example", "more"], map(_field_row, _all_fields())),
    ]
    return "\n".join(parts)


def _deposit_row(system: System) -> list[str]:
    confirms = system.flow == Flow.ACTIVATION
    pattern = _code(system.reference_pattern) if system.reference_pattern else "any visible text"
    return [
        _code(system.code),
        system.name,
        ", ".join(system.currencies),
        f"{system.flow.value}, manual" if system.is_manual else system.flow.value,
        f"{_KINDS[system.reference_kind]}{pattern}" if confirms else "",
        system.reference_label if confirms else "",
        _code(system.reference_example) if confirms else "",
        "required" if confirms and system.wants_amount else "if known" if confirms else "",
        "" if system.screenshot == ScreenshotWish.NEVER else system.screenshot.value,
        _fields(system.detail_fields),
        ", ".join(_code(one) for one in dict.fromkeys(system.return_url_keys.values())),
        "" if system.usual_minutes is None else str(system.usual_minutes),
        "" if system.qr == QrKind.NONE else system.qr.value,
    ]


def _withdrawal_row(system: System) -> list[str]:
    return [_code(system.code), system.name, ", ".join(system.currencies), _fields(system.recipient_fields)]


def _fields(fields: list[DetailField]) -> str:
    return ", ".join(f"{_code(one.name)}{'' if one.required else ' (optional)'}: {one.title}" for one in fields)


def _all_fields() -> list[DetailField]:
    return list(dict.fromkeys(one for each in SYSTEMS for one in (*each.detail_fields, *each.recipient_fields)))


def _field_row(one: DetailField) -> list[str]:
    return [_code(one.name), one.title, _code(one.pattern), _code(one.example), one.format.label if one.format else ""]


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"  # a bar ends a cell, even inside of code


def _table(titles: list[str], rows: Iterable[list[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


class Command(BaseCommand):
    """Writes the page."""

    help = "Write docs/payment-systems.md from the built-in catalogue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One option."""
        parser.add_argument("--file", type=Path, help="where to write it; standard output by default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        if options["file"] is None:
            self.stdout.write(document(), ending="")
        else:
            options["file"].write_text(document(), encoding="utf-8")
