"""Rows of fees: entered by finance, because no API shows the provider's commission. Never changed, only followed."""

from decimal import Decimal
from typing import Final

import pgtrigger
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from balances.guards import LedgerGuard, refuse
from balances.instruction_models import REASON_MAX_LENGTH
from balances.kinds import FEE_VERB, FeeDirection, FeeKind
from gateway import ids, money
from gateway.lifecycles import written_once
from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.two_persons import decided_in_this_transaction

_ALL: Final = Decimal(100)
#: What the instruction says in words, and the row in its columns. A time that is empty: from the approval on, by the
#: clock of whoever carried it out.
_SAME: Final = """mode = NEW.mode
                    AND parameters ->> 'fee_kind' = NEW.kind AND parameters ->> 'direction' = NEW.direction
                    AND parameters ->> 'currency' = NEW.currency
                    AND (parameters ->> 'percent')::numeric = NEW.percent
                    AND (parameters ->> 'fixed')::numeric = NEW.fixed
                    AND coalesce(parameters ->> 'product', '') = coalesce(NEW.product_id::text, '')
                    AND coalesce(parameters ->> 'provider_account', '') = coalesce(NEW.provider_account_id::text, '')
                    AND coalesce(parameters ->> 'payment_system', '') = coalesce(NEW.payment_system_id, '')
                    AND coalesce(nullif(parameters ->> 'valid_from', '')::timestamptz, NEW.valid_from)
                        = NEW.valid_from"""


def _decided_by_two_persons() -> LedgerGuard:
    """At COMMIT a row has the instruction of its transaction that says the same."""
    return LedgerGuard(
        name="decided_by_two_persons",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        func=f"""
            IF NOT {decided_in_this_transaction(FEE_VERB, _SAME)} THEN
                {refuse("a fee row needs an instruction that two persons decided in its transaction")}
            END IF;
            RETURN NULL;
        """,
    )


class Fee(models.Model):
    """A part of an amount and a fixed sum, from a time on; which row counts for an event, `balances.fees` says.

    What was entered wrongly is followed by another row with a later time. "From now on nothing" is a row of 0.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(max_length=8, choices=FeeKind.choices)
    direction = models.CharField(max_length=10, choices=FeeDirection.choices)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    payment_system = models.ForeignKey(
        PaymentSystem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="Empty: all that no other row names.",
    )
    product = models.ForeignKey(
        Product,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="Of a product's fee alone. Empty: all that no other row names.",
    )
    provider_account = models.ForeignKey(
        ProviderAccount,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="Of a provider's fee alone. Empty: all that no other row names.",
    )
    percent = models.DecimalField(
        max_digits=money.MAX_DIGITS,
        decimal_places=money.DECIMAL_PLACES,
        help_text="Of the amount, 0 to 100 with at most four decimals.",
    )
    fixed = models.DecimalField(
        max_digits=money.MAX_DIGITS,
        decimal_places=money.DECIMAL_PLACES,
        default=Decimal(0),
        help_text="Added to it, in units of the currency.",
    )
    valid_from = models.DateTimeField(
        blank=True, help_text="UTC, now or later. Empty: at once. Counts until a later row of the same kind of event."
    )
    reason = models.CharField(max_length=REASON_MAX_LENGTH, help_text="Kept plain: no personal data.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["direction", "mode", "currency", "kind", "payment_system_id", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "direction",
                    "mode",
                    "currency",
                    "kind",
                    "product",
                    "provider_account",
                    "payment_system",
                    "valid_from",
                ],
                nulls_distinct=False,
                name="one_fee_per_time",
                violation_error_message="There is a row of the same with this time; choose another one.",
            ),
            models.CheckConstraint(
                condition=models.Q(direction__in=FeeDirection.values), name="fee_direction_is_known"
            ),
            models.CheckConstraint(condition=models.Q(mode__in=Mode.values), name="fee_mode_is_known"),
            models.CheckConstraint(
                condition=models.Q(kind=FeeKind.PRODUCT, provider_account__isnull=True)
                | models.Q(kind=FeeKind.PROVIDER, product__isnull=True),
                name="fee_is_of_one_owner",
                violation_error_message="A product's fee names no provider account, and a provider's no product.",
            ),
            models.CheckConstraint(
                condition=models.Q(percent__gte=0, percent__lte=_ALL),
                name="fee_percent_is_a_part",
                violation_error_message="The percentage is from 0 to 100.",
            ),
            models.CheckConstraint(
                condition=models.Q(fixed__gte=0, fixed__lt=money.BEYOND_ORDERS),
                name="fee_fixed_is_an_amount",
                violation_error_message="The fixed amount is 0 or more, and less than a trillion.",
            ),
        ]
        triggers = [_decided_by_two_persons(), *written_once("fee rows", kind=LedgerGuard)]

    def __str__(self) -> str:
        who = self.product or self.provider_account or f"any {'product' if self.kind == FeeKind.PRODUCT else 'account'}"
        which = self.payment_system_id or "any system"
        fixed = money.format_amount(self.fixed, self.currency)
        return (
            f"{self.kind} fee of a {self.direction}, {self.mode} {self.currency}, {which}, {who}: "
            f"{self.percent.normalize():f} % + {fixed} from {self.valid_from:%Y-%m-%d %H:%M:%S}Z"
        )

    @property
    def public_id(self) -> str:
        """Our id of it, by which a journal names it."""
        return ids.encode(ids.FEE, self.id)

    def clean(self) -> None:
        """What forms and the verb say of a row that would never count, or count for the past."""
        if self.valid_from is not None and self.valid_from < timezone.now():
            raise ValidationError({"valid_from": "That is past. Leave it empty for at once, or name a time to come."})
        if self.provider_account is not None and self.provider_account.mode != self.mode:
            raise ValidationError({"provider_account": f"It is a {self.provider_account.mode} account."})
        systems = [self.payment_system] if self.payment_system else PaymentSystem.objects.all()
        if not any(self.currency in [*one.currencies, *one.receipt_currencies] for one in systems):
            raise ValidationError({"currency": f"No money comes or goes in {self.currency!r} there."})
        if self.fixed is not None and self.fixed.is_finite() and self.fixed != money.rounded(self.fixed, self.currency):
            raise ValidationError({"fixed": f"{self.currency} has {money.exponent(self.currency)} decimals."})
