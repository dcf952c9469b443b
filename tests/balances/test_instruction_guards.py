"""What the database refuses about instructions and the journals that need one, whoever writes."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from balances.instruction_models import Instruction, InstructionMove
from balances.kinds import BY_PEOPLE_ALONE, AccountKind, JournalKind
from balances.models import Account
from balances.posting import open_accounts, post
from balances.sides import SIDES
from gateway.products.models import Product
from tests import roles
from tests.balances.attacked import Ledger, image
from tests.balances.attackers import ATTACKERS, WAYS
from tests.balances.past import moved
from tests.two_persons import by_two_persons, decided, persons

pytestmark = pytest.mark.django_db(transaction=True)

SHOWN = '{"notes": [], "journals": [{"kind": "adjusted", "legs": []}]}'


#: Available money is there; the others have to wait.
_FIRST = [AccountKind.BANK, AccountKind.AVAILABLE, *(set(AccountKind) - {AccountKind.BANK, AccountKind.AVAILABLE})]


class Attacker(Ledger):
    """Raw SQL against instructions: one that waits, and one that is posted with its journal."""

    def __init__(self, product: Product) -> None:
        super().__init__(product)
        self.requester, self.approver = persons()
        parameters = {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": "5"}
        self.posted = by_two_persons("product_funded", parameters).pk
        with transaction.atomic():
            self.waiting = self.propose()
        modes = ("test", "live")
        open_accounts(self.account_of(kind, mode) for kind in AccountKind for mode in modes)

    def propose(self, shown: str = SHOWN, **columns: Any) -> uuid.UUID:
        """An instruction with its first move; ``columns`` differ from what is right."""
        made = uuid.uuid4()
        row = {
            "id": made,
            "verb": "adjusted",
            "mode": "test",
            "parameters": "{}",
            "reason": "an attack",
            "document": "",
            "preview": shown,
            "digest": "0" * 64,
            "requested_by_id": self.requester.pk,
            "status": "proposed",
            "sequence": 1,
            "decision_reason": "",
            **columns,
        }
        names, places = ", ".join(row), ", ".join(["%s"] * len(row))
        self.sql(
            f"INSERT INTO balances_instruction ({names}, requested_at) VALUES ({places}, now())",  # noqa: S608 - our own
            *row.values(),
        )
        self.move(made, 1, "proposed")
        return made

    def move(self, instruction: uuid.UUID, sequence: int, to_status: str) -> None:
        self.sql(
            "INSERT INTO balances_instructionmove (subject_id, sequence, from_status, to_status, cause, cause_id,"
            " detail, request_id, created_at) VALUES (%s, %s, '', %s, 'person', '', '', '', now())",
            instruction,
            sequence,
            to_status,
        )

    def decide(self, instruction: uuid.UUID, to_status: str, by: int | None, more: str = "") -> uuid.UUID:
        self.sql(
            f"UPDATE balances_instruction SET status = %s, sequence = 2, decided_by_id = %s {more} WHERE id = %s",  # noqa: S608 - our own
            to_status,
            by,
            instruction,
        )
        self.move(instruction, 2, to_status)
        return instruction

    def change(self, instruction: uuid.UUID, what: str) -> None:
        self.sql(f"UPDATE balances_instruction SET {what} WHERE id = %s", instruction)  # noqa: S608 - our own

    def moved(
        self, instruction: uuid.UUID | None, kind: str = "adjusted", cause: str = "person", mode: str = "test"
    ) -> None:
        """A journal of five, in a mode, that names an instruction; its accounts are such as its kind moves."""
        (left, *_), (right, *_) = (sorted(one, key=_FIRST.index) for one in SIDES[JournalKind(kind)])
        legs = (self.account_of(left, mode), "5"), (self.account_of(right, mode), "-5")
        reference = f"attack {uuid.uuid4()}"
        self.posts(*legs, kind=kind, mode=mode, reference=reference, cause=cause, instruction=instruction)

    def approved(self, **columns: Any) -> uuid.UUID:
        return self.decide(self.propose(**columns), "posted", self.approver.pk)

    def limit(self, **changes: str) -> None:
        """A higher overdraft limit by an instruction that says otherwise."""
        said = {"product": str(self.product.pk), "currency": "INR", "limit": "50", **changes}
        parameters = ", ".join(f'"{name}": "{value}"' for name, value in said.items())
        self.approved(verb="overdraft_limit", parameters=f"{{{parameters}}}", shown='{"notes": [], "journals": []}')
        self.raise_limit()

    def raise_limit(self) -> None:
        self.sql("UPDATE balances_account SET overdraft_limit = 50 WHERE id = %s", self.available.id)


@pytest.fixture
def attacker(product: Product) -> Attacker:
    return Attacker(product)


#: Each with the sentence by which it is refused.
ATTACKS: dict[str, tuple[Callable[[Attacker], object], str]] = {
    "approved by the requester": (
        lambda one: one.moved(one.decide(one.waiting, "posted", one.requester.pk)),
        "decided_by_another_person",
    ),
    "rejected by the requester": (
        lambda one: one.decide(one.waiting, "rejected", one.requester.pk, ", decision_reason = 'because'"),
        "decided_by_another_person",
    ),
    "withdrawn by another": (
        lambda one: one.decide(one.waiting, "withdrawn", one.approver.pk),
        "decided_by_another_person",
    ),
    "posted by nobody": (
        lambda one: one.moved(one.decide(one.waiting, "posted", None)),
        "decided_by_another_person",
    ),
    "rejected by nobody": (lambda one: one.decide(one.waiting, "rejected", None), "decided_by_another_person"),
    "withdrawn by nobody": (lambda one: one.decide(one.waiting, "withdrawn", None), "decided_by_another_person"),
    "expired by a person": (
        lambda one: one.decide(one.waiting, "expired", one.approver.pk),
        "decided_by_another_person",
    ),
    "decided while it waits": (
        lambda one: one.change(one.waiting, f"decided_by_id = {one.approver.pk}"),
        "decided once, and never changed otherwise",
    ),
    "rejected without a reason": (
        lambda one: one.decide(one.waiting, "rejected", one.approver.pk),
        "rejected_with_a_reason",
    ),
    "begun as posted": (lambda one: one.propose(status="posted", decided_by_id=one.approver.pk), "may not begin as"),
    "begun as decided": (lambda one: one.propose(decided_by_id=one.approver.pk), "decided_by_another_person"),
    "without a reason": (lambda one: one.propose(reason="   .   "), "instruction_has_a_reason"),
    "of no mode": (lambda one: one.propose(mode="both"), "instruction_mode_is_known"),
    "requested by nobody": (lambda one: one.propose(requested_by_id=None), "null value"),
    "posted twice": (
        lambda one: one.decide(one.posted, "posted", one.approver.pk),
        "decided once, and never changed otherwise",
    ),
    "posted after all": (
        lambda one: one.change(
            one.decide(one.waiting, "withdrawn", one.requester.pk), "status = 'posted', sequence = 3"
        ),
        "may not become posted",
    ),
    "proposed anew": (lambda one: one.change(one.posted, "status = 'proposed', sequence = 3"), "may not become"),
    "without its history": (
        lambda one: one.change(one.waiting, f"status = 'withdrawn', sequence = 2, decided_by_id = {one.requester.pk}"),
        "has no history row",
    ),
    "another verb": (lambda one: one.change(one.waiting, "verb = 'product_settled'"), "asks for is never changed"),
    "other parameters": (lambda one: one.change(one.waiting, "parameters = '{\"a\": 1}'"), "never changed"),
    "another reason": (lambda one: one.change(one.waiting, "reason = 'something else'"), "never changed"),
    "another requester": (
        lambda one: one.change(one.waiting, f"requested_by_id = {one.approver.pk}"),
        "asks for is never changed",
    ),
    "another time": (lambda one: one.change(one.waiting, "requested_at = now()"), "never changed"),
    "another mode": (lambda one: one.change(one.waiting, "mode = 'live'"), "never changed"),
    "another preview": (lambda one: one.change(one.waiting, "preview = '{}'"), "never changed otherwise"),
    "another preview when it is withdrawn": (
        lambda one: one.decide(one.waiting, "withdrawn", one.requester.pk, ", preview = '{}'"),
        "changes with the approval alone",
    ),
    "another preview afterwards": (lambda one: one.change(one.posted, "preview = '{}'"), "never changed otherwise"),
    "another approver afterwards": (
        lambda one: one.change(one.posted, "decided_by_id = NULL"),
        "never changed otherwise",
    ),
    "deleted": (lambda one: one.sql("DELETE FROM balances_instruction"), "instructions are never deleted"),
    "emptied": (lambda one: one.sql("TRUNCATE balances_instruction CASCADE"), "never emptied"),
    "history changed": (lambda one: one.sql("UPDATE balances_instructionmove SET detail = 'x'"), "never changed"),
    "history deleted": (lambda one: one.sql("DELETE FROM balances_instructionmove"), "never changed"),
    "history emptied": (lambda one: one.sql("TRUNCATE balances_instructionmove"), "never emptied"),
    "posted without what it showed": (lambda one: one.approved(), "are not those that were shown"),
    "posted with what it did not show": (
        lambda one: one.moved(one.approved(shown='{"notes": [], "journals": []}')),
        "are not those that were shown",
    ),
    "posted with a preview of no form": (
        lambda one: one.moved(one.approved(shown="[]")),
        "are not those that were shown",
    ),
    "a journal by a person without an instruction": (
        lambda one: one.moved(None, kind="suspense_credited"),
        "needs an instruction",
    ),
    "a journal of an instruction that waits": (lambda one: one.moved(one.waiting), "needs an instruction"),
    "a journal of an instruction that was rejected": (
        lambda one: one.moved(one.decide(one.waiting, "rejected", one.approver.pk, ", decision_reason = 'because'")),
        "needs an instruction",
    ),
    "a journal of yesterday's instruction": (lambda one: one.moved(one.posted), "needs an instruction"),
    "a journal of a machine with yesterday's instruction": (
        lambda one: one.moved(one.posted, kind="product_fee", cause="clock"),
        "needs an instruction",
    ),
    "a journal of another mode": (lambda one: one.moved(one.approved(), mode="live"), "needs an instruction"),
    "a journal of no instruction": (lambda one: one.moved(uuid.uuid4()), "needs an instruction|foreign key"),
    "a limit without an instruction": (lambda one: one.raise_limit(), "an overdraft limit needs an instruction"),
    "a limit of another product": (lambda one: one.limit(product=str(uuid.uuid4())), "an overdraft limit needs"),
    "a limit of another currency": (lambda one: one.limit(currency="BDT"), "an overdraft limit needs"),
    "a lower limit": (lambda one: one.limit(limit="49.99"), "an overdraft limit needs"),
    "an account begun with a limit": (
        lambda one: one.sql(
            "INSERT INTO balances_account (id, kind, mode, currency, product_id, payment_system, balance, entry_count,"
            " overdraft_limit) VALUES (gen_random_uuid(), 'available', 'test', 'EUR', %s, '', 0, 0, 50)",
            one.product.pk,
        ),
        "an overdraft limit needs an instruction",
    ),
}


def everything() -> tuple[Any, ...]:
    return (
        *image(),
        sorted(Instruction.objects.values_list("id", "status", "sequence", "decided_by", "verb", "reason", "digest")),
        sorted(InstructionMove.objects.values_list()),
    )


#: What the application is not even let near.
PERMISSION_DENIED = {
    *("another verb", "other parameters", "another reason", "another requester", "another time", "another mode"),
    *("deleted", "emptied", "history changed", "history deleted", "history emptied"),
}


@pytest.mark.parametrize("role", ATTACKERS)
@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_refused_and_nothing_is_left(name: str, role: str, attacker: Attacker, subtests: pytest.Subtests) -> None:
    attack, sentence = ATTACKS[name]
    kinds: tuple[type[Exception], ...] = (IntegrityError, DataError)
    if role == "application" and name in PERMISSION_DENIED:
        kinds, sentence = (ProgrammingError,), "permission denied for table"
    if role == "owner":  # posts nothing at all
        sentence += "|journals are posted by balances_post alone"
    before = everything()
    for way in WAYS:
        with subtests.test(way.__name__):
            with ATTACKERS[role](), pytest.raises(kinds, match=sentence):
                way(lambda: attack(attacker))
            assert everything() == before


def test_what_people_alone_post_needs_an_instruction_whoever_says_that_he_posts_it(attacker: Attacker) -> None:
    with transaction.atomic():  # something to write off
        post(moved(attacker.account_of("product_receivable"), attacker.account_of("bank"), "5"))
    before = everything()
    for kind in BY_PEOPLE_ALONE:
        for cause in ("clock", "pull", "person"):
            with (
                pytest.raises(IntegrityError, match=f"a {kind} journal needs an instruction"),
                transaction.atomic(),
            ):
                attacker.moved(None, kind=kind, cause=cause)
    assert everything() == before


def test_what_is_attacked_is_what_is_allowed_when_it_is_right(attacker: Attacker) -> None:
    with transaction.atomic():
        attacker.moved(attacker.approved())
    with transaction.atomic():
        attacker.limit()
    assert Account.objects.get(pk=attacker.available.id).overdraft_limit == 50
    with transaction.atomic():
        attacker.decide(attacker.waiting, "rejected", attacker.approver.pk, ", decision_reason = 'because'")
    for by, status in ((attacker.requester.pk, "withdrawn"), (None, "expired")):
        with transaction.atomic():
            attacker.decide(attacker.propose(), status, by)
    # The provider's word and rules go on posting what they may; of money that waits see test_suspense_guards.
    for kind in ("receipt_credited", "provider_fee", "product_fee"):
        with transaction.atomic():
            attacker.moved(None, kind=kind, cause="pull")


def test_a_temporary_table_of_instructions_in_front_changes_nothing(attacker: Attacker) -> None:
    before = everything()

    def attack() -> None:
        attacker.sql("CREATE TEMPORARY TABLE balances_instruction AS SELECT * FROM public.balances_instruction")
        attacker.sql(
            "UPDATE balances_instruction SET status = 'posted', decided_at = transaction_timestamp(),"
            " decided_xact = pg_current_xact_id()::text::bigint"
        )
        attacker.moved(attacker.waiting)

    # The application may not even make one.
    with pytest.raises(ProgrammingError, match="permission denied to create temporary tables"), transaction.atomic():
        attack()
    with (
        roles.allowed("TEMPORARY", on=f"DATABASE {connection.settings_dict['NAME']}"),
        pytest.raises(IntegrityError, match="needs an instruction"),
        transaction.atomic(),
    ):
        attack()
    assert everything() == before


def test_a_decision_in_a_savepoint_counts_and_one_that_was_undone_does_not(attacker: Attacker) -> None:
    with transaction.atomic():
        with transaction.atomic():
            instruction = attacker.approved()
        attacker.moved(instruction)
    before = everything()

    def undone() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT attack")
        cause = decided()
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK TO SAVEPOINT attack")
        attacker.moved(cause.instruction)

    with pytest.raises(IntegrityError, match=r"needs an instruction|foreign key"), transaction.atomic():
        undone()
    assert everything() == before
