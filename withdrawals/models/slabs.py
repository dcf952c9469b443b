"""From which amount on a withdrawal takes whose approvals: sets of slabs, each of which replaces the one before."""

from typing import Final

from django.db import models

from gateway.products.models import Mode, Product
from withdrawals.models.agreed import Agreed, agreed_by_two_persons, one_per_version
from withdrawals.states import ApproverRole

#: By which two persons agree on a set.
SLABS_VERB: Final = "slabs_agreed"
#: As long as a parameter of a verb may be: five slabs and more.
SLABS_MAX_LENGTH: Final = 190
#: In a set: that a withdrawal takes nobody's approval, and what stands between two roles.
NOBODY: Final = "none"
AND: Final = " + "
_ROLES: Final = "|".join(ApproverRole.values)
_WHOSE: Final = rf"({NOBODY}|({_ROLES})( \+ ({_ROLES}))?)"
_KEY: Final = ("product", "mode", "currency")
_SAME: Final = """parameters ->> 'product' = NEW.product_id::text AND parameters ->> 'currency' = NEW.currency
                    AND parameters ->> 'slabs' = NEW.slabs"""


class SlabSet(Agreed):
    """The slabs of a product, mode and currency. The latest version counts; none is ever changed.

    They are kept in the words in which they were agreed (`withdrawals.slabs` reads and writes them), which the
    database reads, too.
    """

    KEY = _KEY

    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False, related_name="+")
    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    slabs = models.CharField(
        max_length=SLABS_MAX_LENGTH,
        help_text='Such as "0: none; 10000.00: approver; 100000.00: approver + finance_lead".',
    )

    class Meta:
        verbose_name = "slabs of approval"
        verbose_name_plural = "slabs of approval"
        ordering = ["product", "mode", "currency", "-version"]
        constraints = [
            # Its index finds the latest.
            one_per_version(_KEY, "one_set_of_slabs_per_version"),
            models.CheckConstraint(condition=models.Q(mode__in=Mode.values), name="slabs_mode_is_known"),
            models.CheckConstraint(
                condition=models.Q(slabs__regex=rf"^0: {_WHOSE}(; [0-9]+(\.[0-9]+)?: {_WHOSE})*$"),
                name="slabs_are_read_by_all",
            ),
        ]
        triggers = agreed_by_two_persons(SLABS_VERB, "slabs of approval", _SAME)

    def __str__(self) -> str:
        return f"{self.product}, {self.mode} {self.currency}, version {self.version}"
