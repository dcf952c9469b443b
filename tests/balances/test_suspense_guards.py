"""Who may say whose waiting money is: the provider, when it is asked, of an order; two persons; nobody else."""

import pytest
from django.db import IntegrityError, transaction

from balances import accounts
from balances.models import Journal
from balances.posting import open_accounts
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.balances.attacked import Ledger

pytestmark = pytest.mark.django_db(transaction=True)


class Suspense(Ledger):
    """Money that waits at the provider, and what gives it to the product past every verb."""

    def __init__(self, product: Product, account: ProviderAccount) -> None:
        super().__init__(product)
        self.waiting = accounts.suspense(account.pk, "test", "INR")
        open_accounts([self.waiting])

    def attack(self, cause: str, subject: str, *, ignored: bool) -> None:
        with transaction.atomic():
            if ignored:
                self.sql("SET LOCAL pgtrigger.ignore = '{balances_journal:right_at_commit}'")
            self.credit(cause, subject)

    def credit(self, cause: str, subject: str) -> None:
        legs = (self.waiting, "5"), (self.available, "-5")
        self.posts(*legs, kind="suspense_credited", reference="rcp_attack", cause=cause, subject=subject)


@pytest.fixture
def suspense(product: Product, account: ProviderAccount) -> Suspense:
    return Suspense(product, account)


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize(
    ("cause", "subject"),
    [
        ("pull", ""),
        ("clock", "dep_attack"),
        ("provider_answer", "dep_attack"),
        ("api_key", "dep_attack"),
        ("person", "dep_attack"),
        ("PULL", "dep_attack"),
        ("", "dep_attack"),
    ],
)
def test_nobody_else_says_whose_waiting_money_is(
    *, cause: str, subject: str, ignored: bool, suspense: Suspense
) -> None:
    before = list(Journal.objects.values_list("id"))
    refusal = "a suspense_credited journal needs an instruction that two persons decided"
    with pytest.raises(IntegrityError, match=refusal):
        suspense.attack(cause, subject, ignored=ignored)
    assert list(Journal.objects.values_list("id")) == before


def test_the_provider_may_say_it_of_an_order(suspense: Suspense) -> None:
    with transaction.atomic():
        suspense.credit("pull", "dep_attack")
    assert Journal.objects.get(kind="suspense_credited").instruction is None
