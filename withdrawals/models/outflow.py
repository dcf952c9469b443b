"""The most that leaves in a day, whoever asked for it and whoever approved it."""

from typing import Final

from django.core.exceptions import ValidationError
from django.db import models

from gateway import money
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from withdrawals.models.agreed import Agreed, agreed_by_two_persons, one_per_version

OUTFLOW_VERB: Final = "outflow_cap_agreed"

_KEY: Final = ("mode", "currency", "product", "account")
_SAME: Final = """parameters ->> 'currency' = NEW.currency
                    AND coalesce(parameters ->> 'product', '') = coalesce(NEW.product_id::text, '')
                    AND coalesce(parameters ->> 'provider_account', '') = coalesce(NEW.account_id::text, '')
                    AND (parameters ->> 'maximum')::numeric IS NOT DISTINCT FROM NEW.maximum"""


class OutflowCap(Agreed):
    """The most that is sent in 24 hours for one product, or through one account; a version without one ends the cap.

    A limit stops an order; a cap stops everything, because more left than anybody expected.
    """

    KEY = _KEY

    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    account = models.ForeignKey(
        ProviderAccount, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    maximum = models.DecimalField(
        max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True, blank=True
    )

    class Meta:
        ordering = ["mode", "currency", "product", "account", "-version"]
        constraints = [
            one_per_version(_KEY, "one_outflow_cap_per_version"),
            models.CheckConstraint(
                condition=models.Q(product=None, account__isnull=False) | models.Q(product__isnull=False, account=None),
                name="outflow_cap_is_of_one",
                violation_error_message="A cap is of a product or of a provider account: name one of them.",
            ),
            models.CheckConstraint(
                condition=models.Q(maximum=None) | models.Q(maximum__gt=0),
                name="outflow_cap_leaves_something",
                violation_error_message="A cap leaves room for something; to stop everything there are pauses.",
            ),
        ]
        triggers = agreed_by_two_persons(OUTFLOW_VERB, "outflow caps", _SAME)

    def __str__(self) -> str:
        most = "no cap"
        if self.maximum is not None:
            most = f"at most {money.format_amount(self.maximum, self.currency)} {self.currency} in 24 hours"
        return f"{self.mode} {self.currency}, {self.product or self.account}: {most}"

    def clean(self) -> None:
        """What forms and the verb say of a cap that nothing would ever reach."""
        if self.account is not None and self.account.mode != self.mode:
            raise ValidationError({"account": f"It is a {self.account.mode} account."})
