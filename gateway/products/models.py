"""Who calls us: products, their API keys, their customers."""

import hashlib
import secrets
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.lookups import Regex
from django.utils import timezone

from gateway import ids
from gateway.kept_history import history_of, never_changed
from gateway.products.key_guards import KEY_GUARDS

#: Of a product and of a key: a word or three, by which people know them.
NAME_MAX_LENGTH: Final = 80
#: Longest name a product may use for a customer or an order of its own.
REFERENCE_MAX_LENGTH: Final = 128
#: The longest network in CIDR notation: an IPv6 address and its prefix.
NETWORK_MAX_LENGTH: Final = 43
#: A host name has 253 characters at most (RFC 1035), with scheme and port before and behind it.
ORIGIN_MAX_LENGTH: Final = 270
#: Of an address where customers ask for help.
SUPPORT_MAX_LENGTH: Final = 300
#: What a header may say of who frames the pages, however it came here: origins alone, and of their characters none that
#: ends a word of a policy.
_ORIGINS: Final = r"^((^| )https?://[a-z0-9.-]+(:[0-9]+)?)*$"


class Mode(models.TextChoices):
    """Real money or play money; never both in one row, key, order or report."""

    LIVE = "live", "real money, through a live provider account"
    TEST = "test", "play money, always against the sandbox"


class Scope(models.TextChoices):
    """What a key may do."""

    READ = "read", "read everything of the product in the key's mode"
    DEPOSITS_WRITE = "deposits:write", "create, confirm and cancel deposits"
    WITHDRAWALS_WRITE = "withdrawals:write", "create and cancel withdrawals"
    WITHDRAWALS_APPROVE = "withdrawals:approve", "approve and reject withdrawals that another one asked for"
    WEBHOOKS_WRITE = "webhooks:write", "manage webhook endpoints"


#: What a key may do unless it is said otherwise: all but to approve, which no key may that asks for withdrawals.
ORDINARY_SCOPES: Final = tuple(one for one in Scope.values if one != Scope.WITHDRAWALS_APPROVE)


class UnderpaymentPolicy(models.TextChoices):
    """What happens when less money arrives than was asked for."""

    REVIEW = "review", "the deposit waits for a person"
    CREDIT = "credit", "the deposit is credited with what came"


class Product(models.Model):
    """A calling service of the company."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(max_length=NAME_MAX_LENGTH, unique=True)
    is_active = models.BooleanField(default=True)
    underpayment = models.CharField(max_length=8, choices=UnderpaymentPolicy.choices, default=UnderpaymentPolicy.REVIEW)
    takes_savings = models.BooleanField(
        default=False, help_text="Deposits below a system's minimum are taken where the provider saves them up."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A bearer key of a product. Only its digest is kept; the key itself is shown once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="api_keys")
    mode = models.CharField(max_length=4, choices=Mode.choices)
    name = models.CharField(max_length=NAME_MAX_LENGTH)
    prefix = models.CharField(max_length=16, help_text="The first characters of the key, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=32, choices=Scope.choices), default=list)
    rate_limit_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Calls in a minute; empty or 0: the service's own limit."
    )
    allowed_networks = ArrayField(
        models.CharField(max_length=NETWORK_MAX_LENGTH),
        default=list,
        blank=True,
        help_text="Networks in CIDR notation from which the key may be used; none: from anywhere.",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    #: Which writes made the row and its product's, where `lookups.KEYS` found them; not a column.
    version: str = ""

    class Meta:
        verbose_name = "API key"
        constraints = [
            # Whoever holds it would be both: who asks for a withdrawal, and who approves it.
            models.CheckConstraint(
                condition=~models.Q(scopes__contains=[Scope.WITHDRAWALS_WRITE, Scope.WITHDRAWALS_APPROVE]),
                name="key_asks_or_approves",
                violation_error_message="A key asks for withdrawals or approves them, never both.",
            ),
        ]
        triggers = KEY_GUARDS

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"

    def is_usable(self) -> bool:
        """True while neither the key has ended nor its product."""
        now = timezone.now()
        ended = self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)
        return not ended and self.product.is_active


class Customer(models.Model):
    """A product's end user. The provider knows the customer by our id (``cus_…``), never by the product's."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False, related_name="customers")
    mode = models.CharField(max_length=4, choices=Mode.choices)
    external_id = models.CharField(max_length=REFERENCE_MAX_LENGTH, help_text="The product's own id of this user.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "mode", "external_id"], name="one_customer_per_external_id"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What the provider is told (C§1: ``label``): 30 safe characters without personal data."""
        return ids.encode(ids.CUSTOMER, self.id)


class Branding(models.Model):
    """How payment pages look to a product's customers, in both modes. A product without one has the pages' own look."""

    product = models.OneToOneField(Product, on_delete=models.PROTECT, primary_key=True, related_name="branding")
    display_name = models.CharField(
        max_length=NAME_MAX_LENGTH, blank=True, help_text="What customers know it as; empty: the product's own name."
    )
    colour = models.CharField(max_length=7, blank=True, help_text="#rrggbb; empty: the pages' own colours.")
    logo = models.BinaryField(default=b"", blank=True, help_text="A PNG that we made ourselves; empty: none.")
    logo_digest = models.CharField(max_length=64, blank=True, editable=False, help_text="SHA-256 of the logo.")
    logo_width = models.PositiveSmallIntegerField(default=0, editable=False, help_text="In pixels.")
    logo_height = models.PositiveSmallIntegerField(default=0, editable=False, help_text="In pixels.")
    frame_origins = ArrayField(
        models.CharField(max_length=ORIGIN_MAX_LENGTH),
        default=list,
        blank=True,
        help_text="Whose pages may show payment pages in a frame; none: nobody's.",
    )
    support_address = models.CharField(
        max_length=SUPPORT_MAX_LENGTH, blank=True, help_text="Where customers ask for help: an https URL or mailto:."
    )

    class Meta:
        verbose_name = "branding"
        verbose_name_plural = "branding"
        constraints = [
            # Both are written into what browsers read as rules: a style sheet and a header.
            models.CheckConstraint(condition=models.Q(colour__regex=r"^(#[0-9a-f]{6})?$"), name="colour_is_a_colour"),
            models.CheckConstraint(
                condition=Regex(
                    models.Func(
                        models.F("frame_origins"),
                        models.Value(" "),
                        function="array_to_string",
                        output_field=models.TextField(),
                    ),
                    _ORIGINS,
                ),
                name="frame_origins_are_origins",
            ),
            models.CheckConstraint(
                condition=models.Q(logo=b"", logo_digest="") | (~models.Q(logo=b"") & ~models.Q(logo_digest="")),
                name="logo_has_a_digest",
            ),
        ]

    def __str__(self) -> str:
        return f"Payment pages of {self.display_name or self.product}"


class ProductHistory(history_of(Product, "name", "is_active", "underpayment", "takes_savings")):  # type: ignore[misc]
    """What a product was set to."""

    class Meta:
        default_permissions = ()
        triggers = never_changed("products")


_LOOKS: Final = ("display_name", "colour", "logo_digest", "frame_origins", "support_address")


class BrandingHistory(history_of(Branding, *_LOOKS)):  # type: ignore[misc]
    """What payment pages looked like; of the logo its digest, never its bytes."""

    class Meta:
        default_permissions = ()
        triggers = never_changed("branding")


_KEY_COLUMNS: Final = (
    *("product", "mode", "name", "prefix", "scopes", "rate_limit_per_minute", "allowed_networks"),
    *("expires_at", "revoked_at"),
)


class ApiKeyHistory(history_of(ApiKey, *_KEY_COLUMNS)):  # type: ignore[misc]
    """What a key might do, and until when; never its digest."""

    class Meta:
        default_permissions = ()
        triggers = never_changed("API keys")


def digest_of(key: str) -> str:
    """How a bearer key is stored and found. A key has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_key(mode: Mode) -> str:
    """A fresh bearer key: a readable prefix and 32 random bytes."""
    return f"pk_{mode}_{secrets.token_urlsafe(32)}"
