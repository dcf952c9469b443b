"""API keys that people issue and revoke. A key is shown once, to whoever asked for it; only its digest is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from balances import proposing, wording
from balances.instruction_models import Instruction
from balances.verb_fields import Refused
from gateway.backoffice.master_data import key_verbs
from gateway.kept_history import decided_by
from gateway.people import check_permission
from gateway.products.actions import keep_key
from gateway.products.key_guards import ISSUED, MONEY_OUT
from gateway.products.models import ApiKey, Mode, Product, new_key

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new key.

    Attributes:
        key: itself, for this once.
        instruction: by which another person has to agree before it works; None where it works already.
    """

    key: str
    instruction: Instruction | None


def issue(
    product: Product,
    mode: Mode,
    *,
    name: str,
    scopes: Iterable[str],
    reason: str,
    by: AbstractUser,
    expires_at: datetime | None = None,
) -> Issued:
    """Make a key: one by which real money leaves works when another person has agreed, any other one at once.

    Args:
        product: whose key.
        mode: in which it works.
        name: by which people know it.
        scopes: what it may.
        reason: why.
        by: who wants it.
        expires_at: when it ends by itself; None: never.

    Raises:
        Refused: it cannot be asked for so, or there is no reason.
        PermissionDenied: the person may not.
    """
    key, scopes = new_key(mode), sorted(scopes)
    if mode == Mode.LIVE and any(one.startswith(MONEY_OUT) for one in scopes):
        told = key_verbs.told(product, name, key, scopes, expires_at)
        return Issued(key=key, instruction=proposing.propose(ISSUED, told, reason, "", by))
    if expires_at is not None and expires_at <= timezone.now():
        raise Refused("That is past: the key would never work.", field="expires_at")
    with transaction.atomic(durable=True):
        check_permission(by, "products.add_apikey", lock=True)
        reason = wording.reason(reason)
        with decided_by(by, reason):
            made = keep_key(product=product, mode=mode, name=name, key=key, scopes=scopes, expires_at=expires_at)
        LogEntry.objects.log_actions(by.pk, [made], ADDITION, f"Issued: {reason}", single_object=True)
    return Issued(key=key, instruction=None)


@transaction.atomic(durable=True)
def revoke(key: ApiKey, reason: str, by: AbstractUser) -> bool:
    """End a key at once: one person is enough to stop. False where it had ended before.

    Raises:
        Refused: there is no reason.
        PermissionDenied: the person may not.
    """
    check_permission(by, "products.change_apikey", lock=False)
    reason = wording.reason(reason)
    with decided_by(by, reason):
        if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
            return False
    LogEntry.objects.log_actions(by.pk, [key], CHANGE, f"Revoked: {reason}", single_object=True)
    log.warning("api_key_revoked", prefix=key.prefix, product=str(key.product_id), by=by.pk)
    return True
