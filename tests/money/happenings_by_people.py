"""Our own money, fees and corrections: each by two persons, or by a row of fees."""

from collections.abc import Iterator
from typing import Final

from balances.models import Journal
from gateway.providers.models import PaymentSystem
from tests.balances.charging import charge
from tests.conftest import fund
from tests.money.happenings import told_as
from tests.money.world import FUNDED, World
from tests.payments.stage import money
from tests.two_persons import by_two_persons

_MONEY: Final = {"mode": "test", "currency": "INR"}


@told_as("Money arrives and fees are taken of it")
def charged_in(world: World) -> Iterator[None]:
    charge("product", "deposit", "2", "5")
    charge("provider", "deposit", "1.5")
    deposit = world.named()
    yield
    world.arrives(deposit, money(amount="1000"))


@told_as("A withdrawal is paid and fees are taken of it")
def charged_out(world: World) -> Iterator[None]:
    charge("product", "withdrawal", "0", "10")
    charge("provider", "withdrawal", "1")
    withdrawal = world.sent()
    yield
    world.ended(withdrawal, 1)


@told_as("A product's money arrives at our bank")
def funded(world: World) -> Iterator[None]:
    yield
    fund(world.product, "INR", amount=FUNDED)


@told_as("A product is paid out from our bank")
def settled(world: World) -> Iterator[None]:
    yield
    by_two_persons("product_settled", {"product": str(world.product.pk), **_MONEY, "amount": "2000"})


@told_as("Our bank pays the provider")
def topped_up(world: World) -> Iterator[None]:
    yield
    by_two_persons("provider_topped_up", _at_the_provider(world, "imps_ib", "2000"))


@told_as("The provider sets money aside for our bank")
def set_aside(world: World) -> Iterator[None]:
    yield
    by_two_persons("moved_to_settlement", _at_the_provider(world, "upi_l", "2000"))


@told_as("The provider pays our bank")
def settled_to_bank(world: World) -> Iterator[None]:
    yield
    told = {"provider_account": str(world.account.pk), "currency": "INR", "amount": "2000"}
    by_two_persons("settled_to_bank", told)


@told_as("The provider takes a fee")
def provider_fee(world: World) -> Iterator[None]:
    yield
    by_two_persons("provider_fee", _at_the_provider(world, "upi_l", "15"))


@told_as("A product pays a fee")
def product_fee(world: World) -> Iterator[None]:
    yield
    by_two_persons("product_fee", {"product": str(world.product.pk), **_MONEY, "amount": "25"})


@told_as("Money is exchanged")
def exchanged(world: World) -> Iterator[None]:
    PaymentSystem.objects.filter(pk="upi_l").update(receipt_currencies=["INR", "USD"])
    yield
    told = {"product": str(world.product.pk), **_MONEY, "amount": "1000"}
    by_two_persons("exchanged", {**told, "bought_currency": "USD", "bought_amount": "12"})


@told_as("Two accounts are corrected")
def adjusted(world: World) -> Iterator[None]:
    yield
    sides = {"debit_account": "write_off", "credit_account": "available", "credit_product": str(world.product.pk)}
    by_two_persons("adjusted", {**_MONEY, "amount": "7", **sides})


@told_as("What a product owes is given up")
def given_up(world: World) -> Iterator[None]:
    world.owing()
    yield
    by_two_persons("written_off", {"product": str(world.product.pk), **_MONEY, "amount": "400"})


@told_as("A journal is taken back")
def taken_back(world: World) -> Iterator[None]:
    [funding] = Journal.objects.filter(kind="product_funded")
    yield
    by_two_persons("reversed", {"journal": str(funding.pk)})


def _at_the_provider(world: World, system: str, amount: str) -> dict[str, str]:
    return {
        "provider_account": str(world.account.pk),
        "payment_system": system,
        "currency": "INR",
        "amount": amount,
    }
