"""Who looked at whose personal data, and when: written before it is shown, never changed."""

from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone

from gateway.lifecycles import written_once

#: A prefix of ours, an underscore and 26 characters; or a number of a row.
SUBJECT_MAX_LENGTH: Final = 64


class LookKind(models.TextChoices):
    """What was looked at."""

    RECIPIENT = "recipient", "the recipient of a withdrawal"
    DETAILS = "details", "what a customer entered for a deposit"
    SHOWN = "shown", "where a customer was told to pay"
    PICTURE = "picture", "the picture of a screenshot"
    BLOCKED = "blocked", "a blocked account"
    BATCH_ROW = "batch_row", "the recipient of a batch's row"


class Look(models.Model):
    """One look of one person at the personal data of one record."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=LookKind.choices)
    subject = models.CharField(max_length=SUBJECT_MAX_LENGTH, db_index=True, help_text="Whose: the id of the record.")
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = "look at personal data"
        verbose_name_plural = "looks at personal data"
        permissions = [("see_personal_data", "Can see personal data; each look is recorded")]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=LookKind.values), name="look_kind_is_known"),
        ]
        triggers = written_once("looks at personal data")

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"
