"""What the provider holds for us, as it says itself."""

from typing import Final

from django.db import models

from gateway import ids
from gateway.due_work import DueWork
from gateway.providers.models.accounts import ProviderAccount
from gateway.providers.models.calls import NOTE_MAX_LENGTH
from gateway.providers.models.systems import SYSTEM_CODE_MAX_LENGTH

#: Balances come with three or four decimals, of coins with eight (C§1.11), and with up to 15 digits before the
#: point (`gateway.paykassma.wire_values`). Nothing is ever posted from this column.
BALANCE_DECIMAL_PLACES: Final = 8
BALANCE_MAX_DIGITS: Final = 15 + BALANCE_DECIMAL_PLACES


class BalanceCheck(DueWork):
    """When an account's balances were asked for and when that was answered. Due for the next question."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.OneToOneField(ProviderAccount, on_delete=models.PROTECT, related_name="balance_check")
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True, help_text="When the provider last gave balances.")
    note = models.CharField(max_length=NOTE_MAX_LENGTH, blank=True, help_text="How the last question was answered.")

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
