"""Accounts that nothing is paid to."""

from typing import Any, Final

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from balances.guards import LedgerGuard, refuse
from balances.instruction_models import REASON_MAX_LENGTH
from gateway import ids
from gateway.encryption import EncryptedTextField
from gateway.keyed_hashes import KeyedHashesField, spellings
from gateway.lifecycles import Guard, truncate_guard
from gateway.products.models import Product
from gateway.two_persons import decided_in_this_transaction

UNBLOCK_VERB: Final = "recipient_unblocked"
#: What two persons end. Everything else stays as it was written, but for what the rotation of keys rewrites.
_ENDING: Final = "'ended_at', 'ended_by_id', 'ended_reason'"
_REWRITTEN: Final = "'account', 'account_hashes'"


def blocked_until_two_persons_end_it() -> list[Guard]:
    """A block is written whole and open, ended once by two persons, and never removed."""
    return [
        LedgerGuard(
            name="begins_open",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            func=f"""
            IF NEW.ended_at IS NOT NULL OR cardinality(NEW.account_hashes) = 0 THEN
                {refuse("a block begins open, with what it is found by")}
            END IF;
            RETURN NEW;
        """,
        ),
        LedgerGuard(
            name="ends_once",
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete,
            func=f"""
            IF TG_OP = 'UPDATE' THEN
                IF to_jsonb(NEW) - ARRAY[{_REWRITTEN}] = to_jsonb(OLD) - ARRAY[{_REWRITTEN}]
                        AND cardinality(NEW.account_hashes) > 0 THEN
                    RETURN NEW;
                END IF;
                IF OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
                        AND to_jsonb(NEW) - ARRAY[{_ENDING}] = to_jsonb(OLD) - ARRAY[{_ENDING}] THEN
                    RETURN NEW;
                END IF;
            END IF;
            {refuse("a block is ended once and never changed")}
        """,
        ),
        LedgerGuard(
            name="ended_by_two_persons",
            when=pgtrigger.After,
            operation=pgtrigger.Update,
            timing=pgtrigger.Deferred,
            condition=pgtrigger.Condition("OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL"),
            func=f"""
            IF NOT {decided_in_this_transaction(UNBLOCK_VERB, "parameters ->> 'blocked' = NEW.id::text")} THEN
                {refuse("a block is ended by an instruction that two persons decided in its transaction")}
            END IF;
            RETURN NULL;
        """,
        ),
        truncate_guard("blocks", kind=LedgerGuard),
    ]


class BlockedRecipient(models.Model):
    """An account that nothing is paid to, in both modes, until two persons say otherwise.

    The account itself is kept beside its hash, encrypted: a hash without its text could not be rotated.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account: Any = EncryptedTextField(help_text="As it was entered; never shown.")
    account_hashes = KeyedHashesField(
        purpose="account", terms=lambda row: spellings(row.account), help_text="The keyed hash by which it is found."
    )
    hint = models.CharField(max_length=190, help_text="The account, masked.")
    product = models.ForeignKey(
        Product,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="Empty: no product pays to it.",
    )
    reason = models.CharField(max_length=REASON_MAX_LENGTH, help_text="Kept plain: no account data.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    ended_reason = models.CharField(max_length=REASON_MAX_LENGTH, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_by=None, ended_reason="")
                | models.Q(ended_at__isnull=False, ended_by__isnull=False) & ~models.Q(ended_reason=""),
                name="block_ends_whole",
            ),
        ]
        indexes = [
            GinIndex(fields=["account_hashes"], condition=models.Q(ended_at=None), name="blocks_by_account"),
        ]
        triggers = blocked_until_two_persons_end_it()

    def __str__(self) -> str:
        return f"{self.hint}, {self.product or 'every product'}"

    @property
    def public_id(self) -> str:
        """Our id of it, by which two persons end it."""
        return ids.encode(ids.BLOCKED_RECIPIENT, self.id)

    @classmethod
    def among(cls, hashes: list[str]) -> models.Q:
        """Filter: blocks that are open and about one of these accounts, given by their hashes under every key."""
        return models.Q(ended_at=None, account_hashes__overlap=hashes)
