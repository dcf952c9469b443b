"""Provider money, item by item."""

import pgtrigger
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from balances.guards import LedgerGuard
from balances.journals import ProviderMoney
from gateway import ids, money
from gateway.lifecycles import Move, lifecycle_guards, update_of, written_once
from gateway.products.models import Product
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH, ProviderAccount
from payments.models.confirmations import Confirmation
from payments.models.deposits import Deposit
from payments.states import RECEIPT, SUSPENDED, ReceiptStatus

#: The TypeID of a receipt in SQL: 128 bits behind two zeros, five bits a letter.
_PUBLIC_ID = f"""
    '{ids.RECEIPT}_' || (
        SELECT string_agg(
            substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + substring(bits FROM 5 * place + 1 FOR 5)::int, 1),
            '' ORDER BY place
        )
        FROM (SELECT B'00' || ('x' || replace(NEW.id::text, '-', ''))::bit(128) AS bits) AS id,
            generate_series(0, 25) AS place
    )
"""  # noqa: S608 - our own prefix, no input


def money_follows() -> LedgerGuard:
    """At COMMIT what became of money that waited, or was credited, has its journal, which two persons decided.

    One thing alone the provider's own word decides, too: money that waits, and that nothing speaks against, belongs
    to an order, and is credited to that order's product.
    """
    waiting = ", ".join(f"'{status}'" for status in sorted(SUSPENDED))
    return LedgerGuard(
        name="money_follows",
        when=pgtrigger.After,
        operation=update_of("status"),
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(
            f"OLD.status IN ({waiting}, 'credited') AND NEW.status NOT IN ({waiting}) AND NEW.status <> OLD.status"
        ),
        declare=[("journal", "record")],
        func=f"""
            SELECT instruction_id INTO journal FROM balances_journal
                WHERE xact = pg_current_xact_id()::text::bigint AND kind = CASE NEW.status
                    WHEN 'credited' THEN 'suspense_credited'
                    WHEN 'returned' THEN 'suspense_returned'
                    WHEN 'written_off' THEN 'suspense_written_off'
                    WHEN 'reversed' THEN 'receipt_reversed' END
                AND reference = {_PUBLIC_ID};
            IF NOT FOUND THEN
                RAISE EXCEPTION 'receipt % is % without its journal', NEW.id, NEW.status USING ERRCODE = '23514';
            END IF;
            IF journal.instruction_id IS NULL AND NOT (
                NEW.contradiction = '' AND EXISTS (
                    SELECT 1 FROM payments_deposit WHERE id = NEW.deposit_id AND product_id = NEW.product_id
                )
            ) THEN
                RAISE EXCEPTION 'receipt %: what it becomes is decided by two persons', NEW.id USING ERRCODE = '23514';
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own statuses, no input
    )


class Receipt(models.Model):
    """One item of provider money (C§2.1: an item of ``additional_data``), as the provider said it when asked."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT)
    wallet_type = models.CharField(max_length=SYSTEM_CODE_MAX_LENGTH)
    transaction_id = models.CharField(max_length=190, blank=True)
    custom_id = models.CharField(max_length=190, blank=True)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, related_name="receipts")
    confirmation = models.ForeignKey(Confirmation, on_delete=models.PROTECT, null=True, related_name="receipts")
    label = models.CharField(max_length=190, blank=True)
    amount = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    currency = models.CharField(max_length=3)
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, db_index=False, help_text="To whom it was credited."
    )
    status = models.CharField(max_length=12, choices=ReceiptStatus.choices, default=ReceiptStatus.RECEIVED)
    sequence = models.PositiveIntegerField(default=1)
    contradiction = models.CharField(
        max_length=200, blank=True, help_text="The provider said the same item differently; a person decides."
    )
    stockpiling_id = models.CharField(max_length=40, blank=True)
    provider_time = models.CharField(max_length=40, blank=True, help_text="As the provider wrote it, without a zone.")
    provider_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The same read with the account's zone of that time; empty where it cannot be. Decides nothing.",
    )
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "wallet_type", "transaction_id"],
                condition=~models.Q(transaction_id=""),
                name="one_receipt_per_transaction",
            ),
            models.UniqueConstraint(
                fields=["account", "custom_id"],
                condition=models.Q(transaction_id=""),
                name="one_receipt_per_order_without_transaction",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="receipt_amount_is_positive"),
            models.CheckConstraint(condition=models.Q(status__in=ReceiptStatus.values), name="receipt_status_is_known"),
            models.CheckConstraint(
                condition=models.Q(product__isnull=False, status__in=["credited", "reversed"])
                | (models.Q(product__isnull=True) & ~models.Q(status__in=["credited", "reversed"])),
                name="receipt_credited_has_its_product",
            ),
            models.CheckConstraint(
                condition=models.Q(deposit__isnull=False) | ~models.Q(status="in_review"),
                name="receipt_in_review_has_its_deposit",
            ),
        ]
        indexes = [
            models.Index(fields=["transaction_id"], name="receipts_by_transaction"),
            models.Index(Upper("transaction_id"), name="receipts_by_any_spelling"),
            models.Index(
                fields=["-id"],
                condition=models.Q(status__in=["in_review", "suspense"]) | ~models.Q(contradiction=""),
                name="receipts_for_a_person",
            ),
        ]
        triggers = [
            *lifecycle_guards(RECEIPT, history_table="payments_receiptmove"),
            LedgerGuard(
                name="settled_at_once",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT 1 FROM payments_receipt WHERE id = NEW.id AND status = 'received') THEN
                        RAISE EXCEPTION 'receipt % was not settled', NEW.id USING ERRCODE = '23514';
                    END IF;
                    RETURN NULL;
                """,
            ),
            money_follows(),
            LedgerGuard(
                name="same_money_for_ever",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' THEN
                        RAISE EXCEPTION 'receipts are never deleted' USING ERRCODE = '23514';
                    END IF;
                    IF (NEW.amount, NEW.currency, NEW.account_id, NEW.wallet_type, NEW.transaction_id, NEW.custom_id)
                            IS DISTINCT FROM
                            (OLD.amount, OLD.currency, OLD.account_id, OLD.wallet_type, OLD.transaction_id,
                                OLD.custom_id)
                            OR (OLD.product_id IS NOT NULL AND NEW.product_id IS DISTINCT FROM OLD.product_id) THEN
                        RAISE EXCEPTION 'what a receipt says of its money is never changed' USING ERRCODE = '23514';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """Our id of it, by which the ledger names it."""
        return ids.encode(ids.RECEIPT, self.id)

    @property
    def money(self) -> ProviderMoney:
        """Its amount, as the provider's books know it."""
        return ProviderMoney(
            account=self.account_id,
            payment_system=self.wallet_type,
            mode=self.account.mode,
            currency=self.currency,
            amount=self.amount,
        )


class ReceiptMove(Move):
    """One move of a receipt with its cause."""

    subject = models.ForeignKey(Receipt, on_delete=models.PROTECT, db_index=False, related_name="moves")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="one_receipt_move_per_step")]
        triggers = written_once("moves of a receipt")
