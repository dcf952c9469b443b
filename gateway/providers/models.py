"""Whom we call: provider accounts and their pace, the catalogue of payment systems, the evidence of every call."""

import re
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from gateway import ids, money
from gateway.due_work import DueWork
from gateway.encryption import EncryptedBytesField, EncryptedJSONField, EncryptedTextField
from gateway.paykassma.times import zone
from gateway.products.models import Mode, Product
from gateway.providers.paths import check_paths

#: The contract allows 190 characters for a ``wallet_type`` (C§1.4a).
SYSTEM_CODE_MAX_LENGTH: Final = 190
#: The client takes no longer address out of an answer (`gateway.paykassma.messages`).
HINT_URL_MAX_LENGTH: Final = 2000
#: Longest return address that the API takes (`gateway.api.fields.WEB_ADDRESS_MAX_LENGTH`).
RETURN_URL_MAX_LENGTH: Final = 500
#: Balances come with three or four decimals, of coins with eight (C§1.11), and with up to 15 digits before the
#: point (`gateway.paykassma.wire_values`). Nothing is ever posted from this column.
BALANCE_DECIMAL_PLACES: Final = 8
BALANCE_MAX_DIGITS: Final = 15 + BALANCE_DECIMAL_PLACES
#: Longest that a deposit may be verified: as long as late money is looked for (payments/asking.py).
CONFIRM_DAYS_MAX: Final = 30
#: Where a system's reference format is not known: visible text (C§1.4a knows its length only).
ANY_REFERENCE: Final = "[!-~][ -~]{0,189}"


def validate_time_zone(name: str) -> None:
    """Refuse a name that no clock follows.

    Raises:
        ValidationError: with a sentence that says what would be right.
    """
    try:
        zone(name)
    except ValueError:
        raise ValidationError("Use a name of the IANA database, for example Asia/Manila.", code="time_zone") from None


#: Scheme and host of a provider's API, perhaps with a path; never a query, for that is where the secret goes.
BASE_URL_PATTERN: Final = r"\Ahttps?://[^/\s?#]+(/[^\s?#]*)?\Z"
#: Of a pause: a sentence.
REASON_MAX_LENGTH: Final = 200

#: Calls a minute where nobody set another number: 500 a second, so that 200 payouts a second, each with one call and at
#: most one question about it, stay below it with a margin. The contract names no limit (C§5), so this one only stops a
#: mistake of ours; a provider that names one gets it here.
CALLS_PER_MINUTE: Final = 30_000
#: Calls that may leave at once after a quiet time: a fifth of a second's worth of the pace above.
CALLS_AT_ONCE: Final = 100


class PauseKind(models.TextChoices):
    """Why nothing is sent through an account, and who ends that."""

    NONE = "none", "calls go out"
    CREDENTIALS = "credentials", "the provider does not know us; a probe finds out when it does again"
    OUTAGE = "outage", "the provider does not answer; a probe finds out when it does again"
    SLOW_DOWN = "slow_down", "the provider asked for fewer calls; a probe finds out when it takes them again"
    PERSON = "person", "a person stopped it, and a person resumes it"


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
    time_zone = models.CharField(
        max_length=40,
        default="Asia/Manila",
        validators=[validate_time_zone],
        help_text="Zone of the provider's times (C§0).",
    )
    is_active = models.BooleanField(default=True)
    ids_proven_unique = models.BooleanField(
        default=False,
        help_text="The provider has shown that a withdrawal_id can never be paid twice (C§5 row 13).",
    )
    json_body_on_get = models.BooleanField(default=False, help_text="Repeat GET parameters as a JSON body (C§5 row 6).")
    accepts_older_postbacks = models.BooleanField(
        default=False, help_text="Take the two older formats of letters, too (C§2.3, C§5 row 15)."
    )
    paths = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_paths],
        help_text='Paths unlike the contract\'s, by operation: {"savings": "/api/v2/deposit-info"} (C§5 row 5).',
    )
    widget_url = models.URLField(
        blank=True, help_text="Base of the payment window, for example https://plugin.example.com (C§1.8)."
    )
    prefers_widget = models.BooleanField(
        default=False, help_text="New deposits are paid in the provider's payment window, not on our details."
    )
    calls_per_minute = models.PositiveIntegerField(
        default=CALLS_PER_MINUTE, validators=[MinValueValidator(1)], help_text="The most calls that may leave."
    )
    calls_at_once = models.PositiveIntegerField(
        default=CALLS_AT_ONCE, validators=[MinValueValidator(1)], help_text="How many of them may leave at once."
    )
    pause_kind = models.CharField(max_length=12, choices=PauseKind.choices, default=PauseKind.NONE)
    pause_reason = models.CharField(max_length=REASON_MAX_LENGTH, blank=True)
    paused_since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(
        "next probe", null=True, blank=True, help_text="Not before this a probe asks whether the pause may end."
    )
    failed_probes = models.PositiveIntegerField(default=0, help_text="Probes since a call last went well.")
    not_found_streak = models.PositiveIntegerField(
        default=0, help_text="Refusals without a word (404, 401, 403) in a row; some make a pause."
    )
    unknown_streak = models.PositiveIntegerField(
        default=0, help_text="Calls in a row of which nobody knows what they did; some make a pause."
    )
    payouts_paused_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when no withdrawal is sent; everything else goes on."
    )
    payouts_pause_reason = models.CharField(max_length=REASON_MAX_LENGTH, blank=True)
    payout_refusal_streak = models.PositiveIntegerField(
        default=0, help_text="Withdrawals in a row that were refused without a word; some stop the others."
    )
    strays_asked_until = models.DateTimeField(
        null=True, blank=True, help_text="How far questions about letters without an order of ours are spent."
    )
    rejected_letters = models.PositiveIntegerField(default=0, help_text="Letters in a row whose signature failed.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    #: Which write made the row, where `lookups.ADDRESSEES` found it; not a column.
    version: str = ""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mode"], condition=models.Q(is_active=True), name="one_active_account_per_mode"
            ),
            models.CheckConstraint(
                condition=models.Q(prefers_widget=False) | ~models.Q(widget_url=""),
                name="preferred_widget_has_address",
                violation_error_message="An account that prefers the payment window needs its address.",
            ),
            models.CheckConstraint(
                condition=models.Q(pause_kind__in=PauseKind.values), name="account_pause_kind_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(calls_per_minute__gte=1, calls_at_once__gte=1), name="account_pace_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_paused(self) -> bool:
        """True while nothing may be sent through this account."""
        return self.pause_kind != PauseKind.NONE


def not_paused(prefix: str = "account__") -> models.Q:
    """Filter: rows whose account may be called now."""
    return models.Q(**{f"{prefix}pause_kind": PauseKind.NONE})


def may_pay_out(prefix: str = "account__") -> models.Q:
    """Filter: rows whose account may be sent withdrawals now."""
    return not_paused(prefix) & models.Q(**{f"{prefix}payouts_paused_since__isnull": True})


class CallPace(models.Model):
    """How far ahead the pace of an account is used up: one narrow row, written once for each call (`pace.py`)."""

    account = models.OneToOneField(ProviderAccount, on_delete=models.PROTECT, primary_key=True)
    used_until = models.DateTimeField(help_text="When all calls so far would have left, evenly spread.")

    def __str__(self) -> str:
        return f"pace of {self.account_id}"


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


class BalanceCheck(DueWork):
    """When an account's balances were asked for and when that was answered. Due for the next question."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.OneToOneField(ProviderAccount, on_delete=models.PROTECT, related_name="balance_check")
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True, help_text="When the provider last gave balances.")
    note = models.CharField(max_length=200, blank=True, help_text="How the last question was answered.")

    def __str__(self) -> str:
        return str(self.account)


class ObservedBalance(models.Model):
    """What the provider last said that it holds of a payment system (C§1.11), to the last decimal. May be negative."""

    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, db_index=False, related_name="balances")
    wallet_type = models.CharField(max_length=SYSTEM_CODE_MAX_LENGTH)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=BALANCE_MAX_DIGITS, decimal_places=BALANCE_DECIMAL_PLACES)
    observed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "wallet_type", "currency"], name="one_balance_per_system"),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_type} {self.currency}"


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
    redacted_at = models.DateTimeField(
        null=True, blank=True, help_text="When question and answer were taken away; the digest stays."
    )

    class Meta:
        indexes = [
            models.Index(fields=["subject", "started_at"], name="provider_calls_of_a_subject"),
            models.Index(fields=["started_at"], condition=models.Q(redacted_at=None), name="provider_calls_to_redact"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.subject}"
