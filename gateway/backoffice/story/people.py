"""What people did and said: decisions, what two of them agreed on, and their notes."""

from collections.abc import Collection

from django.contrib.auth.models import AbstractUser
from django.db.models import Q
from django.urls import reverse

from balances.instruction_models import Instruction
from balances.states import InstructionStatus
from gateway.backoffice.models import Note
from gateway.backoffice.story import notes as note_verbs
from gateway.backoffice.story.bounded import first_and_last, with_gap
from gateway.backoffice.story.entries import Entry, Kind, Rank
from gateway.causes import page
from gateway.encryption import readable_or
from gateway.in_words import in_words
from gateway.lifecycles import CauseKind
from gateway.status_tones import Tone
from withdrawals.models import Approval, Withdrawal
from withdrawals.states import Decision, HoldReason


def approvals(withdrawal: Withdrawal) -> list[Entry]:
    """Who said yes or no to it, as what, and why."""
    rows = Approval.objects.filter(withdrawal=withdrawal).order_by("created_at", "id")
    return [
        Entry(
            kind=Kind.APPROVAL,
            at=row.created_at,
            rank=Rank.DECIDED,
            tie=(0, str(row.pk)),
            title=f"{'Approved' if row.decision == Decision.APPROVE else 'Rejected'} as {in_words(row.role)}",
            status="yes" if row.decision == Decision.APPROVE else "no",
            tone=Tone.GOOD if row.decision == Decision.APPROVE else Tone.BAD,
            said=[f"“{row.reason}”", *(f"Held because {HoldReason(one).label}." for one in row.held_for)],
            cause=(CauseKind.API_KEY, str(row.key_id))
            if row.person_id is None
            else (CauseKind.PERSON, str(row.person_id)),
        )
        for row in rows
    ]


def instructions(told: dict[str, Collection[str]]) -> list[Entry]:
    """What was asked for about the order, and what became of each: two entries where it is decided.

    Args:
        told: ids by the field by which verbs are told them.
    """
    about = Q(pk=None)
    for name, names in told.items():
        for one in sorted(names):
            # By the index of the parameters.
            about |= Q(parameters__contains={name: one})
    rows = first_and_last(Instruction.objects.filter(about), "requested_at", "id")
    asked = with_gap(Kind.INSTRUCTION, rows, _asked, where=reverse("admin:balances_instruction_changelist"))
    return asked + [_decided(row) for row in rows if row.decided_at is not None]


def _asked(row: Instruction) -> Entry:
    waits = row.status == InstructionStatus.PROPOSED
    return Entry(
        kind=Kind.INSTRUCTION,
        at=row.requested_at,
        rank=Rank.ASKED,
        tie=(0, str(row.pk)),
        title=f"{_title(row)} asked for",
        address=page(Instruction, row.pk),
        status="waits for a second person" if waits else "",
        tone=Tone.WARN if waits else Tone.PLAIN,
        said=[f"“{row.reason}”"],
        facts=[one for one in (("Document", row.document), ("Instruction", row.public_id)) if one[1]],
        cause=(CauseKind.PERSON, str(row.requested_by_id)),
    )


def _decided(row: Instruction) -> Entry:
    assert row.decided_at is not None
    words = {
        InstructionStatus.POSTED: ("approved", Tone.GOOD),
        InstructionStatus.REJECTED: ("rejected", Tone.BAD),
        InstructionStatus.WITHDRAWN: ("taken back", Tone.PLAIN),
    }
    word, tone = words.get(InstructionStatus(row.status), (row.status, Tone.PLAIN))
    return Entry(
        kind=Kind.INSTRUCTION,
        at=row.decided_at,
        rank=Rank.DECIDED,
        tie=(1, str(row.pk)),
        title=_title(row),
        address=page(Instruction, row.pk),
        status=word,
        tone=tone,
        said=[f"“{row.decision_reason}”"] if row.decision_reason else [],
        cause=(CauseKind.PERSON, str(row.decided_by_id)),
    )


def _title(row: Instruction) -> str:
    return in_words(row.verb).capitalize()


def notes(subjects: Collection[str], by: AbstractUser) -> list[Entry]:
    """What people wrote beside the order; what was struck out is there, and says why it does not count."""
    found = Note.objects.filter(subject__in=sorted(subjects)).select_related("struck", "struck__by")
    rows = first_and_last(found, "created_at", "id")
    return with_gap(Kind.NOTE, rows, lambda row: _note(row, by), where=reverse("admin:backoffice_note_changelist"))


def _note(row: Note, by: AbstractUser) -> Entry:
    struck = getattr(row, "struck", None)
    unreadable = "It cannot be decrypted."
    gone = row.redacted_at is not None and f"Its words were taken away, {row.redacted_at:%Y-%m-%d} UTC."
    said = [] if struck is None else [f"Struck out by {struck.by}: {gone or readable_or(struck, 'reason', unreadable)}"]
    return Entry(
        kind=Kind.NOTE,
        at=row.created_at,
        rank=Rank.SAID,
        tie=(0, str(row.pk)),
        title="wrote",
        status="" if struck is None else "struck out",
        said=said,
        cause=(CauseKind.PERSON, str(row.author_id)),
        note={
            "pk": row.pk,
            "subject": row.subject,
            "text": gone or readable_or(row, "text", unreadable),
            "is_struck": struck is not None,
            "may_strike": struck is None and note_verbs.may_strike(row, by),
        },
    )
