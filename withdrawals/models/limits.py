"""How much may be asked for in a time, and how soon the same may be asked for again."""

from datetime import timedelta
from typing import Final

from django.db import models

from gateway import money
from gateway.products.models import Product
from gateway.providers.models import PaymentSystem
from withdrawals.models.agreed import Agreed, agreed_by_two_persons, one_per_version

LIMIT_VERB: Final = "limit_agreed"
WINDOW_VERB: Final = "duplicate_window_agreed"

#: How long the same order looks like a mistake where nobody said otherwise: a retry by hand, or a job that ran twice,
#: comes within the hour; a salary or a second wish of the same size rarely does.
DUPLICATE_WINDOW_MINUTES: Final = 60
#: The longest such time, which is that of the longest limit.
DUPLICATE_WINDOW_MINUTES_MAX: Final = 30 * 24 * 60


class Per(models.TextChoices):
    """What a limit counts together."""

    PRODUCT = "product", "all of a product"
    CUSTOMER = "customer", "each customer of a product"
    RECIPIENT = "recipient", "each account that a product pays to"
    PAYMENT_SYSTEM = "payment_system", "each payment system, or the one that is named"


class Period(models.TextChoices):
    """How far back a limit looks, from the moment of the new order: no limit begins anew at midnight."""

    HOUR = "hour", "the last 60 minutes"
    DAY = "day", "the last 24 hours"
    MONTH = "month", "the last 30 days"

    @property
    def length(self) -> timedelta:
        """The time that it stands for."""
        return {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=30)}[self.value]


class OnExcess(models.TextChoices):
    """What becomes of an order that goes beyond a limit."""

    REFUSE = "refuse", "it is not made"
    HOLD = "hold", "it is made and waits for a person"


_LIMIT_KEY: Final = ("mode", "currency", "product", "per", "payment_system", "period", "on_excess")
_SAME_LIMIT: Final = """parameters ->> 'currency' = NEW.currency AND parameters ->> 'per' = NEW.per
                    AND parameters ->> 'period' = NEW.period AND parameters ->> 'on_excess' = NEW.on_excess
                    AND coalesce(parameters ->> 'product', '') = coalesce(NEW.product_id::text, '')
                    AND coalesce(parameters ->> 'payment_system', '') = coalesce(NEW.payment_system_id, '')
                    AND (parameters ->> 'maximum_amount')::numeric IS NOT DISTINCT FROM NEW.maximum_amount
                    AND (parameters ->> 'maximum_count')::integer IS NOT DISTINCT FROM NEW.maximum_count"""


class WithdrawalLimit(Agreed):
    """The most that may be asked for in a period; a version without any maximum ends the limit.

    A row without a product binds every product, each by itself. All limits that apply have to be kept: a narrower row
    takes nothing away from a wider one.
    """

    KEY = _LIMIT_KEY

    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    product = models.ForeignKey(
        Product,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="Empty: every product, each by itself.",
    )
    per = models.CharField(max_length=14, choices=Per.choices)
    payment_system = models.ForeignKey(
        PaymentSystem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="Of a limit per payment system alone. Empty: each of them, by itself.",
    )
    period = models.CharField(max_length=5, choices=Period.choices)
    on_excess = models.CharField(max_length=6, choices=OnExcess.choices)
    maximum_amount = models.DecimalField(
        max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True, blank=True
    )
    maximum_count = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["mode", "currency", "product", "per", "payment_system", "period", "on_excess", "-version"]
        constraints = [
            one_per_version(_LIMIT_KEY, "one_limit_per_version"),
            models.CheckConstraint(
                condition=models.Q(payment_system=None) | models.Q(per=Per.PAYMENT_SYSTEM),
                name="limit_of_a_system_is_per_system",
                violation_error_message="Only a limit per payment system names one.",
            ),
            models.CheckConstraint(
                condition=models.Q(per__in=Per.values, period__in=Period.values, on_excess__in=OnExcess.values),
                name="limit_words_are_known",
            ),
            models.CheckConstraint(
                condition=(models.Q(maximum_amount=None) | models.Q(maximum_amount__gt=0))
                & (models.Q(maximum_count=None) | models.Q(maximum_count__gt=0)),
                name="limit_leaves_something",
                violation_error_message="A limit leaves room for something; to stop everything there are pauses.",
            ),
        ]
        triggers = agreed_by_two_persons(LIMIT_VERB, "limits", _SAME_LIMIT)

    def __str__(self) -> str:
        return f"{self.mode} {self.currency}, {self.about}, {self.within}: {self.most}, else {self.on_excess}"

    @property
    def about(self) -> str:
        """Whose orders it counts together, in words."""
        whose = str(self.product) if self.product else "any product"
        if self.per == Per.PRODUCT:
            return whose
        return f"{self.payment_system_id or 'each ' + self.per.replace('_', ' ')}, {whose}"

    @property
    def within(self) -> str:
        """In which time, in words."""
        return str(Period(self.period).label)

    @property
    def most(self) -> str:
        """What it allows, in words."""
        most = []
        if self.maximum_amount is not None:
            most.append(f"{money.format_amount(self.maximum_amount, self.currency)} {self.currency}")
        if self.maximum_count is not None:
            most.append(f"{self.maximum_count} withdrawal{'' if self.maximum_count == 1 else 's'}")
        return " and ".join(most) or "no limit"


class DuplicateWindow(Agreed):
    """How long the same order of a product looks like a mistake; where there is no row, `DUPLICATE_WINDOW_MINUTES`."""

    KEY = ("mode", "product")

    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False, related_name="+")
    minutes = models.PositiveIntegerField(help_text="0: nothing is ever taken for a duplicate.")

    class Meta:
        ordering = ["product", "mode", "-version"]
        constraints = [
            one_per_version(("product", "mode"), "one_duplicate_window_per_version"),
            models.CheckConstraint(
                condition=models.Q(minutes__lte=DUPLICATE_WINDOW_MINUTES_MAX),
                name="duplicate_window_is_a_month_at_most",
                violation_error_message=f"At most {DUPLICATE_WINDOW_MINUTES_MAX} minutes, which are 30 days.",
            ),
        ]
        triggers = agreed_by_two_persons(
            WINDOW_VERB,
            "duplicate windows",
            "parameters ->> 'product' = NEW.product_id::text AND (parameters ->> 'minutes')::integer = NEW.minutes",
        )

    def __str__(self) -> str:
        return f"{self.product}, {self.mode}: {self.minutes} minutes"
