"""Addresses that lead a customer back from the provider."""

from typing import Final

from django.db import models

from gateway import ids
from gateway.due_work import DueWork
from gateway.products.models import Product
from gateway.providers.models.accounts import ProviderAccount

#: Longest return address that the API takes (`gateway.api.fields.WEB_ADDRESS_MAX_LENGTH`).
RETURN_URL_MAX_LENGTH: Final = 500


class RedirectKind(models.TextChoices):
    """Which end of a payment in the widget leads to an address."""

    SUCCESS = "success", "the customer has paid"
    FAILURE = "failure", "the customer has not paid"
    PENDING = "pending", "it is not yet known"


class RedirectHash(DueWork):
    """A product's return address as the widget takes it (C§1.7). Due for renewal before its day is over."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    kind = models.CharField(max_length=8, choices=RedirectKind.choices)
    url = models.CharField(max_length=RETURN_URL_MAX_LENGTH)
    hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField(help_text="A day after the call that made it was begun.")
    used_at = models.DateTimeField(help_text="When it was last asked for; what nobody uses is not renewed.")

    class Meta:
        verbose_name_plural = "redirect hashes"
        constraints = [
            models.UniqueConstraint(fields=["account", "product", "kind", "url"], name="one_hash_per_return_address"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="redirect_hashes_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.url}"
