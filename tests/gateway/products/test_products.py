"""Callers: keys kept as digests, customers met once."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connections, transaction

from gateway import ids
from gateway.products.actions import Caller, keep_key, meet_customer
from gateway.products.models import ORDINARY_SCOPES, ApiKey, Customer, Mode, Product, Scope, digest_of, new_key
from tests.gateway.api.lock_waits import DEADLINE_SECONDS, until_waiting
from tests.two_persons import kept_key


def test_a_key_is_kept_once_however_often_it_is_seeded(product: Product) -> None:
    key = new_key(Mode.TEST)
    first = keep_key(product=product, mode=Mode.TEST, name="one", key=key)
    again = keep_key(product=product, mode=Mode.TEST, name="two", key=key, scopes=[Scope.READ])
    assert (first.pk, again.name, again.scopes) == (again.pk, "one", sorted(ORDINARY_SCOPES))
    assert ApiKey.objects.count() == 1


def test_a_key_is_told_by_its_beginning_only(product: Product) -> None:
    key = new_key(Mode.LIVE)
    row = kept_key(product, Mode.LIVE, key)
    assert row.digest == digest_of(key) != key
    assert str(row) == f"{key[:12]}… (tests)"
    assert key not in repr(vars(row))


def test_one_digest_is_one_key(product: Product) -> None:
    key = new_key(Mode.TEST)
    keep_key(product=product, mode=Mode.TEST, name="one", key=key)
    with pytest.raises(IntegrityError, match="digest"), transaction.atomic():
        ApiKey.objects.create(product=product, mode=Mode.LIVE, name="two", prefix="x", digest=digest_of(key))


def test_a_customer_is_one_of_a_product_and_a_mode(product: Product) -> None:
    other = Product.objects.create(name="other")
    mine = meet_customer(product=product, mode="test", external_id="55")
    assert meet_customer(product=product, mode="test", external_id="55") == mine
    others = [
        meet_customer(product=product, mode="live", external_id="55"),
        meet_customer(product=other, mode="test", external_id="55"),
        meet_customer(product=product, mode="test", external_id="5"),
    ]
    assert len({mine.pk, *(one.pk for one in others)}) == 4


def test_the_provider_hears_a_label_without_personal_data(product: Product) -> None:
    customer = meet_customer(product=product, mode="test", external_id="somebody@shop.example")
    assert re.fullmatch(r"cus_[0-9a-z]{26}", customer.label)
    assert ids.decode(ids.CUSTOMER, customer.label) == customer.pk
    assert "somebody" not in f"{customer} {customer!r}"


@pytest.mark.django_db(transaction=True)
def test_two_requests_meet_a_new_customer_at_once() -> None:
    product = Product.objects.create(name="shop")

    def meet() -> Customer:
        try:
            return meet_customer(product=product, mode="test", external_id="55")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = meet_customer(product=product, mode="test", external_id="55")
            second = pool.submit(meet)
            until_waiting(1)
        assert second.result(DEADLINE_SECONDS) == first
    assert Customer.objects.get() == first


def test_a_caller_is_somebody(caller: Caller) -> None:
    assert caller.is_authenticated is True
    assert caller.scopes == set(ORDINARY_SCOPES)


@pytest.fixture
def kept(product: Product) -> ApiKey:
    return keep_key(product=product, mode=Mode.TEST, name="one", key=new_key(Mode.TEST))


def limits_of(key: ApiKey) -> tuple[int | None, list[str]]:
    key.refresh_from_db()
    return key.rate_limit_per_minute, key.allowed_networks


def test_a_key_is_limited_and_set_free_by_a_command(kept: ApiKey) -> None:
    assert limits_of(kept) == (None, [])
    call_command("limit_key", kept.prefix, "--calls", "600", "--network", "192.0.2.0/24", "--network", "2001:db8::/32")
    assert limits_of(kept) == (600, ["192.0.2.0/24", "2001:db8::/32"])
    call_command("limit_key", kept.prefix)
    assert limits_of(kept) == (None, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--calls", "0"],
        ["--calls", "-5"],
        ["--network", "192.0.2.1/24"],
        ["--network", "192.0.2.0/33"],
        ["--network", "anywhere"],
        ["--network", ""],
        ["--calls", "5", "--network", "192.0.2.0/24", "--network", "x"],
    ],
    ids=" ".join,
)
def test_a_wrong_limit_changes_nothing(kept: ApiKey, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("limit_key", kept.prefix, *arguments)
    assert limits_of(kept) == (None, [])


def test_a_key_that_is_not_exactly_one_is_not_limited(product: Product, kept: ApiKey) -> None:
    with pytest.raises(CommandError, match="0 keys"):
        call_command("limit_key", "pk_test_none", "--calls", "1")
    twin = keep_key(product=product, mode=Mode.TEST, name="two", key=new_key(Mode.TEST))
    ApiKey.objects.filter(pk=twin.pk).update(prefix=kept.prefix)
    with pytest.raises(CommandError, match="2 keys"):
        call_command("limit_key", kept.prefix, "--calls", "1")
    assert limits_of(kept) == limits_of(twin) == (None, [])
