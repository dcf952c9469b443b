"""Money out."""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from gateway import ids, money
from gateway.due_work import DueWork
from gateway.encryption import EncryptedBytesField, EncryptedJSONField
from gateway.keyed_hashes import KeyedHashesField, spellings
from gateway.lifecycles import Move, lifecycle_guards, written_once
from gateway.picked_out import picked_out
from gateway.products.models import REFERENCE_MAX_LENGTH, Customer, Mode, Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from withdrawals.failures import FailureCode
from withdrawals.models.approval_guards import approved_by_enough, waits_as_agreed
from withdrawals.models.asked_guards import what_was_asked_stays
from withdrawals.models.doubt_guards import doubts_end_by_proof_or_people, what_proves_is_not_made_up
from withdrawals.models.money_guards import corrected_by_a_journal, money_follows
from withdrawals.models.refund_guards import within_receipts
from withdrawals.states import (
    FINAL,
    NOT_OUT,
    UNDER_WAY_AFTER_SENDING,
    UNPAID,
    WITHDRAWAL,
    ApproverRole,
    HoldReason,
    WithdrawalStatus,
)

#: Fields of a recipient that name an account, and by which a withdrawal is found. Names and bank codes name none.
ACCOUNT_FIELDS: Final = frozenset({"account_number", "account_email", "iban", "phone_number"})


#: A word or three.
LAST_ANSWER_MAX_LENGTH: Final = 24
#: A sentence or two.
CONTRADICTION_MAX_LENGTH: Final = 200


def account_terms(withdrawal: "Withdrawal") -> Iterable[str]:
    """By what a withdrawal is found: its recipient's accounts, as long as it knows them."""
    if withdrawal.redacted_at is not None:
        return ()
    accounts = (value for name, value in withdrawal.recipient.items() if name in ACCOUNT_FIELDS)
    return (one for account in accounts for one in spellings(account))


def kept_contradiction(what: str) -> str:
    """What a person has to look at, as the column keeps it."""
    return what[:CONTRADICTION_MAX_LENGTH]


class Withdrawal(DueWork):
    """Money that a product sends to one of its customers: paid at most once, and always brought to an end."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, db_index=False)
    payment_system = models.ForeignKey(PaymentSystem, on_delete=models.PROTECT, db_index=False)
    reference = models.CharField(max_length=REFERENCE_MAX_LENGTH)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    recipient: Any = EncryptedJSONField()
    recipient_hashes = KeyedHashesField(
        purpose="account", terms=account_terms, blank=True, help_text="Keyed hashes of the recipient's accounts."
    )
    comment = models.CharField(max_length=64, blank=True)
    metadata = models.JSONField(default=dict)
    refund_of = models.UUIDField(null=True, blank=True, help_text="The deposit whose money goes back, if any.")
    approvals_needed = ArrayField(
        models.CharField(max_length=16, choices=ApproverRole.choices),
        default=list,
        help_text="Whose approvals it takes before it is sent, as decided when it was made; a role for each.",
    )
    held_for = ArrayField(
        models.CharField(max_length=24, choices=HoldReason.choices),
        default=list,
        help_text="Why a person has to look at it, whatever its amount.",
    )

    body: Any = EncryptedBytesField(help_text="The request, frozen; signed anew only where the key has changed.")
    body_digest = models.CharField(max_length=64, help_text="SHA-256 of the frozen request.")
    sent_at = models.DateTimeField(null=True, help_text="Written before the first byte leaves.")
    refused_unproven = models.BooleanField(
        default=False, help_text="The provider refused in words that prove nothing; a pull has to agree."
    )
    refused_unread = models.BooleanField(
        default=False, help_text="The provider refused our credentials and read no further; a pull has to agree."
    )
    last_answer = models.CharField(max_length=LAST_ANSWER_MAX_LENGTH, blank=True, help_text="What the last pull said.")
    last_asked_at = models.DateTimeField(null=True, blank=True, help_text="When the last pull said it.")
    send_again = models.BooleanField(
        default=False, help_text="The same bytes go out once more, as soon as the provider says again that it has none."
    )
    resend_allowed_by = models.UUIDField(
        null=True, blank=True, help_text="The instruction by which two persons had it sent again; used up by that."
    )
    resends = models.PositiveSmallIntegerField(
        default=0, help_text="How often it was sent again while nobody knew whether it had arrived."
    )

    status = models.CharField(max_length=20, choices=WithdrawalStatus.choices, default=WithdrawalStatus.QUEUED)
    sequence = models.PositiveIntegerField(default=1)
    failure_code = models.CharField(max_length=40, choices=FailureCode.choices, blank=True)
    hinted_at = models.DateTimeField(null=True, help_text="When an unproven letter last made it due.")
    contradiction = models.CharField(
        max_length=CONTRADICTION_MAX_LENGTH, blank=True, help_text="What a person has to look at."
    )
    redacted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the recipient was reduced to a mask and the request to its digest."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "mode", "reference"], name="one_withdrawal_per_reference"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="withdrawal_amount_is_positive"),
            models.CheckConstraint(
                condition=models.Q(status__in=WithdrawalStatus.values), name="withdrawal_status_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(approvals_needed__contained_by=ApproverRole.values)
                & (models.Q(held_for=[]) | ~models.Q(approvals_needed=[])),
                name="withdrawal_held_is_looked_at",
            ),
            # What was sent may be needed until the end, and cannot be brought back.
            models.CheckConstraint(
                condition=models.Q(redacted_at=None) | models.Q(status__in=sorted(FINAL)),
                name="withdrawal_redacted_only_at_its_end",
            ),
        ]
        indexes = [
            models.Index(fields=["product", "mode", "-id"], name="withdrawals_of_a_product"),
            # What a limit counts, read from the index alone.
            models.Index(
                fields=["product", "mode", "currency", "created_at"],
                include=["amount", "payment_system"],
                condition=~models.Q(status__in=sorted(UNPAID)),
                name="withdrawals_that_count",
            ),
            # What a cap counts, likewise.
            models.Index(
                fields=["mode", "currency", "sent_at"],
                include=["product", "account", "amount"],
                condition=models.Q(sent_at__isnull=False) & ~models.Q(status__in=sorted(NOT_OUT)),
                name="withdrawals_that_are_out",
            ),
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="withdrawals_due"),
            models.Index(
                fields=["refund_of"], condition=models.Q(refund_of__isnull=False), name="withdrawals_that_refund"
            ),
            # What people have to approve is a handful among millions.
            models.Index(
                fields=["id"],
                condition=models.Q(status=WithdrawalStatus.PENDING_APPROVAL),
                name="withdrawals_to_approve",
            ),
            GinIndex(fields=["recipient_hashes"], name="withdrawals_by_account"),
            # Trials among millions of live orders; live ones cost it nothing.
            models.Index(fields=["id"], condition=models.Q(mode=Mode.TEST), name="withdrawals_in_test"),
            models.Index(
                fields=["updated_at"],
                condition=models.Q(redacted_at=None, status__in=sorted(FINAL)),
                name="withdrawals_to_redact",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(status__in=sorted(UNDER_WAY_AFTER_SENDING)) | ~models.Q(contradiction=""),
                name="withdrawals_for_a_person",
            ),
        ]
        permissions = [
            ("approve_withdrawal", "Can approve and reject withdrawals that others asked for"),
            ("approve_large_withdrawal", "Can approve them as a finance lead, too"),
        ]
        triggers = [
            *lifecycle_guards(WITHDRAWAL, history_table="withdrawals_withdrawalmove"),
            money_follows(),
            corrected_by_a_journal(),
            waits_as_agreed(),
            approved_by_enough(),
            doubts_end_by_proof_or_people(),
            what_proves_is_not_made_up(),
            within_receipts(),
            what_was_asked_stays(),
        ]

    def __str__(self) -> str:
        return self.public_id

    @classmethod
    def of_reference(cls, product: Product, mode: str, reference: str) -> "models.QuerySet[Withdrawal]":
        """The product's withdrawal of this reference, or none."""
        return cls.objects.filter(product=product, mode=mode, reference=reference)

    @classmethod
    def with_account(cls, text: str) -> models.Q:
        """Filter: withdrawals to this account.

        They are picked out first: PostgreSQL takes a two-hundredth of all rows for those of any one account, and would
        rather walk through millions by id, newest first, than look for those.
        """
        hashes = cls._meta.get_field("recipient_hashes")
        assert isinstance(hashes, KeyedHashesField)
        return picked_out(cls.objects.filter(hashes.matching(text)))

    @property
    def account_hashes(self) -> list[str]:
        """Its recipient's accounts, each under every key: by which other rows about the same accounts are found."""
        hashes = self._meta.get_field("recipient_hashes")
        assert isinstance(hashes, KeyedHashesField)
        return hashes.every_hash_of(self)

    @property
    def public_id(self) -> str:
        """What the provider is sent as ``withdrawal_id``."""
        return ids.encode(ids.WITHDRAWAL, self.id)


class WithdrawalMove(Move):
    """One move of a withdrawal with its cause."""

    subject = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, db_index=False, related_name="moves")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="one_withdrawal_move_per_step")]
        triggers = written_once("moves of a withdrawal")
