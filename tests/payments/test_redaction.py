"""After a set time a deposit forgets its payer; what is late still finds it."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from PIL import Image

from gateway.providers.models import ProviderCall
from gateway.providers.redaction import forget_old_calls
from gateway.webhooks.models import Event
from payments.deadlines import expire_deposits
from payments.models import Deposit, Receipt, Screenshot
from payments.redaction import forget_payers
from payments.resolutions import give_back
from payments.states import FINAL
from tests.conftest import Api
from tests.payments.conftest import START
from tests.payments.paid import Paid
from tests.payments.stage import (
    ACTIVATE_MANUALLY,
    AVAILABLE,
    OK,
    Book,
    Placed,
    confirm_with_files,
    create_path,
    details,
    fresh,
    money,
    moves,
    news,
    offered,
    payment_path,
    place,
    work,
)
from tests.payments.test_hostile_pictures import saved
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import decided

pytestmark = pytest.mark.django_db

DAYS = 400
PHONE = "254700999888"


def end(deposit: Deposit) -> None:
    """As if the asking had come to its end, which takes thirty days."""
    Deposit.objects.filter(pk=deposit.pk).update(next_at=None)


@pytest.fixture
def pushed(api: Api, book: Book, provider: ScriptedProvider) -> Deposit:
    """A push to a phone that the customer never answered, given up."""
    provider.script(payment_path("mpesa"), (200, {"status": "ok", "message": f"A request went to {PHONE}"}))
    urls = {"success": "https://shop.example/thanks?session=canary"}
    deposit = place(api, payment_system="mpesa", currency="KES", details={"phone_number": PHONE}, return_urls=urls)
    work()
    assert fresh(deposit).status == "awaiting_payment"
    Deposit.objects.filter(pk=deposit.pk).update(deadline_at=START)
    assert expire_deposits() == 1
    end(deposit)
    return fresh(deposit)


def test_what_was_entered_and_shown_goes_and_the_rest_stays(
    api: Api, pushed: Deposit, clock: time_machine.Traveller
) -> None:
    shown, history, told = api.get(f"deposits/{pushed.public_id}").json(), moves(pushed), news(pushed.product)
    clock.shift(timedelta(days=DAYS))
    assert forget_payers() == 0
    clock.shift(timedelta(seconds=1))
    assert forget_payers() == 1
    after = fresh(pushed)
    assert (after.details, after.shown, after.return_urls) == ({}, None, {})
    assert after.redacted_at == START + timedelta(days=DAYS, seconds=1)
    assert (after.status, after.amount, after.shown_at, after.updated_at) == (
        "expired",
        Decimal(1000),
        pushed.shown_at,
        pushed.updated_at,
    )
    assert api.get(f"deposits/{pushed.public_id}").json() == shown
    assert (moves(pushed), news(pushed.product)) == (history, told)
    data = {event.type: event.data for event in Event.objects.all()}
    assert data["deposit.awaiting_payment"]["next_action"] == {"type": "wait"}
    assert PHONE not in str(data)
    asked = ProviderCall.objects.filter(operation="payment/create").get()
    assert (asked.request, asked.response, asked.outcome) == (None, None, "accepted")
    assert len(asked.response_digest) == 64
    assert forget_payers() == 0


def test_late_money_still_finds_a_redacted_deposit(
    api: Api, pushed: Deposit, book: Book, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(days=DAYS, seconds=1))
    assert forget_payers() == 1
    item = money(currency_code="KES", wallet_type="mpesa")
    book.enter(pushed.public_id, item, label=pushed.customer.label)
    Deposit.objects.filter(pk=pushed.pk).update(next_at=timezone.now())
    work()
    after = fresh(pushed)
    assert (after.status, after.late, after.received_amount) == ("credited", True, Decimal(1000))
    assert api.get(f"deposits/{pushed.public_id}").json()["received_amount"] == "1000.00"
    # And money that a person has to look at moves it to review: no rule of the database stands against it.
    assert after.redacted_at is not None


def test_a_credited_deposit_keeps_its_money_and_loses_its_picture(
    api: Api, book: Book, opened: Placed, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(AVAILABLE, offered(("staging_b_ml", "INR", True)))
    provider.script(create_path("staging_b_ml"), details())
    provider.script(ACTIVATE_MANUALLY, OK)
    deposit = opened(payment_system="staging_b_ml")
    file = SimpleUploadedFile("a.png", saved(Image.radial_gradient("L"), "PNG"), content_type="image/png")
    answer = confirm_with_files(api, deposit, provider_reference="REF123456", amount="1000.00", screenshot=file)
    order = answer.json()["id"]
    work()
    book.enter(order, money(wallet_type="staging_b_ml", transaction_id="REF123456"), label=deposit.customer.label)
    clock.shift(timedelta(seconds=60))
    work()
    assert fresh(deposit).status == "credited"
    before = Screenshot.objects.get()
    end(deposit)
    clock.shift(timedelta(days=DAYS, seconds=1))
    assert forget_payers() == 1
    after = Screenshot.objects.get()
    assert (bytes(before.picture)[:2], bytes(after.picture), after.look) == (b"\xff\xd8", b"", "")
    assert (after.digest, after.pixel_digest) == (before.digest, before.pixel_digest)
    [receipt] = Receipt.objects.all()
    assert (receipt.amount, receipt.transaction_id, receipt.status) == (Decimal(1000), "REF123456", "credited")
    about = ProviderCall.objects.exclude(subject="")
    assert {call.subject for call in about} == {deposit.public_id, order}
    assert all(call.redacted_at is not None and call.request is None for call in about)


def test_what_is_not_over_is_not_redacted(paid: Paid, clock: time_machine.Traveller) -> None:
    """Verifying; then credited, but still asked about; then over."""
    clock.shift(timedelta(days=10 * DAYS))
    assert forget_payers() == 0
    paid.arrives(money())
    assert fresh(paid.deposit).status == "credited"
    clock.shift(timedelta(days=10 * DAYS))
    assert forget_payers() == 0
    end(paid.deposit)
    assert forget_payers() == 1


def test_money_in_review_and_late_references_keep_it_whole(
    api: Api, paid: Paid, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    paid.arrives(money())
    paid.arrives(money(), money(transaction_id="210987654321", currency_code="USD"))
    assert sorted(Receipt.objects.values_list("status", flat=True)) == ["credited", "in_review"]
    assert fresh(paid.deposit).status == "credited"
    end(paid.deposit)
    clock.shift(timedelta(days=10 * DAYS))
    assert forget_payers() == 0
    give_back(Receipt.objects.get(status="in_review").pk, decided())
    assert forget_payers() == 1


def test_the_index_serves_the_search_for_old_ones(api: Api, book: Book) -> None:
    place(api)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    old = Deposit.objects.filter(status__in=FINAL, redacted_at=None, updated_at__lt=START).order_by("updated_at")
    assert "deposits_to_redact" in old[:300].explain()


def test_calls_about_no_order_go_by_age_and_those_about_one_with_it(
    api: Api, paid: Paid, clock: time_machine.Traveller
) -> None:
    calls = ProviderCall.objects.all()
    without = set(calls.filter(subject="").values_list("pk", flat=True))
    loose = ProviderCall.objects.create(
        account=paid.deposit.account, operation="postback", subject="123456789012", request={"a": "b"}, response=b"c"
    )
    clock.shift(timedelta(days=DAYS))
    assert forget_old_calls() == 0
    clock.shift(timedelta(seconds=1))
    assert forget_old_calls() == len(without) + 1 > 1
    assert set(calls.exclude(redacted_at=None).values_list("pk", flat=True)) == without | {loose.pk}
    assert all(call.request is None and call.response is None for call in calls.exclude(redacted_at=None))
    assert all(call.request is not None for call in calls.filter(redacted_at=None))
