"""Money in: what arrives, what people decide about it, and what is saved up."""

from collections.abc import Iterator

from gateway.products.models import UnderpaymentPolicy
from gateway.providers.models import PaymentSystem
from payments.deadlines import expire_deposits
from payments.resolutions import attach, credit_product, give_back, reverse_receipt, write_off
from tests.money.happenings import told_as
from tests.money.world import World, decide
from tests.payments.stage import fresh, money
from tests.payments.test_suspense import found_by_transaction


@told_as("Money arrives for a deposit")
def exact(world: World) -> Iterator[None]:
    deposit = world.named()
    yield
    world.arrives(deposit, money(amount="1000"))


@told_as("More arrives than was asked for")
def over(world: World) -> Iterator[None]:
    deposit = world.named()
    yield
    world.arrives(deposit, money(amount="1200"))


@told_as("Less arrives than was asked for")
def under(world: World) -> Iterator[None]:
    deposit = world.named()
    yield
    world.arrives(deposit, money(amount="400"))


@told_as("The rest arrives")
def rest(world: World) -> Iterator[None]:
    deposit, first = world.paid("400")
    yield
    known = money(amount="400", transaction_id=first.transaction_id)
    world.arrives(deposit, known, money(amount="600", transaction_id="rest"))


@told_as("Less arrives for a product that takes what comes")
def under_taken(world: World) -> Iterator[None]:
    world.product.underpayment = UnderpaymentPolicy.CREDIT
    world.product.save()
    deposit = world.named()
    yield
    world.arrives(deposit, money(amount="400"))


@told_as("Money arrives late")
def late(world: World) -> Iterator[None]:
    deposit = world.named()
    assert deposit.deadline_at is not None
    world.clock.move_to(deposit.deadline_at)
    expire_deposits()
    assert fresh(deposit).status == "expired"
    yield
    world.arrives(deposit, money(amount="1000"))
    assert fresh(deposit).late


@told_as("The customer pays twice")
def twice(world: World) -> Iterator[None]:
    deposit, first = world.paid()
    yield
    known = money(amount="1000", transaction_id=first.transaction_id)
    world.arrives(deposit, known, money(amount="1000", transaction_id="second"))


@told_as("The same money is named again")
def again(world: World) -> Iterator[None]:
    deposit, _ = world.paid()
    yield
    world.asked_about(deposit)
    world.asked_about(deposit)


@told_as("The same money is named with another amount")
def contradicted(world: World) -> Iterator[None]:
    deposit, first = world.paid()
    yield
    receipt = world.arrives(deposit, money(amount="2000", transaction_id=first.transaction_id))
    assert receipt.contradiction


@told_as("Money arrives in another currency that the system lists")
def listed_currency(world: World) -> Iterator[None]:
    PaymentSystem.objects.filter(pk="upi_l").update(receipt_currencies=["INR", "USD"])
    deposit = world.named()
    yield
    world.arrives(deposit, money(amount="12", currency_code="USD"))


@told_as("Money arrives in a currency that the system does not list")
def unlisted_currency(world: World) -> Iterator[None]:
    deposit = world.named()
    yield
    world.arrives(deposit, money(amount="12", currency_code="USD"))


@told_as("Money arrives that names another customer")
def another_customer(world: World) -> Iterator[None]:
    other = world.named(customer="another")
    deposit = world.named()
    yield
    world.arrives(deposit, money(amount="1000"), label=other.customer.label)


@told_as("Money arrives for an order that we do not know")
def unknown_order(world: World) -> Iterator[None]:
    deposit = world.named()
    yield
    found_by_transaction(world.account, money(transaction_id="stray"), label=deposit.customer.label)


@told_as("Money of an unknown order finds its order")
def found_order(world: World) -> Iterator[None]:
    deposit = world.named()
    found_by_transaction(world.account, money(transaction_id="stray"), label=deposit.customer.label)
    yield
    world.arrives(deposit, money(transaction_id="stray"))


@told_as("Money of an unknown order finds its order and is in doubt")
def found_doubtful_order(world: World) -> Iterator[None]:
    deposit = world.named()
    found_by_transaction(world.account, money(transaction_id="stray", amount="400"), label=deposit.customer.label)
    yield
    world.arrives(deposit, money(transaction_id="stray", amount="400"))


@told_as("Suspended money is attached to a deposit")
def attached(world: World) -> Iterator[None]:
    deposit, receipt = world.paid("400")
    yield
    decide(attach, receipt.pk, deposit.pk)


@told_as("Suspended money is credited to a product")
def credited_to_product(world: World) -> Iterator[None]:
    _, receipt = world.paid("400")
    yield
    decide(credit_product, receipt.pk, world.product)


@told_as("Suspended money is returned by the provider")
def returned(world: World) -> Iterator[None]:
    _, receipt = world.paid("400")
    yield
    decide(give_back, receipt.pk)


@told_as("Suspended money is written off")
def written_off(world: World) -> Iterator[None]:
    _, receipt = world.paid("400")
    yield
    decide(write_off, receipt.pk)


@told_as("The provider takes credited money back")
def reversed_(world: World) -> Iterator[None]:
    _, receipt = world.paid()
    yield
    decide(reverse_receipt, receipt.pk)


@told_as("The provider takes credited money back that the product has spent")
def reversed_short(world: World) -> Iterator[None]:
    _, receipt = world.paid()
    world.sent("5400")
    yield
    decide(reverse_receipt, receipt.pk)


@told_as("Money arrives for a product that owes")
def repaid(world: World) -> Iterator[None]:
    world.owing()
    deposit = world.named()
    yield
    world.arrives(deposit, money(amount="1000", transaction_id="new"))


@told_as("Savings are observed")
def observed(world: World) -> Iterator[None]:
    deposit = world.named(payment_system="paytm", amount="100.00")
    yield
    world.reports("100", "48")
    world.asked_about(deposit)


@told_as("Savings are observed again")
def observed_again(world: World) -> Iterator[None]:
    deposit = world.saved_up()
    yield
    world.asked_about(deposit)


@told_as("Savings fall without a release")
def fallen(world: World) -> Iterator[None]:
    deposit = world.saved_up()
    yield
    world.reports("70", "78")
    world.asked_about(deposit)


@told_as("Savings are released")
def released(world: World) -> Iterator[None]:
    deposit = world.saved_up()
    yield
    world.reports("0", "148")
    world.arrives(deposit, money(amount="100", wallet_type="paytm", stockpiling_id=7))


@told_as("Less is released than was saved for the deposit")
def released_less(world: World) -> Iterator[None]:
    deposit = world.saved_up()
    yield
    world.reports("40", "108")
    world.arrives(deposit, money(amount="60", wallet_type="paytm", stockpiling_id=7))
