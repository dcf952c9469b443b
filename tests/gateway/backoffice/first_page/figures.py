"""Money of days gone by, for figures that are counted by day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from balances import journals
from balances.journals import ProductMoney, ProviderMoney
from balances.posting import NewJournal, post
from gateway import ids
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests import roles
from tests.balances.past import BY_CLOCK


def noon(days_ago: int) -> datetime:
    """Of a day of UTC; today it is now, so that it is never yet to come."""
    now = timezone.now().astimezone(UTC)
    return now if not days_ago else now.replace(hour=12, minute=0) - timedelta(days=days_ago)


def posted(at: datetime, made: NewJournal) -> NewJournal:
    """Post a journal as if it had been then, its id included: ids begin with the time at which they were made.

    No guard asks for the orders and the holds that would belong to it.
    """
    made = NewJournal(
        kind=made.kind,
        reference=made.reference,
        legs=made.legs,
        cause=made.cause,
        subject=made.subject,
        document=made.document,
        reverses=made.reverses,
        id=type(made.id)(int=ids.first_at(at).int | made.id.int & (1 << 80) - 1),
    )
    with roles.undisguised() as cursor:
        post(made)
        cursor.execute("UPDATE balances_journal SET created_at = %s WHERE id = %s", [at, made.id])
        cursor.execute("UPDATE balances_entry SET created_at = %s WHERE journal_id = %s", [at, made.id])
    return made


class Books:
    """One provider account and one product in one mode, and what happens to their money on a day."""

    def __init__(self, product: Product, account: ProviderAccount, currency: str, system: str = "upi_l") -> None:
        self.product, self.account, self.currency, self.system = product, account, currency, system
        self.count = 0

    def money(self, amount: str) -> ProviderMoney:
        return ProviderMoney(
            account=self.account.pk,
            payment_system=self.system,
            mode=self.account.mode,
            currency=self.currency,
            amount=Decimal(amount),
        )

    def own(self, amount: str) -> ProductMoney:
        return ProductMoney(
            product=self.product.pk, mode=self.account.mode, currency=self.currency, amount=Decimal(amount)
        )

    def name(self) -> str:
        self.count += 1
        return f"{self.account.mode}-{self.currency}-{self.count}"

    def credited(self, at: datetime, amount: str) -> str:
        name = self.name()
        posted(at, journals.receipt_credited(name, self.money(amount), self.product.pk, BY_CLOCK, subject=""))
        return name

    def suspended(self, at: datetime, amount: str) -> None:
        posted(at, journals.receipt_suspended(self.name(), self.money(amount), BY_CLOCK))

    def paid(self, at: datetime, amount: str) -> str:
        name = self.name()
        posted(at, journals.withdrawal_held(name, self.own(amount), BY_CLOCK))
        posted(at, journals.withdrawal_paid(name, self.money(amount), self.product.pk, BY_CLOCK))
        return name
