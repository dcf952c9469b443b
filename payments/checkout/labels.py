"""What the pages call the things a customer sees and enters: details to pay to, fields, and why one was not taken.

What the provider says in its own words stays as it came: nobody may guess what is printed on a payment.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from gateway import patterns
from gateway.providers.models import PaymentSystem, ReferenceKind
from payments.checkout import locales, upi

#: Titles of the fields that systems of the catalogue ask for (`gateway.providers.detail_fields`).
FIELD_TITLES: Final = (
    gettext_noop("Wallet or account number"),
    gettext_noop("bKash number"),
    gettext_noop("Easypaisa number"),
    gettext_noop("M-Pesa number"),
)
#: What the number's owner is decides what the customer presses in the app (C§1.3).
_PRESSED: Final = {
    "personal": gettext_noop("Send money"),
    "agent": gettext_noop("Cash out"),
    "merchant": gettext_noop("Make payment"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of what to pay to.

    Attributes:
        label: in the reader's language where we know the line, else as the provider calls it.
        value: what stands on the page.
        is_copied: whether it is entered somewhere, and so has a button that copies it.
    """

    label: str
    value: str
    is_copied: bool


def rows(details: list[dict[str, str]]) -> list[Row]:
    """The details of a payment, in the provider's order."""
    return [_row(one["label"], one["value"]) for one in details]


def pressed(details: list[dict[str, str]]) -> str:
    """What the customer presses in the app, or "" where the provider does not say."""
    said = next((one["value"] for one in details if one["label"] == "account_type"), "")
    word = _PRESSED.get(said.strip().lower())
    return _(word) if word else ""


def _row(label: str, value: str) -> Row:
    if label == "account_type" and (word := _PRESSED.get(value.strip().lower())):
        return Row(label=_("Choose in the app"), value=_(word), is_copied=False)
    if label == "identifier":
        return Row(label=_("UPI ID") if upi.is_address(value) else _("Pay to"), value=value, is_copied=True)
    return Row(label=label, value=value, is_copied=True)


def reference_label(system: PaymentSystem) -> str:
    """What the system's own app calls the reference of a payment; it stands there in no other language either."""
    return system.reference_label


def reference_format(system: PaymentSystem, language: str, currency: str) -> str:
    """How a reference of this system looks, in words; "" where nobody knows."""
    pattern = _pattern(system)
    if pattern is None:
        return ""
    counts = {
        "least": locales.number(pattern.shortest, language, currency),
        "most": locales.number(pattern.longest, language, currency),
    }
    is_exact = pattern.shortest == pattern.longest
    if all(one.isdigit() for one in pattern.characters):
        return (_("%(most)s digits") if is_exact else _("%(least)s to %(most)s digits")) % counts
    if system.reference_kind == ReferenceKind.CODE:
        return (
            _("%(most)s letters and digits") if is_exact else _("%(least)s to %(most)s letters and digits")
        ) % counts
    return (_("%(most)s characters") if is_exact else _("%(least)s to %(most)s characters")) % counts


def reference_lengths(system: PaymentSystem) -> tuple[int, int] | None:
    """Fewest and most characters of a reference; None where nobody knows."""
    pattern = _pattern(system)
    return None if pattern is None else (pattern.shortest, pattern.longest)


def field_title(field: dict[str, Any]) -> str:
    """What a field of the system is called (`gateway.providers.detail_fields.DetailField`)."""
    return _(field["title"])


def _pattern(system: PaymentSystem) -> patterns.Pattern | None:
    if not system.reference_pattern:
        return None
    try:
        return patterns.read(system.reference_pattern)
    except patterns.BadPattern:  # a row from before patterns were checked
        return None
