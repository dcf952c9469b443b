"""Money in: deposits, the customer's confirmations, and the provider's receipts."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from gateway import ids, money
from gateway.due_work import DueWork
from gateway.encryption import EncryptedBytesField, EncryptedJSONField
from gateway.lifecycles import Move, append_only_guard, lifecycle_guards
from gateway.products.models import REFERENCE_MAX_LENGTH, Customer, Mode, Product
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH, Flow, PaymentSystem, ProviderAccount
from payments.failures import FailureCode
from payments.states import CONFIRMATION, DEPOSIT, FINAL, AmountCheck, ConfirmationStatus, DepositStatus


class Savings(models.Model):
    """What the provider last said that a customer has saved up with a system (C§1.6). Nothing is credited by it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    payment_system = models.ForeignKey(PaymentSystem, on_delete=models.PROTECT)
    currency = models.CharField(max_length=3)
    saved = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    lacking = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    minimum = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    is_reported = models.BooleanField(
        default=True, help_text="False once the provider said nothing usable any more: not reported is not zero."
    )
    observed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "savings"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "customer", "payment_system", "currency"], name="one_savings_per_customer_and_system"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_system_id} {self.currency}"


class Deposit(DueWork):
    """Money that a product expects from one of its customers.

    Due while ``created`` (open it at the provider) and afterwards for as long as the provider is asked about it.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, db_index=False)
    payment_system = models.ForeignKey(PaymentSystem, on_delete=models.PROTECT, db_index=False)
    reference = models.CharField(max_length=REFERENCE_MAX_LENGTH)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    return_urls = models.JSONField(default=dict)
    language = models.CharField(max_length=2, default="en")
    details: Any = EncryptedJSONField(default=dict, help_text="What the system wants to know of the customer.")
    metadata = models.JSONField(default=dict)

    flow = models.CharField(max_length=10, choices=Flow.choices, help_text="Frozen from the payment system.")
    is_manual = models.BooleanField(
        null=True, help_text="Frozen when the provider opens the order; selects the endpoint."
    )
    in_widget = models.BooleanField(
        default=False, help_text="Frozen from the account: it is paid in the provider's payment window (C§1.8)."
    )

    status = models.CharField(max_length=20, choices=DepositStatus.choices, default=DepositStatus.CREATED)
    sequence = models.PositiveIntegerField(default=1)
    failure_code = models.CharField(max_length=40, choices=FailureCode.choices, blank=True)
    hinted_at = models.DateTimeField(null=True, help_text="When an unproven letter last made it due.")
    deadline_at = models.DateTimeField(null=True, help_text="When the present status ends by itself.")
    shown: Any = EncryptedJSONField(null=True, help_text="What the customer was told: details, address or message.")
    shown_at = models.DateTimeField(null=True)
    payment_created_at = models.DateTimeField(
        null=True,
        help_text="Written before payment/create is sent, which is never sent twice, or with the widget's address.",
    )
    savings = models.ForeignKey(
        Savings, on_delete=models.PROTECT, null=True, help_text="What was last said of the savings it may be among."
    )

    received_amount = models.DecimalField(
        max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True, blank=True
    )
    amount_check = models.CharField(max_length=16, choices=AmountCheck.choices, blank=True)
    late = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    redacted_at = models.DateTimeField(
        null=True, blank=True, help_text="When what the customer entered and was shown was taken away."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "mode", "reference"], name="one_deposit_per_reference"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="deposit_amount_is_positive"),
            models.CheckConstraint(condition=models.Q(status__in=DepositStatus.values), name="deposit_status_is_known"),
            models.CheckConstraint(
                condition=models.Q(received_amount__isnull=True) | models.Q(received_amount__gt=0),
                name="deposit_received_is_positive",
            ),
        ]
        indexes = [
            models.Index(fields=["product", "mode", "-id"], name="deposits_of_a_product"),
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="deposits_due"),
            models.Index(
                fields=["deadline_at"],
                condition=models.Q(status__in=["created", "awaiting_payment", "verifying"]),
                name="deposits_by_deadline",
            ),
            models.Index(
                fields=["updated_at"],
                condition=models.Q(redacted_at=None, status__in=sorted(FINAL)),
                name="deposits_to_redact",
            ),
        ]
        triggers = lifecycle_guards(DEPOSIT, history_table="payments_depositmove")

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """Our id as the provider and the product know it."""
        return ids.encode(ids.DEPOSIT, self.id)


class DepositMove(Move):
    """One move of a deposit with its cause."""

    subject = models.ForeignKey(Deposit, on_delete=models.PROTECT, db_index=False, related_name="moves")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="one_deposit_move_per_step")]
        triggers = [append_only_guard("moves of a deposit")]


class Confirmation(DueWork):
    """One attempt of the customer to activate a deposit. Its id is what the provider calls ours (C§1.4)."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="confirmations")
    provider_reference = models.CharField(max_length=190, help_text="The bank's reference, normalised (key1).")
    amount = models.DecimalField(
        max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True, blank=True
    )
    status = models.CharField(max_length=20, choices=ConfirmationStatus.choices, default=ConfirmationStatus.CREATED)
    sequence = models.PositiveIntegerField(default=1)
    failure_code = models.CharField(max_length=40, choices=FailureCode.choices, blank=True)
    provider_word = models.CharField(
        max_length=20, blank=True, help_text="What the provider answered when it was sent."
    )
    is_contested = models.BooleanField(default=False, help_text="Another customer claims the same reference.")
    sent_at = models.DateTimeField(null=True, help_text="Written before the first byte leaves.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=ConfirmationStatus.values), name="confirmation_status_is_known"
            ),
            # The same reference cannot be under way twice for one deposit; races between two tabs end here.
            models.UniqueConstraint(
                fields=["deposit", "provider_reference"],
                condition=models.Q(status__in=["created", "sending", "credited"])
                | (models.Q(status="verifying") & ~models.Q(provider_word="unknown")),
                name="one_open_confirmation_per_reference",
            ),
        ]
        indexes = [
            models.Index(fields=["provider_reference"], name="confirmations_by_reference"),
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="confirmations_due"),
            models.Index(
                fields=["created_at"], condition=models.Q(status="verifying"), name="confirmations_being_verified"
            ),
        ]
        triggers = lifecycle_guards(CONFIRMATION, history_table="payments_confirmationmove")

    def __str__(self) -> str:
        return self.public_id

    @property
    def currency(self) -> str:
        """Its deposit's, by which its amount is shown."""
        return self.deposit.currency

    @property
    def public_id(self) -> str:
        """What the provider is sent as ``custom_transaction_id``."""
        return ids.encode(ids.CONFIRMATION, self.id)


class ConfirmationMove(Move):
    """One move of a confirmation with its cause."""

    subject = models.ForeignKey(Confirmation, on_delete=models.PROTECT, db_index=False, related_name="moves")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="one_confirmation_move_per_step")]
        triggers = [append_only_guard("moves of a confirmation")]


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
            models.Index(fields=["pixel_digest"], condition=~models.Q(pixel_digest=""), name="screenshots_by_pixels"),
            models.Index(fields=["look"], condition=~models.Q(look=""), name="screenshots_by_look"),
        ]

    def __str__(self) -> str:
        return f"screenshot of {ids.encode(ids.CONFIRMATION, self.confirmation_id)}"


class ReceiptStatus(models.TextChoices):
    """What became of an item of provider money."""

    CREDITED = "credited", "it counts for its deposit"
    IN_REVIEW = "in_review", "it belongs to a deposit that a person has to look at"
    SUSPENSE = "suspense", "the provider has it, we know no order for it"


class Receipt(models.Model):
    """One item of provider money (C§2.1: an item of ``additional_data``), as the provider said it when asked."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT)
    wallet_type = models.CharField(max_length=SYSTEM_CODE_MAX_LENGTH)
    transaction_id = models.CharField(max_length=190, blank=True)
    custom_id = models.CharField(max_length=190, blank=True)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, related_name="receipts")
    confirmation = models.ForeignKey(Confirmation, on_delete=models.PROTECT, null=True, related_name="receipts")
    label = models.CharField(max_length=190, blank=True)
    amount = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=12, choices=ReceiptStatus.choices)
    contradiction = models.CharField(
        max_length=200, blank=True, help_text="The provider said the same item differently; a person decides."
    )
    stockpiling_id = models.CharField(max_length=40, blank=True)
    provider_time = models.CharField(max_length=40, blank=True, help_text="As the provider wrote it, without a zone.")
    provider_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The same read with the account's zone of that time; empty where it cannot be. Decides nothing.",
    )
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "wallet_type", "transaction_id"],
                condition=~models.Q(transaction_id=""),
                name="one_receipt_per_transaction",
            ),
            models.UniqueConstraint(
                fields=["account", "custom_id"],
                condition=models.Q(transaction_id=""),
                name="one_receipt_per_order_without_transaction",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="receipt_amount_is_positive"),
            models.CheckConstraint(condition=models.Q(status__in=ReceiptStatus.values), name="receipt_status_is_known"),
            models.CheckConstraint(
                condition=models.Q(deposit__isnull=False) | models.Q(status="suspense"),
                name="receipt_without_deposit_is_suspense",
            ),
        ]
        indexes = [
            models.Index(fields=["transaction_id"], name="receipts_by_transaction"),
            models.Index(Upper("transaction_id"), name="receipts_by_any_spelling"),
        ]

    def __str__(self) -> str:
        return ids.encode(ids.RECEIPT, self.id)
