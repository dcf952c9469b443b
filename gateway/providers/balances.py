"""What the provider says that it holds for us (C§1.11): asked regularly, kept to the last decimal, never posted."""

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from gateway import due_work, money
from gateway.paykassma.answers import Answer, Outcome
from gateway.paykassma.messages import Balance, parse_balances
from gateway.providers import calls
from gateway.providers.models import (
    BALANCE_DECIMAL_PLACES,
    BALANCE_MAX_DIGITS,
    NOTE_MAX_LENGTH,
    BalanceCheck,
    ObservedBalance,
    ProviderAccount,
    not_paused,
)

log = structlog.get_logger(__name__)

#: People look at balances before they top up or settle: a quarter of an hour is fresh enough. Not oftener, also after
#: a failure: 404 answers in a row stop an account (health.py), and between two hourly looks at the list of systems
#: these stay too few for that where this address alone is missing.
BALANCE_SECONDS: Final = 900
#: Accounts claimed together: there are a few at most.
_BATCH: Final = 10


def observe_due_balances() -> None:
    """Ask for the balances of every active account whose last question is old."""
    now = timezone.now()
    new = ProviderAccount.objects.filter(is_active=True, balance_check=None)
    BalanceCheck.objects.bulk_create([BalanceCheck(account=one, next_at=now) for one in new], ignore_conflicts=True)
    due = BalanceCheck.objects.filter(not_paused(), account__is_active=True).select_related("account")
    for check in due_work.claim(due, limit=_BATCH, lease_seconds=calls.LEASE_SECONDS):
        asked_at = timezone.now()
        answer = calls.call(check.account, "accounts-balance", lambda client: client.balances())
        if answer.outcome is Outcome.ACCEPTED:
            _keep(check.account, answer)
        _schedule(check, answer, asked_at=asked_at)


@transaction.atomic(durable=True)
def _keep(account: ProviderAccount, answer: Answer) -> None:
    now = timezone.now()
    usable: dict[tuple[str, str], ObservedBalance] = {}
    for said in parse_balances(answer.payload):
        if not isinstance(said, Balance) or not money.fits_column(
            said.amount, max_digits=BALANCE_MAX_DIGITS, decimal_places=BALANCE_DECIMAL_PLACES
        ):
            # The answer itself is kept with its call; a figure that cannot be read to the end is no figure.
            log.warning("balance_unusable", account=str(account.pk))
            continue
        usable[said.wallet_type, said.currency] = ObservedBalance(
            account=account,
            wallet_type=said.wallet_type,
            currency=said.currency,
            amount=said.amount,
            observed_at=now,
        )
    ObservedBalance.objects.bulk_create(
        # In one order, so that two workers that observe at once do not deadlock.
        [usable[key] for key in sorted(usable)],
        update_conflicts=True,
        unique_fields=["account", "wallet_type", "currency"],
        update_fields=["amount", "observed_at"],
    )


@transaction.atomic(durable=True)
def _schedule(claimed: BalanceCheck, answer: Answer, *, asked_at: datetime) -> None:
    check: BalanceCheck = due_work.lock(BalanceCheck.objects.all(), claimed.pk)
    if not check.holds(claimed.token):
        return
    check.asked_at, check.note = asked_at, answer.note[:NOTE_MAX_LENGTH]
    if answer.outcome is Outcome.ACCEPTED:
        check.answered_at = timezone.now()
    check.next_at, check.token, check.attempts = timezone.now() + timedelta(seconds=BALANCE_SECONDS), None, 0
    check.save(update_fields=["asked_at", "answered_at", "note", "next_at", "token", "attempts"])
