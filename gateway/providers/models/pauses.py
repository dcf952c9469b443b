"""What is not paid out now, and why: of a product, through a system or an account, or of everything."""

from typing import Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone

from gateway import ids
from gateway.lifecycles import Guard, truncate_guard
from gateway.products.models import Mode
from gateway.providers.models.accounts import PAUSE_REASON_MAX_LENGTH, not_paused
from gateway.providers.models.systems import SYSTEM_CODE_MAX_LENGTH

#: The id of a product or an account, or, longer than both, the code of a system.
KEY_MAX_LENGTH: Final = SYSTEM_CODE_MAX_LENGTH


class PauseScope(models.TextChoices):
    """Whose withdrawals are not sent."""

    EVERYTHING = "everything", "everything"
    PROVIDER_ACCOUNT = "provider_account", "provider account"
    PRODUCT = "product", "product"
    PAYMENT_SYSTEM = "payment_system", "payment system"


class PayoutPauseKind(models.TextChoices):
    """What stopped them. Each kind is a pause of its own: ending one does not end another one of the same scope."""

    PERSON = "person", "a person stopped them"
    REFUSALS = "refusals", "the provider refuses our signature"
    OUTFLOW_CAP = "outflow_cap", "more left than was expected"


def _ended_once() -> Guard:
    """A pause says for ever what it stopped, since when and why; that it ended is added once."""
    return Guard(
        name="ended_once",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func="""
            IF TG_OP = 'DELETE' THEN
                RAISE EXCEPTION 'pauses of payouts are never deleted' USING ERRCODE = '23514';
            ELSIF TG_OP = 'INSERT' THEN
                IF NEW.ended_at IS NOT NULL THEN
                    RAISE EXCEPTION 'a pause of payouts begins before it ends' USING ERRCODE = '23514';
                END IF;
            ELSIF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
                    OR to_jsonb(NEW) - ARRAY['ended_at', 'ended_by_id', 'end_reason']
                    <> to_jsonb(OLD) - ARRAY['ended_at', 'ended_by_id', 'end_reason'] THEN
                RAISE EXCEPTION 'a pause of payouts is ended once, and never changed otherwise' USING ERRCODE = '23514';
            END IF;
            RETURN NEW;
        """,
    )


class PayoutPause(models.Model):
    """Since when nothing of this is sent, and until when. Orders are taken meanwhile, and wait in their order."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    scope = models.CharField(max_length=16, choices=PauseScope.choices)
    key = models.CharField(
        max_length=KEY_MAX_LENGTH, blank=True, help_text="Which one: an id or a code; empty for everything."
    )
    mode = models.CharField(max_length=4, choices=Mode.choices)
    kind = models.CharField(max_length=12, choices=PayoutPauseKind.choices)
    reason = models.CharField(max_length=PAUSE_REASON_MAX_LENGTH)
    since = models.DateTimeField(default=timezone.now, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        help_text="Who paused; nobody where the service did so by itself.",
    )
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    end_reason = models.CharField(max_length=PAUSE_REASON_MAX_LENGTH, blank=True)

    class Meta:
        permissions = [
            ("pause_payouts", "Can pause payouts"),
            ("resume_payouts", "Can let paused payouts go on"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "key", "mode", "kind"],
                condition=models.Q(ended_at=None),
                name="one_open_payout_pause",
            ),
            models.CheckConstraint(condition=models.Q(scope__in=PauseScope.values), name="payout_pause_scope_is_known"),
            models.CheckConstraint(condition=models.Q(mode__in=Mode.values), name="payout_pause_mode_is_known"),
            models.CheckConstraint(
                condition=models.Q(kind__in=PayoutPauseKind.values), name="payout_pause_kind_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(scope=PauseScope.EVERYTHING, key="")
                | (~models.Q(scope=PauseScope.EVERYTHING) & ~models.Q(key="")),
                name="payout_pause_says_of_what",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="payout_pause_has_a_reason"),
            models.CheckConstraint(
                condition=~models.Q(kind=PayoutPauseKind.PERSON) | models.Q(by__isnull=False),
                name="payout_pause_of_a_person_names_them",
            ),
            # New credentials end what was refused with the old ones; everything else is ended by a person.
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_by=None, end_reason="")
                | (
                    models.Q(ended_at__isnull=False)
                    & ~models.Q(end_reason="")
                    & (models.Q(ended_by__isnull=False) | models.Q(kind=PayoutPauseKind.REFUSALS))
                ),
                name="payout_pause_is_ended_by_somebody",
            ),
        ]
        triggers = [_ended_once(), truncate_guard("pauses of payouts")]

    def __str__(self) -> str:
        of_what = " ".join(filter(None, [self.get_scope_display(), self.key]))
        return f"{self.mode} payouts of {of_what}, paused since {self.since:%Y-%m-%d %H:%M:%S}Z"


#: What a withdrawal calls that of which a pause is.
_COLUMNS: Final = {
    PauseScope.PROVIDER_ACCOUNT: "account_id",
    PauseScope.PRODUCT: "product_id",
    PauseScope.PAYMENT_SYSTEM: "payment_system_id",
}


def may_pay_out() -> models.Q:
    """Filter: withdrawals that may be sent now, as far as pauses go, of their account and of payouts.

    The pauses are looked up at once, and stand as constants in the filter: a sweep steps over a long line of paused
    ones for the price of reading them.
    """
    going = not_paused()
    pauses = PayoutPause.objects.filter(ended_at=None).values_list("scope", "mode", "key")
    for scope, mode, key in sorted(set(pauses)):
        of_what = {} if scope == PauseScope.EVERYTHING else {_COLUMNS[PauseScope(scope)]: key}
        going &= ~models.Q(mode=mode, **of_what)
    return going
