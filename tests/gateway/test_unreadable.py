"""A value whose key is lost: its row is listed, claimed and saved as ever; who needs the value itself is stopped."""

import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway.encryption import Sealed, UnreadableColumn, opens
from gateway.providers.models import ProviderAccount, ProviderCall
from gateway.webhooks import deliveries
from gateway.webhooks.actions import add_endpoint
from gateway.webhooks.models import Delivery, DeliveryAttempt, Event
from payments.models import Deposit
from payments.opening import open_deposit
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body
from tests.gateway.loud_logs import log_everything
from tests.postbacks.deposits import awaiting, ready
from tests.scripted_provider import ScriptedProvider
from tests.staff import browser_of
from tests.withdrawals.orders import make_due, moves, order, send, sent
from tests.withdrawals.provider_words import CREATE, OK, PULL, found, pulled
from withdrawals.asking import ask_withdrawals
from withdrawals.models import Withdrawal
from withdrawals.sending import send_withdrawal

pytestmark = pytest.mark.django_db

LOST = Fernet(Fernet.generate_key())


def lose(row: Any, *columns: str) -> None:
    """As if the columns had been encrypted with a key that nobody has."""
    with connection.cursor() as cursor:
        for column in columns:
            token = LOST.encrypt(b"canary-content")
            cursor.execute(f'UPDATE {row._meta.db_table} SET "{column}" = %s WHERE id = %s', [token, row.pk])  # noqa: S608


def stored(row: Any, column: str) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "{column}" FROM {row._meta.db_table} WHERE id = %s', [row.pk])  # noqa: S608
        return bytes(cursor.fetchone()[0])


@pytest.fixture
def staff(client: Client) -> Client:
    browser_of(User.objects.create_superuser("staff"), client)
    return client


def test_the_row_loads_and_only_the_column_itself_is_refused(account: ProviderAccount) -> None:
    call = ProviderCall.objects.create(account=account, operation="x", request={"a": "b"}, response=b"kept")
    lose(call, "request")
    loaded = ProviderCall.objects.get()
    assert (loaded.operation, loaded.response) == ("x", b"kept")
    with pytest.raises(UnreadableColumn) as refused:
        _ = loaded.request
    assert str(refused.value) == (
        f"providers.ProviderCall.request of {call.pk} cannot be decrypted with the present keys"
    )
    assert isinstance(ProviderCall.objects.values_list("request", flat=True).get(), Sealed)
    assert "canary" not in repr(ProviderCall.objects.values_list("request", flat=True).get())
    with pytest.raises(UnreadableColumn):
        _ = ProviderCall.objects.defer("request").get().request


def test_whoever_acts_asks_whether_all_of_it_is_there_and_opens(account: ProviderAccount) -> None:
    call = ProviderCall.objects.create(account=account, operation="x", request={"a": "b"}, response=b"")
    assert opens(call, "request", "response")
    ProviderCall.objects.update(response=None)
    missing = ProviderCall.objects.get()
    assert (opens(missing, "request"), opens(missing, "request", "response")) == (True, False)
    lose(call, "request", "response")
    lost = ProviderCall.objects.get()
    assert (opens(lost, "request"), opens(lost, "response")) == (False, False)


def test_a_save_writes_the_very_ciphertext_back(account: ProviderAccount) -> None:
    call = ProviderCall.objects.create(account=account, operation="x", request={"a": "b"})
    lose(call, "request")
    before = stored(call, "request")
    loaded = ProviderCall.objects.get()
    loaded.operation = "y"
    loaded.save()
    assert stored(call, "request") == before
    assert ProviderCall.objects.get().operation == "y"
    loaded.request = {"c": "d"}
    loaded.save()
    assert ProviderCall.objects.get().request == {"c": "d"}


def test_lists_of_the_api_and_of_the_admin_show_every_row(
    api: Api, staff: Client, provider: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    log_everything(caplog)
    ready(provider)
    withdrawals, deposits = [order(api), order(api)], [awaiting(api), awaiting(api)]
    lose(withdrawals[0], "recipient", "body")
    lose(deposits[0], "shown", "details")
    event = Event.objects.filter(subject=withdrawals[0].public_id).get()
    lose(event, "data")
    shown = {row["id"]: row for row in api.get("withdrawals").json()["data"]}
    assert shown[withdrawals[0].public_id]["recipient"] == {}
    assert shown[withdrawals[1].public_id]["recipient"]["account_number"] == "********9012"
    next_actions = {row["id"]: row["next_action"]["type"] for row in api.get("deposits").json()["data"]}
    assert next_actions == {deposits[0].public_id: "wait", deposits[1].public_id: "show_details"}
    assert [row["data"] for row in api.get("events", subject=withdrawals[0].public_id).json()["data"]] == [{}]
    for row in (withdrawals[0], deposits[0], event, ProviderAccount.objects.get()):
        name = f"{row._meta.app_label}_{row._meta.model_name}"
        for page in (f"admin:{name}_changelist", f"admin:{name}_change"):
            address = reverse(page, args=[row.pk] if page.endswith("_change") else [])
            assert staff.get(address).status_code == 200, address
    logged = caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    assert f"withdrawals.Withdrawal.recipient of {withdrawals[0].pk}" in logged
    assert "canary" not in logged
    assert "canary" not in json.dumps([shown, next_actions])


def test_a_withdrawal_that_cannot_be_read_is_not_sent_and_goes_out_when_its_key_is_back(
    api: Api, provider: ScriptedProvider
) -> None:
    provider.script(CREATE, OK)
    withdrawal = order(api)
    readable = stored(withdrawal, "body")
    lose(withdrawal, "body")
    send_withdrawal(withdrawal.pk)
    assert provider.to(CREATE) == []
    assert moves(withdrawal) == [("queued", "api_key")]
    assert Withdrawal.objects.get().next_at > timezone.now()  # type: ignore[operator]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE withdrawals_withdrawal SET body = %s", [readable])
    make_due(withdrawal)
    send_withdrawal(withdrawal.pk)
    assert len(provider.to(CREATE)) == 1
    assert Withdrawal.objects.get().status == "accepted"


def test_one_unreadable_withdrawal_holds_up_no_other(api: Api, provider: ScriptedProvider) -> None:
    first, second = sent(api, provider, OK), sent(api, provider, OK)
    provider.script(PULL, pulled(found(first, 1), found(second, 1)))
    lose(first, "body")
    for one in (first, second):
        make_due(one)
    ask_withdrawals(first.account_id)
    now = {row.pk: row for row in Withdrawal.objects.all()}
    assert (now[first.pk].status, now[second.pk].status) == ("accepted", "paid")
    assert now[first.pk].next_at > timezone.now()  # type: ignore[operator]  # asked about again


def test_credentials_that_cannot_be_read_send_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(CREATE, OK)
    withdrawal = order(api)
    lose(account, "api_secret", "withdrawal_key")
    send(withdrawal)
    assert (withdrawal.status, withdrawal.sent_at) == ("queued", None)
    assert (provider.requests, ProviderCall.objects.count()) == ([], 0)


def test_a_secret_that_cannot_be_read_makes_no_call(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    assert api.post("deposits", deposit_body()).status_code == 201
    lose(account, "api_secret")
    deposit = Deposit.objects.get()
    open_deposit(deposit.pk)
    assert (Deposit.objects.get().status, provider.requests) == ("created", [])
    notes = set(ProviderCall.objects.values_list("sent", "note"))
    assert notes == {(False, "our keys cannot be decrypted")}


def test_details_that_cannot_be_read_create_no_payment(api: Api, provider: ScriptedProvider) -> None:
    pushed = deposit_body(payment_system="mpesa", currency="KES", details={"phone_number": "254700000000"})
    assert api.post("deposits", pushed).status_code == 201
    deposit = Deposit.objects.get()
    lose(deposit, "details")
    with pytest.raises(UnreadableColumn):
        open_deposit(deposit.pk)
    deposit = Deposit.objects.get()
    assert (deposit.status, deposit.payment_created_at) == ("created", None)
    assert provider.requests == []


def test_news_that_cannot_be_read_waits_on_its_ladder(api: Api, product: Any, staff: Client) -> None:
    add_endpoint(product=product, mode="test", url="https://shop.example.com/hooks", event_types=[])
    order(api)
    delivery = Delivery.objects.get()
    lose(delivery.event, "data")
    deliveries.attempt(delivery.pk)
    delivery.refresh_from_db()
    [made] = DeliveryAttempt.objects.all()
    assert (delivery.status, made.outcome, made.http_status) == ("pending", "unreachable", None)
    lose(made, "answer")
    page = staff.get(reverse("admin:webhooks_delivery_change", args=[delivery.pk]))
    assert page.status_code == 200
    assert "(cannot be decrypted)" in page.content.decode()
