"""Letters lose their bodies with their orders, samples of refused ones by age; what was read of them stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from gateway.providers.models import ProviderAccount
from payments.models import Deposit
from postbacks import redaction
from postbacks.models import Letter, LetterItem, RejectedLetter
from postbacks.redaction import forget_letters
from tests.conftest import Api
from tests.postbacks.deposits import verifying
from tests.postbacks.letters import PULL, deliver, item, kept, known, letter, pulled, settle
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db

DAYS = 400


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False) as coordinates:
        yield coordinates


def redact_orders() -> None:
    Deposit.objects.update(redacted_at=timezone.now())


def test_a_letter_goes_with_its_order(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    confirmation = verifying(api)
    one = item(plugin_custom_order_id=confirmation.public_id, transaction_id=confirmation.provider_reference)
    raw = letter(account, [one])
    kept(account, raw)
    provider.script(PULL, pulled(known(confirmation.public_id, one, label=confirmation.deposit.customer.label)))
    settle(account)
    assert LetterItem.objects.get().status == "confirmed"
    before = Letter.objects.get()
    assert before.body == raw

    clock.shift(timedelta(days=DAYS, seconds=1))
    assert forget_letters() == 0  # its order still has everything
    redact_orders()
    assert forget_letters() == 1
    after = Letter.objects.get()
    assert (after.body, after.redacted_at) == (b"", timezone.now())
    assert (after.signed_digest, after.received_at) == (before.signed_digest, before.received_at)
    read = LetterItem.objects.get()
    assert (read.order_id, read.amount, read.status) == (confirmation.public_id, Decimal(1000), "confirmed")
    # The same letter again is the same letter.
    kept(account, raw)
    assert (Letter.objects.get().copies, LetterItem.objects.count()) == (2, 1)


def test_letters_of_living_orders_do_not_hide_those_behind_them(
    api: Api, account: ProviderAccount, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "_BATCH", 2)
    confirmation = verifying(api)
    for _ in range(3):
        kept(account, letter(account, [item(plugin_custom_order_id=confirmation.public_id)]))
        clock.shift(timedelta(seconds=1))
    kept(account, letter(account, [item()]))
    LetterItem.objects.update(next_at=None)
    clock.shift(timedelta(days=DAYS, seconds=1))
    assert forget_letters() == 1
    assert [bool(row.body) for row in Letter.objects.order_by("last_received_at")] == [True, True, True, False]


def test_an_open_question_and_a_young_letter_keep_theirs(
    account: ProviderAccount, clock: time_machine.Traveller
) -> None:
    raw = letter(account, [item()])
    kept(account, raw)
    clock.shift(timedelta(days=DAYS, seconds=1))
    assert forget_letters() == 0
    LetterItem.objects.update(next_at=None)
    kept(account, raw)  # a copy makes it young again
    assert forget_letters() == 0
    clock.shift(timedelta(days=DAYS, seconds=1))
    assert forget_letters() == 1


def test_samples_of_refused_letters_are_deleted_by_age(account: ProviderAccount, clock: time_machine.Traveller) -> None:
    assert deliver(account, b'{"signature":"x","additional_data":[]}').status_code == 403
    clock.shift(timedelta(days=DAYS))
    forget_letters()
    assert RejectedLetter.objects.count() == 1
    clock.shift(timedelta(seconds=1))
    forget_letters()
    assert not RejectedLetter.objects.exists()
