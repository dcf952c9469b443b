"""One table: the idempotency keys."""

from django.db import models
from django.utils import timezone

from gateway.products.models import Mode, Product


class IdempotencyKey(models.Model):
    """A key, the request it belongs to, and which object answered it.

    Written in the transaction of the work itself, so there is never an answer without its work or the reverse.
    """

    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="Keyed hash of method, path and body.")
    response_status = models.PositiveSmallIntegerField()
    object_id = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "mode", "key"], name="one_request_per_idempotency_key"),
        ]

    def __str__(self) -> str:
        return self.key
