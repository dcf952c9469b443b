"""How a product looks is set on a page of the admin, with a preview, a reason and a history."""

import hashlib
import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django.fixtures import Settings

from gateway.products.branding import of
from gateway.products.models import Branding, BrandingHistory, Product
from tests.staff import logged_in

pytestmark = pytest.mark.django_db

ADD = reverse("admin:products_branding_add")


def page(product: Product) -> str:
    return reverse("admin:products_branding_change", args=[product.pk])


def words(content: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", content.decode()).split())


def file(form: str = "PNG", size: tuple[int, int] = (1000, 200), name: str = "logo.png") -> SimpleUploadedFile:
    made = io.BytesIO()
    Image.new("RGB", size, "navy").save(made, form)
    return SimpleUploadedFile(name, made.getvalue())


@pytest.fixture
def integrator(db: None) -> Client:
    may = ("product", "branding")
    return logged_in("ada", *(f"{what}_{one}" for what in ("view", "add", "change") for one in may))


def test_a_product_leads_to_its_look(integrator: Client, product: Product) -> None:
    setting = reverse("admin:products_product_change", args=[product.pk])
    assert f'href="{ADD}?product={product.pk}"' in integrator.get(setting).content.decode()
    shown = integrator.get(f"{ADD}?product={product.pk}")
    assert f'<option value="{product.pk}" selected>' in shown.content.decode()
    Branding.objects.create(product=product)
    assert f'href="{page(product)}"' in integrator.get(setting).content.decode()
    viewer = logged_in("bob", "view_product")
    assert "branding" not in viewer.get(setting).content.decode()


def test_a_look_is_added_and_changed_with_a_reason(integrator: Client, product: Product) -> None:
    told = {
        "product": product.pk,
        "display_name": "  The   Shop ",
        "colour": " #FFCC00 ",
        "new_logo": file(),
        "frame_origins": "https://shop.example\r\nhttps://b.example:8443\r\n",
        "support_address": "help@shop.example",
        "why": "they asked for it",
    }
    assert integrator.post(ADD, told).status_code == 302
    row = Branding.objects.get()
    logo = bytes(row.logo)
    assert Image.open(io.BytesIO(logo)).size == (row.logo_width, row.logo_height) == (320, 64)
    assert (row.logo_digest, len(logo) <= 12 * 1024) == (hashlib.sha256(logo).hexdigest(), True)
    look = of(product)
    assert (look.name, look.support_address) == ("The Shop", "mailto:help@shop.example")
    assert look.frame_origins == ("https://shop.example", "https://b.example:8443")
    assert row.colour == "#ffcc00"
    # Nothing of it changes by being sent as it is shown.
    shown = {
        "display_name": "The Shop",
        "colour": "#ffcc00",
        "frame_origins": "https://shop.example\r\nhttps://b.example:8443",
        "support_address": "mailto:help@shop.example",
    }
    assert integrator.post(page(product), shown).status_code == 302
    assert BrandingHistory.objects.count() == 1
    assert integrator.post(page(product), {**shown, "colour": "#1a56db", "no_logo": "on"}).status_code == 302
    row.refresh_from_db()
    assert (row.colour, bytes(row.logo), row.logo_digest, row.logo_width) == ("#1a56db", b"", "", 0)
    first, second = BrandingHistory.objects.order_by("pgh_id")
    assert (first.pgh_context["username"], first.pgh_context["reason"]) == ("ada", "they asked for it")
    assert (second.colour, second.logo_digest) == ("#1a56db", "")
    told_of = words(integrator.get(reverse("admin:products_branding_history", args=[product.pk])).content)
    assert "Colour #ffcc00 #1a56db" in told_of


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"display_name": "a\u202eb"}, "Write visible characters only."),
        ({"display_name": "x" * 81}, "at most 80 characters"),
        ({"colour": "red"}, "Write a colour as #rrggbb"),
        ({"colour": "#fff"}, "Write a colour as #rrggbb"),
        ({"frame_origins": "https://shop.example/pay"}, "https://shop.example/pay: write an origin such as"),
        ({"frame_origins": "https://ok.example\r\nhttp://shop.example"}, "http://shop.example: only https pages"),
        ({"frame_origins": "\r\n".join(f"https://s{n}.example" for n in range(21))}, "At most 20 origins."),
        ({"support_address": "javascript:alert(1)"}, "Write an https URL"),
        ({"new_logo": file("GIF")}, "Send a JPEG, PNG or WebP picture."),
        ({"new_logo": SimpleUploadedFile("a.png", b"\x89PNG")}, "Send a JPEG, PNG or WebP picture."),
        ({"new_logo": SimpleUploadedFile("a.png", bytes(2 * 1024 * 1024 + 1))}, "Send at most 2097152 bytes."),
        ({"new_logo": file(), "no_logo": "on"}, "Send a new logo or take the old one away, not both."),
    ],
)
def test_nonsense_is_refused_in_words(
    integrator: Client, product: Product, changes: dict[str, Any], sentence: str
) -> None:
    Branding.objects.create(product=product)
    answer = integrator.post(page(product), changes)
    assert answer.status_code == 200
    assert sentence in words(answer.content)
    assert BrandingHistory.objects.count() == 1
    if "new_logo" in changes:
        changes["new_logo"].seek(0)


def test_the_preview_shows_what_becomes_of_a_colour_and_says_why(integrator: Client, product: Product) -> None:
    row = Branding.objects.create(product=product, colour="#ffcc00")
    shown = integrator.get(page(product)).content.decode()
    assert 'style="background:#ffcc00;color:#000000"' in shown
    assert 'style="color:#876c00"' in shown
    assert 'style="color:#ffcc00"' in shown
    assert (
        "On light pages links are #876c00: #ffcc00 has a contrast of 1.4:1 there, and text needs 4.5:1 to be read."
        in shown
    )
    assert "On dark pages" not in shown
    row.colour = "#ffffff"
    row.save()
    assert "On light pages buttons are #d6d6d6: #ffffff could not be told from the page." in words(
        integrator.get(page(product)).content
    )
    row.colour = ""
    row.save()
    assert "It has no colour of its own: pages use theirs." in words(integrator.get(page(product)).content)


def test_a_look_without_origins_is_sent_back_as_it_is_shown(integrator: Client, product: Product) -> None:
    Branding.objects.create(product=product, colour="#1a56db")
    shown = integrator.get(page(product)).content.decode()
    field = re.search(r'<textarea[^>]*name="frame_origins"[^>]*>([^<]*)</textarea>', shown)
    assert field is not None
    assert field[1].strip() == ""
    sent = {"colour": "#cc0000", "frame_origins": field[1]}
    assert integrator.post(page(product), sent).status_code == 302
    row = Branding.objects.get()
    assert (row.colour, row.frame_origins) == ("#cc0000", [])


def test_a_product_has_one_look_and_keeps_it(integrator: Client, product: Product) -> None:
    Branding.objects.create(product=product)
    answer = integrator.post(ADD, {"product": product.pk})
    assert answer.status_code == 200
    assert "already exists" in words(answer.content)
    other = Product.objects.create(name="other")
    assert integrator.post(page(product), {"product": other.pk}).status_code == 302
    assert Branding.objects.get().product == product
    assert integrator.post(reverse("admin:products_branding_delete", args=[product.pk])).status_code == 403


def test_the_local_stack_may_be_framed_by_loopback(integrator: Client, product: Product, settings: Settings) -> None:
    Branding.objects.create(product=product)
    settings.LOCAL_STACK = True
    assert integrator.post(page(product), {"frame_origins": "http://localhost:3000"}).status_code == 302
    assert of(product).frame_origins == ("http://localhost:3000",)
