"""What is rehearsed is seen, and leaves nothing: no row, no bell, no line in the log."""

from decimal import Decimal
from typing import Any

import pytest
import structlog
from django.db import transaction

from balances import accounts, reading, rehearsing
from balances.kinds import JournalKind
from balances.models import Account, Entry, Journal
from balances.posting import InsufficientFunds, credit, debit, post
from balances.verbs import PlannedJournal
from gateway.lifecycles import Cause
from gateway.products.models import Product
from gateway.webhooks.actions import owe
from gateway.webhooks.models import Event
from tests.balances.test_posting import funded, settled
from tests.two_persons import persons

pytestmark = pytest.mark.django_db

log = structlog.get_logger(__name__)


def counts() -> list[int]:
    return [one.objects.count() for one in (Account, Journal, Entry, Event)]


def test_what_would_be_posted_and_told_is_seen_and_leaves_nothing(
    product: Product, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[str] = []

    def act(cause: Cause) -> None:
        post(funded(product, "12.5", cause=cause))
        owe(product=product, mode="test", type="withdrawal.paid", subject="wd_one", sequence=3, data={})
        transaction.on_commit(lambda: rung.append("bell"))
        log.info("it_happened")

    before = counts()
    with django_capture_on_commit_callbacks(execute=True) as waiting:
        journals, news = rehearsing.rehearsed(act, lambda: rehearsing.news({"wd_one": 2, "wd_other": 0}))
    left, right = accounts.bank("test", "INR"), accounts.available(product.pk, "test", "INR")
    legs = (debit(left, Decimal("12.5")), credit(right, Decimal("12.5")))
    assert journals == (PlannedJournal(kind=JournalKind.PRODUCT_FUNDED, legs=legs, subject="prd"),)
    assert news == (f"{product} is sent the event withdrawal.paid of wd_one.",)
    assert (counts(), rung, waiting) == (before, [], [])
    assert "it_happened" not in caplog.text
    assert reading.balance_of(right) == 0
    log.info("it_happened")
    assert "it_happened" in caplog.text


def test_what_is_refused_is_raised_and_leaves_nothing(product: Product, caplog: pytest.LogCaptureFixture) -> None:
    persons()
    before = counts()

    def act(cause: Cause) -> None:
        post(funded(product, "12.5", cause=cause))
        post(settled(product, "12.6", cause=cause))

    with pytest.raises(InsufficientFunds):
        rehearsing.rehearsed(act, lambda: None)
    assert counts() == before
    # The transaction around it goes on, and so does the log.
    post(funded(product, "1"))
    assert reading.balance_of(accounts.available(product.pk, "test", "INR")) == 1
    log.info("it_goes_on")
    assert "it_goes_on" in caplog.text
