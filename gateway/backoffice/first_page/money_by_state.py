"""Where all money under way is now: orders by their state, and what the ledger holds for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Min, Q, QuerySet, Sum

from balances import totals
from balances.kinds import AccountKind
from gateway.backoffice.looking import Looking
from payments.models import Deposit
from payments.states import DepositStatus
from withdrawals.models import Withdrawal
from withdrawals.states import UNDER_WAY_AFTER_SENDING, WithdrawalStatus

D, W, A = DepositStatus, WithdrawalStatus, AccountKind

#: What the ledger holds, in the order in which it is shown.
HOLDINGS: Final = (A.AVAILABLE, A.HELD, A.SAVINGS, A.SUSPENSE, A.PRODUCT_RECEIVABLE)
#: Read together with them: what our books say that the provider holds.
KINDS: Final = (*HOLDINGS, A.PROVIDER_BALANCE)

#: What people call the states of a deposit that is under way; in each, the index that holds only such.
_DEPOSITS: Final[Mapping[str, tuple[str, ...]]] = {
    "Not yet opened": (D.CREATED,),
    "Waiting for the customer": (D.AWAITING_PAYMENT,),
    "Being verified": (D.VERIFYING,),
    "Saved up, until more comes": (D.ACCUMULATING,),
    "In review": (D.IN_REVIEW,),
}
_WITHDRAWALS: Final[Mapping[str, tuple[str, ...]]] = {
    "Waiting for approval": (W.PENDING_APPROVAL,),
    "To be sent": (W.QUEUED,),
    "Being sent": (W.SENDING,),
    "Accepted by the provider": (W.ACCEPTED,),
    "Waiting for funds": (W.WAITING_FUNDS,),
    "Unknown": (W.UNKNOWN,),
    "In manual review": (W.MANUAL_REVIEW,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of one currency, in how many orders; None where an order has no part in it."""

    currency: str
    amount: Decimal
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Orders of one state.

    Attributes:
        title: of the state, in words.
        amounts: by currency.
        oldest: when the oldest was made.
        rows: the list of them.
    """

    title: str
    amounts: Sequence[Amount]
    oldest: datetime | None
    rows: str

    @property
    def orders(self) -> int:
        """How many there are."""
        return sum(one.orders for one in self.amounts)


def deposits(looking: Looking) -> list[State]:
    """Deposits under way. Two queries, each of a partial index."""
    mine = Deposit.objects.filter(mode=looking.mode)
    # One condition for each index: `deposits_by_deadline`, and `deposits_for_a_person`.
    groups = [
        *_grouped(mine.filter(status__in=[D.AWAITING_PAYMENT, D.CREATED, D.VERIFYING])),
        *_grouped(mine.filter(status__in=[D.ACCUMULATING, D.IN_REVIEW])),
    ]
    return _states(looking, Deposit, _DEPOSITS, groups)


def withdrawals(looking: Looking) -> list[State]:
    """Withdrawals under way. Three queries, each of a partial index."""
    mine = Withdrawal.objects.filter(mode=looking.mode)
    # Likewise: `withdrawals_to_approve`, `withdrawals_due`, and `withdrawals_for_a_person`.
    groups = [
        *_grouped(mine.filter(status=W.PENDING_APPROVAL)),
        *_grouped(mine.filter(Q(next_at__isnull=False), status__in=[W.QUEUED, W.SENDING])),
        *_grouped(mine.filter(status__in=sorted(UNDER_WAY_AFTER_SENDING))),
    ]
    return _states(looking, Withdrawal, _WITHDRAWALS, groups)


def ledger(mode: str) -> totals.Totals:
    """What the ledger holds in one mode. One query."""
    return totals.totals(mode, KINDS)


def holdings(found: totals.Totals) -> dict[str, dict[AccountKind, Decimal]]:
    """By currency and kind, what belongs to products and what waits."""
    sums: dict[str, dict[AccountKind, Decimal]] = {}
    for one in found.rows:
        if one.kind in HOLDINGS:
            kinds = sums.setdefault(one.currency, {})
            kinds[one.kind] = kinds.get(one.kind, Decimal(0)) + one.amount
    return sums


def _grouped(rows: "QuerySet[Any]") -> list[dict[str, Any]]:
    groups = rows.order_by().values("status", "currency")
    return list(groups.annotate(orders=Count("pk"), sum=Sum("amount"), oldest=Min("created_at")))


def _states(
    looking: Looking, model: Any, titles: Mapping[str, tuple[str, ...]], groups: Iterable[Mapping[str, Any]]
) -> list[State]:
    groups = list(groups)
    states = []
    for title, statuses in titles.items():
        mine = [one for one in groups if one["status"] in statuses]
        amounts = [Amount(currency=one["currency"], amount=one["sum"], orders=one["orders"]) for one in mine]
        states.append(
            State(
                title=title,
                amounts=sorted(amounts, key=lambda one: (-one.orders, one.currency)),
                oldest=min((one["oldest"] for one in mine), default=None),
                rows=looking.rows(model, status__exact=str(statuses[0])),
            )
        )
    return states
