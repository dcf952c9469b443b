"""A screenshot that was used before: flagged to staff, told to no customer, a reason to refuse nothing."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from PIL import Image

from gateway.backoffice.models import Look
from gateway.encryption import EncryptedBytesField
from gateway.webhooks.models import Event
from payments.models import Confirmation, Deposit, Screenshot
from tests import roles
from tests.conftest import Api
from tests.payments.stage import (
    ACTIVATE_MANUALLY,
    AVAILABLE,
    OK,
    Book,
    activations,
    confirm_with_files,
    create_path,
    details,
    offered,
    place,
    work,
)
from tests.payments.test_hostile_pictures import phone_screen, saved
from tests.scripted_provider import ScriptedProvider
from tests.staff import browser_of

pytestmark = pytest.mark.django_db

REFUSED = (200, {"status": "fail", "message": "no"})


@pytest.fixture(autouse=True)
def by_hand(book: Book, provider: ScriptedProvider) -> None:
    """Systems whose confirmations carry a picture."""
    provider.script(AVAILABLE, offered(("staging_b_ml", "INR", True)))
    provider.script(create_path("staging_b_ml"), details())
    provider.script(ACTIVATE_MANUALLY, OK)


def opened(api: Api, customer: str = "55") -> Deposit:
    deposit = place(api, payment_system="staging_b_ml", customer=customer)
    work()
    return deposit


def upload(api: Api, deposit: Deposit, reference: str, picture: Image.Image, form: str = "PNG", **options: Any) -> Any:
    file = SimpleUploadedFile("a.png", saved(picture, form, **options), content_type="image/png")
    answer = confirm_with_files(api, deposit, provider_reference=reference, amount="1000.00", screenshot=file)
    assert answer.status_code == 201, answer.content
    return answer.json()


def flagged() -> list[tuple[list[str], int | None]]:
    """Suspicions of every screenshot, oldest first, and the position of the one that it repeats."""
    rows = list(Screenshot.objects.order_by("id"))
    at = {row.pk: position for position, row in enumerate(rows)}
    return [(sorted(row.suspicions), at.get(row.duplicate_of_id or 0)) for row in rows]


def test_the_same_picture_for_another_deposit_is_flagged_and_nobody_is_told(
    api: Api, provider: ScriptedProvider
) -> None:
    first = upload(api, opened(api), "REF100001", phone_screen())
    second = upload(api, opened(api, customer="66"), "REF100002", phone_screen(), "WEBP", lossless=True)
    work()
    assert flagged() == [([], None), (["same_picture"], 0)]
    assert set(first) == set(second)
    assert (first["status"], second["status"]) == ("created", "created")
    assert len(activations(provider)) == 2
    assert list(Confirmation.objects.values_list("status", flat=True)) == ["verifying", "verifying"]
    told = [str(data) for data in Event.objects.values_list("data", flat=True)]
    assert told
    assert [one for one in told if "suspicio" in one or "same_picture" in one] == []


def test_another_encoding_is_flagged_as_alike_and_another_payment_is_not(api: Api) -> None:
    upload(api, opened(api), "REF100001", phone_screen())
    upload(api, opened(api), "REF100002", phone_screen().resize((540, 1200)), "JPEG", quality=70)
    upload(api, opened(api), "REF100003", phone_screen("123456789013"))
    assert flagged() == [([], None), (["looks_alike"], 0), ([], None)]


def test_the_first_of_several_is_named(api: Api) -> None:
    for number in range(3):
        upload(api, opened(api), f"REF10000{number}", phone_screen())
    assert flagged() == [([], None), (["same_picture"], 0), (["same_picture"], 0)]


def test_a_reference_that_stands_elsewhere_is_flagged(api: Api, provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE_MANUALLY, REFUSED)
    upload(api, opened(api), "REF100001", phone_screen())
    work()
    upload(api, opened(api, customer="66"), "REF100001", phone_screen("987654321098"))
    assert flagged() == [([], None), (["same_reference"], None)]


def test_the_same_picture_again_for_the_same_deposit_is_usual(api: Api, provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE_MANUALLY, REFUSED)
    deposit = opened(api)
    upload(api, deposit, "REF100001", phone_screen())
    work()
    upload(api, deposit, "REF100002", phone_screen())
    assert flagged() == [([], None), ([], None)]


def test_pictures_of_another_mode_are_another_world(api: Api, as_superuser: None) -> None:
    upload(api, opened(api), "REF100001", phone_screen())
    with roles.undisguised() as cursor:
        cursor.execute("UPDATE payments_deposit SET mode = 'live'")
    upload(api, opened(api), "REF100002", phone_screen())
    assert flagged() == [([], None), ([], None)]


class TestStaff:
    """Who may look at a picture."""

    @pytest.fixture
    def screenshot(self, api: Api) -> Screenshot:
        upload(api, opened(api), "REF100001", phone_screen())
        return Screenshot.objects.get()

    def person(self, client: Client, *permissions: str) -> Client:
        user = User.objects.create_user(f"staff with {len(permissions)}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        browser_of(user, client)
        return client

    def address(self, screenshot: Screenshot) -> str:
        return reverse("admin:payments_screenshot_picture", args=[screenshot.pk])

    def test_with_the_permission_see_it_and_every_look_is_logged(self, client: Client, screenshot: Screenshot) -> None:
        staff = self.person(client, "see_picture")
        answer = staff.get(self.address(screenshot))
        assert (answer.status_code, answer.content) == (200, bytes(screenshot.picture))
        assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
        wanted = {
            "Content-Type": "image/jpeg",
            "Content-Disposition": f'inline; filename="{screenshot.confirmation.public_id}.jpg"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        assert {name: answer.headers[name] for name in wanted} == wanted
        assert answer.headers["Cache-Control"] == "no-store"
        staff.get(self.address(screenshot))
        entries = list(Look.objects.values_list("person__username", "subject", "kind"))
        assert entries == [("staff with 1", f"screenshot of {screenshot.confirmation.public_id}", "picture")] * 2
        for method in (staff.post, staff.head, staff.put):
            assert method(self.address(screenshot)).status_code == 405
        assert Look.objects.count() == 2

    def test_without_it_see_the_row_alone(self, client: Client, screenshot: Screenshot) -> None:
        staff = self.person(client, "view_screenshot", "view_confirmation")
        assert staff.get(self.address(screenshot)).status_code == 403
        for name, pk in (("screenshot", screenshot.pk), ("confirmation", screenshot.confirmation_id)):
            page = staff.get(reverse(f"admin:payments_{name}_change", args=[pk]))
            assert page.status_code == 200
            assert self.address(screenshot) in page.content.decode()
            assert screenshot.look not in page.content.decode()
        assert not Look.objects.exists()

    def test_nobody_else_gets_near(self, client: Client, api: Api, screenshot: Screenshot) -> None:
        assert client.get(self.address(screenshot)).status_code == 302
        assert api.client.get(self.address(screenshot)).status_code == 302
        browser_of(User.objects.create_user("customer"), client)
        assert client.get(self.address(screenshot)).status_code == 302
        assert not Look.objects.exists()

    def test_what_is_gone_or_sealed_is_said_and_not_logged_as_seen(
        self, client: Client, screenshot: Screenshot
    ) -> None:
        staff = self.person(client, "see_picture")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE payments_screenshot SET picture = 'no token'")
        assert staff.get(self.address(screenshot)).status_code == 503
        Screenshot.objects.update(picture=b"")
        assert staff.get(self.address(screenshot)).status_code == 410
        missing = reverse("admin:payments_screenshot_picture", args=[screenshot.pk + 1])
        assert staff.get(missing).status_code == 404
        assert not Look.objects.exists()
        assert isinstance(Screenshot._meta.get_field("picture"), EncryptedBytesField)

    def test_the_list_can_be_narrowed_to_what_is_suspicious(self, client: Client, api: Api) -> None:
        for number, picture in enumerate([phone_screen(), phone_screen(), phone_screen("987654321098")]):
            upload(api, opened(api), f"REF10000{number}", picture)
        staff = self.person(client, "view_screenshot")
        address = reverse("admin:payments_screenshot_changelist")
        confirmations = [row.confirmation.public_id for row in Screenshot.objects.order_by("id")]

        def listed(**query: str) -> list[str]:
            page = staff.get(address, {"mode": "test", **query}).content.decode()
            page = page.replace("screenshot of cnf_", "")  # a row may name another one as its twin
            return [one for one in confirmations if one in page]

        assert listed() == confirmations
        assert listed(suspicion="any") == listed(suspicion="same_picture") == [confirmations[1]]
        assert listed(suspicion="looks_alike") == []
