"""What the customer said of a deposit, and what money came for it: confirmations, pictures, receipts."""

from collections.abc import Collection, Iterable
from typing import Any

from django.urls import reverse

from gateway.backoffice.story import moves
from gateway.backoffice.story.bounded import with_gap
from gateway.backoffice.story.entries import Entry, Kind, Rank
from gateway.causes import page
from gateway.in_words import in_words
from gateway.money import shown_amount
from gateway.status_tones import Tone, tone_of
from payments.models import Confirmation, Receipt, Screenshot, Suspicion
from payments.states import ConfirmationStatus, ReceiptStatus


def confirmations(rows: Collection[Any], history: Iterable[Any], currency: str) -> list[Entry]:
    """Each attempt of the customer, when it came; and how each of them went."""

    def of(row: Confirmation) -> Entry:
        amount = "no amount" if row.amount is None else shown_amount(row.amount, currency)
        facts = [
            ("Reference", row.provider_reference),
            ("Amount", amount),
            ("Provider's word", row.provider_word),
            ("Confirmation", row.public_id),
        ]
        contested = ["Another customer claims the same reference."] if row.is_contested else []
        return Entry(
            kind=Kind.CONFIRMATION,
            at=row.created_at,
            rank=Rank.CAME,
            tie=(1, str(row.pk)),
            title="The customer says that it is paid",
            address=page(Confirmation, row.pk),
            status=in_words(row.status),
            tone=Tone.WARN if row.is_contested else tone_of(row.status),
            said=[*contested, *([f"Refused: {row.get_failure_code_display()}."] if row.failure_code else [])],
            facts=[one for one in facts if one[1]],
        )

    listed = with_gap(Kind.CONFIRMATION, list(rows), of, where=reverse("admin:payments_confirmation_changelist"))
    return listed + moves.entries(history, ConfirmationStatus, kind=Kind.CONFIRMATION, with_first=False)


def screenshots(rows: Collection[Any]) -> list[Entry]:
    """The customer's pictures: that there is one, and why it wants a second look. The picture has a page of its own."""
    found = Screenshot.objects.filter(confirmation__in=[one.pk for one in rows]).defer("picture").order_by("id")
    return [
        Entry(
            kind=Kind.SCREENSHOT,
            at=one.created_at,
            rank=Rank.CAME,
            tie=(2, f"{one.pk:020}"),
            title="A picture of the payment came",
            address=page(Screenshot, one.pk),
            tone=Tone.WARN if one.suspicions else Tone.PLAIN,
            said=[f"{str(Suspicion(word).label).capitalize()}." for word in one.suspicions],
        )
        for one in found
    ]


def receipts(rows: Collection[Any], history: Iterable[Any]) -> list[Entry]:
    """Each item of provider money, when it was read; and what became of it."""
    listed = with_gap(Kind.RECEIPT, list(rows), _receipt, where=reverse("admin:payments_receipt_changelist"))
    return listed + moves.entries(history, ReceiptStatus, kind=Kind.RECEIPT, with_first=False)


def _receipt(row: Receipt) -> Entry:
    facts = [
        ("Transaction id", row.transaction_id),
        ("Provider's time", row.provider_time),
        ("Receipt", row.public_id),
    ]
    return Entry(
        kind=Kind.RECEIPT,
        at=row.received_at,
        rank=Rank.ANSWERED,
        tie=(0, str(row.pk)),
        title=f"{shown_amount(row.amount, row.currency)} at the provider",
        address=page(Receipt, row.pk),
        status=in_words(row.status),
        tone=Tone.BAD if row.contradiction else tone_of(row.status),
        said=[f"What speaks against it: {row.contradiction}."] if row.contradiction else [],
        facts=[one for one in facts if one[1]],
    )
