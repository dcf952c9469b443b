"""A product's wish that its customer pays on our pages."""

import base64
import hashlib
import secrets
from typing import Any, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from gateway import ids, money
from gateway.encryption import EncryptedTextField, readable_or
from gateway.lifecycles import written_once
from gateway.products.models import REFERENCE_MAX_LENGTH, ApiKey, Customer, Mode, Product
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH
from payments.models.asked_guards import ended_stays_ended

#: Random bytes of the token in a page's address: as many as an API key has, for it is one, of one order.
_TOKEN_BYTES: Final = 32
#: Columns that change after a session was made: the link ends, and is taken away in the end.
_CHANGING: Final = ("token", "return_secret", "return_urls", "cancelled_at", "redacted_at")


class CheckoutSession(models.Model):
    """An order that its customer pays on our pages, in one or more attempts, each of which is a deposit."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    asked_by = models.ForeignKey(ApiKey, on_delete=models.PROTECT, db_index=False, help_text="Which key asked for it.")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    reference = models.CharField(max_length=REFERENCE_MAX_LENGTH)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    payment_systems = ArrayField(
        models.CharField(max_length=SYSTEM_CODE_MAX_LENGTH),
        default=list,
        help_text="Codes of the systems it may be paid by; none: by any that takes the amount.",
    )
    return_urls = models.JSONField(default=dict)
    language = models.CharField(max_length=2, default="en")
    metadata = models.JSONField(default=dict)
    token: Any = EncryptedTextField(null=True, help_text="Of the page's address; whoever has it can pay.")
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    return_secret: Any = EncryptedTextField(null=True, help_text="Signs what the product is told on the way back.")
    expires_at = models.DateTimeField(help_text="Until then a payment may be begun.")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    redacted_at = models.DateTimeField(null=True, blank=True, help_text="When its link was taken away.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "mode", "reference"], name="one_checkout_session_per_reference"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="checkout_session_amount_is_positive"),
        ]
        indexes = [
            models.Index(fields=["product", "mode", "-id"], name="sessions_of_a_product"),
            # Trials among millions of live ones.
            models.Index(fields=["id"], condition=models.Q(mode=Mode.TEST), name="sessions_in_test"),
            models.Index(fields=["expires_at"], condition=models.Q(redacted_at=None), name="sessions_to_redact"),
        ]
        triggers = [*written_once("checkout sessions", except_for=_CHANGING), ended_stays_ended()]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """Our id as the product knows it."""
        return ids.encode(ids.CHECKOUT_SESSION, self.id)

    @property
    def url(self) -> str | None:
        """Where the customer pays; None once the link was taken away."""
        token = readable_or(self, "token", None)
        return None if token is None else f"{settings.PUBLIC_URL}/pay/{token}"

    @property
    def return_url(self) -> str | None:
        """Where a provider's page sends the customer back to."""
        return None if self.url is None else f"{self.url}?{CAME_BACK}=1"


#: Marks the address by which a provider's page sends the customer back: who was there may have paid.
CAME_BACK: Final = "returned"


def new_token() -> str:
    """43 letters of base64url, which nobody guesses."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_TOKEN_BYTES)).rstrip(b"=").decode()


def digest_of_token(token: str) -> str:
    """How a token is found. It has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
