"""Who said yes or no to a withdrawal, as what, and why."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from balances.guards import LedgerGuard, refuse
from balances.instruction_models import REASON_MAX_LENGTH, REASON_MIN_LENGTH
from gateway import ids
from gateway.lifecycles import CauseKind, written_once
from gateway.products.models import ApiKey, Scope
from withdrawals.models.withdrawals import Withdrawal
from withdrawals.states import ApproverRole, Decision, HoldReason, WithdrawalStatus

_PENDING = WithdrawalStatus.PENDING_APPROVAL


def _is_open_to_its_giver() -> LedgerGuard:
    """It waits, for this role, and it is another one who asked for it. The withdrawal is locked until the end."""
    asked_by_them = f"""EXISTS (
                SELECT 1 FROM withdrawals_withdrawalmove
                WHERE subject_id = NEW.withdrawal_id AND sequence = 1 AND (
                    (cause = '{CauseKind.PERSON}' AND cause_id = NEW.person_id::text)
                    OR (cause = '{CauseKind.API_KEY}' AND cause_id = NEW.key_id::text))
            )"""  # noqa: S608 - our own words, no input
    return LedgerGuard(
        name="is_open_to_its_giver",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("waiting", "withdrawals_withdrawal%ROWTYPE"), ("so_far", "bigint"), ("by_keys", "bigint")],
        func=f"""
            SELECT * INTO waiting FROM withdrawals_withdrawal WHERE id = NEW.withdrawal_id FOR NO KEY UPDATE;
            IF waiting.status IS DISTINCT FROM '{_PENDING}' THEN
                {refuse("withdrawal % waits for no approval", "NEW.withdrawal_id")}
            END IF;
            IF {asked_by_them} THEN
                {refuse("whoever asked for withdrawal % decides nothing about it", "NEW.withdrawal_id")}
            END IF;
            IF NEW.key_id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM products_apikey
                WHERE id = NEW.key_id AND product_id = waiting.product_id AND mode = waiting.mode
                    AND '{Scope.WITHDRAWALS_APPROVE}' = ANY (scopes) AND revoked_at IS NULL
            ) THEN
                {refuse("this API key decides nothing about withdrawal %", "NEW.withdrawal_id")}
            END IF;
            IF NEW.person_id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM auth_user WHERE id = NEW.person_id AND is_active AND is_staff
            ) THEN
                {refuse("this person decides nothing about withdrawal %", "NEW.withdrawal_id")}
            END IF;
            IF NEW.held_for IS DISTINCT FROM waiting.held_for THEN
                {refuse("withdrawal % is held for something else", "NEW.withdrawal_id")}
            END IF;
            IF NEW.decision = '{Decision.APPROVE}' THEN
                SELECT count(*) FILTER (WHERE role = NEW.role), count(key_id) INTO so_far, by_keys
                FROM withdrawals_approval WHERE withdrawal_id = NEW.withdrawal_id AND decision = '{Decision.APPROVE}';
                IF so_far >= cardinality(array_positions(waiting.approvals_needed::text[], NEW.role::text)) THEN
                    {refuse("withdrawal % takes no further approval of a %", "NEW.withdrawal_id", "NEW.role")}
                END IF;
                IF NEW.key_id IS NOT NULL AND by_keys > 0 THEN
                    {refuse("only one approval of withdrawal % may come from an API key", "NEW.withdrawal_id")}
                END IF;
            END IF;
            RETURN NEW;
        """,  # noqa: S608 - our own words, no input
    )


def _comes_with_its_move() -> LedgerGuard:
    """At COMMIT the withdrawal has moved because of it: a decision without a move would be no decision."""
    return LedgerGuard(
        name="comes_with_its_move",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM withdrawals_withdrawalmove
                WHERE subject_id = NEW.withdrawal_id AND from_status = '{_PENDING}'
                    AND cause = CASE WHEN NEW.person_id IS NULL THEN '{CauseKind.API_KEY}'
                        ELSE '{CauseKind.PERSON}' END
                    AND cause_id = coalesce(NEW.person_id::text, NEW.key_id::text)
                    AND to_status IN ('{_PENDING}', '{WithdrawalStatus.QUEUED}', '{WithdrawalStatus.CANCELLED}')
                    AND (to_status = '{WithdrawalStatus.CANCELLED}') = (NEW.decision = '{Decision.REJECT}')
            ) THEN
                {refuse("withdrawal % did not move with its decision", "NEW.withdrawal_id")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own words, no input
    )


class Approval(models.Model):
    """One decision about a withdrawal that waits: by a person or an API key, once, and never by who asked for it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, db_index=False, related_name="approvals")
    decision = models.CharField(max_length=8, choices=Decision.choices)
    role = models.CharField(
        max_length=16,
        choices=ApproverRole.choices,
        help_text="Of an approval: which of those that are needed it is. Of a rejection: as what they could decide.",
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    reason = models.CharField(max_length=REASON_MAX_LENGTH, help_text="Why, in their words.")
    held_for = ArrayField(
        models.CharField(max_length=24, choices=HoldReason.choices),
        default=list,
        help_text="What it was held for, and what they knew when they decided.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(decision__in=Decision.values), name="approval_decision_is_known"),
            models.CheckConstraint(condition=models.Q(role__in=ApproverRole.values), name="approval_role_is_known"),
            models.CheckConstraint(
                condition=models.Q(person__isnull=False, key=None)
                # A key is anybody's who has it: it stands for no finance lead.
                | models.Q(person=None, key__isnull=False, role=ApproverRole.APPROVER),
                name="approval_is_of_a_person_or_a_key",
            ),
            models.CheckConstraint(
                condition=models.Q(reason__regex=rf"\S.{{{REASON_MIN_LENGTH - 2},}}\S"), name="approval_has_a_reason"
            ),
            models.UniqueConstraint(fields=["withdrawal", "person"], name="one_decision_of_a_person"),
            models.UniqueConstraint(fields=["withdrawal", "key"], name="one_decision_of_a_key"),
        ]
        triggers = [
            _is_open_to_its_giver(),
            _comes_with_its_move(),
            *written_once("decisions about withdrawals", kind=LedgerGuard),
        ]

    def __str__(self) -> str:
        return f"{self.decision} as {self.role}"
