"""What people do with notes: write one, and strike one out."""

import uuid
from typing import Final

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import transaction

from gateway.backoffice.models import Note, StruckNote
from gateway.backoffice.models.notes import NOTE_MAX_LENGTH, STRIKE_MAX_LENGTH
from gateway.people import check_permission

ADD: Final = "backoffice.add_note"
STRIKE: Final = "backoffice.strike_note"
#: "ok" is no reason.
_REASON_MIN_LENGTH: Final = 4


class Refused(Exception):  # noqa: N818 - reads as the fact it reports
    """What was written cannot be kept; the text says why."""


@transaction.atomic(durable=True)
def add(subject: str, text: str, by: AbstractUser, *, note_id: uuid.UUID) -> Note:
    """Keep a note about an order; the same id again by the same person is the same note.

    Args:
        subject: TypeID of the order.
        text: at most `NOTE_MAX_LENGTH` characters.
        by: who wrote it.
        note_id: given by the form that it was written in.

    Raises:
        Refused: nothing was written, or too much.
        PermissionDenied: they may write none.
    """
    person = check_permission(by, ADD, lock=True)
    kept = _text(text, NOTE_MAX_LENGTH, "A note")
    # A second click waits for the first one and finds its row.
    Note.objects.bulk_create([Note(id=note_id, subject=subject, author_id=person.pk, text=kept)], ignore_conflicts=True)
    note = Note.objects.get(pk=note_id)
    if (note.subject, note.author_id, note.text) != (subject, person.pk, kept):
        raise Refused("This form was sent before, with other words: what you write now takes a new form.")
    return note


@transaction.atomic(durable=True)
def strike(note_id: uuid.UUID, subject: str, reason: str, by: AbstractUser) -> StruckNote:
    """Say that a note does not count any more: its author may, and whoever may strike out those of others.

    Raises:
        Note.DoesNotExist: there is none such about the order.
        Refused: no reason was given, or too long a one.
        PermissionDenied: it is not theirs to strike out.
    """
    person = check_permission(by, ADD, STRIKE, lock=True)
    note = Note.objects.get(pk=note_id)
    if note.subject != subject:  # compared here: what a form sends may hold what the database takes for no text
        raise Note.DoesNotExist
    if not may_strike(note, person):
        raise PermissionDenied
    kept = _text(reason, STRIKE_MAX_LENGTH, "A reason")
    if len(kept) < _REASON_MIN_LENGTH:
        raise Refused("Say in a few words why it does not count.")
    StruckNote.objects.bulk_create([StruckNote(note=note, by_id=person.pk, reason=kept)], ignore_conflicts=True)
    return StruckNote.objects.get(pk=note.pk)


def may_strike(note: Note, by: AbstractUser) -> bool:
    """Whether striking this note out is open to this person; of a note whose words are gone nobody says anything."""
    if note.redacted_at is not None:
        return False
    return by.has_perm(STRIKE) or (note.author_id == by.pk and by.has_perm(ADD))


def _text(written: str, longest: int, what: str) -> str:
    text = written.replace("\r\n", "\n").replace("\0", "").strip()
    if not text:
        raise Refused(f"{what} has to say something.")
    if len(text) > longest:
        raise Refused(f"{what} has at most {longest} characters; this one has {len(text)}.")
    return text
