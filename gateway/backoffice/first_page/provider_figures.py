"""What the provider says that it holds, how fresh that is, and what is stopped towards it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.urls import reverse
from django.utils import timezone

from balances.kinds import AccountKind
from balances.totals import Total
from gateway.backoffice.looking import Looking
from gateway.products.models import Product
from gateway.providers.balances import BALANCE_SECONDS
from gateway.providers.models import (
    BalanceCheck,
    ObservedBalance,
    PauseScope,
    PayoutPause,
    ProviderAccount,
)
from gateway.providers.models.account_guards import SECRET_COLUMNS

#: Two questions long without an answer: one may get lost, and the next one comes in its place.
STALE_AFTER: Final = timedelta(seconds=2 * BALANCE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What the provider holds with one of its systems.

    Attributes:
        account: name of the provider account.
        payment_system: its ``wallet_type``.
        currency: ISO 4217 code.
        said: by the provider; None: it never said anything of it.
        booked: by our ledger; None: that is not for this person.
        observed_at: when it said so.
        is_stale: that is too long ago to rely on.
        rows: what it said, in its list.
    """

    account: str
    payment_system: str
    currency: str
    said: Decimal | None
    booked: Decimal | None
    observed_at: datetime | None
    is_stale: bool
    rows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """An account whose balances the provider does not give: since when, and how it answers."""

    account: str
    since: datetime
    note: str
    rows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What goes out no more.

    Attributes:
        what: the account, or what payouts are paused of.
        why: the reason, as it was kept.
        since: when it stopped.
        ends: who ends it, in words.
        page: where that is done, "" for whoever may not look.
    """

    what: str
    why: str
    since: datetime
    ends: str
    page: str


def balances(looking: Looking, booked: Iterable[Total] | None) -> list[Balance]:
    """Of every system that the provider or our books know of; without books, of the provider alone. Two queries."""
    books = {
        (one.provider_account, one.payment_system, one.currency): one.amount
        for one in booked or ()
        if one.kind == AccountKind.PROVIDER_BALANCE and one.provider_account is not None
    }
    names = dict(ProviderAccount.objects.filter(mode=looking.mode).values_list("pk", "name"))
    said = {
        (one.account_id, one.wallet_type, one.currency): one
        for one in ObservedBalance.objects.filter(account__in=list(names))
    }
    stale_before = timezone.now() - STALE_AFTER
    found = []
    for key in {*said, *(key for key, amount in books.items() if amount)}:
        one = said.get(key)
        found.append(
            Balance(
                account=names.get(key[0], "-"),
                payment_system=key[1],
                currency=key[2],
                said=None if one is None else one.amount,
                booked=None if booked is None else books.get(key, Decimal(0)),
                observed_at=None if one is None else one.observed_at,
                is_stale=one is not None and one.observed_at < stale_before,
                rows=looking.rows(
                    ObservedBalance, account__id__exact=key[0], wallet_type__exact=key[1], currency__exact=key[2]
                ),
            )
        )
    return sorted(found, key=lambda one: (one.account, one.currency, one.payment_system))


def silences(looking: Looking) -> list[Silence]:
    """Active accounts whose balances are old or were never given. One query."""
    stale_before = timezone.now() - STALE_AFTER
    checks = BalanceCheck.objects.filter(account__mode=looking.mode, account__is_active=True).select_related("account")
    never = ProviderAccount.objects.filter(mode=looking.mode, is_active=True, balance_check=None)
    rows = looking.rows(BalanceCheck)
    return [
        *(
            Silence(
                account=one.account.name,
                since=one.answered_at or one.account.created_at,
                note=one.note or "it has not answered",
                rows=rows,
            )
            for one in checks.defer(*_SECRETS)
            if (one.answered_at or one.account.created_at) < stale_before
        ),
        *(
            Silence(account=one.name, since=one.created_at, note="it was never asked", rows=rows)
            for one in never.only("name", "created_at")
            if one.created_at < stale_before
        ),
    ]


#: Of an account: each that is encrypted would be opened, and none is shown.
_SECRETS: Final = tuple(f"account__{name}" for name in SECRET_COLUMNS)


def paused_accounts(looking: Looking) -> list[Stopped]:
    """Active accounts through which nothing is sent. One query."""
    accounts = ProviderAccount.objects.filter(mode=looking.mode, is_active=True).only(
        "name", "pause_kind", "pause_reason", "paused_since"
    )
    return [
        Stopped(
            what=f"All calls of {one.name}",
            why=one.pause_reason or one.get_pause_kind_display(),
            since=one.paused_since,
            ends=one.get_pause_kind_display(),
            page=reverse("admin:providers_provideraccount_change", args=[one.pk]),
        )
        for one in accounts
        if one.is_paused() and one.paused_since is not None
    ]


def payout_pauses(looking: Looking) -> list[Stopped]:
    """Pauses of payouts that have not ended. Three queries at most, however many there are."""
    open_ones = list(PayoutPause.objects.filter(ended_at=None, mode=looking.mode).order_by("since"))
    page = f"{reverse('admin:providers_payoutpause_changelist')}?mode={looking.mode}"
    return [
        Stopped(
            what=f"Payouts of {name}",
            why=one.reason,
            since=one.since,
            ends=one.get_kind_display(),
            page=page,
        )
        for one, name in zip(open_ones, _names(open_ones), strict=True)
    ]


def _names(pauses: Sequence[PayoutPause]) -> Iterable[str]:
    """What each of them stops, as people know it (`gateway.providers.pause_targets.name_of` asks for each)."""
    names: dict[str, str] = {}
    for scope, model in ((PauseScope.PROVIDER_ACCOUNT, ProviderAccount), (PauseScope.PRODUCT, Product)):
        keys = [one.key for one in pauses if one.scope == scope]
        if keys:
            names |= {str(pk): name for pk, name in model.objects.filter(pk__in=keys).values_list("pk", "name")}
    return [" ".join(filter(None, [one.get_scope_display(), names.get(one.key, one.key)])) for one in pauses]
