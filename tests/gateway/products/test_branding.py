"""How a product looks: what pages are told with one query, what browsers load, and what the database refuses."""

import hashlib
import io
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from gateway import ids
from gateway.products import branding
from gateway.products.branding import Look
from gateway.products.models import Branding, BrandingHistory, Product

pytestmark = pytest.mark.django_db


def png(colour: str = "red") -> bytes:
    made = io.BytesIO()
    Image.new("RGBA", (20, 10), colour).save(made, "PNG")
    return made.getvalue()


def with_logo(logo: bytes) -> dict[str, Any]:
    return {"logo": logo, "logo_digest": hashlib.sha256(logo).hexdigest(), "logo_width": 20, "logo_height": 10}


def test_without_a_look_of_its_own_a_product_has_the_pages_own(
    product: Product, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert branding.of(product) == Look(name=product.name)
    Branding.objects.create(product=product)
    assert branding.of(product) == Look(name=product.name)


def test_a_look_is_told_with_one_query(product: Product, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    logo = png()
    Branding.objects.create(
        product=product,
        display_name="The Shop",
        colour="#ffcc00",
        frame_origins=["https://shop.example", "https://b.example:8443"],
        support_address="mailto:help@shop.example",
        **with_logo(logo),
    )
    version = branding.version_of(branding.stylesheet("#ffcc00"))
    with django_assert_num_queries(1):
        look = branding.of(product)
    assert look == Look(
        name="The Shop",
        logo_url=f"/pay/brands/{product.pk}/{hashlib.sha256(logo).hexdigest()}.png",
        logo_size=(20, 10),
        stylesheet_url=f"/pay/brands/{product.pk}/{version}.css",
        frame_origins=("https://shop.example", "https://b.example:8443"),
        support_address="mailto:help@shop.example",
    )


def test_sheet_and_logo_are_served_for_ever_by_what_they_are(product: Product, client: Client) -> None:
    logo = png()
    Branding.objects.create(product=product, colour="#ffcc00", **with_logo(logo))
    look = branding.of(product)
    for address, media_type, content in (
        (look.stylesheet_url, "text/css; charset=utf-8", branding.stylesheet("#ffcc00").encode()),
        (look.logo_url, "image/png", logo),
    ):
        assert address is not None
        answer = client.get(address)
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["Content-Type"] == media_type
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert not answer.cookies
        assert "Vary" not in answer.headers
        assert client.post(address).status_code == 405


def test_another_version_another_product_and_nothing_are_not_found(product: Product, client: Client) -> None:
    other = Product.objects.create(name="other")
    Branding.objects.create(product=product, colour="#ffcc00", **with_logo(png()))
    Branding.objects.create(product=other, colour="#00cc00")
    mine, others = branding.of(product), branding.of(other)
    assert mine.stylesheet_url is not None
    assert mine.logo_url is not None
    assert others.stylesheet_url is not None
    version, digest = mine.stylesheet_url.rpartition("/")[2], mine.logo_url.rpartition("/")[2]
    for address in (
        f"/pay/brands/{other.pk}/{version}",
        f"/pay/brands/{other.pk}/{digest}",
        f"/pay/brands/{product.pk}/{others.stylesheet_url.rpartition('/')[2]}",
        f"/pay/brands/{product.pk}/0.css",
        f"/pay/brands/{product.pk}/{digest[1:]}",
        f"/pay/brands/{ids.new_id()}/{version}",
        f"/pay/brands/nobody/{version}",
        f"/pay/brands/{product.pk}/.png",
    ):
        assert client.get(address).status_code == 404, address
    # What was is gone as soon as it is another one.
    Branding.objects.filter(pk=product.pk).update(colour="#cc0000", **with_logo(png("blue")))
    assert client.get(mine.stylesheet_url).status_code == 404
    assert client.get(mine.logo_url).status_code == 404
    Branding.objects.filter(pk=product.pk).update(colour="", logo=b"", logo_digest="")
    assert branding.of(product) == Look(name=product.name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"colour": "#FFCC00"},
        {"colour": "#ffcc0"},
        {"colour": "#ffcc0}"},
        {"frame_origins": ["*"]},
        {"frame_origins": ["https://shop.example; script-src *"]},
        {"frame_origins": ["https://shop.example", "https://b.example/x"]},
        {"frame_origins": ["https://shop.example,b"]},
        {"frame_origins": ["'self'"]},
        {"frame_origins": ["https://shop.example\n"]},
        {"logo": b"x"},
        {"logo_digest": "0" * 64},
    ],
)
def test_the_database_refuses_what_no_header_and_no_sheet_may_hold(product: Product, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Branding.objects.create(product=product, **wrong)
    Branding.objects.create(product=product)
    with pytest.raises(IntegrityError), transaction.atomic():
        Branding.objects.update(**wrong)


def test_its_history_has_everything_but_the_picture(product: Product) -> None:
    row = Branding.objects.create(product=product, colour="#ffcc00", **with_logo(png()))
    row.colour, row.frame_origins = "#cc0000", ["https://shop.example"]
    row.save()
    first, second = BrandingHistory.objects.order_by("pgh_id")
    assert (first.pgh_obj_id, first.colour, first.logo_digest) == (product.pk, "#ffcc00", row.logo_digest)
    assert (second.colour, second.frame_origins) == ("#cc0000", ["https://shop.example"])
    assert "logo" not in {field.name for field in BrandingHistory._meta.get_fields()}
