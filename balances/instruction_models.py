"""What people ask for and decide: money that people move is always moved by two of them."""

from typing import Any, Final

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from balances.instruction_guards import INSTRUCTION_GUARDS, MOVE_GUARDS
from balances.states import InstructionStatus as Status
from gateway import ids
from gateway.encryption import EncryptedJSONField
from gateway.lifecycles import Move
from gateway.products.models import Mode

#: As long as the ledger keeps a reason and a document (`balances.models.Journal`).
REASON_MAX_LENGTH: Final = 500
DOCUMENT_MAX_LENGTH: Final = 190
#: "ok" is no reason; "fees" may be one.
REASON_MIN_LENGTH: Final = 4


class Instruction(models.Model):
    """What one person asked for, and what another one made of it. Verbs are listed by `balances.verbs`.

    The columns ``preview`` and ``digest`` are what the requester saw; once it is posted, what the approver saw, which
    is what was posted.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    verb = models.CharField(max_length=40)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    parameters = models.JSONField(
        help_text="What the verb was given: texts by name; of a secret its fingerprint (`balances.verb_secrets`)."
    )
    secrets: Any = EncryptedJSONField(
        null=True, help_text="The secrets among what the verb was given, until it is decided."
    )
    reason = models.CharField(max_length=REASON_MAX_LENGTH, help_text="Why, in the words of whoever asked for it.")
    document = models.CharField(
        max_length=DOCUMENT_MAX_LENGTH, blank=True, help_text="The paper behind it: a bank statement's line."
    )
    preview = models.JSONField(help_text="The journals with their legs, and what else is to be known.")
    digest = models.CharField(max_length=64, help_text="Of the verb, its parameters and the preview.")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now, editable=False)

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PROPOSED)
    sequence = models.PositiveIntegerField(default=1)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decision_reason = models.CharField(max_length=REASON_MAX_LENGTH, blank=True)
    decided_at = models.DateTimeField(null=True, editable=False, help_text="When the deciding transaction began.")
    decided_xact = models.BigIntegerField(
        null=True, editable=False, help_text="That transaction; the journals come in it alone."
    )

    class Meta:
        permissions = [
            ("propose_instruction", "Can ask for money to be moved"),
            ("approve_instruction", "Can decide on what others asked for"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="instruction_status_is_known"),
            models.CheckConstraint(condition=models.Q(mode__in=Mode.values), name="instruction_mode_is_known"),
            models.CheckConstraint(
                condition=models.Q(reason__regex=rf"\S.{{{REASON_MIN_LENGTH - 2},}}\S"),
                name="instruction_has_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[Status.PROPOSED, Status.EXPIRED], decided_by=None)
                | models.Q(status=Status.WITHDRAWN, decided_by__isnull=False, decided_by=models.F("requested_by"))
                | (
                    models.Q(status__in=[Status.POSTED, Status.REJECTED], decided_by__isnull=False)
                    & ~models.Q(decided_by=models.F("requested_by"))
                ),
                name="instruction_is_decided_by_another_person",
            ),
            models.CheckConstraint(
                condition=models.Q(status=Status.PROPOSED) | models.Q(secrets=None),
                name="instruction_forgets_its_secrets",
            ),
            models.CheckConstraint(
                condition=~models.Q(status=Status.REJECTED) | ~models.Q(decision_reason=""),
                name="instruction_is_rejected_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["requested_at"], condition=models.Q(status=Status.PROPOSED), name="instructions_undecided"
            ),
            # The page of an order shows all that was ever asked for about it.
            GinIndex(fields=["parameters"], opclasses=["jsonb_path_ops"], name="instructions_by_parameters"),
            models.Index(fields=["document"], name="instructions_by_document"),
        ]
        triggers = INSTRUCTION_GUARDS

    def __str__(self) -> str:
        return f"{self.verb} {self.public_id}"

    @property
    def public_id(self) -> str:
        """The TypeID, as people read it and as journals are referenced by."""
        return ids.encode(ids.INSTRUCTION, self.pk)

    @property
    def outcome(self) -> str:
        """Its status as people are told it: what posts nothing was not posted, but done."""
        is_done = self.status == Status.POSTED and not self.preview.get("journals")
        return "done" if is_done else self.status


class InstructionMove(Move):
    """One move of an instruction."""

    subject = models.ForeignKey(Instruction, on_delete=models.PROTECT, db_index=False, related_name="moves")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="one_instruction_move_per_step")]
        triggers = MOVE_GUARDS
