"""What payment/create carries besides the common fields is said by the system's row (C§1.5)."""

from typing import Any

import pytest

from gateway.providers.models import PaymentSystem
from tests.conftest import Api
from tests.payments.stage import Book, payment_path, place, sent_json, work
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db

UPI = payment_path("upi_s")
COMMON = {"amount", "currency", "custom_transaction_id", "label"}
RETURN_URLS = {"success": "https://shop.example.com/ok"}
BANK = {"name": "bank", "title": "Bank", "pattern": "[A-Z]{3}", "example": "MBB", "wire": "", "required": False}


@pytest.fixture(autouse=True)
def page(book: Book, provider: ScriptedProvider) -> None:
    provider.script(UPI, (200, {"status": "ok", "data": {"url": "https://pay.example.com/p"}}))


def sent(api: Api, provider: ScriptedProvider, **changes: Any) -> dict[str, Any]:
    place(api, payment_system="upi_s", return_urls=RETURN_URLS, language="bn", **changes)
    work()
    [request] = provider.to(UPI)
    return {name: value for name, value in sent_json(request).items() if name not in COMMON}


OWN = {"mode": "upi_collect_qr", "wallet_type": "upi_s", "redirect_url": RETURN_URLS["success"]}


@pytest.mark.parametrize(("key", "added"), [("language", {"language": "bn"}), ("lang", {"lang": "bn"}), ("", {})])
def test_the_language_goes_under_the_row_s_name_or_not_at_all(
    api: Api, provider: ScriptedProvider, key: str, added: dict[str, str]
) -> None:
    PaymentSystem.objects.filter(pk="upi_s").update(language_wire=key)
    assert sent(api, provider) == OWN | added


def test_a_bank_is_a_constant_where_the_row_says_so(api: Api, provider: ScriptedProvider) -> None:
    """As the general table of the contract has it."""
    PaymentSystem.objects.filter(pk="upi_s").update(
        constants={"bank": "MBB"}, return_url_keys={"redirect_url": "success"}
    )
    back = {"redirect_url": RETURN_URLS["success"]}
    assert sent(api, provider) == {"bank": "MBB", "language": "bn"} | back


@pytest.mark.parametrize(("details", "added"), [({}, {}), ({"bank": "ABC"}, {"bank": "ABC"})])
def test_a_field_that_may_be_left_out_is_left_out(
    api: Api, provider: ScriptedProvider, details: dict[str, str], added: dict[str, str]
) -> None:
    PaymentSystem.objects.filter(pk="upi_s").update(detail_fields=[BANK])
    assert sent(api, provider, details=details) == OWN | {"language": "bn"} | added


def test_a_field_that_a_person_adds_after_the_order_was_made_does_not_stop_it(
    api: Api, provider: ScriptedProvider
) -> None:
    deposit = place(api, payment_system="upi_s", return_urls=RETURN_URLS)
    PaymentSystem.objects.filter(pk="upi_s").update(detail_fields=[{**BANK, "required": True}])
    work()
    deposit.refresh_from_db()
    assert deposit.status == "awaiting_payment"
    assert "bank" not in sent_json(provider.to(UPI)[0])
