"""Every answer to withdrawal/create becomes the one status that it proves, and nothing else happens."""

import json
import socket
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway.providers.models import ProviderAccount, ProviderCall
from gateway.providers.pauses import stopped_through
from tests.conftest import Api
from tests.ports import closed_port
from tests.scripted_provider import DROP, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import make_due, moves, news, order, send, sent
from withdrawals import asking, sending
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

NOW = "2026-03-01T12:00:00Z"

WRONG_SECRET = {
    "status": "error",
    "code": 30228,
    "errors": {"target": "secret", "code": 36205, "message": "Wrong secret"},
    "error_message": "Data validation error",
}
FAIL = {"status": "fail"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An answer and what has to become of the withdrawal."""

    answer: Any
    status: str
    failure: str | None = None
    unproven: bool = False
    due_in_seconds: int | None = None


def accepted(answer: Any) -> Case:
    return Case(answer=answer, status="accepted", due_in_seconds=15)


def failed(message: Any) -> Case:
    return Case(answer=(200, FAIL | {"message": message}), status="failed", failure="provider_refused")


def waiting(message: Any) -> Case:
    return Case(answer=(200, FAIL | {"message": message}), status="waiting_funds", due_in_seconds=30)


def unknown(answer: Any, *, unproven: bool = False) -> Case:
    return Case(answer=answer, status="unknown", failure="outcome_unknown", unproven=unproven, due_in_seconds=5)


CASES = {
    "ok": accepted((200, {"status": "ok"})),
    "success, in capitals and with more keys": accepted((201, {"status": "SUCCESS", "data": [], "code": 20000})),
    "field refused": failed({"account_number": ["The account number format is invalid."]}),
    "two fields refused, HTTP 422": Case(
        answer=(422, FAIL | {"message": {"amount": ["Too small."], "currency_code": ["Not served."]}}),
        status="failed",
        failure="provider_refused",
    ),
    "no funds": waiting({"withdrawals_sum_amount": ["Insufficient balance"]}),
    "no funds, as free text": waiting("Insufficient balance"),
    "refused in free text": unknown((200, FAIL | {"message": "Something is wrong"}), unproven=True),
    "refused without a word": unknown((200, FAIL), unproven=True),
    "refused with an empty bag": unknown((200, FAIL | {"message": {}}), unproven=True),
    "refused in free text that speaks of trouble": unknown((200, FAIL | {"message": "Server error, try later"})),
    "trouble in the shape of a field": unknown((200, FAIL | {"message": {"error": ["Internal server error"]}})),
    "a field that is none of the request": unknown((200, FAIL | {"message": {"order": ["Bad."]}})),
    "our id refused": unknown((200, FAIL | {"message": {"withdrawal_id": ["Bad."]}})),
    "a duplicate in free text": unknown((200, FAIL | {"message": "This order already exists"})),
    "a duplicate, said of another field": unknown((200, FAIL | {"message": {"label": ["has already been taken"]}})),
    "a free text and a field": unknown(
        (200, FAIL | {"message": {"amount": ["Too small."]}, "errors": ["something else"]})
    ),
    "no answer": unknown(DROP),
    "500": unknown((500, {"status": "fail", "message": {"amount": ["Too small."]}})),
    "502 that says ok": unknown((502, {"status": "ok"})),
    "503 in HTML": unknown((503, b"<html>down</html>")),
    "redirect": unknown((302, {"status": "ok"})),
    "too many requests": unknown((429, {"status": "fail", "message": {"amount": ["Slow down."]}})),
    "HTML": unknown((200, b"<html>ok</html>")),
    "nothing": unknown((200, b"")),
    "a list": unknown((200, [{"status": "ok"}])),
    "not UTF-8": unknown((200, b'{"status":"ok\xff"}')),
    "ok twice": unknown((200, b'{"status":"fail","status":"ok"}')),
    "cut off": unknown((200, b'{"status":"ok"')),
    "a word that nobody knows": unknown((200, {"status": "processing"})),
    "status 1": unknown((200, {"status": 1})),
    "400 that says ok": unknown((400, {"status": "ok"})),
    "endless": unknown((200, b" " * (2 * 1024 * 1024) + b'{"status":"ok"}')),
    "401": unknown((401, b"Unauthorized")),
    "403": unknown((403, {"message": "Forbidden"})),
    "404": unknown((404, b"Not found")),
    "wrong secret": unknown((200, WRONG_SECRET)),
    "wrong signature": unknown((200, FAIL | {"message": {"signature": ["Wrong signature"]}})),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_answer_becomes_the_status_that_it_proves(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, case: Case
) -> None:
    with time_machine.travel(NOW, tick=False):
        withdrawal = sent(api, provider, case.answer)

        assert withdrawal.status == case.status
        assert withdrawal.failure_code == (case.failure or "")
        assert withdrawal.refused_unproven is case.unproven
        assert withdrawal.contradiction == ""
        assert withdrawal.token is None
        assert withdrawal.sent_at == timezone.now()
        if case.due_in_seconds is None:
            assert withdrawal.next_at is None
        else:
            least = timedelta(seconds=case.due_in_seconds)
            assert least <= withdrawal.next_at - timezone.now() <= least * 1.1  # type: ignore[operator]
        assert moves(withdrawal) == [("queued", "api_key"), ("sending", "clock"), (case.status, "provider_answer")]
        assert news(withdrawal) == [("queued", 1), (case.status, 3)]
        assert [request.body for request in provider.requests] == [bytes(withdrawal.body)]

        # Due or not, whatever a worker does with it now sends nothing more.
        make_due(withdrawal)
        sending.send_withdrawal(withdrawal.pk)
        assert len(provider.requests) == 1
    shown = api.get(f"withdrawals/{withdrawal.public_id}").json()
    assert shown["status"] == case.status
    assert (shown["failure"] or {}).get("code") == case.failure
    if case.failure is not None:
        assert shown["failure"]["safe_to_retry"] is (case.status == "failed")


def test_credentials_refused_stop_the_payouts_and_not_the_order(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    refused = sent(api, provider, (200, WRONG_SECRET))
    next_one = order(api)
    due_at = next_one.next_at

    # The payouts are stopped: it waits, in its place of the line and unattempted.
    assert send(next_one).status == "queued"

    assert (next_one.next_at, next_one.attempts, next_one.token) == (due_at, 0, None)
    assert [request.body for request in provider.to(words.CREATE)] == [bytes(refused.body)]
    account.refresh_from_db()
    assert [one.kind for one in stopped_through(account)] == ["refusals"]
    # The call carries no secret, so it says nothing of the calls that do: they go on.
    assert account.pause_kind == "none"
    provider.script(words.PULL, words.pulled(words.no_postback(refused)))
    assert ask(account, refused).status == "accepted"


def test_a_connection_that_was_refused_sends_nothing_and_puts_it_back(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with closed_port() as port:
        ProviderAccount.objects.update(base_url=f"http://127.0.0.1:{port}")
        with time_machine.travel(NOW, tick=False):
            withdrawal = send(order(api))

            assert (withdrawal.status, withdrawal.failure_code, withdrawal.sent_at) == ("queued", "", None)
            assert timedelta(seconds=2) <= withdrawal.next_at - timezone.now() <= timedelta(seconds=2.2)  # type: ignore[operator]
            [call] = ProviderCall.objects.all()
            assert (call.sent, call.http_status, call.outcome) == (False, None, "unknown")

            make_due(withdrawal)
            send(withdrawal)
            assert timedelta(seconds=5) <= withdrawal.next_at - timezone.now() <= timedelta(seconds=5.5)  # type: ignore[operator]

    ProviderAccount.objects.update(base_url=provider.url)
    provider.script(words.CREATE, words.OK)
    make_due(withdrawal)
    assert send(withdrawal).status == "accepted"
    assert [request.body for request in provider.requests] == [bytes(withdrawal.body)]
    assert moves(withdrawal) == [
        ("queued", "api_key"),
        ("sending", "clock"),
        ("queued", "provider_answer"),
        ("sending", "clock"),
        ("queued", "provider_answer"),
        ("sending", "clock"),
        ("accepted", "provider_answer"),
    ]
    assert news(withdrawal) == [("queued", 1), ("queued", 3), ("queued", 5), ("accepted", 7)]


def test_an_answer_that_breaks_off_after_its_first_bytes_is_unknown(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ProviderAccount.objects.update(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        withdrawal = order(api)

        def answer_and_reset() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"o')
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        answering = threading.Thread(target=answer_and_reset)
        answering.start()
        send(withdrawal)
        answering.join()

    assert withdrawal.status == "unknown"
    assert [call.note for call in ProviderCall.objects.all()] == ["broken"]


# What a pull makes of an unknown outcome.


def ask(account: ProviderAccount, withdrawal: Withdrawal) -> Withdrawal:
    make_due(withdrawal)
    asking.ask_withdrawals(account.pk)
    withdrawal.refresh_from_db()
    return withdrawal


def test_refused_in_free_text_and_not_found_after_the_lag_is_failed(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, words.REFUSED_TEXT)
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))

        clock.shift(299)
        assert ask(account, withdrawal).status == "unknown"  # the book may lag behind the answer
        clock.shift(1)
        ask(account, withdrawal)

    assert (withdrawal.status, withdrawal.failure_code, withdrawal.next_at) == ("failed", "provider_refused", None)
    assert moves(withdrawal)[2:] == [("unknown", "provider_answer"), ("failed", "pull")]
    assert news(withdrawal) == [("queued", 1), ("unknown", 3), ("failed", 4)]
    questions = provider.to(words.PULL)
    assert [question.query["type"] for question in questions] == [["withdrawal"]] * 2
    assert [question.query["withdrawal_id[]"] for question in questions] == [[withdrawal.public_id]] * 2
    assert len(provider.to(words.CREATE)) == 1


@pytest.mark.parametrize(
    "message", [{"withdrawal_id": ["has already been taken"]}, "This order already exists", "Server error, try later"]
)
def test_what_may_speak_of_an_order_that_was_created_is_never_failed_by_a_pull(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, message: Any
) -> None:
    withdrawal = sent(api, provider, (200, FAIL | {"message": message}))
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert ask(account, withdrawal).status == "unknown"
        assert ask(account, withdrawal).status == "unknown"


def test_refused_in_free_text_and_known_after_all_is_accepted(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.REFUSED_TEXT)
    provider.script(words.PULL, words.pulled(words.no_postback(withdrawal)), words.pulled(words.not_found(withdrawal)))

    ask(account, withdrawal)

    assert (withdrawal.status, withdrawal.failure_code, withdrawal.refused_unproven) == ("accepted", "", False)
    # A "not found" after that is not believed: it was known.
    assert ask(account, withdrawal).status == "accepted"
    assert news(withdrawal) == [("queued", 1), ("unknown", 3), ("accepted", 4)]


PULLS_THAT_PROVE_NOTHING: dict[str, Any] = {
    "not found": lambda wd: words.pulled(words.not_found(wd)),
    "nothing about this id": lambda wd: words.pulled(),
    "another id": lambda wd: words.pulled(words.not_found(wd) | {"withdrawal_id": "wd_x"}),
    "other words": lambda wd: words.pulled({"withdrawal_id": wd.public_id, "message": "Try again"}),
    "two answers": lambda wd: words.pulled(words.not_found(wd), words.no_postback(wd)),
    "refused": lambda wd: (200, {"status": "fail", "message": "Postback not found"}),
    "500": lambda wd: (500, json.loads(json.dumps(words.pulled(words.no_postback(wd))[1]))),
    "404": lambda wd: (404, b"Not found"),
    "garbage": lambda wd: (200, b"{"),
    "no answer": lambda wd: DROP,
}


@pytest.mark.parametrize("says", PULLS_THAT_PROVE_NOTHING.values(), ids=PULLS_THAT_PROVE_NOTHING.keys())
def test_an_unknown_outcome_stays_unknown(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, says: Any
) -> None:
    withdrawal = sent(api, provider, DROP)
    provider.script(words.PULL, says(withdrawal))

    for _ in range(3):
        ask(account, withdrawal)

    assert (withdrawal.status, withdrawal.failure_code) == ("unknown", "outcome_unknown")
    assert news(withdrawal) == [("queued", 1), ("unknown", 3)]
    assert withdrawal.next_at is not None
    assert withdrawal.next_at > timezone.now()
    assert len(provider.to(words.CREATE)) == 1
    assert len(provider.to(words.PULL)) == 3


def test_an_unknown_outcome_that_the_provider_knows_is_accepted(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, DROP)
    provider.script(words.PULL, words.pulled(words.no_postback(withdrawal)))

    ask(account, withdrawal)

    assert (withdrawal.status, withdrawal.failure_code) == ("accepted", "")
    assert moves(withdrawal)[2:] == [("unknown", "provider_answer"), ("accepted", "pull")]
