"""How entries may be looked for."""

from datetime import timedelta
from typing import Any, Final

import django_filters
from django.db.models import QuerySet

from balances.kinds import JournalKind
from balances.models import Account, Entry
from balances.reading import PRODUCT_KINDS
from balances.shapes import ACCOUNT_NAMES
from gateway import ids
from gateway.api.authentication import caller_of
from gateway.api.query import CurrencyFilter, TimeFilter, WordFilter

#: An entry gets its id before it waits for its account, and its time after that: how far apart the two may be. It
#: decides only how many entries are looked at in vain; nothing waits so long for a lock, nor are clocks so wrong.
_ID_MARGIN: Final = timedelta(hours=1)
#: Longest TypeID: three letters, an underscore, 26 characters.
_TYPE_ID_MAX_LENGTH: Final = 30


class LedgerEntryFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """Query parameters of GET /ledger-entries. It takes the request, whose caller's accounts alone are looked at."""

    currency = CurrencyFilter()
    account = WordFilter(
        choices=[(name, name) for name in ACCOUNT_NAMES.values()],
        method="unchanged",
        help_text="Of this account, in each currency; all of them by default.",
    )
    kind = WordFilter(
        field_name="journal__kind", choices=JournalKind.choices, help_text="Why the money moved; everything by default."
    )
    subject = django_filters.CharFilter(
        field_name="journal__subject",
        max_length=_TYPE_ID_MAX_LENGTH,
        help_text="Id of the order that the money belongs to: of a deposit or a withdrawal.",
    )
    created_after = TimeFilter(field_name="created_at", lookup_expr="gt")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Entry
        fields: list[str] = []

    def unchanged(self, rows: "QuerySet[Entry]", name: str, value: str) -> "QuerySet[Entry]":
        """The account is one of those that `filter_queryset` looks up."""
        return rows

    def filter_queryset(self, rows: "QuerySet[Entry]") -> "QuerySet[Entry]":
        """Narrow the rows to what the database finds by its indexes, and filter those."""
        asked, caller = self.form.cleaned_data, caller_of(self.request)
        kinds = [kind for kind in PRODUCT_KINDS if asked["account"] in {"", ACCOUNT_NAMES[kind]}]
        accounts = Account.objects.filter(product=caller.product, mode=caller.mode, kind__in=kinds)
        if asked["currency"]:
            accounts = accounts.filter(currency=asked["currency"])
        # Asked now, so that the planner knows which accounts they are: of one that has few entries it reads those, and
        # otherwise it follows the ids until the page is full.
        rows = rows.filter(account__in=list(accounts.values_list("pk", flat=True)))
        # Ids carry their time, and the list is in their order: what lies outside of the period is not read.
        if (after := asked["created_after"]) is not None:
            rows = rows.filter(pk__gte=ids.first_at(after, plus=-_ID_MARGIN))
        if (before := asked["created_before"]) is not None:
            rows = rows.filter(pk__lt=ids.first_at(before, plus=_ID_MARGIN))
        found: Any = super().filter_queryset(rows)
        return found  # type: ignore[no-any-return]  # as above
