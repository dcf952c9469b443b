"""What customers have saved up at the provider."""

from decimal import Decimal

from django.db import models

from balances.journals import ProviderMoney
from gateway import ids, money
from gateway.products.models import Customer
from gateway.providers.models import PaymentSystem, ProviderAccount


class Savings(models.Model):
    """What the provider last said that a customer has saved up with a system (C§1.6). Nothing is credited by it.

    ``saved`` is what the ledger has of it: each change is a journal. What was released since then is taken off.
    """

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
    sequence = models.PositiveIntegerField(default=0, help_text="Counts its changes, and so its journals and news.")
    missing = models.DecimalField(
        max_digits=money.MAX_DIGITS,
        decimal_places=money.DECIMAL_PLACES,
        default=Decimal(0),
        help_text="What the sum fell by without a release: a person has to ask the provider.",
    )

    class Meta:
        verbose_name_plural = "savings"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "customer", "payment_system", "currency"], name="one_savings_per_customer_and_system"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_system_id} {self.currency}"

    @property
    def public_id(self) -> str:
        """Our id of it, by which the ledger and the news name it."""
        return ids.encode(ids.SAVINGS, self.id)

    def money(self, amount: Decimal) -> ProviderMoney:
        """An amount of it, as the provider's books know it."""
        return ProviderMoney(
            account=self.account_id,
            payment_system=self.payment_system_id,
            mode=self.customer.mode,
            currency=self.currency,
            amount=amount,
        )
