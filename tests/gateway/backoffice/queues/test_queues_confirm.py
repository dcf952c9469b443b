"""Staff name a reference in the customer's place: the same checks, verb and outcome as through the API."""

import re
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from gateway.api.models import IdempotencyKey
from gateway.products.models import Product
from payments.models import Confirmation, Deposit, Screenshot
from tests.conftest import Api
from tests.gateway.backoffice.queues.test_queues import text
from tests.payments.paid import Paid, states
from tests.payments.stage import (
    ACTIVATE,
    ACTIVATE_MANUALLY,
    AVAILABLE,
    OK,
    Book,
    Placed,
    activations,
    confirm,
    create_path,
    details,
    fresh,
    money,
    moves,
    news,
    offered,
    sent_json,
    work,
)
from tests.payments.test_duplicates import opened as by_hand
from tests.payments.test_hostile_pictures import phone_screen, saved
from tests.scripted_provider import ScriptedProvider
from tests.staff import logged_in

pytestmark = pytest.mark.django_db

REASON = "told on the telephone"
TOLD = {"provider_reference": "123456789012", "amount": "1000.00", "reason": REASON}


@pytest.fixture
def ann(db: None) -> Client:
    """Confirms for customers."""
    return logged_in("ann", "confirm_for_customer", "view_deposit")


def address(deposit: Deposit) -> str:
    return reverse("work:confirm", args=[deposit.pk])


def form_id(client: Client, deposit: Deposit) -> str:
    [found] = re.findall(r'name="form_id" value="([^"]+)"', text(client.get(address(deposit))))
    return str(found)


def send(client: Client, deposit: Deposit, form: str = "", **told: Any) -> str:
    form = form or form_id(client, deposit)
    return text(client.post(address(deposit), {"form_id": form, **TOLD, **told}, follow=True))


def test_it_comes_to_the_same_as_through_the_api(
    ann: Client, api: Api, opened: Placed, book: Book, provider: ScriptedProvider, product: Product
) -> None:
    provider.script(ACTIVATE, OK)
    theirs, ours = opened(customer="1"), opened(customer="2")
    assert confirm(api, theirs, "111111111111").status_code == 201
    said = send(ann, ours, provider_reference="2222 2222-2222")
    mine = ours.confirmations.get()
    assert f"{mine.public_id} names 222222222222. The provider is being asked about it." in said
    work()
    first, second = (sent_json(one) for one in activations(provider))
    assert {name for name in first if first[name] != second[name]} == {"label", "key1", "custom_transaction_id"}
    ann_id = str(User.objects.get(username="ann").pk)
    assert [one[:3] for one in moves(ours)] == [one[:3] for one in moves(theirs)]
    assert [one[3] for one in moves(theirs)] == ["api_key", "provider_answer", "api_key"]
    assert [one[3] for one in moves(ours)] == ["api_key", "provider_answer", "person"]
    last = ours.moves.order_by("sequence").last()
    assert last is not None
    assert (last.cause_id, last.detail) == (ann_id, f"for the customer: {REASON}")
    began = mine.moves.order_by("sequence").first()
    assert began is not None
    assert (began.cause, began.cause_id) == ("person", ann_id)
    for deposit in (theirs, ours):
        confirmation = deposit.confirmations.get()
        book.enter(
            confirmation.public_id,
            money(transaction_id=confirmation.provider_reference),
            label=deposit.customer.label,
        )
        Deposit.objects.filter(pk=deposit.pk).update(next_at=deposit.created_at)
    work()
    assert states(fresh(ours)) == states(fresh(theirs)) == ("credited", Decimal(1000), "exact")
    assert news(product).count(("deposit.credited", 4)) == 2


def test_the_same_form_sent_twice_makes_one_confirmation(ann: Client, opened: Placed) -> None:
    deposit = opened()
    form = form_id(ann, deposit)
    assert "The provider is being asked about it." in send(ann, deposit, form)
    assert "It was sent before; there is one confirmation of it." in send(ann, deposit, form)
    assert Confirmation.objects.count() == 1
    assert "This form was sent before with something else in it" in send(
        ann, deposit, form, provider_reference="999999999999"
    )
    assert Confirmation.objects.count() == 1
    assert IdempotencyKey.objects.filter(key=f"form-{form}").count() == 1


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"provider_reference": "12"}, "This is no "),
        ({"provider_reference": ""}, "This field is required."),
        ({"amount": ""}, "This field is required."),
        ({"amount": "1e3"}, "Use plain digits with an optional decimal point"),
        ({"amount": "1000.001"}, "INR has 2 decimals"),
        ({"reason": "ok"}, "at least 4 characters"),
        ({"reason": "...."}, "Write it in visible letters or digits."),
        ({"reason": "x" * 183}, "at most 182 characters"),
    ],
)
def test_what_the_api_refuses_is_refused(told: dict[str, str], sentence: str, ann: Client, opened: Placed) -> None:
    deposit = opened()
    page = send(ann, deposit, **told)
    assert sentence in page
    assert "<form" in page
    assert not Confirmation.objects.exists()
    assert fresh(deposit).status == "awaiting_payment"


def test_duplicates_and_tries_are_counted_as_in_the_api(ann: Client, api: Api, opened: Placed) -> None:
    deposit, other = opened(), opened()
    assert confirm(api, other).status_code == 201
    assert "This reference was used before; every payment has its own." in send(ann, deposit)
    for number in range(9):
        assert confirm(api, deposit, f"{number:012}").status_code == 201
    assert "At most 10 references an hour for one customer." in send(ann, deposit, provider_reference="777777777777")
    assert Confirmation.objects.count() == 10


def test_two_customers_of_one_reference_are_both_flagged(ann: Client, api: Api, opened: Placed) -> None:
    assert confirm(api, opened(customer="1")).status_code == 201
    send(ann, opened(customer="2"))
    assert list(Confirmation.objects.values_list("is_contested", flat=True)) == [True, True]


def test_what_takes_no_reference_has_no_form(ann: Client, api: Api, opened: Placed, paid: Paid) -> None:
    deposit = opened()
    form = form_id(ann, deposit)
    page = reverse("admin:payments_deposit_change", args=[deposit.pk])
    assert address(deposit) in text(ann.get(page))
    assert api.post(f"deposits/{deposit.public_id}/cancel").status_code == 200
    assert address(deposit) in text(ann.get(page)), "late money is still money"
    credited = paid.arrives(money())
    page = reverse("admin:payments_deposit_change", args=[credited.pk])
    assert address(credited) not in text(ann.get(page))
    assert "This deposit takes no reference as it is: it is credited" in text(ann.get(address(credited)))
    assert "This deposit takes no reference as it is" in send(ann, credited, form, provider_reference="999999999999")
    assert credited.confirmations.count() == 1


def test_it_takes_its_permission(opened: Placed) -> None:
    deposit = opened()
    viewer = logged_in("vic", "view_deposit", "propose_instruction")
    sends = {"form_id": str(uuid.uuid4()), **TOLD}
    assert viewer.get(address(deposit)).status_code == 403
    assert viewer.post(address(deposit), sends).status_code == 403
    assert address(deposit) not in text(viewer.get(reverse("admin:payments_deposit_change", args=[deposit.pk])))
    assert Client().post(address(deposit), sends).status_code == 302
    assert not Confirmation.objects.exists()


def test_a_picture_goes_through_the_same_checks(ann: Client, api: Api, book: Book, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered(("staging_b_ml", "INR", True)))
    provider.script(create_path("staging_b_ml"), details())
    provider.script(ACTIVATE_MANUALLY, OK)
    deposit = by_hand(api)
    broken = SimpleUploadedFile("a.png", b"no picture at all", content_type="image/png")
    told = {"provider_reference": "REF100001"}
    assert "Send a JPEG, PNG or WebP picture." in send(ann, deposit, **told, screenshot=broken)
    good = SimpleUploadedFile("a.png", saved(phone_screen(), "PNG"), content_type="image/png")
    assert "The provider is being asked about it." in send(ann, deposit, **told, screenshot=good)
    assert Screenshot.objects.get().confirmation.provider_reference == "REF100001"


def test_the_page_says_what_a_reference_looks_like(ann: Client, opened: Placed) -> None:
    page = text(ann.get(address(opened())))
    assert "digits only; blanks and hyphens are dropped" in page
    assert "Nothing is credited by this" in page
    assert "1000.00" in page


def test_the_queue_leads_to_the_form_of_whoever_may(ann: Client, paid: Paid) -> None:
    paid.arrives(money(amount="1"))
    queue = reverse("work:queue", args=["differences"]) + "?mode=test"
    assert address(paid.deposit) in text(ann.get(queue))
    assert address(paid.deposit) not in text(logged_in("vic", "view_deposit").get(queue))
