"""The ledger's rows. The database guards them (`balances.guards`); nobody changes what was posted."""

from decimal import Decimal
from typing import Any

from django.db import models

from balances.fee_rows import Fee
from balances.guards import ACCOUNT_GUARDS, ENTRY_GUARDS, JOURNAL_GUARDS
from balances.hold_guards import HOLD_GUARDS
from balances.instruction_models import Instruction
from balances.kinds import AccountKind, HoldStatus, JournalKind
from balances.snapshot_guards import SNAPSHOT_GUARDS
from gateway import ids, money
from gateway.in_words import in_words
from gateway.products.models import Mode, Product
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH, ProviderAccount

__all__ = ["Account", "Entry", "Fee", "Hold", "Journal", "Snapshot"]


def _amount(**options: Any) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, **options)


class Account(models.Model):
    """One account of the ledger. Its id follows from its key (`balances.accounts.AccountKey`)."""

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(max_length=24, choices=AccountKind.choices)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    currency = models.CharField(max_length=3)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True)
    provider_account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, null=True, db_index=False)
    payment_system = models.CharField(max_length=SYSTEM_CODE_MAX_LENGTH, blank=True)

    balance = _amount(
        null=True,
        help_text="On the account's normal side, written by each posting; empty where no limit is enforced.",
    )
    entry_count = models.BigIntegerField(default=0, help_text="How many entries made up the balance.")
    last_entry_at = models.DateTimeField(null=True)
    overdraft_limit = _amount(default=Decimal(0), help_text="How far below zero the available money may go.")
    covered_until = models.DateTimeField(null=True, help_text="Up to when its last snapshot counts.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "mode", "currency", "product", "provider_account", "payment_system"],
                nulls_distinct=False,
                name="one_account_per_key",
            ),
        ]
        triggers = ACCOUNT_GUARDS

    def __str__(self) -> str:
        return f"{in_words(self.kind)} {self.currency} ({self.mode})"


class Journal(models.Model):
    """One move of money with its cause: two entries or more that sum to zero in each currency."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(max_length=24, choices=JournalKind.choices)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    reference = models.CharField(max_length=190, help_text="What was posted: with the kind, never twice.")
    subject = models.CharField(max_length=40, blank=True, help_text="TypeID of the order that the money belongs to.")
    reverses = models.ForeignKey("self", on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    instruction = models.ForeignKey(
        Instruction,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="journals",
        help_text="By which two persons decided it.",
    )
    cause = models.CharField(max_length=24, help_text="What kind of thing moved the money.")
    cause_id = models.CharField(max_length=80, blank=True, help_text="Which one: a key, a person, a pull.")
    detail = models.CharField(max_length=500, blank=True, help_text="A person's reason, or the provider's words.")
    document = models.CharField(max_length=190, blank=True, help_text="The paper behind it: a bank statement's line.")
    request_id = models.CharField(max_length=64, blank=True)
    xact = models.BigIntegerField(editable=False, help_text="The transaction that posted it; entries come in it alone.")
    begun_at = models.DateTimeField(editable=False, help_text="When that transaction began.")
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "reference"], name="one_journal_per_reference"),
            models.UniqueConstraint(
                fields=["reverses"], condition=models.Q(reverses__isnull=False), name="one_reversal_per_journal"
            ),
        ]
        indexes = [
            # Trials among millions of live journals; live ones cost it nothing.
            models.Index(fields=["id"], condition=models.Q(mode=Mode.TEST), name="journals_in_test"),
            models.Index(fields=["subject"], condition=~models.Q(subject=""), name="journals_of_an_order"),
            models.Index(
                fields=["instruction"],
                condition=models.Q(instruction__isnull=False),
                name="journals_of_an_instruction",
            ),
        ]
        triggers = JOURNAL_GUARDS

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"

    @property
    def public_id(self) -> str:
        """The TypeID, as answers, statements and people name it."""
        return ids.encode(ids.JOURNAL, self.pk)


class Entry(models.Model):
    """One leg of a journal.

    The database checks no foreign key for its account: that would lock the row of a busy account for each of its
    entries. The function that writes it looks the account up, and accounts never go.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, db_constraint=False, related_name="entries")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="entries"
    )
    amount = _amount(help_text="Above zero: a debit; below zero: a credit.")
    currency = models.CharField(max_length=3, editable=False, help_text="The account's.")
    mode = models.CharField(max_length=4, choices=Mode.choices, editable=False, help_text="The account's.")
    product = models.ForeignKey(
        Product,
        on_delete=models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        editable=False,
        help_text="The account's.",
    )
    sequence = models.BigIntegerField(
        null=True, editable=False, help_text="Counts the entries of an account that keeps its balance."
    )
    balance_after = _amount(null=True, editable=False, help_text="Such an account's balance with this entry.")
    created_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["account", "created_at", "sequence"], name="entries_of_an_account"),
            models.Index(
                fields=["product", "mode", "-id"],
                condition=models.Q(product__isnull=False),
                name="entries_of_a_product",
            ),
        ]
        triggers = ENTRY_GUARDS

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def public_id(self) -> str:
        """The TypeID, as answers, statements and people name it."""
        return ids.encode(ids.ENTRY, self.pk)


class Hold(models.Model):
    """The amount that a withdrawal has reserved; spent or released exactly once. Never changed otherwise."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False, help_text="The withdrawal's own.")
    order_id = models.CharField(max_length=40, unique=True, help_text="TypeID of the withdrawal.")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    currency = models.CharField(max_length=3)
    amount = _amount()
    status = models.CharField(max_length=8, choices=HoldStatus.choices, default=HoldStatus.OPEN)
    created_at = models.DateTimeField(editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, amount__lt=Decimal(10) ** 16), name="hold_amount_is_positive"
            ),
            models.CheckConstraint(condition=models.Q(status__in=HoldStatus.values), name="hold_status_is_known"),
            models.CheckConstraint(
                condition=models.Q(status="open", closed_at__isnull=True)
                | (models.Q(closed_at__isnull=False) & ~models.Q(status="open")),
                name="hold_closed_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["product", "mode", "currency"], condition=models.Q(status="open"), name="holds_open"),
        ]
        triggers = HOLD_GUARDS

    def __str__(self) -> str:
        return f"{self.order_id}: {self.amount} {self.currency} {self.status}"


class Snapshot(models.Model):
    """The balance of an account without a live one, up to a time: what is read later is this and what came since.

    The database itself counts (`balances.snapshot_guards`): only the account is inserted.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False, related_name="snapshots")
    covered_until = models.DateTimeField(editable=False, help_text="Entries before this time are counted.")
    balance = _amount(editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "covered_until"], name="one_snapshot_per_time"),
        ]
        triggers = SNAPSHOT_GUARDS

    def __str__(self) -> str:
        return f"{self.account_id} until {self.covered_until}"
