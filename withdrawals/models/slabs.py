"""From which amount on a withdrawal takes whose approvals: sets of slabs, each of which replaces the one before."""

from typing import Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone

from balances.guards import LedgerGuard, refuse
from gateway import ids
from gateway.lifecycles import written_once
from gateway.products.models import Mode, Product
from gateway.two_persons import decided_in_this_transaction
from withdrawals.states import ApproverRole

#: By which two persons agree on a set.
SLABS_VERB: Final = "slabs_agreed"
#: As long as a parameter of a verb may be: five slabs and more.
SLABS_MAX_LENGTH: Final = 190
REASON_MAX_LENGTH: Final = 200
_ROLES: Final = "|".join(ApproverRole.values)
_WHOSE: Final = rf"(none|({_ROLES})( \+ ({_ROLES}))?)"
_SAME: Final = """mode = NEW.mode AND parameters ->> 'product' = NEW.product_id::text
                    AND parameters ->> 'currency' = NEW.currency AND parameters ->> 'slabs' = NEW.slabs"""


def _decided_by_two_persons() -> LedgerGuard:
    """At COMMIT a live set has the instruction of its transaction that says the same."""
    return LedgerGuard(
        name="decided_by_two_persons",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(f"NEW.mode = '{Mode.LIVE}'"),
        func=f"""
            IF NOT {decided_in_this_transaction(SLABS_VERB, _SAME)} THEN
                {refuse("live slabs need an instruction that two persons decided in their transaction")}
            END IF;
            RETURN NULL;
        """,
    )


class SlabSet(models.Model):
    """The slabs of a product, mode and currency. The latest version counts; none is ever changed.

    They are kept in the words in which they were agreed (`withdrawals.slabs` reads and writes them), which the
    database reads, too.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False, related_name="+")
    mode = models.CharField(max_length=4, choices=Mode.choices)
    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    version = models.PositiveIntegerField(help_text="Counts the sets of one product, mode and currency from 1.")
    slabs = models.CharField(
        max_length=SLABS_MAX_LENGTH,
        help_text='Such as "0: none; 10000.00: approver; 100000.00: approver + finance_lead".',
    )
    reason = models.CharField(max_length=REASON_MAX_LENGTH, help_text="Kept plain: no personal data.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "slabs of approval"
        verbose_name_plural = "slabs of approval"
        ordering = ["product", "mode", "currency", "-version"]
        constraints = [
            # Its index finds the latest.
            models.UniqueConstraint(
                fields=["product", "mode", "currency", "version"], name="one_set_of_slabs_per_version"
            ),
            models.CheckConstraint(condition=models.Q(mode__in=Mode.values), name="slabs_mode_is_known"),
            models.CheckConstraint(
                condition=models.Q(slabs__regex=rf"^0: {_WHOSE}(; [0-9]+(\.[0-9]+)?: {_WHOSE})*$"),
                name="slabs_are_read_by_all",
            ),
        ]
        triggers = [_decided_by_two_persons(), *written_once("slabs of approval", kind=LedgerGuard)]

    def __str__(self) -> str:
        return f"{self.product}, {self.mode} {self.currency}, version {self.version}"
