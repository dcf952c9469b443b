"""Everything that is known about a payout, for one page: what was asked and said, and what was done with the money."""

from typing import Final

from django.db.models import Q
from django.http import HttpRequest

from balances.kinds import JournalKind
from balances.models import Hold, Journal
from gateway.backoffice.sections import CALLS, LETTERS, Part, Section, as_far_as_seen, calls, journals, letters, link
from gateway.money import format_amount
from gateway.providers.models import ProviderCall
from postbacks.models import LetterItem
from withdrawals.models import Withdrawal

J = JournalKind

#: What is ever posted with a withdrawal's id for its reference.
_KINDS: Final = (
    J.WITHDRAWAL_HELD,
    J.WITHDRAWAL_PAID,
    J.WITHDRAWAL_RELEASED,
    J.WITHDRAWAL_RETURNED,
    J.WITHDRAWAL_PROVED_PAID,
    J.PROVIDER_FEE,
    J.PRODUCT_FEE,
)
#: Every question of a week (38), a handful of sendings and the probes of an afternoon; the latest stand first.
_CALLS_MAX: Final = 100


def of_withdrawal(withdrawal: Withdrawal, request: HttpRequest) -> list[Section]:
    """The evidence about a withdrawal, as far as whoever asks may see it. The number of queries is fixed."""
    name = withdrawal.public_id
    parts: list[Part] = [
        (CALLS, ProviderCall, lambda title: calls(title, {name}, rows_max=_CALLS_MAX)),
        (LETTERS, LetterItem, lambda title: letters(title, Q(order_id=name))),
        ("Its hold", Hold, lambda title: _hold(title, withdrawal)),
        ("Journals", Journal, lambda title: journals(title, _KINDS, name)),
    ]
    return [as_far_as_seen(request, *part) for part in parts]


def _hold(title: str, withdrawal: Withdrawal) -> Section:
    return Section(
        title=title,
        columns=("hold", "amount", "status", "since", "until"),
        rows=[
            (
                link("balances_hold", one.pk, one.order_id),
                f"{format_amount(one.amount, one.currency)} {one.currency}",
                one.status,
                one.created_at,
                one.closed_at or "-",
            )
            for one in Hold.objects.filter(pk=withdrawal.pk)
        ],
        nothing="Nothing is held for it.",
    )
