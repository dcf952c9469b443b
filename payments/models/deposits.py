"""Money that a product expects."""

from typing import Any

import pgtrigger
from django.db import models
from django.utils import timezone

from gateway import ids, money
from gateway.due_work import DueWork
from gateway.encryption import EncryptedJSONField
from gateway.lifecycles import Guard, Move, PlacedGuard, lifecycle_guards, update_of, written_once
from gateway.products.models import REFERENCE_MAX_LENGTH, Customer, Mode, Product
from gateway.providers.models import Flow, PaymentSystem, ProviderAccount
from payments.failures import SAFE_TO_RETRY, FailureCode
from payments.models.asked_guards import what_was_asked_stays
from payments.models.checkout_sessions import CheckoutSession
from payments.models.savings import Savings
from payments.states import DEPOSIT, FINAL, AmountCheck, DepositStatus


def checkout_guards() -> list[Guard]:
    """Two tabs, or a mistake of ours, never make two payments of one order: a session has one open attempt.

    Another one begins only where the former can have taken no money, or was called off by the customer, who was told
    that it may still arrive. Who makes attempts of one session at once stands in line at its row.
    """
    safe = ", ".join(f"'{code}'" for code in sorted(SAFE_TO_RETRY))
    return [
        PlacedGuard(
            name="one_open_attempt",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            condition=pgtrigger.Condition("NEW.checkout_session_id IS NOT NULL"),
            declare=[("session", "record")],
            func=f"""
                SELECT * INTO session FROM payments_checkoutsession WHERE id = NEW.checkout_session_id FOR UPDATE;
                IF (session.product_id, session.mode, session.customer_id, session.currency, session.amount)
                        IS DISTINCT FROM (NEW.product_id, NEW.mode, NEW.customer_id, NEW.currency, NEW.amount) THEN
                    RAISE EXCEPTION 'deposit % is not what its checkout session asks for', NEW.id
                        USING ERRCODE = '23514';
                END IF;
                IF EXISTS (
                    SELECT 1 FROM payments_deposit
                    WHERE checkout_session_id = NEW.checkout_session_id AND status <> 'cancelled'
                        AND NOT (status = 'failed' AND failure_code IN ({safe}))
                ) THEN
                    RAISE EXCEPTION 'checkout session % has an attempt that may be paid', NEW.checkout_session_id
                        USING ERRCODE = '23514';
                END IF;
                RETURN NEW;
            """,  # noqa: S608 - our own codes, no input
        ),
        Guard(
            name="attempts_stay",
            when=pgtrigger.Before,
            operation=update_of("checkout_session_id", "checkout_attempt"),
            condition=pgtrigger.Condition(
                "OLD.checkout_session_id IS DISTINCT FROM NEW.checkout_session_id"
                " OR OLD.checkout_attempt IS DISTINCT FROM NEW.checkout_attempt"
            ),
            func="RAISE EXCEPTION 'a deposit stays with its checkout session' USING ERRCODE = '23514';",
        ),
    ]


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

    checkout_session = models.ForeignKey(
        CheckoutSession,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="deposits",
        help_text="Of whose attempts it is one.",
    )
    checkout_attempt = models.PositiveSmallIntegerField(null=True, help_text="Which one: 1, 2, …")

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
            # Few are paid on our pages: the index is theirs alone.
            models.UniqueConstraint(
                fields=["checkout_session", "checkout_attempt"],
                condition=models.Q(checkout_session__isnull=False),
                name="one_deposit_per_attempt",
            ),
            models.CheckConstraint(
                condition=models.Q(checkout_session__isnull=True, checkout_attempt__isnull=True)
                | models.Q(checkout_session__isnull=False, checkout_attempt__isnull=False, checkout_attempt__gte=1),
                name="attempts_are_numbered",
            ),
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
            # What stays where it is until somebody does something, and what went back: few, and looked for at any age.
            models.Index(
                fields=["id"],
                condition=models.Q(status__in=["in_review", "accumulating", "reversed"]),
                name="deposits_for_a_person",
            ),
            # Trials among millions of live orders; live ones cost it nothing.
            models.Index(fields=["id"], condition=models.Q(mode=Mode.TEST), name="deposits_in_test"),
            models.Index(
                fields=["updated_at"],
                condition=models.Q(redacted_at=None, status__in=sorted(FINAL)),
                name="deposits_to_redact",
            ),
        ]
        triggers = [
            *lifecycle_guards(DEPOSIT, history_table="payments_depositmove"),
            *checkout_guards(),
            what_was_asked_stays(),
        ]

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
        triggers = written_once("moves of a deposit")
