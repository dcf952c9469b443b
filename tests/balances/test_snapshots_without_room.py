"""A sum that fits no column keeps no other account from being counted."""

import secrets
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from balances import accounts, reading
from balances.kinds import JournalKind
from balances.models import Snapshot
from balances.posting import NewJournal, credit, debit, post
from balances.snapshots import TAIL_ENTRIES, take_snapshots
from tests.balances.past import set_back
from tests.two_persons import decided

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disguised")]


def test_a_sum_that_fits_no_column_keeps_no_other_account_from_being_counted() -> None:
    enormous, ordinary = Decimal(10) ** 15, Decimal(1)
    for currency, amount in (("INR", enormous), ("USD", ordinary)):
        pair = debit(accounts.write_off("test", currency), amount), credit(accounts.bank("test", currency), amount)
        legs = pair * TAIL_ENTRIES
        journal = NewJournal(kind=JournalKind.ADJUSTED, reference=secrets.token_hex(8), legs=legs, cause=decided())
        post(journal)
        set_back(journal, timezone.now() - timedelta(hours=1))
    assert take_snapshots() == 2
    assert dict(Snapshot.objects.values_list("account", "balance")) == {
        accounts.write_off("test", "USD").id: Decimal(TAIL_ENTRIES),
        accounts.bank("test", "USD").id: Decimal(-TAIL_ENTRIES),
    }
    assert reading.balance_of(accounts.write_off("test", "INR")) == TAIL_ENTRIES * enormous
