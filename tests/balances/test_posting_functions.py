"""What the two functions refuse that alone write the ledger, and that the database has those of this code."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from balances import posting_functions
from balances.kinds import AccountKind, JournalKind
from balances.models import Account, Entry, Journal
from balances.posting import NewJournal, credit, debit, open_accounts, post
from balances.sides import SIDES
from tests import roles
from tests.balances.attacked import Ledger, image
from tests.balances.past import BY_CLOCK
from tests.two_persons import decided

pytestmark = pytest.mark.django_db(transaction=True)

#: Posts legs, with what differs from a journal that is right.
Post = Callable[..., uuid.UUID]


@pytest.fixture(params=["posts", "transfers"])
def posting(request: pytest.FixtureRequest, ledger: Ledger) -> Post:
    """Either function."""
    post: Post = getattr(ledger, request.param)
    return post


#: Of two legs each, with the sentence by which it is refused.
ATTACKS: dict[str, tuple[Callable[[Ledger, Post], object], str]] = {
    "does not sum to zero": (
        lambda one, post: post((one.provider, "5"), (one.available, "-4")),
        "does not sum to zero",
    ),
    "no number": (lambda one, post: post((one.provider, "NaN"), (one.available, "NaN")), "sum to zero|no amount"),
    "one number": (lambda one, post: post((one.provider, "5"), (one.available, "NaN")), "sum to zero|no amount"),
    "infinity": (
        lambda one, post: post((one.provider, "Infinity"), (one.available, "-Infinity")),
        "sum to zero|no amount",
    ),
    "too much for its column": (
        lambda one, post: post((one.provider, "1e16"), (one.available, "-1e16")),
        "no amount of an entry",
    ),
    "nothing": (lambda one, post: post((one.provider, "0"), (one.available, "0")), "no amount of an entry"),
    "next to nothing": (
        lambda one, post: post((one.provider, "0.00004"), (one.available, "-0.00004")),
        "no amount of an entry",
    ),
    "a rounded cent": (
        lambda one, post: post((one.provider, "5.00005"), (one.available, "-5.00005")),
        "no amount of an entry",
    ),
    "no amount": (lambda one, post: post((one.provider, None), (one.available, None)), "null value|no such entry"),
    "one amount": (lambda one, post: post((one.provider, "5"), (one.available, None)), "null value|no such entry"),
    "two currencies": (
        lambda one, post: post((one.provider, "5"), (one.account_of("available", currency="BDT"), "-5")),
        "does not sum to zero",
    ),
    "two modes": (
        lambda one, post: post((one.provider, "5"), (one.account_of("available", "live"), "-5")),
        "a test journal takes no entry of a live account",
    ),
    "another mode than its accounts'": (
        lambda one, post: post((one.provider, "5"), (one.available, "-5"), mode="live"),
        "a live journal takes no entry of a test account",
    ),
    "of no mode": (
        lambda one, post: post((one.provider, "5"), (one.available, "-5"), mode="demo"),
        "a demo journal takes no entry of a test account",
    ),
    "mode left out": (lambda one, post: post((one.provider, "5"), (one.available, "-5"), mode=None), "null value"),
    "overdrawn": (
        lambda one, post: post((one.available, "100.0001"), (one.provider, "-100.0001"), kind="receipt_reversed"),
        "below its limit",
    ),
    "posted twice": (
        lambda one, post: post((one.provider, "5"), (one.available, "-5"), reference="test INR"),
        "one_journal_per_reference",
    ),
    "without a reference": (
        lambda one, post: post((one.provider, "5"), (one.available, "-5"), reference=""),
        "a journal has a reference",
    ),
    "reference left out": (
        lambda one, post: post((one.provider, "5"), (one.available, "-5"), reference=None),
        "null value",
    ),
    "of no kind": (
        lambda one, post: post((one.provider, "5"), (one.available, "-5"), kind="gift"),
        "a gift journal has no such entry of a provider_balance account",
    ),
    "kind left out": (lambda one, post: post((one.provider, "5"), (one.available, "-5"), kind=None), "null value"),
    # Both stand side by side among the legs that journals may have.
    "of two kinds": (
        lambda one, post: post((one.provider, "5"), (one.available, "-5"), kind="reversed>held reversed"),
        "a reversed>held reversed journal has no such entry",
    ),
    "its sides the other way round": (
        lambda one, post: post((one.available, "5"), (one.provider, "-5")),
        "a receipt_credited journal has no such entry of a",
    ),
    "spent without a hold": (
        lambda one, post: post((one.available, "5"), (one.provider, "-5"), kind="withdrawal_paid"),
        "a withdrawal_paid journal has no such entry of a available account",
    ),
    "held without a hold": (
        lambda one, post: post((one.available, "5"), (one.account_of("held"), "-5"), kind="withdrawal_held"),
        "does not agree with the hold",
    ),
    "of no instruction": (
        lambda one, post: post((one.provider, "5"), (one.available, "-5"), instruction=uuid.uuid4()),
        "foreign key|needs an instruction",
    ),
    "taking nothing back": (
        lambda one, post: post((one.provider, "5"), (one.available, "-5"), reverses=uuid.uuid4()),
        "foreign key",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_refused_and_nothing_is_left(name: str, posting: Post, ledger: Ledger) -> None:
    open_accounts([ledger.account_of("held")])
    before = image()
    attack, sentence = ATTACKS[name]
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        attack(ledger, posting)
    assert image() == before
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic(), transaction.atomic():
        attack(ledger, posting)
    assert image() == before


def legs(ledger: Ledger) -> tuple[tuple[Any, str], tuple[Any, str]]:
    return (ledger.provider, "5"), (ledger.available, "-5")


def arrays(ledger: Ledger, **differs: Any) -> None:
    made = uuid.uuid4()
    given: dict[str, Any] = {
        "references": ["attack"],
        "leg_ids": [uuid.uuid4(), uuid.uuid4()],
        "accounts": [ledger.provider.id, ledger.available.id],
        "amounts": ["5", "-5"],
        **differs,
    }
    of_journal = [["receipt_credited"], ["test"], given["references"], [""], [None], ["clock"], *[[""]] * 4, [None]]
    ledger.call([made], *of_journal, given["leg_ids"], [made, made], given["accounts"], given["amounts"])


def two(ledger: Ledger, amounts: list[str]) -> None:
    """Journals in one call."""
    one, other = uuid.uuid4(), uuid.uuid4()
    of_journals = [["receipt_credited"] * 2, ["test"] * 2, ["one", "two"], [""] * 2, [None] * 2, ["clock"] * 2]
    ledger.call(
        [one, other],
        *of_journals,
        *[["", ""]] * 4,
        [None] * 2,
        [uuid.uuid4() for _ in range(4)],
        [one, one, other, other],
        [ledger.provider.id, ledger.available.id] * 2,
        amounts,
    )


def shifted(ledger: Ledger) -> None:
    """Two journals; were each told by its number, the kind of one would be looked at for the other."""
    one, two = uuid.uuid4(), uuid.uuid4()
    of_journals = [["adjusted", "receipt_credited"], ["test"] * 2, ["one", "two"], [""] * 2, [None] * 2, ["clock"] * 2]
    keys = [ledger.provider.id, ledger.available.id] * 2
    ledger.call(
        f"[2:3]={{{one},{two}}}",
        *of_journals,
        *[["", ""]] * 4,
        [None] * 2,
        [uuid.uuid4() for _ in range(4)],
        [one, one, two, two],
        keys,
        ["5", "-5"] * 2,
    )


#: Of other numbers of legs, or of arrays that do not agree.
ATTACKS_BY_ARRAYS: dict[str, tuple[Callable[[Ledger], object], str]] = {
    "no legs": (lambda one: one.posts(), "has 0 legs"),
    "one leg": (lambda one: one.posts((one.provider, "5")), "has 1 legs"),
    "legs of an old journal": (
        lambda one: one.posts(*legs(one), journal=Journal.objects.order_by("id")[0].pk),
        "entries come with their journal alone",
    ),
    "legs of no journal": (
        lambda one: one.posts(*legs(one), journal=uuid.uuid4()),
        "entries come with their journal alone",
    ),
    "legs of the journal before": (
        lambda one: one.posts(*legs(one), journal=one.posts(*legs(one)), reference="another"),
        "entries come with their journal alone",
    ),
    "two journals that cancel each other": (lambda one: two(one, ["5", "-4", "5", "-6"]), "does not sum to zero"),
    "two currencies, each lame": (
        lambda one: one.posts(
            *legs(one), (one.account_of("provider_balance", currency="BDT"), "7"), (one.provider, "-7"), kind="adjusted"
        ),
        "does not sum to zero",
    ),
    "more amounts than legs": (lambda one: arrays(one, leg_ids=[uuid.uuid4()]), "null value"),
    "more legs than amounts": (lambda one: arrays(one, amounts=["5"]), "null value"),
    "more accounts than legs": (
        lambda one: arrays(one, accounts=[one.provider.id, one.available.id, one.available.id]),
        "null value|their journal alone",
    ),
    "more references than journals": (lambda one: arrays(one, references=["attack", "another"]), "null value"),
    "arrays that begin elsewhere": (shifted, "a adjusted journal needs an instruction"),
    "arrays in arrays": (lambda one: arrays(one, amounts=[["5"], ["-4"]]), "does not sum to zero"),
}


@pytest.mark.parametrize("name", ATTACKS_BY_ARRAYS)
def test_legs_come_with_their_journal_whole_and_at_once(name: str, ledger: Ledger) -> None:
    before = image()
    attack, sentence = ATTACKS_BY_ARRAYS[name]
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        attack(ledger)
    assert image() == before


def test_what_is_attacked_is_what_is_written_when_it_is_right(posting: Post, ledger: Ledger) -> None:
    with transaction.atomic():
        made = posting(*legs(ledger), reference="right")
    at_provider, of_product = Entry.objects.filter(journal=made).order_by("-amount")
    assert (at_provider.amount, at_provider.sequence, at_provider.balance_after) == (Decimal(5), None, None)
    assert (of_product.amount, of_product.sequence, of_product.balance_after) == (Decimal(-5), 2, Decimal(105))
    kept = Account.objects.get(pk=ledger.available.id)
    assert (kept.balance, kept.entry_count, kept.last_entry_at) == (Decimal(105), 2, of_product.created_at)
    journal = Journal.objects.get(pk=made)
    assert journal.begun_at <= journal.created_at <= of_product.created_at


def test_what_somebody_else_adds_meanwhile_is_posted_to(ledger: Ledger) -> None:
    """The account is missing when it is looked for, and there when it is said which one is missing."""
    new = ledger.provider._replace(payment_system="new")
    added = f"""
        INSERT INTO balances_account (
            id, kind, mode, currency, provider_account_id, payment_system, entry_count, overdraft_limit
        ) VALUES ('{new.id}', 'provider_balance', 'test', 'INR', '{ledger.owner.pk}', 'new', 0, 0);
    """  # noqa: S608 - our own values
    missing = "    IF NOT FOUND THEN\n        RETURN ARRAY("
    with replaced("balances_post_transfer", missing, missing.replace("THEN\n", f"THEN\n{added}\n")):
        both = debit(new, Decimal(7)), credit(ledger.available, Decimal(7))
        post(NewJournal(kind=JournalKind.RECEIPT_CREDITED, reference="meanwhile", legs=both, cause=BY_CLOCK))
    assert {one.amount for one in Entry.objects.filter(journal__reference="meanwhile")} == {Decimal(7), Decimal(-7)}
    assert Account.objects.get(pk=ledger.available.id).balance == Decimal(107)


@contextmanager
def replaced(function: str, old: str, new: str) -> Iterator[None]:
    """A function of the database says something else for a while."""
    with roles.superuser() as superuser:
        [(text,)] = superuser.execute("SELECT pg_get_functiondef(%s::regproc)", [function]).fetchall()
    assert text.count(old) == 1
    roles.past_the_guards(text.replace(old, new))
    try:
        yield
    finally:
        roles.past_the_guards(text)


def test_each_leg_is_counted_by_its_own_account(ledger: Ledger) -> None:
    """A leg that is counted, and after it one that is not."""
    with transaction.atomic():
        made = ledger.posts((ledger.available, "-5"), (ledger.provider, "5"), reference="the other way round")
    at_provider, of_product = Entry.objects.filter(journal=made).order_by("-amount")
    assert (at_provider.sequence, at_provider.balance_after) == (None, None)
    assert (of_product.sequence, of_product.balance_after) == (2, Decimal(105))


def test_what_is_owed_grows_with_debits_on_either_side(posting: Post, ledger: Ledger) -> None:
    owed, bank = ledger.account_of("product_receivable"), ledger.account_of("bank")
    open_accounts([owed, bank])
    with transaction.atomic():
        cause = {"kind": "adjusted", "cause": "person", "instruction": decided().instruction}
        posting((owed, "5"), (bank, "-5"), reference="first", **cause)
        posting((bank, "2"), (owed, "-2"), reference="second", **cause)
    assert Account.objects.get(pk=owed.id).balance == Decimal(3)


def test_an_entry_comes_after_its_journal_and_after_what_a_snapshot_has_counted(posting: Post, ledger: Ledger) -> None:
    with transaction.atomic():
        entries = list(Entry.objects.filter(journal=posting(*legs(ledger))).select_related("journal"))
    assert all(one.journal.begun_at <= one.journal.created_at <= one.created_at for one in entries)
    # Somebody has set the clock back since.
    ahead = timezone.now() + timedelta(hours=1)
    roles.past_the_guards(
        f"UPDATE balances_account SET covered_until = '{ahead}' WHERE id = '{ledger.provider.id}'",  # noqa: S608
        f"UPDATE balances_account SET last_entry_at = '{ahead}' WHERE id = '{ledger.available.id}'",  # noqa: S608
    )
    with transaction.atomic():
        made = posting(*legs(ledger), reference="after that")
    assert set(Entry.objects.filter(journal=made).values_list("created_at", flat=True)) == {ahead}


def test_a_journal_that_is_committed_late_is_refused(ledger: Ledger) -> None:
    """With a limit below nothing, for no test waits a minute."""
    before = image()
    with (
        replaced("pgtrigger_right_at_commit_c960a", "interval '60 seconds'", "interval '-1 seconds'"),
        pytest.raises(IntegrityError, match="is committed too late after it was written"),
        transaction.atomic(),
    ):
        ledger.posts(*legs(ledger))
    assert image() == before


def test_an_account_that_is_not_there_is_told_and_nothing_is_written(ledger: Ledger) -> None:
    before, held, owed = image(), ledger.account_of("held"), ledger.account_of("product_receivable")
    made, ones = uuid.uuid4(), ["''"] * 4
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT balances_post_transfer('{made}', 'receipt_credited', 'test', 'attack', '', NULL, 'clock',"
            f" {', '.join(ones)}, NULL, '{uuid.uuid4()}', '{held.id}', 5, '{uuid.uuid4()}', '{owed.id}', -5)"
        )
        ((missing,),) = cursor.fetchall()
    assert set(missing) == {held.id, owed.id}
    assert image() == before


def test_the_owner_of_the_ledger_posts_nothing(posting: Post, ledger: Ledger) -> None:
    before = image()
    with roles.as_owner(), pytest.raises(IntegrityError, match="journals are posted by balances_post alone"):
        posting(*legs(ledger))
    assert image() == before


def is_taken(ledger: Ledger, left: tuple[Any, str], right: tuple[Any, str], kind: str) -> bool:
    """Whether such legs are those of such a journal, whatever is asked of it afterwards."""
    try:
        with transaction.atomic():
            ledger.transfers(left, right, kind=kind)
            transaction.set_rollback(True)
    except IntegrityError as error:
        if "below its limit" not in str(error):
            assert "has no such entry" in str(error)  # noqa: PT017 - one of two refusals
            return False
    return True


def test_each_kind_of_journal_moves_what_its_event_moves_and_nothing_else(ledger: Ledger) -> None:
    """Each kind of account on either side, with a right one on the other."""
    assert set(SIDES) == set(JournalKind)
    keys = {kind: ledger.account_of(kind) for kind in AccountKind}
    open_accounts(keys.values())
    for journal, (lefts, rights) in SIDES.items():
        taken: tuple[set[AccountKind], set[AccountKind]] = (set(), set())
        for kind in AccountKind:
            for side, (left, right) in enumerate(((kind, rights[0]), (lefts[0], kind))):
                if is_taken(ledger, (keys[left], "1"), (keys[right], "-1"), journal):
                    taken[side].add(kind)
        assert taken == (set(lefts), set(rights)), journal


@pytest.mark.parametrize("text", [posting_functions.POST, posting_functions.POST_TRANSFER])
def test_the_database_has_the_functions_of_this_code(text: str) -> None:
    """Made once more from this code, they are the same: names and types of what they take, rights, path and body."""
    with roles.superuser() as superuser:
        before = definitions(superuser)
        name = text.split("(", maxsplit=1)[0].removeprefix("\nCREATE FUNCTION ")
        superuser.execute(f"DROP FUNCTION {name}".encode())
        superuser.execute(text.encode())
        assert definitions(superuser) == before
        superuser.rollback()
    assert len(before) == 2


def definitions(superuser: "psycopg.Connection[Any]") -> list[Any]:
    return superuser.execute(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND proname IN ('balances_post', 'balances_post_transfer') ORDER BY proname"
    ).fetchall()
