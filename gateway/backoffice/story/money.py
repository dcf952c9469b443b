"""What was done with the money: journals with their legs, holds, and what was sent back."""

from django.db.models import Q, prefetch_related_objects
from django.urls import reverse

from balances.models import Entry as LedgerEntry
from balances.models import Hold, Journal
from gateway.backoffice.story.bounded import first_and_last, with_gap
from gateway.backoffice.story.entries import Entry, Kind, Leg, Rank
from gateway.causes import page
from gateway.in_words import in_words
from gateway.money import grouped, shown_amount
from gateway.status_tones import Tone, tone_of
from payments.models import Deposit
from withdrawals.models import Withdrawal


def journals(about: Q) -> list[Entry]:
    """What was posted, leg by leg."""
    rows = first_and_last(Journal.objects.filter(about), "created_at", "id")
    prefetch_related_objects(rows, "entries__account", "instruction")
    return with_gap(Kind.JOURNAL, rows, _journal, where=reverse("admin:balances_journal_changelist"))


def _journal(row: Journal) -> Entry:
    legs = sorted(row.entries.all(), key=lambda one: (-one.amount, one.account.kind))
    facts = [("Document", row.document), ("Journal", row.public_id)]
    if row.instruction is not None:
        facts.insert(0, ("Decided by two persons", row.instruction.public_id))
    return Entry(
        kind=Kind.JOURNAL,
        at=row.created_at,
        rank=Rank.POSTED,
        tie=(0, str(row.pk)),
        title=in_words(row.kind),
        address=page(Journal, row.pk),
        said=[f"{str(row.get_kind_display()).capitalize()}."] + ([f"“{row.detail}”"] if row.detail else []),
        facts=[one for one in facts if one[1]],
        legs=[_leg(one) for one in legs],
        cause=(row.cause, row.cause_id),
    )


def _leg(entry: LedgerEntry) -> Leg:
    return Leg(
        account=in_words(entry.account.kind),
        debit=grouped(entry.amount, entry.currency) if entry.amount > 0 else "",
        credit=grouped(-entry.amount, entry.currency) if entry.amount < 0 else "",
        currency=entry.currency,
    )


def hold(withdrawal: Withdrawal) -> list[Entry]:
    """When its amount was reserved, and when no longer."""
    told = []
    for one in Hold.objects.filter(pk=withdrawal.pk):
        amount, address = shown_amount(one.amount, one.currency), page(Hold, one.pk)
        told.append(
            Entry(
                kind=Kind.HOLD,
                at=one.created_at,
                rank=Rank.POSTED,
                tie=(1, ""),
                title=f"{amount} reserved for it",
                address=address,
                status="open" if one.closed_at is None else "",
                tone=Tone.WARN if one.closed_at is None else Tone.PLAIN,
            )
        )
        if one.closed_at is not None:
            told.append(
                Entry(
                    kind=Kind.HOLD,
                    at=one.closed_at,
                    rank=Rank.POSTED,
                    tie=(2, ""),
                    title=f"{amount} no longer reserved",
                    address=address,
                    status=one.status,
                )
            )
    return told


def refunds(deposit: Deposit) -> list[Entry]:
    """Withdrawals that send its money back, each when it was asked for, with what it is now."""
    found = Withdrawal.objects.filter(refund_of=deposit.pk).defer("recipient", "body")
    rows = first_and_last(found, "created_at", "id")
    where = f"{reverse('admin:withdrawals_withdrawal_changelist')}?q={deposit.public_id}"
    return with_gap(Kind.REFUND, rows, _refund, where=where)


def _refund(row: Withdrawal) -> Entry:
    return Entry(
        kind=Kind.REFUND,
        at=row.created_at,
        rank=Rank.CAME,
        tie=(1, str(row.pk)),
        title=f"{shown_amount(row.amount, row.currency)} to be sent back by {row.public_id}",
        address=page(Withdrawal, row.pk),
        status=in_words(row.status),
        tone=tone_of(row.status),
        said=[f"{str(row.get_status_display()).capitalize()}."],
    )
