"""Whom we call: provider accounts, the catalogue of payment systems, and the evidence of every call."""

import re
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from gateway import ids, money
from gateway.due_work import DueWork
from gateway.encryption import EncryptedBytesField, EncryptedJSONField, EncryptedTextField
from gateway.products.models import Mode

#: The contract allows 190 characters for a ``wallet_type`` (C§1.4a).
SYSTEM_CODE_MAX_LENGTH: Final = 190
#: Where a system's reference format is not known: visible text (C§1.4a knows its length only).
ANY_REFERENCE: Final = "[!-~][ -~]{0,189}"


class ProviderAccount(DueWork):
    """One set of Paykassma credentials. Its due time is the next look at the list of payment systems (C§1.1)."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    base_url = models.URLField(help_text="Scheme and host of the API, for example https://api.example.com")
    api_secret = EncryptedTextField(help_text="PLUGINAPI_SECRET, sent as ?secret= on every call but withdrawals.")
    withdrawal_key = EncryptedTextField(help_text="Private key that signs withdrawals; never sent.")
    postback_access_key = EncryptedTextField()
    postback_private_key = EncryptedTextField()
    previous_postback_access_key = EncryptedTextField(null=True, blank=True)
    previous_postback_private_key = EncryptedTextField(null=True, blank=True)
    postback_token = models.CharField(max_length=128, unique=True, help_text="The unguessable part of our address.")
    time_zone = models.CharField(max_length=40, default="Asia/Manila", help_text="Zone of the provider's times (C§0).")
    is_active = models.BooleanField(default=True)
    ids_proven_unique = models.BooleanField(
        default=False,
        help_text="The provider has shown that a withdrawal_id can never be paid twice (C§5 row 13).",
    )
    json_body_on_get = models.BooleanField(default=False, help_text="Repeat GET parameters as a JSON body (C§5 row 6).")
    paused_until = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    not_found_streak = models.PositiveIntegerField(default=0, help_text="404 answers in a row; some make a pause.")
    rejected_letters = models.PositiveIntegerField(default=0, help_text="Letters in a row whose signature failed.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mode"], condition=models.Q(is_active=True), name="one_active_account_per_mode"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_paused(self) -> bool:
        """True while nothing may be sent through this account."""
        return self.paused_until is not None and self.paused_until > timezone.now()


def not_paused(prefix: str = "account__") -> models.Q:
    """Filter: rows whose account may be called now."""
    until = f"{prefix}paused_until"
    return models.Q(**{f"{until}__isnull": True}) | models.Q(**{f"{until}__lte": timezone.now()})


class Flow(models.TextChoices):
    """How a deposit through a payment system goes."""

    ACTIVATION = "activation", "show details, the customer pays by hand and enters the reference"
    REDIRECT = "redirect", "the customer is sent to a payment page"
    PUSH = "push", "the customer approves a request on the phone"
    NONE = "none", "takes no deposits"


class ScreenshotWish(models.TextChoices):
    """Whether a confirmation carries a picture."""

    NEVER = "never", "a screenshot is refused"
    OPTIONAL = "optional", "a screenshot helps"
    REQUIRED = "required", "no confirmation without a screenshot"


class ReferenceKind(models.TextChoices):
    """How a bank's reference is normalised before it is compared and sent."""

    DIGITS = "digits", "digits only; blanks and hyphens are dropped"
    CODE = "code", "letters and digits; blanks are dropped, letters are made capital"
    TEXT = "text", "as the customer typed it"

    def normalised(self, text: str) -> str:
        """The reference as it is compared and sent."""
        match self:
            case ReferenceKind.DIGITS:
                return re.sub(r"[\s-]", "", text)
            case ReferenceKind.CODE:
                return re.sub(r"\s", "", text).upper()
            case _:
                return text.strip()


class PaymentSystem(models.Model):
    """A Paykassma "PS" (``wallet_type``). Seeded from ``catalogue.py``; finance may edit; orders freeze the rest."""

    code = models.CharField(primary_key=True, max_length=SYSTEM_CODE_MAX_LENGTH)
    name = models.CharField(max_length=80)
    is_enabled = models.BooleanField(default=True, help_text="Offered to products.")
    is_complete = models.BooleanField(
        default=True,
        help_text="A person has checked every column. What the provider lists and we did not know begins without.",
    )
    flow = models.CharField(max_length=10, choices=Flow.choices)
    pays_out = models.BooleanField(default=False, help_text="Withdrawals go through this system.")
    currencies = ArrayField(models.CharField(max_length=3))
    receipt_currencies = ArrayField(
        models.CharField(max_length=3),
        default=list,
        blank=True,
        help_text="Currencies its receipts may come in; empty: its own.",
    )
    is_manual = models.BooleanField(default=False, help_text="Selects the activation endpoint (C§1.4b).")
    manual_path = models.CharField(
        max_length=190, blank=True, help_text="Path of the manual activation, where it differs (C§5 row 4)."
    )
    wants_amount = models.BooleanField(default=False, help_text="A confirmation names the amount (C§1.4a).")
    screenshot = models.CharField(max_length=8, choices=ScreenshotWish.choices, default=ScreenshotWish.NEVER)
    reference_kind = models.CharField(max_length=6, choices=ReferenceKind.choices, default=ReferenceKind.TEXT)
    reference_pattern = models.CharField(max_length=190, blank=True, help_text="Of the normalised reference.")
    reference_example = models.CharField(max_length=190, blank=True)
    deposit_minimum = models.DecimalField(
        max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True, blank=True
    )
    deposit_maximum = models.DecimalField(
        max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True, blank=True
    )
    withdrawal_minimum = models.DecimalField(
        max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True, blank=True
    )
    withdrawal_maximum = models.DecimalField(
        max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True, blank=True
    )
    detail_fields = models.JSONField(
        default=list, blank=True, help_text="Fields of `details` (see detail_fields.py: DetailField)."
    )
    recipient_fields = models.JSONField(
        default=list, blank=True, help_text="Fields of `recipient` (see detail_fields.py: DetailField)."
    )
    constants = models.JSONField(default=dict, blank=True, help_text="Sent with every payment/create (C§1.5).")
    return_url_keys = models.JSONField(
        default=dict,
        blank=True,
        help_text="Wire key → which return URL it takes: success, failure or pending.",
    )
    language_wire = models.CharField(
        max_length=64,
        blank=True,
        default="language",
        help_text="What payment/create by redirect calls the customer's language (C§1.5); empty: it is not sent.",
    )
    confirm_days = models.PositiveSmallIntegerField(
        default=7, help_text="A deposit that nobody confirms for so many days expires as not_confirmed."
    )

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_complete=True) | models.Q(is_enabled=False),
                name="only_complete_systems_are_offered",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference_format(self) -> str:
        """Pattern of a normalised reference (see ``gateway/patterns.py``)."""
        return self.reference_pattern or ANY_REFERENCE

    def takes_receipts_in(self, currency: str) -> bool:
        """True where money in this currency may be credited to a deposit of this system."""
        return currency in (self.receipt_currencies or self.currencies)


class SystemObservation(models.Model):
    """What the provider last said about a payment system of an account (C§1.1)."""

    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="observations")
    code = models.CharField(max_length=SYSTEM_CODE_MAX_LENGTH)
    currency = models.CharField(max_length=3)
    name = models.CharField(max_length=190, blank=True)
    logo = models.CharField(max_length=500, blank=True)
    position = models.IntegerField(default=0)
    is_manual = models.BooleanField(null=True)
    wants_screenshot = models.BooleanField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "code", "currency"], name="one_observation_per_system"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"


class ProviderCall(models.Model):
    """The evidence of one call: what was asked, what came back, how it was understood."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT)
    operation = models.CharField(max_length=40)
    subject = models.CharField(max_length=40, blank=True, help_text="Our id of what it was about.")
    request: Any = EncryptedJSONField(null=True)
    sent = models.BooleanField(null=True, help_text="False: proven that no byte left. Empty: we died meanwhile.")
    http_status = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    note = models.CharField(max_length=200, blank=True)
    response: Any = EncryptedBytesField(null=True)
    response_digest = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    duration_ms = models.PositiveIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["subject", "started_at"], name="provider_calls_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.operation} {self.subject}"
