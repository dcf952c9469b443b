"""What is owed to products: endpoints, events, deliveries and the attempts to make them."""

from typing import Final

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from gateway import ids
from gateway.due_work import DueWork
from gateway.encryption import EncryptedBytesField, EncryptedJSONField
from gateway.kept_history import history_of, never_changed
from gateway.lifecycles import Guard, written_once
from gateway.products.models import Mode, Product
from gateway.webhooks.event_types import EventType
from gateway.webhooks.states import DELIVERY_LIFE, AttemptOutcome, DeliveryStatus, DisabledReason

#: Longest address of an endpoint; servers and proxies begin to refuse longer ones.
URL_MAX_LENGTH: Final = 2048


class WebhookEndpoint(models.Model):
    """An address of a product, in one mode, that wants to be told."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False, related_name="webhook_endpoints")
    mode = models.CharField(max_length=4, choices=Mode.choices)
    url = models.CharField(max_length=URL_MAX_LENGTH)
    secrets = EncryptedJSONField(help_text="Live signing secrets, newest first: [{secret, until}].")
    event_types = ArrayField(
        models.CharField(max_length=48, choices=EventType.choices),
        default=list,
        blank=True,
        help_text="Empty: all.",
    )
    is_enabled = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=16, choices=DisabledReason.choices, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True, help_text="First failure since the last success.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["product", "mode", "id"], name="endpoint_by_owner")]
        constraints = [
            # The same address twice would be told everything twice.
            models.UniqueConstraint(
                fields=["product", "mode", "url"],
                condition=Q(is_enabled=True),
                name="one_enabled_endpoint_per_url",
            ),
            models.CheckConstraint(
                condition=Q(is_enabled=True, disabled_at=None, disabled_reason="")
                | (Q(is_enabled=False, disabled_at__isnull=False) & ~Q(disabled_reason="")),
                name="disabled_endpoint_says_why",
            ),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="endpoint_mode_known"),
        ]

    def __str__(self) -> str:
        return ids.encode(ids.WEBHOOK_ENDPOINT, self.id)


_ENDPOINT_COLUMNS: Final = ("product", "mode", "url", "event_types", "is_enabled", "disabled_reason")


class WebhookEndpointHistory(history_of(WebhookEndpoint, *_ENDPOINT_COLUMNS, secrets=["secrets"])):  # type: ignore[misc]
    """What an endpoint was set to; of its secrets, that they changed."""

    class Meta:
        default_permissions = ()
        triggers = never_changed("webhook endpoints")


class Event(models.Model):
    """One thing that happened, as the product is told: written once, in the transaction in which it happened."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False, related_name="events")
    mode = models.CharField(max_length=4, choices=Mode.choices)
    type = models.CharField(max_length=48, choices=EventType.choices)
    subject = models.CharField(max_length=40, help_text="TypeID of the object it is about.")
    sequence = models.PositiveIntegerField(help_text="Counts the moves of one object.")
    #: Encrypted: what a product is told may hold account details of its customers.
    data = EncryptedJSONField(help_text="The object as the API showed it at that moment.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["product", "mode", "id"], name="event_by_owner"),
            models.Index(fields=["product", "mode", "type", "id"], name="event_by_type"),
            # Trials among millions of live events; live ones cost it nothing.
            models.Index(fields=["id"], condition=Q(mode=Mode.TEST), name="event_in_test"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["subject", "sequence"], name="one_event_per_move"),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="event_mode_known"),
        ]
        triggers = written_once("webhook events", except_for=["data"])

    def __str__(self) -> str:
        return ids.encode(ids.EVENT, self.id)


class Delivery(DueWork):
    """One event owed to one endpoint."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, db_index=False, related_name="deliveries")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries")
    status = models.CharField(max_length=16, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    sending_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Takes one of the endpoint's few places while an attempt is under way.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)
    former_attempts = models.PositiveIntegerField(
        default=0, help_text="Attempts of the rounds before this one: whoever replays a delivery begins a new round."
    )

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            # What was given up is little, and looked for at any age.
            models.Index(fields=["id"], condition=Q(status=DeliveryStatus.EXHAUSTED), name="delivery_given_up"),
            models.Index(fields=["endpoint", "next_at"], condition=Q(next_at__isnull=False), name="delivery_due"),
            models.Index(
                fields=["endpoint", "sending_until"],
                condition=Q(sending_until__isnull=False),
                name="delivery_under_way",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="one_delivery_per_endpoint"),
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_known"),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.PENDING, next_at__isnull=False, finished_at=None)
                | (~Q(status=DeliveryStatus.PENDING) & Q(next_at=None, token=None, finished_at__isnull=False)),
                name="pending_delivery_is_due",
            ),
            models.CheckConstraint(
                condition=Q(sending_until=None) | Q(token__isnull=False),
                name="only_a_claimed_delivery_is_under_way",
            ),
        ]
        triggers = [
            Guard(
                name="legal_moves",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),  # type: ignore[no-untyped-call]
                func=f"""
                    IF TG_OP = 'INSERT' THEN
                        IF NEW.status <> '{DeliveryStatus.PENDING}' THEN
                            RAISE EXCEPTION 'webhook delivery may not begin as %', NEW.status
                                USING ERRCODE = '23514';
                        END IF;
                    ELSIF NEW.status <> OLD.status AND OLD.status || '>' || NEW.status
                            NOT IN ({", ".join(f"'{pair}'" for pair in DELIVERY_LIFE.pairs())}) THEN
                        RAISE EXCEPTION 'webhook delivery: % may not become %', OLD.status, NEW.status
                            USING ERRCODE = '23514';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    @property
    def attempts_of_round(self) -> int:
        """Attempts since it was owed, or since a person last replayed it."""
        return self.attempts - self.former_attempts

    def __str__(self) -> str:
        return f"{ids.encode(ids.EVENT, self.event_id)} → {ids.encode(ids.WEBHOOK_ENDPOINT, self.endpoint_id)}"


class DeliveryAttempt(models.Model):
    """One attempt of a delivery and how it ended."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, db_index=False, related_name="tries")
    number = models.PositiveIntegerField(help_text="Counts from 1; a worker that died leaves a gap.")
    outcome = models.CharField(max_length=24, choices=AttemptOutcome.choices)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    answer = EncryptedBytesField(help_text="The first 64 KiB of the answer's body.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="one_row_per_attempt"),
            models.CheckConstraint(condition=Q(outcome__in=AttemptOutcome.values), name="attempt_outcome_known"),
        ]
        triggers = written_once("webhook attempts", except_for=["answer"])

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
