"""Rows that people agree on: never changed, only followed by a later version of the same."""

from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from balances.guards import LedgerGuard, refuse
from balances.instruction_models import REASON_MAX_LENGTH
from gateway import ids, turns
from gateway.lifecycles import Guard, written_once
from gateway.products.models import Mode
from gateway.two_persons import decided_in_this_transaction


class Agreed(models.Model):
    """One version of a rule about money out. Of rows with the same `KEY` the one with the highest version counts."""

    #: The columns that say what the rule is about; all others say what it is.
    KEY: ClassVar[tuple[str, ...]]

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    version = models.PositiveIntegerField(default=1, editable=False)
    reason = models.CharField(max_length=REASON_MAX_LENGTH, help_text="Kept plain: no account data.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def of_the_same(self) -> "models.QuerySet[Self]":
        """All versions of the rule that this row is one of, the one that counts first."""
        same: dict[str, Any] = {}
        for name in self.KEY:
            value = getattr(self, name)
            same |= {f"{name}__isnull": True} if value is None else {name: value}
        rows: models.QuerySet[Self] = type(self)._default_manager.filter(**same)  # noqa: SLF001 - Django's name for it
        return rows.order_by("-version")

    @transaction.atomic(savepoint=False)
    def follow(self) -> None:
        """Keep this row as the version that counts from now on."""
        # Two persons who approve two versions at once: the second one waits here, and then sees the first.
        turns.take([f"versions/{type(self).__name__}"])
        self.version = (self.of_the_same().values_list("version", flat=True).first() or 0) + 1
        self.save(force_insert=True)


def one_per_version(key: tuple[str, ...], name: str) -> models.UniqueConstraint:
    """Two rows never are the same version of one rule."""
    return models.UniqueConstraint(fields=[*key, "version"], nulls_distinct=False, name=name)


def agreed_by_two_persons(verb: str, what: str, same: str) -> list[Guard]:
    """The guards of a model of such rows: written once, and in live mode with the instruction that says the same.

    Args:
        verb: by which two persons agree on a row.
        what: the rows' name in the refusal.
        same: SQL that compares the instruction's ``parameters`` with the row ``NEW``; the mode is compared anyway.
    """
    return [
        LedgerGuard(
            name="decided_by_two_persons",
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            timing=pgtrigger.Deferred,
            # Play money takes one person alone: whoever tries something out tries out its limits, too.
            condition=pgtrigger.Condition("NEW.mode = 'live'"),
            func=f"""
            IF NOT {decided_in_this_transaction(verb, f"mode = NEW.mode AND {same}")} THEN
                {refuse(f"{what} of live money need an instruction that two persons decided in their transaction")}
            END IF;
            RETURN NULL;
        """,
        ),
        *written_once(what, kind=LedgerGuard),
    ]
