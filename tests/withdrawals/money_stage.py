"""Products with just as much money as a test is about, and what a withdrawal did to it."""

from decimal import Decimal

from balances import accounts, reading
from balances.kinds import JournalKind
from balances.posting import NewJournal, credit, debit, post
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.conftest import Api, fund, may_repeat_itself
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import decided
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import sent
from withdrawals import asking
from withdrawals.models import Withdrawal

#: What is posted for a withdrawal of 1218.00 INR.
HELD = "withdrawal_held: available 1218.00 INR, held -1218.00 INR"
PAID = "withdrawal_paid: held 1218.00 INR, provider_balance -1218.00 INR"
RELEASED = "withdrawal_released: available -1218.00 INR, held 1218.00 INR"


def funded_with(product: Product, amount: str) -> Product:
    """The product with so many test rupees of its own, which may repeat itself."""
    fund(product, "INR", amount=amount)
    may_repeat_itself(product)
    return product


def figures(product: Product) -> list[Decimal]:
    """Available, held, owed."""
    [row] = reading.product_balances(product.pk, "test", currencies=["INR"])
    return [row.available, row.held, row.owed]


def ended(api: Api, provider: ScriptedProvider, account: ProviderAccount, status: int) -> Withdrawal:
    """Sent, accepted, and ended by this status of the provider."""
    withdrawal = sent(api, provider, words.OK)
    provider.script(words.PULL, words.pulled(words.found(withdrawal, status)))
    asking.ask(account, [withdrawal.public_id])
    withdrawal.refresh_from_db()
    return withdrawal


def given_past_the_verbs(product: Product, amount: str) -> None:
    """Money that came without being used for what the product owes."""
    there, bank = accounts.available(product.pk, "test", "INR"), accounts.bank("test", "INR")
    legs = (debit(bank, Decimal(amount)), credit(there, Decimal(amount)))
    post(NewJournal(kind=JournalKind.ADJUSTED, reference="past the verbs", legs=legs, cause=decided()))
