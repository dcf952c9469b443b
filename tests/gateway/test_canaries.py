"""Canary secrets and canary account data through every error path: in no log, answer, event or plain column."""

import io
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import current_app, shared_task
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from balances import proposing
from balances.instruction_models import Instruction
from gateway import logs
from gateway.products.models import Mode, Product, new_key
from gateway.providers import calls
from gateway.providers.health import resume_by_hand
from gateway.providers.models import ProviderAccount, ProviderCall
from gateway.providers.models.account_guards import CHANGED, SECRET_COLUMNS
from gateway.stack import services
from gateway.webhooks import deliveries
from gateway.webhooks.actions import add_endpoint
from gateway.webhooks.models import DeliveryAttempt, Event
from payments.asking import ask as ask_deposits
from payments.models import Deposit
from payments.opening import open_deposit
from postbacks.models import LetterItem, RejectedLetter
from tests import roles
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body
from tests.gateway.loopback import serve
from tests.gateway.loud_logs import log_everything
from tests.gateway.providers.pausing import let_payouts_go_on
from tests.gateway.webhooks.receiver import receiving
from tests.leaks import CANARIES, leaks
from tests.postbacks.letters import deliver, item, letter, settle
from tests.scripted_provider import DROP, Received, ScriptedProvider
from tests.staff import browser_of
from tests.two_persons import persons
from tests.withdrawals.orders import BKASH, IMPS, order
from withdrawals.asking import ask as ask_withdrawals
from withdrawals.models import Withdrawal
from withdrawals.sending import send_withdrawal

#: They stand for customers'; none of them is anybody's.
ACCOUNT, NAME, MAIL = "987650001234567", "Canary Bird", "canary.bird@nest.example"
UPI, PHONE = "canary.upi@nest", "254700999888"
PERSONAL = (ACCOUNT, NAME, MAIL, UPI, PHONE)

RECIPIENTS = [
    {**IMPS, "recipient": {"account_number": ACCOUNT, "account_name": NAME, "bank_code": "MAHB0001821"}},
    {**BKASH, "recipient": {"account_number": ACCOUNT, "account_email": MAIL}},
    {**IMPS, "payment_system": "upi_ib", "recipient": {"account_number": UPI, "account_name": NAME}},
]


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Every record of every logger at every level, with whatever hangs on it."""
    log_everything(caplog)

    def everything() -> str:
        return caplog.text + "".join(repr({**vars(record), "request": None}) for record in caplog.records)

    return everything


def told() -> str:
    """Everything that products were told, as they read it."""
    return json.dumps([event.data for event in Event.objects.all()], ensure_ascii=False)


def assert_nowhere(text: str, *canaries: str) -> None:
    assert [canary for canary in canaries if canary in text] == []


def echo(request: Received) -> str:
    """Whatever was sent, query string and all."""
    return json.dumps({"query": request.query, "body": request.body.decode("utf-8", "replace"), "path": request.path})


ANSWERS: dict[str, Any] = {
    "refused": lambda request: (200, {"status": "fail", "message": {"label": [echo(request)]}}),
    "refused in words": lambda request: (200, {"status": "fail", "message": echo(request)}),
    "wrong secret": lambda request: (200, {"status": "error", "errors": {"code": 36205, "message": echo(request)}}),
    "400": lambda request: (400, {"status": "fail", "message": echo(request)}),
    "403": lambda request: (403, echo(request).encode()),
    "404": lambda request: (404, echo(request).encode()),
    "429": lambda request: (429, echo(request).encode()),
    "500": lambda request: (500, f"<html>Traceback: {echo(request)}".encode()),
    "garbage": lambda request: (200, echo(request).encode()[:-1]),
    "accepted": lambda request: (200, {"status": "ok", "message": echo(request)}),
    "nothing": DROP,
}


@pytest.mark.django_db
@pytest.mark.usefixtures("funded_elsewhere")
@pytest.mark.parametrize("said", ANSWERS)
def test_whatever_the_provider_answers(
    said: str, api: Api, account: ProviderAccount, provider: ScriptedProvider, heard: Callable[[], str]
) -> None:
    provider.script("*", ANSWERS[said])
    shown = ""
    for wish in RECIPIENTS:
        withdrawal = order(api, wish)
        send_withdrawal(withdrawal.pk)
        resume_by_hand(account)
        let_payouts_go_on(account)
        ask_withdrawals(account, [withdrawal.public_id])
        resume_by_hand(account)
        shown += api.get(f"withdrawals/{withdrawal.public_id}").content.decode()
    pushed = deposit_body(payment_system="mpesa", currency="KES", details={"phone_number": PHONE})
    assert api.post("deposits", pushed).status_code == 201
    deposit = Deposit.objects.get()
    open_deposit(deposit.pk)
    resume_by_hand(account)
    ask_deposits(account, [deposit.public_id])
    shown += api.get("withdrawals").content.decode() + api.get("events").content.decode()

    sent = b"".join(request.body for request in provider.requests).decode()
    assert all(canary in sent for canary in PERSONAL)
    assert ProviderCall.objects.count() == 8
    assert leaks(*PERSONAL, *CANARIES) == set()
    assert_nowhere(heard(), *PERSONAL, *CANARIES)
    assert_nowhere(shown + told(), ACCOUNT, NAME, MAIL, UPI, *CANARIES)
    if said != "accepted":
        # The words of an accepted push are the provider's to the payer: those are shown, to the payer's product.
        assert_nowhere(shown + told(), PHONE)


@pytest.mark.django_db
def test_when_nobody_answers_or_nothing_is_there(api: Api, account: ProviderAccount, heard: Callable[[], str]) -> None:
    def silent(connection: socket.socket, stopping: threading.Event) -> None:
        stopping.wait(10)

    withdrawal = order(api, RECIPIENTS[0])
    with serve(silent) as server:
        ProviderAccount.objects.update(base_url=server.address)
        account.refresh_from_db()
        answer = calls.call(
            account,
            "withdrawal/create",
            lambda client: client.send_withdrawal(bytes(withdrawal.body)),
            read_seconds=0.2,
        )
        assert (answer.note, answer.sent) == ("timed_out", True)
    send_withdrawal(withdrawal.pk)  # the server is gone: connection refused
    assert Withdrawal.objects.get().status == "queued"
    assert leaks(*PERSONAL, *CANARIES) == set()
    assert_nowhere(heard() + told(), *PERSONAL, *CANARIES)


@pytest.mark.django_db
def test_letters_of_every_kind_tell_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, heard: Callable[[], str]
) -> None:
    withdrawal = order(api, RECIPIENTS[0])
    data = {"account_number": ACCOUNT, "account_name": NAME, "account_email": MAIL, "exchanger_identifier": PHONE}
    about = item(**data, withdrawal_id=withdrawal.public_id, withdrawal_status=1, comment=UPI, amount="1218")
    provider.script("*", ANSWERS["500"])
    answers = [
        deliver(account, letter(account, [about])),
        deliver(account, letter(account, [{**about, "amount": "1"}, {**about, "amount": {"x": ACCOUNT}}, [ACCOUNT]])),
        deliver(account, letter(account, [about], currency_code="BDT")),
        deliver(account, letter(account, [about]).replace(b"1218", b"9999")),
        deliver(account, json.dumps({"signature": ACCOUNT, "additional_data": NAME}).encode()),
        deliver(account, ACCOUNT.encode()),
        deliver(account, letter(account, [item(**data, activated_datetime=PHONE)])),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 403, 400, 400, 200]
    settle(account)
    assert LetterItem.objects.count() >= 5
    assert RejectedLetter.objects.exists()
    shown = "".join(answer.content.decode() for answer in answers)
    assert leaks(*PERSONAL, *CANARIES) == set()
    assert_nowhere(heard() + shown + told(), *PERSONAL, *CANARIES, account.postback_token)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [200, 302, 400, 410, 500])
def test_a_product_s_server_that_repeats_everything(
    status: int, api: Api, product: Product, settings: Settings, heard: Callable[[], str]
) -> None:
    settings.LOCAL_STACK = True
    with receiving() as receiver:
        endpoint, secret = add_endpoint(product=product, mode="test", url=receiver.url, event_types=[])
        order(api, RECIPIENTS[0])
        delivery = endpoint.deliveries.get()
        receiver.status = status

        def repeat() -> None:
            got = receiver.letters[-1]
            receiver.answer = json.dumps([got.headers, got.body.decode(), secret, ACCOUNT, NAME]).encode()
            receiver.headers = {"x-echo": secret, "location": f"https://shop.example/?{secret}"}

        receiver.during = repeat
        deliveries.attempt(delivery.pk)
        signature = receiver.letters[0].headers["webhook-signature"]
        assert_nowhere(receiver.letters[0].body.decode(), *PERSONAL)
    made = DeliveryAttempt.objects.get()
    assert ACCOUNT.encode() in made.answer
    key = str(api.client._credentials["HTTP_AUTHORIZATION"]).removeprefix("Bearer ")  # type: ignore[attr-defined]
    secrets = (secret, secret.removeprefix("whsec_"), signature, key)
    assert leaks(*PERSONAL, *secrets) == set()
    assert_nowhere(heard(), *PERSONAL, *secrets)
    shown = "".join(api.get(path).content.decode() for path in ("webhook-endpoints", "events"))
    assert_nowhere(shown, *PERSONAL, *secrets)


def wrong_bodies() -> Iterator[tuple[str, Any]]:
    """Orders with a canary for each value in turn, by itself and inside of something."""
    for path, body in (("deposits", deposit_body(language="en")), ("withdrawals", withdrawal_body(comment="payout"))):
        body |= {"metadata": {"a": "b"}}
        for name in [*body, "details", "return_urls", "recipient"]:
            value: Any
            for value in (f"{ACCOUNT}\u202e{NAME}", {"a": {"b": ACCOUNT}}, [NAME, ACCOUNT], int(ACCOUNT + ACCOUNT)):
                yield path, {**body, name: value}
    for name in ("account_number", "account_name", "bank_code"):
        for value in (f"{NAME}:{ACCOUNT}:{MAIL}", [ACCOUNT], {"x": ACCOUNT}, int(ACCOUNT)):
            yield "withdrawals", withdrawal_body(recipient={**IMPS["recipient"], name: value})
    for value in (ACCOUNT, [ACCOUNT], {"x": PHONE}, int(ACCOUNT)):
        yield "deposits", deposit_body(payment_system="mpesa", currency="KES", details={"phone_number": value})
        yield "webhook-endpoints", {"url": value}
        yield "webhook-endpoints", {"url": f"https://{ACCOUNT}@shop.example.com/"}
        yield "webhook-endpoints", {"url": "https://shop.example.com/", "event_types": [value]}


@pytest.mark.django_db
def test_a_refusal_repeats_nothing_of_what_was_sent(api: Api, heard: Callable[[], str]) -> None:
    refused = 0
    for path, body in wrong_bodies():
        answer = api.post(path, body)
        assert answer.status_code in {201, 400}, answer.content
        if answer.status_code == 400:
            refused += 1
            assert_nowhere(answer.content.decode(), *PERSONAL)
    assert refused > 60
    raw = f'{{"amount": "{ACCOUNT}"'.encode()
    for broken in (raw, raw + b",}", raw + b', "amount": 1}', raw + b"\xff}", b'"' + ACCOUNT.encode() + b'"', b"[1]"):
        answer = api.post("deposits", broken)
        assert answer.status_code == 400
        assert_nowhere(answer.content.decode(), *PERSONAL)
    answer = api.post("deposits", raw, content_type=f"text/{ACCOUNT}")
    assert answer.status_code == 415
    assert_nowhere(answer.content.decode(), *PERSONAL)
    answer = api.post("deposits", {}, key=f"{ACCOUNT} {NAME}")
    assert answer.status_code == 400
    assert_nowhere(answer.content.decode(), *PERSONAL)
    assert_nowhere(heard(), *PERSONAL)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["deposits", "withdrawals", "events", "payment-systems", "webhook-endpoints"])
def test_a_refused_question_repeats_nothing(path: str, api: Api, heard: Callable[[], str]) -> None:
    names = {"status", "amount", "created_after", "created_before", "cursor", "limit", "type", "subject", "direction"}
    names |= {"currency", "customer", "reference", "payment_system", "recipient_account", "provider_reference", "x"}
    refused = 0
    for name in sorted(names):
        for value in (ACCOUNT + "\u202e", NAME + " ", ACCOUNT):
            answer = api.get(path, **{name: value})
            assert answer.status_code in {200, 400}
            refused += answer.status_code == 400
            assert_nowhere(answer.content.decode(), ACCOUNT, NAME)
    assert refused > 30
    assert_nowhere(heard(), *PERSONAL)


@pytest.mark.django_db
@pytest.mark.usefixtures("funded_elsewhere")
def test_no_page_of_the_admin_shows_account_data_or_secrets(
    api: Api, product: Product, account: ProviderAccount, provider: ScriptedProvider, client: Client
) -> None:
    provider.script("*", ANSWERS["refused"])
    _, secret = add_endpoint(product=product, mode="test", url="https://shop.example.com/", event_types=[])
    for wish in RECIPIENTS:
        send_withdrawal(order(api, wish).pk)
    api.post("deposits", deposit_body(payment_system="mpesa", currency="KES", details={"phone_number": PHONE}))
    open_deposit(Deposit.objects.get().pk)
    deliver(account, letter(account, [item(account_number=ACCOUNT)]))
    deliver(account, b'{"signature":"x","additional_data":[]}')
    browser_of(User.objects.create_superuser("staff"), client)
    client.get(reverse("admin:payments_deposit_changelist"), {"mode": "test"})  # which lists show from now on
    pages = 0
    for model in apps.get_models():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        try:
            listed = client.get(reverse(f"{name}_changelist"))
        except NoReverseMatch:
            continue
        shown = [listed]
        shown += [
            client.get(reverse(f"{name}_change", args=[pk]))
            for pk in model._base_manager.values_list("pk", flat=True)[:3]
        ]
        for page in shown:
            pages += 1
            assert page.status_code == 200, name
            assert_nowhere(page.content.decode(), *PERSONAL, *CANARIES, secret)
    assert pages > 30


@pytest.mark.django_db
def test_what_the_database_says_of_a_refused_row_is_ciphertext_and_is_logged_by_nobody(
    api: Api, heard: Callable[[], str]
) -> None:
    withdrawal = order(api, RECIPIENTS[0])
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(redacted_at=timezone.now())
    assert "Failing row contains" in str(refused.value)
    assert_nowhere(str(refused.value), *PERSONAL)
    logging.getLogger("some.library").error("failed: %s", refused.value, exc_info=refused.value)
    logging.getLogger("some.library").error(f"failed: {refused.value!r}", exc_info=refused.value)  # noqa: G004
    assert_nowhere(heard(), "Failing row contains", withdrawal.reference)
    assert heard().count("IntegrityError") >= 2


@shared_task(name="tests.canary_task")
def canary_task(kind: str) -> None:
    """Fails with a customer's account in its words, in a cause, or in a message of its own."""
    try:
        int(f"the account {ACCOUNT} of {NAME}")
    except ValueError as error:
        if kind == "logged":
            logging.getLogger("some.library").warning("could not pay: %s", error)
            return
        if kind == "cause":
            raise RuntimeError(f"could not write to {MAIL}") from error
        raise


@contextmanager
def working(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A real worker on the real broker, on a queue of its own."""
    with start_worker(
        current_app._get_current_object(),  # type: ignore[attr-defined]
        pool="solo",
        concurrency=1,
        perform_ping_check=False,
        loglevel="DEBUG",
        queues=["canaries"],
        shutdown_timeout=30,
    ):
        # A worker sets Django up once more, and its logging with it: heard from here on.
        logging.getLogger().addHandler(caplog.handler)
        log_everything(caplog)
        yield


def test_a_task_that_fails_in_a_real_worker_tells_only_where(
    caplog: pytest.LogCaptureFixture, heard: Callable[[], str]
) -> None:
    done = threading.Semaphore(0)

    def count(**_: Any) -> None:
        done.release()

    task_postrun.connect(count, sender=canary_task, weak=False)
    kinds = ("plain", "cause", "logged")
    try:
        with working(caplog):
            for kind in kinds:
                current_app.send_task("tests.canary_task", args=[kind], queue="canaries", ignore_result=True)
            for _ in kinds:
                assert done.acquire(timeout=60)
    finally:
        task_postrun.disconnect(count, sender=canary_task)
    text = heard()
    assert_nowhere(text, *PERSONAL)
    assert text.count("raised unexpected: ValueError") >= 1
    assert "RuntimeError <- ValueError" in text
    assert "in canary_task" in text
    assert "could not pay: ValueError" in text


@pytest.mark.django_db
def test_a_failing_command_names_what_is_wrong_and_not_its_value(
    monkeypatch: pytest.MonkeyPatch, heard: Callable[[], str]
) -> None:
    keys = ("api_secret", "withdrawal_key", "postback_access_key", "postback_private_key")
    sandbox = dict.fromkeys(keys, CANARIES[0]) | {"base_url": "https://a.example", "postback_token": CANARIES[1] + "!"}
    api_keys = {f"{mode}_api_key": new_key(Mode(mode)) for mode in ("test", "live")}
    people = {"admin_user": "a", "admin_password": CANARIES[2], "approver_user": "b", "approver_password": CANARIES[2]}
    facts = {**api_keys, **people, "sandbox": sandbox, "live": None}
    for change in ({"postback_token": CANARIES[1] + "!"}, {"postback_token": "fine-token", "base_url": CANARIES[3]}):
        sandbox.update(change)
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(facts)))
        with pytest.raises(CommandError) as refused:
            call_command("seed", "--local", stdout=io.StringIO())
        assert_nowhere(str(refused.value), *CANARIES, *api_keys.values())
    assert_nowhere(heard(), *CANARIES, *api_keys.values())
    assert not ProviderAccount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_our_own_mistake_tells_the_caller_nothing_and_the_log_only_its_place(
    api: Api, client: Client, account: ProviderAccount, heard: Callable[[], str]
) -> None:
    """A column that the code knows and the database does not: every address that reads it fails."""
    order(api, RECIPIENTS[0])
    client.raise_request_exception = False
    api.client.raise_request_exception = False
    browser_of(User.objects.create_superuser("staff"), client)
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE withdrawals_withdrawal RENAME COLUMN comment TO remark")
    try:
        answers = [
            api.get("withdrawals", recipient_account=ACCOUNT),
            api.post("withdrawals", {**RECIPIENTS[0], "reference": "again"}),
            client.get(reverse("admin:withdrawals_withdrawal_changelist"), {"mode": "test", "q": ACCOUNT}),
        ]
    finally:
        with roles.as_owner(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE withdrawals_withdrawal RENAME COLUMN remark TO comment")
    assert [answer.status_code for answer in answers] == [500, 500, 500]
    assert_nowhere("".join(answer.content.decode() for answer in answers), *PERSONAL, "Traceback", "comment")
    assert_nowhere(heard(), *PERSONAL)
    assert "ProgrammingError" in heard()


def test_the_web_server_writes_no_access_log() -> None:
    """The addresses of searches hold account numbers, those of letters our token."""
    text = Path(services.__file__).read_text()
    assert "granian" in text
    assert "access-log" not in text


@pytest.mark.parametrize("words", [f"{ACCOUNT}", f"of {NAME}"])
def test_an_error_inside_of_a_sentence_is_told_by_its_kind(words: str) -> None:
    error = ValueError(words)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "%(a)s: %(b)s", ({"a": error, "b": 1},), None)
    record.data = {"exc": repr(error)}
    assert logs.RedactionFilter().filter(record) is True
    assert record.getMessage() == "ValueError: 1"
    assert words not in repr(vars(record))


def test_what_pillow_tells_of_pictures_at_debug_is_dropped() -> None:
    logger = logging.getLogger("PIL.TiffImagePlugin")
    debug, warning = (logger.makeRecord(logger.name, level, "", 0, "", (), None) for level in (10, 30))
    assert [bool(logger.filter(record)) for record in (debug, warning)] == [False, True]


@pytest.mark.django_db
def test_a_secret_that_waits_for_a_second_person_is_told_nobody(
    client: Client, live_account: ProviderAccount, heard: Callable[[], str]
) -> None:
    requester, approver = persons()
    browser_of(requester, client)
    form = reverse("admin:balances_instruction_propose_verb", args=[CHANGED])
    told = {"verb-provider_account": str(live_account.pk), "reason": "the provider sent new ones"}
    secrets = {name: f"canary-{name}-2718281828" for name in SECRET_COLUMNS}
    canaries = list(secrets.values())
    pages = client.post(form, told | {f"verb-{name}": text for name, text in secrets.items()}).content.decode()
    # Refused in words, one of them mistyped: what stands in the form again is never a secret.
    pages += client.post(form, told | {"verb-api_secret": canaries[0], "verb-paths": "{"}).content.decode()
    pages += client.post(form, told | {"verb-api_secret": f"{canaries[0]} {canaries[1]}"}).content.decode()

    asked = proposing.propose(CHANGED, {"provider_account": str(live_account.pk), **secrets}, "new ones", "", requester)
    address = reverse("admin:balances_instruction_change", args=[asked.pk])
    for person in (requester, approver):
        browser_of(person, client)
        pages += client.get(address).content.decode()
        pages += client.get(reverse("admin:balances_instruction_changelist"), {"mode": "test"}).content.decode()
    kept = json.dumps(list(Instruction.objects.values("parameters", "preview", "digest", "reason")), default=str)
    decide = reverse("admin:balances_instruction_decide", args=[asked.pk])
    client.post(decide, {"decision": "approve", "digest": asked.digest})
    live_account.refresh_from_db()
    assert live_account.api_secret == secrets["api_secret"]
    pages += client.get(address).content.decode()
    pages += client.get(reverse("admin:providers_provideraccount_change", args=[live_account.pk])).content.decode()
    assert_nowhere(pages + kept + repr(asked) + heard(), *canaries)
