"""What is posted is there, once, and moves the balances of exactly its accounts."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from balances import accounts, reading
from balances.accounts import AccountKey
from balances.instruction_models import Instruction
from balances.kinds import AccountKind, JournalKind
from balances.models import Entry, Journal
from balances.posting import AlreadyPosted, InsufficientFunds, NewJournal, credit, debit, post
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.two_persons import decided, overdraft

BY_CLOCK = Cause(kind=CauseKind.CLOCK, detail='a "quoted" word, a \\ and {a, brace}')


def funded(
    product: Product,
    amount: str,
    reference: str = "one",
    currency: str = "INR",
    cause: Cause | None = None,
) -> NewJournal:
    """By two persons, in the present transaction, unless another cause is given."""
    left, right = accounts.bank("test", currency), accounts.available(product.pk, "test", currency)
    return NewJournal(
        kind=JournalKind.PRODUCT_FUNDED,
        reference=reference,
        legs=(debit(left, Decimal(amount)), credit(right, Decimal(amount))),
        cause=cause or decided(BY_CLOCK.detail),
        subject="prd",
        document="line 7, {x}",
    )


def settled(product: Product, amount: str, reference: str = "two", cause: Cause | None = None) -> NewJournal:
    """The same the other way round."""
    left, right = accounts.available(product.pk, "test", "INR"), accounts.bank("test", "INR")
    legs = (debit(left, Decimal(amount)), credit(right, Decimal(amount)))
    cause = cause or decided(BY_CLOCK.detail)
    return NewJournal(kind=JournalKind.PRODUCT_SETTLED, reference=reference, legs=legs, cause=cause)


@pytest.mark.django_db
def test_a_journal_is_two_entries_with_its_cause(product: Product) -> None:
    journal = funded(product, "12.3450")
    post(journal)
    row = Journal.objects.get()
    assert (row.pk, row.kind, row.mode, row.reference) == (journal.id, "product_funded", "test", "one")
    assert (row.cause, row.cause_id, row.detail, row.document, row.subject) == (
        "person",
        str(User.objects.get(username="approver").pk),
        BY_CLOCK.detail,
        "line 7, {x}",
        "prd",
    )
    assert row.reverses is None
    assert (row.instruction_id, row.instruction) == (journal.cause.instruction, Instruction.objects.get())
    found = {entry.account.kind: entry for entry in Entry.objects.select_related("account")}
    assert set(found) == {"bank", "available"}
    bank, available = found["bank"], found["available"]
    assert (bank.amount, bank.balance_after, bank.sequence, bank.product_id) == (Decimal("12.345"), None, None, None)
    assert (available.amount, available.balance_after, available.sequence) == (Decimal("-12.345"), Decimal("12.345"), 1)
    assert {(entry.currency, entry.mode) for entry in found.values()} == {("INR", "test")}
    assert available.product_id == product.pk


@pytest.mark.django_db
def test_balances_are_on_the_normal_side(product: Product) -> None:
    post(funded(product, "100"), settled(product, "30"))
    assert reading.balance_of(accounts.bank("test", "INR")) == Decimal(70)
    assert reading.balance_of(accounts.available(product.pk, "test", "INR")) == Decimal(70)
    assert reading.balance_of(accounts.available(product.pk, "live", "INR")) == Decimal(0)
    last = Entry.objects.filter(account=accounts.available(product.pk, "test", "INR").id).latest("sequence")
    assert (last.sequence, last.balance_after) == (2, Decimal(70))


@pytest.mark.django_db
def test_a_second_posting_is_refused(product: Product) -> None:
    post(funded(product, "100"))
    with pytest.raises(AlreadyPosted), transaction.atomic():
        post(funded(product, "100"))
    assert Journal.objects.count() == 1
    assert reading.balance_of(accounts.bank("test", "INR")) == Decimal(100)


@pytest.mark.django_db
def test_available_money_does_not_fall_below_its_limit(product: Product) -> None:
    post(funded(product, "100"))
    key = accounts.available(product.pk, "test", "INR")
    with pytest.raises(InsufficientFunds), transaction.atomic():
        post(settled(product, "100.0001"))
    overdraft(product, "50")
    post(settled(product, "150"))
    assert reading.balance_of(key) == Decimal(-50)
    with pytest.raises(InsufficientFunds), transaction.atomic():
        post(settled(product, "0.0001", "three"))
    assert Journal.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("amount", ["NaN", "Infinity", "0", "0.00001", "1e16"])
def test_what_is_no_amount_is_refused(product: Product, amount: str) -> None:
    with pytest.raises(ValueError, match="four decimals"):
        post(funded(product, amount, cause=BY_CLOCK))
    assert not Journal.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_journals_are_committed_together_or_not_at_all(
    product: Product, account: ProviderAccount
) -> None:
    at_provider = accounts.provider_balance(account.pk, "test", "INR", "paytm")
    available = accounts.available(product.pk, "test", "INR")
    whole, lame = (
        NewJournal(
            kind=JournalKind.RECEIPT_CREDITED,
            reference=reference,
            legs=(debit(at_provider, Decimal(2)), credit(available, Decimal(credited))),
            cause=BY_CLOCK,
        )
        for reference, credited in (("whole", 2), ("lame", 1))
    )
    with pytest.raises(IntegrityError, match="does not sum to zero"):
        post(whole, lame)
    assert not Journal.objects.exists()
    assert not Entry.objects.exists()
    post(whole)
    assert reading.balance_of(at_provider) == reading.balance_of(available) == Decimal(2)


def test_the_id_of_an_account_follows_from_its_key() -> None:
    one = AccountKey(kind=AccountKind.BANK, mode="test", currency="INR")
    # Written down: with another id for the same key the ledger would refuse every posting.
    assert str(one.id) == "7967a551-886f-59ac-8eb5-b64567a47c58"
    assert one.id == accounts.bank("test", "INR").id != accounts.bank("live", "INR").id


@pytest.mark.django_db
def test_each_currency_is_a_figure_of_its_own(product: Product) -> None:
    post(funded(product, "5"), funded(product, "7", "x", "BDT"))
    assert reading.product_balances(product.pk, "test") == [
        reading.ProductBalance(currency="BDT", available=Decimal(7)),
        reading.ProductBalance(currency="INR", available=Decimal(5)),
    ]
    assert reading.product_balances(product.pk, "test", currencies=["INR", "PKR"]) == [
        reading.ProductBalance(currency="INR", available=Decimal(5)),
        reading.ProductBalance(currency="PKR"),
    ]
    assert reading.product_balances(product.pk, "live") == []
