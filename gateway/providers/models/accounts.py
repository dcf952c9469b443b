"""Whom we call: provider accounts, their pauses and their pace."""

from typing import ClassVar, Final

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from gateway import ids
from gateway.due_work import DueWork
from gateway.encryption import EncryptedTextField
from gateway.paykassma.times import zone
from gateway.products.models import Mode
from gateway.providers.models.account_guards import ACCOUNT_GUARDS
from gateway.providers.paths import check_paths


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
#: What can stand in an address without being changed on the way, and is too long to be tried.
UNGUESSABLE_PATTERN: Final = r"\A[A-Za-z0-9._~-]{8,128}\Z"
#: A word or three, by which people know an account.
ACCOUNT_NAME_MAX_LENGTH: Final = 80
#: Of a pause: a sentence.
PAUSE_REASON_MAX_LENGTH: Final = 200

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
    name = models.CharField(max_length=ACCOUNT_NAME_MAX_LENGTH, unique=True)
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
    pause_reason = models.CharField(max_length=PAUSE_REASON_MAX_LENGTH, blank=True)
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
    payout_refusal_streak = models.PositiveIntegerField(
        default=0, help_text="Withdrawals in a row that were refused without a word; some stop the others."
    )
    strays_asked_until = models.DateTimeField(
        null=True, blank=True, help_text="How far questions about letters without an order of ours are spent."
    )
    rejected_letters = models.PositiveIntegerField(default=0, help_text="Letters in a row whose signature failed.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    #: Whose secrets the owner of the table alone may encrypt anew (`gateway.key_rotation`).
    REWRITTEN_BY_OWNER: ClassVar = models.Q(mode=Mode.LIVE)

    #: Which write made the row, where `lookups.ADDRESSEES` found it; not a column.
    version: str = ""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mode"],
                condition=models.Q(is_active=True),
                name="one_active_account_per_mode",
                violation_error_message="Another account of this mode is active: switch it off first.",
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
        triggers = ACCOUNT_GUARDS
        permissions = [("test_provideraccount", "Can ask the provider whether an account works")]

    def __str__(self) -> str:
        return self.name

    def is_paused(self) -> bool:
        """True while nothing may be sent through this account."""
        return self.pause_kind != PauseKind.NONE


def not_paused(prefix: str = "account__") -> models.Q:
    """Filter: rows whose account may be called now."""
    return models.Q(**{f"{prefix}pause_kind": PauseKind.NONE})


class CallPace(models.Model):
    """How far ahead the pace of an account is used up: one narrow row, written once for each call (`pace.py`)."""

    account = models.OneToOneField(ProviderAccount, on_delete=models.PROTECT, primary_key=True)
    used_until = models.DateTimeField(help_text="When all calls so far would have left, evenly spread.")

    def __str__(self) -> str:
        return f"pace of {self.account_id}"
