"""Test accounts, opened and given other secrets by one person: play money takes one. Live ones take two persons."""

import secrets
from collections.abc import Mapping
from typing import Final

import structlog
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from gateway.kept_history import decided_by
from gateway.people import check_permission
from gateway.products.models import Mode
from gateway.providers import health
from gateway.providers.models import ProviderAccount

log = structlog.get_logger(__name__)

#: Secrets that every account has.
SECRETS: Final = ("api_secret", "withdrawal_key", "postback_access_key", "postback_private_key")


@transaction.atomic(durable=True)
def open_account(told: Mapping[str, str], *, is_active: bool, by: AbstractBaseUser, reason: str) -> ProviderAccount:
    """A new test account, with an unguessable part of our address of its own. It is due for its first look.

    Args:
        told: its name, its base URL and its `SECRETS`.
        is_active: whether new test orders go to it; one account of a mode does that.
        by: who opens it.
        reason: why.

    Raises:
        ValidationError: with a sentence for each column that is wrong.
        PermissionDenied: the person may not.
    """
    check_permission(by, "providers.add_provideraccount", lock=True)
    account = ProviderAccount(
        mode=Mode.TEST, is_active=is_active, postback_token=secrets.token_urlsafe(32), next_at=timezone.now(), **told
    )
    account.full_clean()
    with decided_by(by, reason):
        account.save(force_insert=True)
    LogEntry.objects.log_actions(by.pk, [account], ADDITION, f"Opened: {reason}", single_object=True)
    log.info("provider_account_opened", account=str(account.pk), by=by.pk)
    return account


@transaction.atomic(durable=True)
def replace_secrets(account: ProviderAccount, told: Mapping[str, str], *, by: AbstractBaseUser, reason: str) -> None:
    """Other secrets for a test account; those that are not told stay. What was counted against the old ones is void.

    Raises:
        PermissionDenied: the person may not, or it is a live account.
    """
    check_permission(by, "providers.change_provideraccount", lock=True)
    locked = ProviderAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)
    if locked.mode != Mode.TEST:
        raise PermissionDenied("The secrets of a live account are changed by two persons.")
    for name, secret in told.items():
        setattr(locked, name, secret)
    with decided_by(by, reason):
        locked.save(update_fields=[*told])
    health.forgive(locked)
    LogEntry.objects.log_actions(by.pk, [locked], CHANGE, f"Secrets replaced: {reason}", single_object=True)
    log.warning("provider_account_secrets_replaced", account=str(account.pk), names=sorted(told), by=by.pk)
