"""Many withdrawals that leave at once: each as if it had been sent alone, and what is not plain is sent alone."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from balances.models import Hold
from gateway.products.models import Product
from gateway.providers import calls_together
from gateway.providers.models import CallPace, PayoutPause, ProviderAccount, ProviderCall
from gateway.providers.pace import take_free_places
from gateway.providers.pauses import pause_payouts
from gateway.webhooks.actions import add_endpoint
from gateway.webhooks.models import Delivery, Event
from tests import roles
from tests.conftest import Api
from tests.scripted_provider import DROP, Received, ScriptedProvider
from tests.two_persons import persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import IMPS, make_due, moves, news, order
from tests.withdrawals.ruling import cap
from tests.withdrawals.together import line_of, sent_together, statuses, unhurried
from withdrawals import blocklist, sending, sending_together
from withdrawals.models import Withdrawal, WithdrawalMove

pytestmark = pytest.mark.django_db(transaction=True)


def bodies(provider: ScriptedProvider) -> list[bytes]:
    return sorted(request.body for request in provider.to(words.CREATE))


def frozen(line: list[Withdrawal]) -> list[bytes]:
    return sorted(bytes(one.body) for one in line)


def test_each_is_as_if_it_had_been_sent_alone(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    add_endpoint(product=product, mode="test", url="https://shop.example/hooks", event_types=["withdrawal.accepted"])
    provider.script(words.CREATE, words.OK)
    unhurried(account)
    alone = order(api)
    sending.send_withdrawal(alone.pk)
    alone.refresh_from_db()
    line = sent_together(api, account, provider, 3)

    assert bodies(provider) == frozen([alone, *line])
    alike = ("status", "sequence", "attempts", "token", "failure_code", "resends", "send_again", "contradiction")
    for one in line:
        assert [getattr(one, name) for name in alike] == [getattr(alone, name) for name in alike]
        assert one.sent_at is not None
        assert one.next_at is not None
        assert one.created_at < one.sent_at < one.updated_at < one.next_at
        assert moves(one) == [("queued", "api_key"), ("sending", "clock"), ("accepted", "provider_answer")]
        assert news(one) == [("queued", 1), ("accepted", 3)]
        assert Hold.objects.get(pk=one.pk).status == "open"
    columns = ("from_status", "to_status", "cause", "cause_id", "detail")
    histories = [
        list(WithdrawalMove.objects.filter(subject=one).order_by("sequence").values_list(*columns)[1:])
        for one in [alone, *line]
    ]
    assert histories == [histories[0]] * 4
    shown = [Event.objects.get(subject=one.public_id, sequence=3) for one in [alone, *line]]
    own = {"id", "reference", "created_at", "updated_at"}
    data = [{name: value for name, value in one.data.items() if name not in own} for one in shown]
    assert data == [data[0]] * 4
    assert [one.data["id"] for one in shown] == [one.public_id for one in [alone, *line]]
    # One delivery each, of what the endpoint takes.
    assert sorted(Delivery.objects.values_list("event_id", "status")) == sorted((one.pk, "pending") for one in shown)


def test_the_evidence_is_that_of_single_calls(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    line = sent_together(api, account, provider, 3)
    found = {call.subject: call for call in ProviderCall.objects.all()}
    assert set(found) == {one.public_id for one in line}
    for one in line:
        call = found[one.public_id]
        assert (call.operation, call.sent, call.http_status, call.outcome) == (
            "withdrawal/create",
            True,
            200,
            "accepted",
        )
        assert call.request == {"body_digest": one.body_digest}
        assert bytes(call.response) == b'{"status": "ok"}'
        assert call.note == "accepted (HTTP 200)"
        assert call.also_about == []
        assert call.duration_ms is not None


def test_all_are_marked_and_committed_before_the_first_byte_of_any(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    seen: list[Any] = []
    line = line_of(api, account, 3)

    def look(_: Received) -> Any:
        # A thread of its own, so a connection of its own: it sees what is committed.
        rows = {(one.status, one.sent_at is None, one.token is None) for one in Withdrawal.objects.all()}
        seen.append((rows, ProviderCall.objects.filter(sent=None, outcome="").count()))
        connection.close()
        return words.OK

    provider.script(words.CREATE, look)
    sending_together.send_withdrawals(account.pk)
    assert seen == [({("sending", False, False)}, 3)] * 3
    assert statuses(line) == ["accepted"] * 3


def test_no_transaction_is_open_and_no_lock_is_held_during_the_calls(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    line = line_of(api, account, 3)
    seen_at = timezone.now()

    def write(_: Received) -> Any:
        Withdrawal.objects.filter(pk__in=[one.pk for one in line]).update(hinted_at=seen_at)
        connection.close()
        return words.OK

    provider.script(words.CREATE, write)
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["accepted"] * 3
    assert [one.hinted_at for one in line] == [seen_at] * 3


def test_many_cost_no_more_statements_than_few(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    provider.script(words.CREATE, words.OK)
    counts = []
    for count in (2, 12):
        line = line_of(api, account, count)
        with CaptureQueriesContext(connection) as queries:
            sending_together.send_withdrawals(account.pk)
        assert statuses(line) == ["accepted"] * count
        counts.append(len(queries))
    assert counts[0] == counts[1] < 40


def test_a_line_longer_than_a_batch_is_worked_off(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_together, "TOGETHER", 2)
    line = sent_together(api, account, provider, 7)
    assert bodies(provider) == frozen(line)


# What is not plain.


def test_a_blocked_recipient_is_called_off_and_the_others_are_sent(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    other = {**IMPS, "recipient": {**IMPS["recipient"], "account_number": "998877665544"}}
    line = [*line_of(api, account, 2), order(api, other)]
    blocklist.block("9988 7766 5544", product=None, by=persons()[0], reason="fraud")
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["accepted", "accepted", "cancelled"]
    assert line[2].failure_code == "recipient_blocked"
    assert bodies(provider) == frozen(line[:2])


def test_a_block_for_another_product_stops_nobody(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    other = Product.objects.create(name="another")
    blocklist.block(IMPS["recipient"]["account_number"], product=other, by=persons()[0], reason="fraud")
    sent_together(api, account, provider, 2)


def test_what_a_cap_is_about_goes_one_by_one_up_to_it(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    provider.script(words.CREATE, words.OK)
    cap(product, 2436)
    line = line_of(api, account, 4)
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["accepted", "accepted", "queued", "queued"]
    assert [pause.kind for pause in PayoutPause.objects.all()] == ["outflow_cap"]


def test_one_that_cannot_be_read_stays_and_the_others_are_sent(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, 3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE withdrawals_withdrawal SET recipient = 'x'::bytea WHERE id = %s", [line[1].pk])
    sending_together.send_withdrawals(account.pk)
    found = list(Withdrawal.objects.order_by("pk").values_list("status", flat=True))
    assert found == ["accepted", "queued", "accepted"]
    assert bodies(provider) == frozen([line[0], line[2]])


def test_where_the_key_was_changed_each_is_signed_anew(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, 2)
    before = frozen(line)
    account.withdrawal_key = "canary-another-withdrawal-key-0123"
    account.save(update_fields=["withdrawal_key"])
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["accepted"] * 2
    assert bodies(provider) == frozen(line)
    assert not set(before) & set(bodies(provider))


def test_nothing_of_what_is_paused_leaves(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    line = line_of(api, account, 3)
    used = CallPace.objects.get().used_until
    pause_payouts("product", product.pk, "outflow_cap", "x", mode="test")
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["queued"] * 3
    assert [one.attempts for one in line] == [0] * 3
    assert provider.requests == []
    assert CallPace.objects.get().used_until == used


def test_what_is_not_due_or_in_another_hand_is_left_alone(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, 4)
    Withdrawal.objects.filter(pk=line[0].pk).update(next_at=timezone.now() + timedelta(minutes=5))
    with roles.superuser() as other:
        other.execute("SELECT 1 FROM withdrawals_withdrawal WHERE id = %s FOR UPDATE", [line[1].pk])
        sending_together.send_withdrawals(account.pk)
        assert statuses(line) == ["queued", "queued", "accepted", "accepted"]
    assert [one.attempts for one in line] == [0, 0, 1, 1]
    assert bodies(provider) == frozen(line[2:])


def test_a_batch_is_no_larger_than_the_pace_has_free_places(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, 5)
    account.calls_per_minute, account.calls_at_once = 1, 3
    account.save(update_fields=["calls_per_minute", "calls_at_once"])
    CallPace.objects.update(used_until=timezone.now())
    sending_together.send_withdrawals(account.pk)
    assert sorted(statuses(line)) == ["accepted"] * 3 + ["queued"] * 2
    assert [one.attempts for one in line if one.status == "queued"] == [0, 0]
    assert len(provider.to(words.CREATE)) == 3


def test_places_of_what_does_not_leave_are_given_back(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    other = {**IMPS, "recipient": {**IMPS["recipient"], "account_number": "998877665544"}}
    line = [*line_of(api, account, 2), *(order(api, other) for _ in range(3))]
    account.calls_per_minute, account.calls_at_once = 1, 5
    account.save(update_fields=["calls_per_minute", "calls_at_once"])
    CallPace.objects.update(used_until=timezone.now())
    blocklist.block("998877665544", product=None, by=persons()[0], reason="fraud")
    batch = sending_together._taken(account, set())
    assert [one.pk for one in batch.marked] == [one.pk for one in line[:2]]
    assert batch.odd == [one.pk for one in line[2:]]
    assert take_free_places(account, 9) == 3


# Answers that are no plain yes.


def test_every_answer_has_its_own_end(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    line = line_of(api, account, 5)
    answers = dict(zip([one.public_id for one in line], (
        words.OK, words.REFUSED_FIELD, words.REFUSED_TEXT, words.NO_FUNDS, words.OK
    ), strict=True))  # fmt: skip
    provider.script(words.CREATE, lambda request: answers[request.json()["withdrawal_id"]])
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["accepted", "failed", "unknown", "waiting_funds", "accepted"]
    assert [one.refused_unproven for one in line] == [False, False, True, False, False]
    assert [Hold.objects.get(pk=one.pk).status for one in line] == ["open", "released", "open", "open", "open"]
    assert bodies(provider) == frozen(line)


def test_after_an_answer_that_says_nothing_no_further_one_begins(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_together, "AT_ONCE", 1)
    line = line_of(api, account, 3)
    provider.script(words.CREATE, DROP)
    # One go: what was put back is not due again at once.
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["unknown", "queued", "queued"]
    assert bodies(provider) == [bytes(line[0].body)]
    assert [one.sent_at for one in line[1:]] == [None, None]
    assert moves(line[1]) == [("queued", "api_key"), ("sending", "clock"), ("queued", "provider_answer")]
    evidence = {call.subject: (call.sent, call.outcome, call.note) for call in ProviderCall.objects.all()}
    assert evidence[line[1].public_id] == (False, "unknown", "not begun")
    account.refresh_from_db()
    assert account.unknown_streak == 1  # what never began says nothing of the account
    provider.script(words.CREATE, words.OK)
    for one in line[1:]:
        make_due(one)
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["unknown", "accepted", "accepted"]
    assert bodies(provider) == frozen(line)


def test_what_has_not_begun_in_time_does_not_begin(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_together, "BEGIN_SECONDS", -1.0)
    line = line_of(api, account, 2)
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["queued", "queued"]
    assert provider.requests == []
    # Their evidence was begun, and says that no byte of them left.
    assert [call.sent for call in ProviderCall.objects.all()] == [False, False]


def test_an_answer_after_the_lease_is_not_recorded_and_the_others_are(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    line = line_of(api, account, 3)
    late = line[1]

    def answer(request: Received) -> Any:
        if request.json()["withdrawal_id"] == late.public_id:
            make_due(late)  # its lease is over
            sending.send_withdrawal(late.pk)
            connection.close()
        return words.OK

    provider.script(words.CREATE, answer)
    sending_together.send_withdrawals(account.pk)
    assert statuses(line) == ["accepted", "unknown", "accepted"]
    assert moves(late)[1:] == [("sending", "clock"), ("unknown", "clock")]
    assert len(bodies(provider)) == 3


def test_a_fault_of_ours_during_one_call_leaves_that_one_in_doubt_alone(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, 3)
    lock, first = threading.Lock(), [True]
    good = sending_together._sent

    def fails_once(body: bytes, client: Any) -> Any:
        with lock:
            is_first, first[0] = first[0], False
        if is_first:
            raise ValueError("a fault")
        return good(body, client)

    monkeypatch.setattr(sending_together, "_sent", fails_once)
    with pytest.raises(ValueError, match="a fault"):
        sending_together.send_withdrawals(account.pk)
    assert sorted(statuses(line)) == ["accepted", "accepted", "sending"]


def test_one_with_the_request_of_another_row_goes_to_a_person_and_the_others_leave(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    line = line_of(api, account, 3)
    other = line_of(api, account, 1)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE withdrawals_withdrawal SET body = (SELECT body FROM withdrawals_withdrawal WHERE id = %s)"
            " WHERE id = %s",
            [other.pk, line[1].pk],
        )
    provider.script(words.CREATE, words.OK)
    sending_together.send_withdrawals(account.pk)
    assert statuses([*line, other]) == ["accepted", "manual_review", "accepted", "accepted"]
    sent = sorted(request.json()["withdrawal_id"] for request in provider.to(words.CREATE))
    assert sent == sorted(one.public_id for one in (line[0], line[2], other))
