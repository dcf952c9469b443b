"""What the database refuses to become of money that waits or was credited, whoever asks: raw SQL, as an attacker."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from balances import accounts
from balances.journals import suspense_credited
from balances.posting import post
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from payments.models import Receipt
from payments.resolutions import write_off
from tests import roles
from tests.at_commit import committed
from tests.payments.paid import Paid, postings, receipts
from tests.payments.stage import money
from tests.two_persons import decided

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disguised")]

WITHOUT_JOURNAL = "without its journal"
NEEDS_TWO = "what it becomes is decided by two persons"


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture(params=["plainly", "with pgtrigger.ignore"])
def attacker(request: pytest.FixtureRequest, db: None) -> None:
    """The second sort has told the library's triggers to look away, as any role may."""
    if request.param != "plainly":
        sql("SELECT set_config('pgtrigger.ignore', '{payments_receipt:money_follows,money_follows}', true)")


def move(receipt: Receipt, to_status: str, product: Product | None = None, cause: str = "pull", more: str = "") -> None:
    """Move a receipt with its history, but without its money."""
    sql(
        f"UPDATE payments_receipt SET status = %s, sequence = sequence + 1, product_id = %s {more} WHERE id = %s",  # noqa: S608 - our own
        to_status,
        None if product is None else product.pk,
        receipt.pk,
    )
    sql(
        "INSERT INTO payments_receiptmove (subject_id, sequence, from_status, to_status, cause, cause_id, detail,"
        " request_id, created_at) SELECT id, sequence, '', status, %s, '', '', '', now() FROM payments_receipt"
        " WHERE id = %s",
        cause,
        receipt.pk,
    )


def credited(receipt: Receipt, product: Product) -> None:
    """The journal of a machine that says whose waiting money is."""
    by_pull = Cause(kind=CauseKind.PULL)
    post(suspense_credited(receipt.public_id, receipt.money, product.pk, by_pull, subject="dep_attack"))


def short(paid: Paid) -> Receipt:
    paid.arrives(money(amount="1"))
    committed()
    return Receipt.objects.select_related("account").get()


def refused(sentence: str) -> Any:
    return pytest.raises(IntegrityError, match=re.escape(sentence))


@pytest.mark.parametrize("status", ["credited", "returned", "written_off"])
def test_waiting_money_becomes_nothing_without_its_journal(
    status: str, paid: Paid, product: Product, attacker: None
) -> None:
    receipt, before = short(paid), (receipts(), postings())
    with refused(WITHOUT_JOURNAL), transaction.atomic():
        move(receipt, status, product if status == "credited" else None)
        committed()
    assert (receipts(), postings()) == before


def test_credited_money_is_not_taken_back_without_its_journal(paid: Paid, product: Product, attacker: None) -> None:
    paid.arrives(money())
    receipt = Receipt.objects.get()
    with refused(WITHOUT_JOURNAL), transaction.atomic():
        move(receipt, "reversed", product)
        committed()
    assert [status for status, *_ in receipts()] == ["credited"]


def test_a_journal_of_an_earlier_transaction_counts_for_nothing(paid: Paid, product: Product, attacker: None) -> None:
    receipt = short(paid)
    credited(receipt, product)
    with roles.undisguised() as cursor:
        cursor.execute("UPDATE balances_journal SET xact = 0 WHERE kind = 'suspense_credited'")
    with refused(WITHOUT_JOURNAL), transaction.atomic():
        move(receipt, "credited", product)
        committed()


@pytest.mark.parametrize(
    "doubt", ["contradiction = 'the provider names another customer'", "deposit_id = NULL", "another product"]
)
def test_the_provider_s_word_gives_no_doubtful_money_away(
    doubt: str, paid: Paid, product: Product, attacker: None
) -> None:
    receipt, before = short(paid), (receipts(), postings())
    other = Product.objects.create(name="another") if doubt == "another product" else product
    if other != product:
        sql(
            "INSERT INTO balances_account (id, kind, mode, currency, product_id, payment_system, balance, entry_count,"
            " overdraft_limit) VALUES (%s, 'available', 'test', 'INR', %s, '', 0, 0, 0)",
            accounts.available(other.pk, "test", "INR").id,
            other.pk,
        )
    with refused(NEEDS_TWO), transaction.atomic():
        move(receipt, "credited", other, more="" if other != product else f", {doubt}")
        credited(receipt, other)
        committed()
    assert (receipts(), postings()) == before


def test_the_provider_s_word_credits_what_nothing_speaks_against(paid: Paid, product: Product, attacker: None) -> None:
    receipt = short(paid)
    with transaction.atomic():
        move(receipt, "credited", product)
        credited(receipt, product)
        committed()
    assert [status for status, *_ in receipts()] == ["credited"]


def test_an_instruction_about_another_receipt_covers_none(paid: Paid, attacker: None) -> None:
    first, second = money(amount="1", transaction_id="T1"), money(amount="2", transaction_id="T2")
    paid.arrives(first)
    paid.arrives(first, second)
    one, other = Receipt.objects.order_by("transaction_id")
    committed()
    with refused(WITHOUT_JOURNAL), transaction.atomic():
        write_off(one.pk, decided())
        move(other, "written_off", cause="person")
        committed()
    assert [status for status, *_ in receipts()] == ["in_review", "in_review"]
