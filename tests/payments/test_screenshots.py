"""Systems that a person at the provider checks (C§1.4b): multipart, with the customer's picture made anew."""

import io
from email import message_from_bytes
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image

from gateway import pictures
from gateway.providers.models import PaymentSystem
from payments.models import Confirmation, Screenshot
from tests.conftest import Api
from tests.payments.stage import (
    ACTIVATE,
    ACTIVATE_MANUALLY,
    AVAILABLE,
    OK,
    REFERENCE,
    Book,
    Placed,
    activations,
    confirm,
    confirm_with_files,
    create_path,
    details,
    fresh,
    offered,
    work,
)
from tests.scripted_provider import Received, ScriptedProvider

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_hand(opened: Placed, provider: ScriptedProvider) -> Placed:
    """Opens deposits of the system that a person at the provider checks."""
    provider.script(AVAILABLE, offered(("staging_b_ml", "INR", True)))
    provider.script(create_path("staging_b_ml"), details())

    def make(**changes: Any) -> Any:
        return opened(payment_system="staging_b_ml", **changes)

    return make


def picture(*, with_exif: bool = True, form: str = "PNG") -> bytes:
    """A screenshot with something in it that nobody is to see."""
    image = Image.new("RGB", (64, 32), (200, 10, 10))
    exif = Image.Exif()
    exif[0x010E] = "canary-in-the-metadata"
    made = io.BytesIO()
    image.save(made, form, **({"exif": exif} if with_exif else {}))
    return made.getvalue() + b"canary-behind-the-end"


def parts_of(request: Received) -> dict[str, Any]:
    """The parts of a multipart request by name."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    return {
        str(part.get_param("name", header="content-disposition")): part
        for part in message_from_bytes(head + request.body).walk()
        if not part.is_multipart()
    }


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_manual_system_gets_the_reference_as_multipart_with_the_picture_made_anew(
    form: str, api: Api, by_hand: Placed, book: Book, provider: ScriptedProvider
) -> None:
    provider.script(ACTIVATE_MANUALLY, (200, {"status": "success", "message": "", "code": 20000, "data": []}))
    deposit = by_hand()
    upload = SimpleUploadedFile("canary-name.png", picture(form=form), content_type="image/png")
    answer = confirm_with_files(api, deposit, provider_reference="ref 123456", amount="1000.00", screenshot=upload)
    assert answer.status_code == 201, answer.content
    work()

    (request,) = activations(provider)
    assert request.path == ACTIVATE_MANUALLY
    assert b"canary" not in request.body
    parts = parts_of(request)
    screenshot = parts.pop("screenshot")
    assert {name: part.get_payload(decode=True).decode() for name, part in parts.items()} == {
        "currency_code": "INR",
        "wallet_type": "staging_b_ml",
        "label": deposit.customer.label,
        "key1": "REF123456",
        "amount": "1000.0000",
        "custom_transaction_id": answer.json()["id"],
    }
    assert (screenshot.get_filename(), screenshot.get_content_type()) == (f"{answer.json()['id']}.jpg", "image/jpeg")
    received = screenshot.get_payload(decode=True)
    image = Image.open(io.BytesIO(received))
    assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (64, 32), {})
    assert bytes(Screenshot.objects.get().picture) == received
    assert Confirmation.objects.get().status == "verifying"


def test_a_picture_is_kept_encrypted(api: Api, by_hand: Placed, book: Book) -> None:
    deposit = by_hand()
    upload = SimpleUploadedFile("a.png", picture(), content_type="image/png")
    confirm_with_files(api, deposit, provider_reference="REF123456", amount="1000.00", screenshot=upload)
    with connection.cursor() as cursor:
        cursor.execute("SELECT picture FROM payments_screenshot")
        (raw,) = cursor.fetchone()
    assert bytes(raw).startswith(b"gAAAA")  # a Fernet token; a JPEG begins otherwise


def test_the_path_of_a_manual_system_is_its_own(
    api: Api, by_hand: Placed, book: Book, provider: ScriptedProvider
) -> None:
    PaymentSystem.objects.filter(code="staging_b_ml").update(manual_path="/api/v1/possible-transaction")
    provider.script("/api/v1/possible-transaction", OK)
    deposit = by_hand()
    upload = SimpleUploadedFile("a.png", picture(), content_type="image/png")
    confirm_with_files(api, deposit, provider_reference="REF123456", amount="1000.00", screenshot=upload)
    work()
    assert len(provider.to("/api/v1/possible-transaction")) == 1
    assert activations(provider) == []


def test_a_manual_path_that_is_missing_is_not_replaced_by_the_other(
    api: Api, by_hand: Placed, book: Book, provider: ScriptedProvider
) -> None:
    """A 404 may be the secret as well as the path (C§0): what was handed in once goes nowhere else by itself."""
    for path in ("/api/v1/possible-transaction", ACTIVATE):
        provider.script(path, OK)
    deposit = by_hand()
    upload = SimpleUploadedFile("a.png", picture(), content_type="image/png")
    confirm_with_files(api, deposit, provider_reference="REF123456", amount="1000.00", screenshot=upload)
    work()
    assert [request.path for request in activations(provider)] == [ACTIVATE_MANUALLY]
    assert provider.to("/api/v1/possible-transaction") == []
    assert fresh(deposit).status == "verifying"
    assert Confirmation.objects.get().status == "created"  # it waits for whoever repairs the path


def test_a_deposit_that_was_never_opened_goes_where_its_system_goes(
    api: Api, book: Book, provider: ScriptedProvider, opened: Placed
) -> None:
    """It failed before the provider was heard, so nothing is frozen: the row of the system has to tell."""
    provider.script(create_path("staging_b_ml"), (200, {"status": "fail", "message": "no"}))
    provider.script(ACTIVATE_MANUALLY, OK)
    deposit = opened(payment_system="staging_b_ml")
    assert (deposit.status, deposit.is_manual) == ("failed", None)
    upload = SimpleUploadedFile("a.png", picture(), content_type="image/png")
    answer = confirm_with_files(api, deposit, provider_reference="REF123456", amount="1000.00", screenshot=upload)
    assert answer.status_code == 201
    work()
    assert [request.path for request in activations(provider)] == [ACTIVATE_MANUALLY]


BAD_PICTURES = [
    (b"%PDF-1.7 not a picture", "Send a JPEG, PNG or WebP picture."),
    (b"", None),
    (picture(with_exif=False)[:60], None),
    (b"GIF89a" + bytes(40), "Send a JPEG, PNG or WebP picture."),
]


@pytest.mark.parametrize(("content", "sentence"), BAD_PICTURES)
def test_what_is_no_picture_is_refused_and_changes_nothing(
    content: bytes, sentence: str | None, api: Api, by_hand: Placed, book: Book
) -> None:
    deposit = by_hand()
    upload = SimpleUploadedFile("a.png", content, content_type="image/png")
    answer = confirm_with_files(api, deposit, provider_reference="REF123456", amount="1000.00", screenshot=upload)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/screenshot"
    assert sentence is None or error["detail"] == sentence
    assert not Confirmation.objects.exists()
    assert fresh(deposit).status == "awaiting_payment"


def test_a_screenshot_is_wanted_or_refused_per_system(
    api: Api, by_hand: Placed, opened: Placed, provider: ScriptedProvider
) -> None:
    deposit = by_hand()
    missing = confirm(api, deposit, "REF123456")
    assert [error["pointer"] for error in missing.json()["errors"]] == ["/screenshot"]
    provider.script(AVAILABLE, offered(("upi_l", "INR", False)))
    upload = SimpleUploadedFile("a.png", picture(), content_type="image/png")
    unwanted = confirm_with_files(api, opened(), provider_reference=REFERENCE, amount="1000.00", screenshot=upload)
    assert (missing.status_code, unwanted.status_code) == (400, 400)
    assert unwanted.json()["errors"][0]["detail"] == "UPI P2P takes no screenshot."
    assert not Confirmation.objects.exists()


def test_a_picture_that_finds_no_place_is_sent_again_in_a_moment(
    by_hand: Placed, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit = by_hand()
    monkeypatch.setattr(pictures, "_PATIENCE_SECONDS", 0.01)
    sent = {"provider_reference": "REF100001", "amount": "1000.00"}
    with pictures._AT_ONCE, pictures._AT_ONCE:
        answer = confirm_with_files(api, deposit, **sent, screenshot=SimpleUploadedFile("a.png", picture()))
    problem = answer.json()
    assert (answer.status_code, problem["code"], answer.headers["Retry-After"]) == (503, "unavailable", "5")
    assert problem["detail"] == "Too many pictures are sent at once; send yours again in a moment. Nothing was done."
    assert (Confirmation.objects.count(), fresh(deposit).status) == (0, "awaiting_payment")
    answer = confirm_with_files(api, deposit, **sent, screenshot=SimpleUploadedFile("a.png", picture()))
    assert answer.status_code == 201
