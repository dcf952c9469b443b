"""The catalogue of payment systems, and what the provider says of them."""

import re
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from gateway import money
from gateway.providers.models.accounts import ProviderAccount
from gateway.providers.models.system_guards import SYSTEM_GUARDS

#: The contract allows 190 characters for a ``wallet_type`` (C§1.4a).
SYSTEM_CODE_MAX_LENGTH: Final = 190
#: The client takes no longer address out of an answer (`gateway.paykassma.messages`).
HINT_URL_MAX_LENGTH: Final = 2000
#: Longest that a deposit may be verified: as long as late money is looked for (payments/asking.py).
CONFIRM_DAYS_MAX: Final = 30
#: Where a system's reference format is not known: visible text (C§1.4a knows its length only).
ANY_REFERENCE: Final = "[!-~][ -~]{0,189}"


#: Three words, as apps write them.
REFERENCE_LABEL_MAX_LENGTH: Final = 40
#: Of systems whose app calls it otherwise, or is not known.
ANY_REFERENCE_LABEL: Final = "Transaction ID"
#: Three days; what takes longer has no usual time.
USUAL_MINUTES_MAX: Final = 4320


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


class QrKind(models.TextChoices):
    """Which QR code a customer's app reads of the details to pay to."""

    NONE = "none", "no app reads any"
    UPI = "upi", "a UPI payment link: every UPI app reads it, and a phone opens it"


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
    reference_label = models.CharField(
        max_length=REFERENCE_LABEL_MAX_LENGTH,
        default=ANY_REFERENCE_LABEL,
        help_text="What the customer's app calls the reference, such as UTR or TrxID; it is not translated.",
    )
    usual_minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(USUAL_MINUTES_MAX)],
        help_text="How long it usually takes until money is seen, in minutes; empty: not known.",
    )
    qr = models.CharField(
        max_length=4, choices=QrKind.choices, default=QrKind.NONE, help_text="QR code of the details to pay to."
    )
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
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(CONFIRM_DAYS_MAX)],
        help_text="A deposit that nobody confirms for so many days expires as not_confirmed.",
    )
    saves_up = models.BooleanField(
        default=False, help_text="Sums below its minimum add up at the provider and are credited together (C§1.6)."
    )

    #: Which write made the row, where `lookups.ENABLED_SYSTEMS` found it; not a column.
    version: str = ""

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_complete=True) | models.Q(is_enabled=False),
                name="only_complete_systems_are_offered",
            ),
            # With none at all a deposit would expire in the second in which its customer has confirmed it.
            models.CheckConstraint(
                condition=models.Q(confirm_days__gte=1, confirm_days__lte=CONFIRM_DAYS_MAX),
                name="system_leaves_days_to_confirm",
            ),
            models.CheckConstraint(
                condition=models.Q(usual_minutes=None)
                | models.Q(usual_minutes__gte=1, usual_minutes__lte=USUAL_MINUTES_MAX),
                name="system_takes_minutes",
            ),
        ]
        triggers = SYSTEM_GUARDS

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

    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, db_index=False, related_name="observations")
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


class MediaHint(models.Model):
    """A picture or film of the provider that shows how to pay through a payment system (C§1.2)."""

    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, db_index=False, related_name="media_hints")
    code = models.CharField(max_length=SYSTEM_CODE_MAX_LENGTH)
    url = models.CharField(max_length=HINT_URL_MAX_LENGTH)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "code"], name="one_media_hint_per_system")]

    def __str__(self) -> str:
        return self.code
