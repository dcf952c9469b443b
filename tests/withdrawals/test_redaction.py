"""After a set time a withdrawal forgets its recipient, and stays a withdrawal in everything else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from gateway.providers.models import ProviderCall
from gateway.webhooks.actions import add_endpoint
from gateway.webhooks.models import Delivery, DeliveryAttempt, Event
from tests.conftest import Api
from tests.scripted_provider import ScriptedProvider
from tests.staff import browser_of
from tests.withdrawals.orders import IMPS, make_due, moves, news, order, send, sent
from tests.withdrawals.provider_words import OK, PULL, found, not_found, pulled
from withdrawals import redaction
from withdrawals.asking import ask, ask_withdrawals
from withdrawals.models import Withdrawal
from withdrawals.redaction import forget_recipients
from withdrawals.states import FINAL

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = 400


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def paid(api: Api, provider: ScriptedProvider) -> Withdrawal:
    """Sent, accepted and paid; the word that said so is still scripted."""
    withdrawal = sent(api, provider, OK)
    provider.script(PULL, pulled(found(withdrawal, 1)))
    make_due(withdrawal)
    ask_withdrawals(withdrawal.account_id)
    withdrawal.refresh_from_db()
    assert withdrawal.status == "paid"
    return withdrawal


def fresh(withdrawal: Withdrawal) -> Withdrawal:
    return Withdrawal.objects.get(pk=withdrawal.pk)


def test_not_a_moment_before_its_time(paid: Withdrawal, clock: time_machine.Traveller) -> None:
    clock.move_to(START + timedelta(days=DAYS))
    assert forget_recipients() == 0
    assert fresh(paid).recipient == IMPS["recipient"]
    clock.shift(timedelta(seconds=1))
    assert forget_recipients() == 1
    assert forget_recipients() == 0


def test_the_recipient_becomes_a_mask_and_the_rest_stays(
    api: Api, paid: Withdrawal, clock: time_machine.Traveller, settings: Settings
) -> None:
    settings.REDACT_AFTER_DAYS = 30
    before, shown = fresh(paid), api.get(f"withdrawals/{paid.public_id}").json()
    history, told = moves(paid), news(paid)
    clock.shift(timedelta(days=31))
    assert forget_recipients() == 1
    after = fresh(paid)
    assert after.recipient == {
        "account_number": "********9012",
        "account_name": "*****Name",
        "bank_code": "*******1821",
    }
    assert (after.body, after.comment, after.recipient_hashes) == (b"", "", [])
    assert after.redacted_at == START + timedelta(days=31)
    kept = ["body_digest", "amount", "currency", "status", "sequence", "reference", "metadata", "updated_at", "sent_at"]
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert api.get(f"withdrawals/{paid.public_id}").json() == {**shown, "comment": ""}
    assert (moves(paid), news(paid)) == (history, told)
    assert api.get("withdrawals", recipient_account="123456789012").json()["data"] == []


def test_calls_news_and_answers_go_with_it(
    api: Api, product: Any, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    add_endpoint(product=product, mode="test", url="https://shop.example.com/hooks", event_types=[])
    withdrawal, other = sent(api, provider, OK), order(api)
    delivery = Delivery.objects.filter(event__subject=withdrawal.public_id).order_by("event__sequence").first()
    assert delivery is not None
    DeliveryAttempt.objects.create(
        delivery=delivery, number=1, outcome="refused", started_at=START, duration_ms=1, answer=b"of 123456789012"
    )
    provider.script(PULL, pulled(found(withdrawal, 1)))
    make_due(withdrawal)
    ask_withdrawals(withdrawal.account_id)
    digests = list(ProviderCall.objects.order_by("id").values_list("response_digest", flat=True))
    clock.shift(timedelta(days=DAYS, seconds=1))
    assert forget_recipients() == 1
    calls = list(ProviderCall.objects.order_by("id"))
    assert [(call.request, call.response, call.redacted_at is not None) for call in calls] == [(None, None, True)] * 2
    assert [call.response_digest for call in calls] == digests
    assert [call.outcome for call in calls] == ["accepted", "accepted"]
    comments = {event.subject: event.data["comment"] for event in Event.objects.all()}
    assert comments == {withdrawal.public_id: "", other.public_id: "payout"}
    assert DeliveryAttempt.objects.get().answer == b""
    assert fresh(other).recipient == IMPS["recipient"]


@pytest.mark.parametrize("status", ["queued", "accepted", "unknown", "manual_review"])
def test_what_has_not_ended_is_never_redacted(
    status: str, api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    answers = {"accepted": OK, "unknown": (500, b""), "manual_review": OK}
    withdrawal = order(api) if status == "queued" else sent(api, provider, answers[status])
    if status == "manual_review":
        provider.script(PULL, pulled(found(withdrawal, 1, amount="1.00")))
        make_due(withdrawal)
        ask_withdrawals(withdrawal.account_id)
    assert fresh(withdrawal).status == status
    clock.shift(timedelta(days=10 * DAYS))
    assert forget_recipients() == 0
    assert fresh(withdrawal).recipient == IMPS["recipient"]
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE withdrawals_withdrawal SET redacted_at = now()")


def test_what_contradicts_itself_waits_for_its_person(
    paid: Withdrawal, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(PULL, pulled(found(paid, 5)))
    ask(paid.account, [paid.public_id])
    clock.shift(timedelta(days=10 * DAYS))
    assert forget_recipients() == 0
    assert fresh(paid).body != b""


@pytest.mark.parametrize(
    ("word", "contradiction"),
    [
        ({"status": 1}, ""),
        ({"status": 5}, "it is paid, and the provider now says rejected"),
        ({"status": 7}, ""),
        ({"status": 1, "amount": "1.00"}, "the provider's answer differs in amount, amount"),
        ({"status": 5, "currency_code": "BDT"}, "the provider's answer differs in currency_code, currency"),
    ],
)
def test_a_late_word_on_a_redacted_one_moves_nothing_and_what_contradicts_is_written_down(
    word: dict[str, Any],
    contradiction: str,
    paid: Withdrawal,
    provider: ScriptedProvider,
    clock: time_machine.Traveller,
) -> None:
    late = found(paid, **word)
    clock.shift(timedelta(days=DAYS, seconds=1))
    assert forget_recipients() == 1
    told = news(paid)
    provider.script(PULL, pulled(late))
    ask(paid.account, [paid.public_id])
    after = fresh(paid)
    assert (after.status, after.last_answer, after.contradiction) == (
        "paid",
        f"found, status {word['status']}",
        contradiction,
    )
    assert (news(paid), after.body) == (told, b"")
    provider.script(PULL, pulled(not_found(paid)))
    ask(paid.account, [paid.public_id])
    assert fresh(paid).status == "paid"


def test_oldest_first_in_bounded_batches(
    api: Api, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "_FORGOTTEN_AT_ONCE", 2)
    made = []
    for _ in range(3):
        withdrawal = order(api)
        assert api.post(f"withdrawals/{withdrawal.public_id}/cancel").status_code == 200
        made.append(withdrawal.pk)
        clock.shift(timedelta(hours=1))
    clock.shift(timedelta(days=DAYS))
    assert forget_recipients() == 2
    assert list(Withdrawal.objects.filter(redacted_at=None).values_list("pk", flat=True)) == [made[-1]]
    assert (forget_recipients(), forget_recipients()) == (1, 0)


def test_the_index_serves_the_search_for_old_ones(api: Api) -> None:
    order(api)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    old = Withdrawal.objects.filter(status__in=FINAL, redacted_at=None, updated_at__lt=START).order_by("updated_at")
    assert "withdrawals_to_redact" in old[:300].explain()


def test_the_admin_shows_it_and_a_cancelled_one_was_never_sent(
    api: Api, client: Client, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = order(api)
    api.post(f"withdrawals/{withdrawal.public_id}/cancel")
    clock.shift(timedelta(days=DAYS, seconds=1))
    assert forget_recipients() == 1
    browser_of(User.objects.create_superuser("staff"), client)
    page = client.get(reverse("admin:withdrawals_withdrawal_change", args=[withdrawal.pk]))
    assert page.status_code == 200
    assert "redacted at" in page.content.decode().lower()
    assert send(withdrawal).status == "cancelled"
    assert provider.requests == []
    assert api.post(f"withdrawals/{withdrawal.public_id}/cancel").json()["status"] == "cancelled"
