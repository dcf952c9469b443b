"""Each verb posts the journal that it shows, and refuses what cannot be."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from balances import accounts, holds, instructions, proposing, reading, verbs
from balances.adjusting import _OWNERS
from balances.kinds import BY_PEOPLE_ALONE, AccountKind, JournalKind
from balances.models import Account, Journal
from balances.posting import NewJournal, credit, debit, post
from balances.verb_fields import Refused
from balances.verbs import Plan, PlannedJournal, Verb
from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from tests.conftest import fund
from tests.payments.paid import postings
from tests.two_persons import by_two_persons, overdraft, persons

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def money(product: Product, amount: str = "100", currency: str = "INR") -> dict[str, str]:
    return {"product": product.name, "mode": "test", "currency": currency, "amount": amount}


def at_provider(account: ProviderAccount, amount: str = "100") -> dict[str, str]:
    return {"provider_account": account.name, "payment_system": "upi_l", "currency": "INR", "amount": amount}


def adjusted(amount: str = "5", **sides: str) -> dict[str, str]:
    return {"mode": "test", "currency": "INR", "amount": amount, **sides}


def shown(verb: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
    return list(proposing.look(verb, parameters).content["journals"])


def refused(verb: str, parameters: dict[str, str], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        proposing.look(verb, parameters)


def figures(product: Product, currency: str = "INR") -> list[Decimal]:
    """Available, owed."""
    [row] = reading.product_balances(product.pk, "test", currencies=[currency])
    return [row.available, row.owed]


def test_funding_and_settling(product: Product) -> None:
    made = by_two_persons("product_funded", money(product))
    assert Journal.objects.get().instruction == made
    assert figures(product) == [100, 0]
    by_two_persons("product_settled", money(product, "99.99"))
    assert figures(product) == [Decimal("0.01"), 0]
    assert reading.balance_of(accounts.bank("test", "INR")) == Decimal("0.01")
    refused("product_settled", money(product, "0.02"), r"The product has 0\.01 INR available, and no more")
    # An overdraft is for withdrawals.
    overdraft(product, "50")
    refused("product_settled", money(product, "0.02"), r"The product has 0\.01 INR available, and no more")
    refused("product_settled", money(product, "1", "BDT"), r"has 0\.00 BDT available")


@pytest.mark.parametrize(
    ("verb", "posting"),
    [
        ("provider_topped_up", "bank -100.00 INR, provider_balance 100.00 INR"),
        ("moved_to_settlement", "provider_balance -100.00 INR, provider_settlement 100.00 INR"),
        ("provider_fee", "provider_balance -100.00 INR, provider_fees 100.00 INR"),
    ],
)
def test_money_at_the_provider(verb: str, posting: str, account: ProviderAccount) -> None:
    by_two_persons(verb, at_provider(account))
    assert postings() == [f"{verb}: {posting}"]
    for one in Account.objects.filter(kind__startswith="provider"):
        is_whole = one.kind == "provider_settlement"
        assert (one.provider_account, one.payment_system) == (account, "" if is_whole else "upi_l")
    refused(verb, {**at_provider(account), "payment_system": "nothing"}, "there is no payment system 'nothing'")
    refused(verb, {**at_provider(account), "provider_account": "nothing"}, "there is none with the id or name")


def test_the_provider_pays_our_bank_in_the_mode_of_its_account(live_account: ProviderAccount) -> None:
    parameters = at_provider(live_account)
    del parameters["payment_system"]
    assert by_two_persons("settled_to_bank", parameters).mode == "live"
    assert postings() == ["settled_to_bank: bank 100.00 INR, provider_settlement -100.00 INR"]
    assert {one.mode for one in Account.objects.all()} == {"live"}


def test_a_fee_that_is_not_there_is_owed_and_written_off(product: Product) -> None:
    fund(product, "INR", amount="10")
    by_two_persons("product_fee", money(product, "15"))
    assert postings() == ["product_fee: available 10.00 INR, fee_income -15.00 INR, product_receivable 5.00 INR"]
    assert figures(product) == [0, 5]
    refused("written_off", money(product, "5.01"), r"owes 5\.00 INR, and no more")
    by_two_persons("written_off", money(product, "3"))
    assert postings()[-1] == "written_off: product_receivable -3.00 INR, write_off 3.00 INR"
    by_two_persons("product_funded", money(product, "1"))
    assert figures(product) == [0, 1]


def test_an_adjustment_names_both_accounts(product: Product, account: ProviderAccount) -> None:
    by_two_persons(
        "adjusted",
        adjusted(
            debit_account="provider_settlement",
            debit_provider_account=account.name,
            credit_account="available",
            credit_product=product.name,
        ),
    )
    assert postings() == ["adjusted: available -5.00 INR, provider_settlement 5.00 INR"]
    by_two_persons(
        "adjusted",
        adjusted(
            debit_account="provider_balance",
            debit_provider_account=account.name,
            debit_payment_system="upi_l",
            credit_account="bank",
        ),
    )
    assert reading.balance_of(accounts.provider_balance(account.pk, "test", "INR", "upi_l")) == 5


def test_an_adjustment_that_credits_a_product_covers_what_it_owes(product: Product) -> None:
    by_two_persons("product_fee", money(product, "2"))
    sides = {"debit_account": "write_off", "credit_account": "available", "credit_product": product.name}
    assert proposing.look("adjusted", adjusted(**sides)).content["notes"] == [
        f"{product} owes 2.00 INR, and repays that first."
    ]
    by_two_persons("adjusted", adjusted(**sides))
    assert figures(product) == [3, 0]


@pytest.mark.parametrize(
    ("sides", "sentence"),
    [
        ({"debit_account": "available", "credit_account": "bank"}, "The account available has a product: name it"),
        (
            {"debit_account": "bank", "debit_product": "it", "credit_account": "bank"},
            "The account bank has no product: leave it empty",
        ),
        ({"debit_account": "bank", "credit_account": "bank"}, "the same account"),
        ({"debit_account": "held", "debit_product": "it", "credit_account": "bank"}, "choose one of"),
        ({"debit_account": "savings", "debit_product": "it", "credit_account": "bank"}, "choose one of"),
        # What is taken from there past its receipt would be credited again when that is resolved.
        ({"debit_account": "suspense", "debit_provider_account": "live", "credit_account": "bank"}, "choose one of"),
        (
            {"debit_account": "provider_settlement", "debit_provider_account": "live", "credit_account": "bank"},
            "is a live account",
        ),
        ({"debit_account": "bank"}, "Credit: account is missing"),
    ],
)
def test_an_adjustment_of_no_account_is_refused(
    sides: dict[str, str], sentence: str, product: Product, live_account: ProviderAccount
) -> None:
    names = {"it": product.name, "live": live_account.name}
    refused("adjusted", adjusted(**{key: names.get(value, value) for key, value in sides.items()}), sentence)


def test_every_account_that_may_be_adjusted_has_all_that_its_key_takes() -> None:
    followed = {AccountKind.HELD, AccountKind.SAVINGS, AccountKind.SAVINGS_OBSERVED, AccountKind.SUSPENSE}
    assert set(AccountKind) - set(_OWNERS) == followed


def test_money_is_exchanged_and_each_currency_balances(product: Product) -> None:
    fund(product, "INR", amount="100")
    parameters = {**money(product, "80"), "bought_currency": "BDT", "bought_amount": "110.40"}
    assert proposing.look("exchanged", parameters).content["notes"] == [
        "80.00 INR become 110.40 BDT: 1.38 BDT for 1 INR."
    ]
    by_two_persons("exchanged", parameters)
    [posted] = postings()
    assert sorted(posted.removeprefix("exchanged: ").split(", ")) == [
        "available -110.40 BDT",
        "available 80.00 INR",
        "fx_position -80.00 INR",
        "fx_position 110.40 BDT",
    ]
    assert figures(product) == [20, 0]
    assert figures(product, "BDT") == [Decimal("110.40"), 0]
    refused("exchanged", {**parameters, "amount": "20.01"}, r"has 20\.00 INR available, and no more")
    refused("exchanged", {**parameters, "bought_currency": "INR"}, "Name two currencies")


def test_an_overdraft_limit_posts_nothing_and_shows_the_change(product: Product) -> None:
    parameters = {"product": product.name, "mode": "test", "currency": "INR", "limit": "50"}
    seen = proposing.look("overdraft_limit", parameters)
    assert seen.content == {
        "mode": "test",
        "notes": [f"The overdraft limit of {product} (test) changes from 0.00 INR to 50.00 INR."],
        "journals": [],
    }
    by_two_persons("overdraft_limit", parameters)
    [row] = Account.objects.all()
    assert (row.pk, row.overdraft_limit) == (accounts.available(product.pk, "test", "INR").id, 50)
    by_two_persons("overdraft_limit", {**parameters, "limit": "0"})
    row.refresh_from_db()
    assert (row.overdraft_limit, Journal.objects.count()) == (0, 0)


def test_an_overdraft_in_use_is_not_taken_away(product: Product) -> None:
    overdraft(product, "50")
    order = ids.new_id()
    cause = Cause(kind=CauseKind.CLOCK)
    with transaction.atomic():
        holds.hold(order, "wd_1", product=product, mode="test", currency="INR", amount=Decimal(30), cause=cause)
    parameters = {"product": product.name, "mode": "test", "currency": "INR"}
    refused("overdraft_limit", {**parameters, "limit": "29.99"}, r"is 30\.00 INR below zero: the limit cannot be less")
    by_two_persons("overdraft_limit", {**parameters, "limit": "30"})
    assert figures(product) == [-30, 0]


def test_a_journal_is_reversed_leg_by_leg_and_once(product: Product) -> None:
    wrong = by_two_persons("product_funded", money(product, "100")).journals.get()
    parameters = {"journal": str(wrong.pk)}
    other = proposing.propose("reversed", parameters, "by mistake, too", "", persons()[0])
    by_two_persons("reversed", parameters)
    assert postings() == ["reversed: available 100.00 INR, bank -100.00 INR"]
    assert Journal.objects.get(kind="reversed").reverses == wrong
    assert figures(product) == [0, 0]
    refused("reversed", parameters, "was reversed already")
    with pytest.raises(Refused, match="was reversed already"):
        instructions.approve(other.pk, persons()[1], other.digest)
    refused("reversed", {"journal": str(Journal.objects.get(kind="reversed").pk)}, "is not reversed by hand")
    refused("reversed", {"journal": str(product.pk)}, "There is no such journal")
    for text in ("x", ids.encode(ids.ENTRY, wrong.pk), wrong.public_id[:-1]):
        refused("reversed", {"journal": text}, "copy the whole id from its page; it begins with jnl_")


def test_a_journal_is_named_by_either_of_its_ids_and_kept_by_one(product: Product) -> None:
    wrong = by_two_persons("product_funded", money(product, "100")).journals.get()
    assert proposing.look("reversed", {"journal": wrong.public_id}) == proposing.look(
        "reversed", {"journal": str(wrong.pk)}
    )
    made = by_two_persons("reversed", {"journal": wrong.public_id})
    assert made.parameters == {"journal": str(wrong.pk)}
    assert made.journals.get().reverses == wrong


@pytest.mark.parametrize("currency", ["XYZ", "IRN", "US", "rupees", "ÍNR"])
def test_a_currency_that_no_payment_system_has_is_refused(currency: str, product: Product) -> None:
    sentence = rf"^Currency: there is no '{currency}' here; write one of BDT, BTN, CRC, INR, KES,"
    refused("product_funded", money(product, currency=currency), sentence)
    other = {**money(product), "bought_currency": currency, "bought_amount": "1"}
    refused("exchanged", other, rf"^Currency got: there is no '{currency}' here")
    assert not Journal.objects.exists()


def test_a_row_s_currencies_are_known_even_where_it_is_switched_off(product: Product) -> None:
    changes = {"currencies": ["EUR"], "receipt_currencies": ["SEK"], "is_enabled": False}
    PaymentSystem.objects.filter(code="upi_l").update(**changes)
    for currency in ("EUR", "SEK"):
        assert shown("product_funded", money(product, currency=currency))


def test_a_currency_that_is_in_the_ledger_can_be_put_right(account: ProviderAccount) -> None:
    """As where the provider sends a currency that nobody expected."""
    sides = {"debit_account": "bank", "credit_account": "provider_settlement", "credit_provider_account": account.name}
    refused("adjusted", adjusted(**sides) | {"currency": "SEK"}, "there is no 'SEK' here")
    key = accounts.bank("test", "SEK")
    Account.objects.create(id=key.id, kind=key.kind, mode="test", currency="SEK")
    assert shown("adjusted", adjusted(**sides) | {"currency": "SEK"})


def test_a_currency_in_small_letters_is_the_same_one(product: Product) -> None:
    made = by_two_persons("product_funded", money(product, currency="inr"))
    assert made.parameters["currency"] == "INR"
    assert figures(product) == [100, 0]


def test_every_kind_that_people_alone_post_has_its_verb() -> None:
    # Those of receipts and withdrawals are verbs of their own apps.
    of_orders = {one for one in BY_PEOPLE_ALONE if one.startswith(("suspense", "receipt", "withdrawal"))}
    names = {one.name for one in verbs.every()}
    assert {one.value for one in set(BY_PEOPLE_ALONE) - of_orders} <= names
    assert {"product_fee", "provider_fee", "overdraft_limit"} <= names


def test_a_verb_may_act_by_itself_and_its_journals_carry_the_instruction(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As payments and withdrawals do it: ``execute`` calls an action that posts somewhere deep inside."""

    class NotNow(Exception):  # noqa: N818
        """A sentence for the person."""

    legs = (
        debit(accounts.write_off("test", "INR"), Decimal(1)),
        credit(accounts.available(product.pk, "test", "INR"), Decimal(1)),
    )

    def act(_values: Any, cause: Any, instruction: Any) -> None:
        if Journal.objects.exists():
            raise NotNow("Not twice.")
        post(NewJournal(kind=JournalKind.ADJUSTED, reference=f"deep {instruction.pk}", legs=legs, cause=cause))

    journals = (PlannedJournal(kind=JournalKind.ADJUSTED, legs=legs),)
    own = Verb(
        name="own",
        sentence="Of another app.",
        fields=(),
        plan=lambda _: Plan(mode="test", journals=journals),
        execute=act,
        refusals=(NotNow,),
    )
    monkeypatch.setitem(verbs._verbs, "own", own)
    with pytest.raises(ValueError, match="already"):
        verbs.register(own)
    made = by_two_persons("own", {})
    assert made.journals.get().reference == f"deep {made.pk}"
    with pytest.raises(Refused, match=r"^Not twice\.$"):
        by_two_persons("own", {})
    assert Journal.objects.count() == 1
