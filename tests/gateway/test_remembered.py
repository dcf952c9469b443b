"""Rows that a process remembers: used for a first try, compared where it counts, and never the reason of an answer."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway import remembered
from gateway.products.lookups import KEYS
from gateway.products.models import ApiKey, Product
from gateway.providers.lookups import ADDRESSEES, ENABLED_SYSTEMS
from gateway.providers.models import PaymentSystem, ProviderAccount
from payments.models import Deposit
from postbacks.models import Letter
from tests import roles
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.postbacks.letters import deliver, item, letter


class Counted:
    """Work that is counted, and doubts where it is told to."""

    def __init__(self, code: str = "upi_l", *, doubts: bool = False) -> None:
        self.code, self.doubts = code, doubts
        self.rests: list[bool] = []

    def __call__(self) -> PaymentSystem | None:
        found = ENABLED_SYSTEMS.find(self.code)
        self.rests.append(remembered.rests_on_memory())
        if self.doubts:
            remembered.doubt()
        return found


def look_ups(of: str, do: Callable[[], Any]) -> int:
    """How often the table of that name was looked up meanwhile."""
    with CaptureQueriesContext(connection) as captured:
        do()
    return sum(query["sql"].startswith("SELECT") and f"FROM {of} found" in query["sql"] for query in captured)


# The memory itself.


def test_a_row_is_read_once_and_only_first_tries_use_it(catalogue: None) -> None:
    first, second = Counted(), Counted()
    assert look_ups("providers_paymentsystem", lambda: remembered.perhaps(first)) == 1
    assert look_ups("providers_paymentsystem", lambda: remembered.perhaps(second)) == 0
    assert (first.rests, second.rests) == ([False], [True])
    assert look_ups("providers_paymentsystem", lambda: ENABLED_SYSTEMS.find("upi_l")) == 1


def test_doubtful_work_is_done_once_more_with_rows_that_are_read_afresh(catalogue: None) -> None:
    without_memory, with_memory = Counted(doubts=True), Counted(doubts=True)
    assert look_ups("providers_paymentsystem", lambda: remembered.perhaps(without_memory)) == 1
    assert look_ups("providers_paymentsystem", lambda: remembered.perhaps(with_memory)) == 1
    assert (without_memory.rests, with_memory.rests) == ([False], [True, False])


def test_other_errors_are_not_tried_again(catalogue: None) -> None:
    calls = []

    def fails() -> None:
        calls.append(ENABLED_SYSTEMS.find("upi_l"))
        raise ValueError

    ENABLED_SYSTEMS.find("upi_l")
    with pytest.raises(ValueError, match=r"^$"):
        remembered.perhaps(fails)
    assert len(calls) == 1
    assert not remembered.rests_on_memory()


def test_what_is_not_there_is_not_remembered(catalogue: None) -> None:
    absent = Counted("new_one")
    assert remembered.perhaps(absent) is None
    PaymentSystem.objects.filter(code="upi_l").update(code="new_one")
    assert remembered.perhaps(absent) is not None
    assert absent.rests == [False, False]


def test_a_row_that_is_gone_is_forgotten(catalogue: None) -> None:
    ENABLED_SYSTEMS.find("upi_l")
    PaymentSystem.objects.filter(code="upi_l").update(is_enabled=False)
    assert ENABLED_SYSTEMS.find("upi_l") is None
    again = Counted()
    assert remembered.perhaps(again) is None
    assert again.rests == [False]


def test_memory_is_bounded(product: Product) -> None:
    ApiKey.objects.bulk_create(
        ApiKey(product=product, mode="test", name=str(number), prefix="pk_test_", digest=f"digest {number}")
        for number in range(1_001)
    )
    for number in range(1_001):
        KEYS.find(f"digest {number}")
    assert list(KEYS._rows) == ["digest 1000"]


@pytest.mark.django_db(transaction=True)
def test_every_write_makes_another_version(catalogue: None) -> None:
    def version() -> str:
        system = ENABLED_SYSTEMS.find("upi_l")
        assert system is not None
        return system.version

    versions = [version(), version()]
    assert versions[0] == versions[1] != ""
    rows = PaymentSystem.objects.filter(code="upi_l")
    rows.update(name="UPI")
    versions.append(version())
    with transaction.atomic():  # two writes of one transaction have the same xmin
        rows.update(name="UPI 2")
        versions.append(version())
        rows.update(name="UPI 3")
        versions.append(version())
    with connection.cursor() as cursor:  # the next write may take the place of an old version
        cursor.execute("VACUUM providers_paymentsystem")
    for number in range(20):
        rows.update(name=f"UPI {number}")
        versions.append(version())
    assert len(set(versions)) == len(versions) - 1


# Orders.


def ordered(api: Api, **changes: Any) -> Any:
    return api.post("deposits", deposit_body(**changes))


def delete_by_hand() -> None:
    with roles.allowed("DELETE", on="products_apikey"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM products_apikey")  # past its history, which Django protects and the database keeps


CHANGES: dict[str, tuple[Callable[[], Any], int, str]] = {
    "key revoked": (lambda: ApiKey.objects.update(revoked_at=timezone.now()), 401, "authentication_failed"),
    "key expired": (
        lambda: ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
        401,
        "authentication_failed",
    ),
    "key tied to a network": (
        lambda: ApiKey.objects.update(allowed_networks=["203.0.113.0/24"]),
        401,
        "authentication_failed",
    ),
    "key deleted": (delete_by_hand, 401, "authentication_failed"),
    "product stopped": (lambda: Product.objects.update(is_active=False), 401, "authentication_failed"),
    "scope taken": (lambda: ApiKey.objects.update(scopes=["read"]), 403, "forbidden"),
    "key limited": (lambda: ApiKey.objects.update(rate_limit_per_minute=1), 429, "too_many_requests"),
    "system switched off": (lambda: PaymentSystem.objects.update(is_enabled=False), 400, "invalid_request"),
    "minimum raised": (lambda: PaymentSystem.objects.update(deposit_minimum=5000), 400, "amount_below_minimum"),
    "currency taken": (lambda: PaymentSystem.objects.update(currencies=["BDT"]), 400, "invalid_request"),
    "field wanted": (
        lambda: PaymentSystem.objects.update(
            detail_fields=[{"name": "iban", "title": "IBAN", "example": "x", "required": True, "pattern": ".+"}]
        ),
        400,
        "invalid_request",
    ),
}


@pytest.mark.parametrize(("change", "status", "code"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_seen_by_the_next_order(api: Api, change: Callable[[], Any], status: int, code: str) -> None:
    answers = [ordered(api) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    change()
    with nothing_changes():
        refused = ordered(api)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert Deposit.objects.count() == 3


@pytest.mark.parametrize(("change", "status", "code"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_back_is_seen_by_the_next_order(api: Api, change: Callable[[], Any], status: int, code: str) -> None:
    assert ordered(api).status_code == 201
    before = transaction.savepoint()  # no block of its own: an order refuses to be made in one
    change()
    assert [ordered(api).status_code for _ in range(2)] == [status, status]
    transaction.savepoint_rollback(before)
    assert ordered(api).status_code == 201


def test_a_remembered_key_ends_when_its_time_comes(api: Api) -> None:
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert [ordered(api).status_code for _ in range(2)] == [201, 201]
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)), nothing_changes():
        assert_refused(ordered(api), 401, "authentication_failed")


@pytest.mark.parametrize("body", [b"{", b'{"amount": 1}', b"[]"], ids=["no JSON", "wrong fields", "no object"])
def test_a_revoked_key_learns_nothing_of_its_body(api: Api, body: bytes) -> None:
    assert ordered(api).status_code == 201
    ApiKey.objects.update(revoked_at=timezone.now())
    assert_refused(api.post("deposits", body), 401, "authentication_failed")


def test_a_revoked_key_learns_nothing_of_earlier_answers(api: Api) -> None:
    body = deposit_body()
    assert api.post("deposits", body, key="one").status_code == 201
    assert api.post("deposits", body, key="one").headers["Idempotent-Replayed"] == "true"
    assert_refused(
        api.post("deposits", deposit_body(reference=body["reference"])),
        409,
        "reference_already_used",
        "/reference",
        extra={"existing"},
    )
    ApiKey.objects.update(revoked_at=timezone.now())
    assert_refused(api.post("deposits", body, key="one"), 401, "authentication_failed")
    assert_refused(api.post("deposits", deposit_body(reference=body["reference"])), 401, "authentication_failed")


def test_only_orders_begin_with_what_is_remembered(api: Api) -> None:
    made = ordered(api).json()["id"]
    for ask in (
        lambda: api.get("deposits"),
        lambda: api.get(f"deposits/{made}"),
        lambda: api.post(f"deposits/{made}/confirmations", {}),
        lambda: api.post(f"deposits/{made}/cancel"),
        lambda: api.post("withdrawals", {}),
    ):
        assert look_ups("products_apikey", ask) == 1


def test_a_refused_order_is_counted_once(api: Api) -> None:
    assert ordered(api).headers["RateLimit"].split(";")[1] == "r=29999"
    assert ordered(api, amount="x").headers["RateLimit"].split(";")[1] == "r=29998"
    assert ordered(api).headers["RateLimit"].split(";")[1] == "r=29997"


class BrokenOff:
    """A body of which nothing comes."""

    reads = 0

    def read(self, *_: int) -> bytes:
        self.reads += 1
        raise OSError

    readline = read


def test_a_refusal_that_needs_no_body_does_not_wait_for_one(api: Api) -> None:
    ApiKey.objects.update(scopes=["read"])
    body = BrokenOff()
    broken_off: dict[str, Any] = {"wsgi.input": body, "CONTENT_LENGTH": "100"}
    for _ in range(2):
        assert_refused(api.post("deposits", **broken_off), 403, "forbidden")
    assert body.reads == 0
    ApiKey.objects.update(scopes=["deposits:write"])
    assert_refused(api.post("deposits", **broken_off), 400, "invalid_request")
    assert body.reads == 1


def test_a_limit_that_is_lowered_is_told_to_us_once(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    ordered(api)
    ApiKey.objects.update(rate_limit_per_minute=1)
    with caplog.at_level("WARNING"):
        assert [ordered(api).status_code for _ in range(3)] == [429, 429, 429]
    assert caplog.text.count("api_key_over_its_limit") == 1


@pytest.mark.django_db(transaction=True)
def test_a_refusal_that_rolls_back_costs_the_connection_nothing(api: Api) -> None:
    assert ordered(api).status_code == 201
    payout = withdrawal_body()
    assert api.post("withdrawals", payout).status_code == 201
    assert api.post("withdrawals", payout).status_code == 409  # its transaction is rolled back, on our connection
    for _ in range(3):
        assert (ordered(api).status_code, api.get("deposits").status_code) == (201, 200)


def test_a_new_limit_of_a_key_is_told_with_the_first_refusal_under_it(api: Api) -> None:
    ordered(api)
    ApiKey.objects.update(rate_limit_per_minute=50)
    assert ordered(api, amount="x").headers["RateLimit-Policy"] == '"calls";q=50;w=60'


# Letters.


def test_a_letter_needs_one_statement_once_its_account_is_known(account: ProviderAccount) -> None:
    assert look_ups("providers_provideraccount", lambda: deliver(account, letter(account, [item()]))) == 1
    assert look_ups("providers_provideraccount", lambda: deliver(account, letter(account, [item()]))) == 0
    assert Letter.objects.count() == 2


@pytest.mark.parametrize("field", ["postback_access_key", "postback_private_key"])
def test_rotated_keys_are_those_of_the_next_letter(account: ProviderAccount, field: str) -> None:
    before = letter(account, [item()])
    assert deliver(account, letter(account, [item()])).status_code == 200
    setattr(account, field, secrets.token_hex(16))
    account.save()
    assert deliver(account, before).status_code == 403
    assert deliver(account, letter(account, [item()])).status_code == 200
    assert Letter.objects.count() == 2


def test_a_letter_signed_with_keys_that_come_into_force_is_not_refused_for_our_memory(
    account: ProviderAccount,
) -> None:
    assert deliver(account, letter(account, [item()])).status_code == 200
    account.postback_private_key = secrets.token_hex(16)
    account.save()
    assert deliver(account, letter(account, [item()])).status_code == 200
    account.refresh_from_db()
    assert account.rejected_letters == 0


def test_an_address_that_has_moved_is_nobody_s(account: ProviderAccount) -> None:
    raw = letter(account, [item()])
    assert deliver(account, letter(account, [item()])).status_code == 200
    ProviderAccount.objects.update(postback_token="another-one")
    assert deliver(account, raw).status_code == 404
    assert Letter.objects.count() == 1


def test_a_row_of_refused_letters_ends_with_the_next_good_one(account: ProviderAccount) -> None:
    forged = letter(account, [item()]).replace(b"1000.00", b"9000.00")
    for _ in range(2):
        assert deliver(account, letter(account, [item()])).status_code == 200
        account.refresh_from_db()
        assert account.rejected_letters == 0
        assert [deliver(account, forged).status_code for _ in range(2)] == [403, 403]
        account.refresh_from_db()
        assert account.rejected_letters == 2
    assert ADDRESSEES.find(account.postback_token) is not None
