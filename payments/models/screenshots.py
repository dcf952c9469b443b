"""Customers' pictures of their payments."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from gateway import ids
from gateway.encryption import EncryptedBytesField
from payments.models.confirmations import Confirmation


class Suspicion(models.TextChoices):
    """Why a screenshot wants a second look. A hint to staff: never told to a customer, never a refusal."""

    SAME_PICTURE = "same_picture", "the same pixels came with another confirmation"
    LOOKS_ALIKE = "looks_alike", "a picture that looks the same came with another confirmation"
    SAME_REFERENCE = "same_reference", "its reference stands in another confirmation, too"


class Screenshot(models.Model):
    """The customer's picture of the payment: re-encoded, without metadata, encrypted at rest."""

    confirmation = models.OneToOneField(Confirmation, on_delete=models.PROTECT, related_name="screenshot")
    picture: Any = EncryptedBytesField()
    digest = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the re-encoded picture.")
    pixel_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the decoded pixels, in whatever format they came."
    )
    look = models.CharField(max_length=16, blank=True, help_text="Coarse brightness steps: alike where pictures are.")
    suspicions = ArrayField(models.CharField(max_length=16, choices=Suspicion.choices), default=list, blank=True)
    duplicate_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text="The screenshot that it resembles.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        permissions = [("see_picture", "Can look at the picture of a screenshot")]
        indexes = [
            # What wants a second look is a handful among millions.
            models.Index(fields=["id"], condition=~models.Q(suspicions=[]), name="screenshots_for_a_person"),
            models.Index(fields=["pixel_digest"], condition=~models.Q(pixel_digest=""), name="screenshots_by_pixels"),
            models.Index(fields=["look"], condition=~models.Q(look=""), name="screenshots_by_look"),
        ]

    def __str__(self) -> str:
        return f"screenshot of {ids.encode(ids.CONFIRMATION, self.confirmation_id)}"
