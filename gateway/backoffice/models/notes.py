"""What people write beside an order. Never changed and never deleted; a mistake is struck out, and stays readable.

After `REDACT_AFTER_DAYS` its words are taken away, when those of its order are (`gateway.backoffice.story.forgetting`).
"""

from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone

from gateway import ids
from gateway.encryption import EncryptedTextField
from gateway.lifecycles import written_once

#: A page of an e-mail: whoever has more to say attaches it where documents are kept.
NOTE_MAX_LENGTH: Final = 2_000
#: A sentence or two.
STRIKE_MAX_LENGTH: Final = 200
#: Kinds of orders that have a story, by the prefixes of their ids.
PREFIXES: Final = (ids.DEPOSIT, ids.WITHDRAWAL, ids.RECEIPT, ids.BATCH, ids.SAVINGS)


class Note(models.Model):
    """A person's words about one order. Encrypted: people paste account numbers and names, whatever they are told."""

    id = models.UUIDField(
        primary_key=True, default=ids.new_id, editable=False, help_text="Given by the form: sent twice, it is one note."
    )
    subject = models.CharField(max_length=40, help_text="TypeID of the order that it is about.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    text = EncryptedTextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    redacted_at = models.DateTimeField(
        null=True, editable=False, help_text="When its words were taken away, as those of its order were."
    )

    class Meta:
        permissions = [("strike_note", "Can strike out notes that others wrote")]
        indexes = [
            models.Index(fields=["subject", "created_at"], name="notes_of_an_order"),
            models.Index(fields=["id"], condition=models.Q(redacted_at=None), name="notes_to_redact"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(subject__regex=rf"^({'|'.join(PREFIXES)})_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"),
                name="note_is_about_an_order",
            ),
        ]
        triggers = written_once("notes", except_for=["text", "redacted_at"])

    def __str__(self) -> str:
        return f"note about {self.subject}"


class StruckNote(models.Model):
    """That a note does not count any more, and why: a row of its own, for notes are never changed."""

    note = models.OneToOneField(Note, on_delete=models.PROTECT, primary_key=True, related_name="struck")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    reason = EncryptedTextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        # Granted as the notes themselves: there is no page of these rows.
        default_permissions = ()
        triggers = written_once("notes that were struck out", except_for=["reason"])

    def __str__(self) -> str:
        return f"struck out: {self.note}"
