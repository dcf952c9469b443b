"""The evidence of every call."""

from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from gateway import ids
from gateway.encryption import EncryptedBytesField, EncryptedJSONField
from gateway.providers.models.accounts import ProviderAccount

#: How an answer was understood, in a few fixed words.
NOTE_MAX_LENGTH: Final = 200


class ProviderCall(models.Model):
    """The evidence of one call: what was asked, what came back, how it was understood."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT)
    operation = models.CharField(max_length=40)
    subject = models.CharField(max_length=40, blank=True, help_text="Our id of what it was about.")
    also_about = ArrayField(
        models.CharField(max_length=40), default=list, help_text="Our ids of what else: a pull asks about many."
    )
    request: Any = EncryptedJSONField(null=True)
    sent = models.BooleanField(null=True, help_text="False: proven that no byte left. Empty: we died meanwhile.")
    http_status = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    note = models.CharField(max_length=NOTE_MAX_LENGTH, blank=True)
    response: Any = EncryptedBytesField(null=True)
    response_digest = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    duration_ms = models.PositiveIntegerField(null=True)
    redacted_at = models.DateTimeField(
        null=True, blank=True, help_text="When question and answer were taken away; the digest stays."
    )

    class Meta:
        indexes = [
            models.Index(fields=["subject", "started_at"], name="provider_calls_of_a_subject"),
            # Most calls are about one thing, and cost this index nothing.
            GinIndex(fields=["also_about"], condition=~models.Q(also_about=[]), name="provider_calls_about_many"),
            models.Index(fields=["started_at"], condition=models.Q(redacted_at=None), name="provider_calls_to_redact"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.subject}"
