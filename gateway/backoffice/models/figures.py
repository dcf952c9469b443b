"""What was counted ahead of time, so that no page counts millions of rows: money by day, and how well systems work.

Nothing here is money: every row can be thrown away and counted again from the ledger and the orders
(`gateway.backoffice.first_page.counting_figures`).
"""

from django.db import models

from balances.kinds import AccountKind, FeeDirection, JournalKind
from gateway import money
from gateway.products.models import Mode
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH


class Span(models.TextChoices):
    """How far back the orders were made that a `SystemFigure` counts."""

    DAY = "day", "last 24 hours"
    WEEK = "week", "last 7 days"


class Counted(models.Model):
    """That something was counted, and when: a day of UTC (``2026-11-26``), or a `Span`."""

    what = models.CharField(max_length=10, primary_key=True)
    counted_at = models.DateTimeField(help_text="Rows that were there then are among its figures.")
    is_settled = models.BooleanField(default=False, help_text="Nothing can be added to it any more.")

    class Meta:
        verbose_name_plural = "counted"

    def __str__(self) -> str:
        return f"{self.what} at {self.counted_at:%Y-%m-%d %H:%M:%S} UTC"


class DayFigure(models.Model):
    """What all journals of one kind and one day of UTC moved on one kind of account, in one mode and currency."""

    mode = models.CharField(max_length=4, choices=Mode.choices)
    day = models.DateField()
    currency = models.CharField(max_length=3)
    kind = models.CharField(
        max_length=24, choices=JournalKind.choices, help_text="Of a journal that takes another one back: of that one."
    )
    is_reversal = models.BooleanField(help_text="They take other journals of this kind back.")
    account_kind = models.CharField(max_length=24, choices=AccountKind.choices)
    debit = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    credit = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    journals = models.PositiveBigIntegerField(help_text="How many journals have such a leg.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "mode", "currency", "kind", "is_reversal", "account_kind"],
                name="one_figure_per_day_and_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.mode} {self.currency} {self.kind} {self.account_kind}"


class SystemFigure(models.Model):
    """What became of the orders of one payment system that were made in a `Span` of time, and how quickly."""

    mode = models.CharField(max_length=4, choices=Mode.choices)
    span = models.CharField(max_length=4, choices=Span.choices)
    direction = models.CharField(max_length=10, choices=FeeDirection.choices)
    payment_system = models.CharField(max_length=SYSTEM_CODE_MAX_LENGTH)
    made = models.PositiveBigIntegerField(help_text="Orders made in the span, whatever became of them.")
    ended = models.PositiveBigIntegerField(help_text="Those of which the end is known.")
    succeeded = models.PositiveBigIntegerField(help_text="Those that were credited, or paid.")
    middle_ms = models.BigIntegerField(null=True, help_text="Half of those that succeeded took less.")
    slow_ms = models.BigIntegerField(null=True, help_text="One in twenty of them took longer.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mode", "span", "direction", "payment_system"], name="one_figure_per_system_and_span"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_system} {self.direction}, {self.span} ({self.mode})"
