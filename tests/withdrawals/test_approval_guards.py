"""What nobody approved does not leave, whoever writes: attacks on the database as the application, and beyond."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from gateway import ids
from gateway.products.actions import keep_key
from gateway.products.models import ApiKey, Mode, Product, new_key
from gateway.providers.models import ProviderAccount
from tests.at_commit import committed, refused
from tests.conftest import Api, agree_on_slabs
from tests.withdrawals.approving import APPROVING_SCOPES, REASON, key, person, waiting
from tests.withdrawals.orders import order
from withdrawals import approvals
from withdrawals.models import Approval, Withdrawal

pytestmark = pytest.mark.django_db

TWO = "0: approver + finance_lead"


def run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


class Attacker:
    """Writes rows as the application may, by hand."""

    def __init__(self, withdrawal: Withdrawal) -> None:
        self.withdrawal = withdrawal

    def decide(self, by: User | uuid.UUID, **changes: Any) -> None:
        """A decision about it, past every verb."""
        row: dict[str, Any] = {
            "withdrawal": self.withdrawal,
            "decision": "approve",
            "role": "approver",
            "reason": REASON,
            "held_for": self.withdrawal.held_for,
            **({"person": by} if isinstance(by, User) else {"key_id": by}),
            **changes,
        }
        Approval.objects.create(**row)

    def move(self, status: str, cause: str = "person", cause_id: object = "1", *, failure: str = "") -> None:
        """A move with its history row."""
        self.withdrawal.refresh_from_db(fields=["sequence", "status"])
        before, sequence = self.withdrawal.status, self.withdrawal.sequence + 1
        run(
            "UPDATE withdrawals_withdrawal SET status = %s, sequence = %s, failure_code = %s WHERE id = %s",
            *(status, sequence, failure, self.withdrawal.pk),
        )
        run(
            "INSERT INTO withdrawals_withdrawalmove (id, subject_id, sequence, from_status, to_status, cause, cause_id,"
            " detail, request_id, created_at) OVERRIDING SYSTEM VALUE VALUES"
            " ((SELECT max(id) + 1000 FROM withdrawals_withdrawalmove), %s, %s, %s, %s, %s, %s, '', '', %s)",
            *(self.withdrawal.pk, sequence, before, status, cause, str(cause_id), timezone.now()),
        )

    def approve(self, by: User, role: str = "approver", status: str = "queued") -> None:
        """A whole decision."""
        self.decide(by, role=role)
        self.move(status, cause_id=by.pk)


@pytest.fixture
def two(api: Api) -> Attacker:
    """A withdrawal that takes an approver and a finance lead."""
    made = Attacker(waiting(api, TWO))
    committed()
    return made


@pytest.fixture
def ann(db: None) -> User:
    return person("ann")


def test_what_the_verbs_write_is_taken(two: Attacker, ann: User) -> None:
    approvals.approve(two.withdrawal.pk, ann, REASON)
    committed()
    two.approve(person("lea", "finance_lead"), "finance_lead")
    committed()
    two.withdrawal.refresh_from_db()
    assert two.withdrawal.status == "queued"


def _enough_of_the_wrong(two: Attacker, ann: User) -> None:
    two.approve(ann, status="pending_approval")
    two.move("queued", cause_id=ann.pk)


def _through(two: Attacker, _: User) -> None:
    two.move("queued")
    two.move("sending")


def _approved_as_rejected(two: Attacker, ann: User) -> None:
    two.decide(ann, decision="reject")
    two.move("pending_approval", cause_id=ann.pk)


def _by_another_ones_move(two: Attacker, ann: User) -> None:
    two.decide(ann)
    two.move("pending_approval", cause_id=ann.pk + 1)


def _with_a_rejection(two: Attacker, ann: User) -> None:
    two.approve(ann, status="pending_approval")
    two.approve(person("lea", "finance_lead"), "finance_lead", status="pending_approval")
    two.decide(person("eve"), decision="reject")
    two.move("queued", cause_id=ann.pk)


AT_COMMIT: dict[str, tuple[Callable[[Attacker, User], None], str]] = {
    "queued without approvals": (lambda two, _: two.move("queued"), "has not the approvals that it takes"),
    "queued on its way to sending": (_through, "has not the approvals that it takes"),
    "queued with one of two": (lambda two, ann: two.approve(ann), "has not the approvals that it takes"),
    "queued with one of two and a move more": (_enough_of_the_wrong, "has not the approvals that it takes"),
    "queued against a rejection": (_with_a_rejection, "did not move with its decision"),
    "moved to itself for nothing": (
        lambda two, _: two.move("pending_approval"),
        "has not the approvals that it moved for",
    ),
    "rejected by nobody": (
        lambda two, _: two.move("cancelled", failure="approval_refused"),
        "was rejected by nobody",
    ),
    "a decision without a move": (lambda two, ann: two.decide(ann), "did not move with its decision"),
    "a rejection that approves": (
        _approved_as_rejected,
        "has not the approvals that it moved for|did not move with its decision",
    ),
    "another one's move": (_by_another_ones_move, "did not move with its decision"),
}


@pytest.mark.parametrize(("attack", "match"), AT_COMMIT.values(), ids=AT_COMMIT)
def test_it_does_not_commit(two: Attacker, ann: User, attack: Callable[[Attacker, User], None], match: str) -> None:
    with refused(match):
        attack(two, ann)
    two.withdrawal.refresh_from_db()
    assert (two.withdrawal.status, Approval.objects.count()) == ("pending_approval", 0)


def key_of_another(**changes: Any) -> uuid.UUID:
    """A key that approves, of a product, with something wrong."""
    row = {"product": Product.objects.create(name="another"), "mode": Mode.TEST, **changes}
    made = keep_key(name="wrong", key=new_key(Mode.TEST), scopes=row.pop("scopes", APPROVING_SCOPES), **row)
    return made.pk


def revoked(product: Product) -> uuid.UUID:
    caller = key(product)
    ApiKey.objects.filter(pk=caller.key_id).update(revoked_at=timezone.now())
    return caller.key_id


def asking_key() -> uuid.UUID:
    """The key that asked, which may approve by now."""
    asked = ApiKey.objects.get(name="tests")
    ApiKey.objects.filter(pk=asked.pk).update(scopes=APPROVING_SCOPES)
    return asked.pk


AT_ONCE: dict[str, tuple[Callable[[Attacker, User, Product], None], str]] = {
    "by who asked for it": (lambda two, _, __: two.decide(asking_key()), "whoever asked for withdrawal"),
    "rejected by who asked for it": (
        lambda two, _, __: two.decide(asking_key(), decision="reject"),
        "whoever asked for withdrawal",
    ),
    "by a key that may not": (
        lambda two, _, product: two.decide(key_of_another(product=product, scopes=["read", "withdrawals:write"])),
        "this API key decides nothing",
    ),
    "by another product's key": (lambda two, _, __: two.decide(key_of_another()), "this API key decides nothing"),
    "by a key of the other mode": (
        lambda two, _, product: two.decide(key_of_another(product=product, mode=Mode.LIVE)),
        "this API key decides nothing",
    ),
    "by a revoked key": (lambda two, _, product: two.decide(revoked(product)), "this API key decides nothing"),
    "by a key as a finance lead": (
        lambda two, _, product: two.decide(key(product).key_id, role="finance_lead"),
        "approval_is_of_a_person_or_a_key",
    ),
    "by nobody": (lambda two, ann, _: two.decide(ann, person=None), "approval_is_of_a_person_or_a_key"),
    "by a person and a key": (
        lambda two, ann, product: two.decide(ann, key_id=key(product).key_id),
        "approval_is_of_a_person_or_a_key",
    ),
    "by who left": (
        lambda two, _, __: two.decide(User.objects.create(username="gone", is_staff=True, is_active=False)),
        "this person decides nothing",
    ),
    "by who is no staff": (
        lambda two, _, __: two.decide(User.objects.create(username="customer")),
        "this person decides nothing",
    ),
    "held for something else": (lambda two, ann, _: two.decide(ann, held_for=["limit_exceeded"]), "held for something"),
    "in a role that is not": (lambda two, ann, _: two.decide(ann, role="boss"), "takes no further approval of a boss"),
    "rejected in a role that is not": (
        lambda two, ann, _: two.decide(ann, role="boss", decision="reject"),
        "approval_role_is_known",
    ),
    "neither yes nor no": (lambda two, ann, _: two.decide(ann, decision="maybe"), "approval_decision_is_known"),
    "without a reason": (lambda two, ann, _: two.decide(ann, reason="ok"), "approval_has_a_reason"),
    "with a blank for a reason": (lambda two, ann, _: two.decide(ann, reason="     "), "approval_has_a_reason"),
}


@pytest.mark.parametrize(("attack", "match"), AT_ONCE.values(), ids=AT_ONCE)
def test_such_a_decision_is_not_written(
    two: Attacker, ann: User, product: Product, attack: Callable[[Attacker, User, Product], None], match: str
) -> None:
    with refused(match):
        attack(two, ann, product)
    assert Approval.objects.count() == 0


def test_a_second_decision_of_one_is_not_written(two: Attacker, product: Product) -> None:
    lea, caller = person("lea", "finance_lead"), key(product)
    two.approve(lea, "finance_lead", status="pending_approval")
    for decision in ("approve", "reject"):
        with refused("one_decision_of_a_person"):
            two.decide(lea, decision=decision)
    two.decide(caller.key_id)
    with refused("one_decision_of_a_key"):
        two.decide(caller.key_id, decision="reject")
    with refused("takes no further approval of a finance_lead"):
        two.decide(person("leo", "finance_lead"), role="finance_lead")
    two.move("queued", "api_key", caller.key_id)


def test_two_keys_are_not_two_approvals(api: Api, product: Product) -> None:
    attacker = Attacker(waiting(api, "0: approver + approver"))
    caller = key(product)
    attacker.decide(caller.key_id)
    with refused("only one approval of withdrawal .* may come from an API key"):
        attacker.decide(key(product).key_id)
    attacker.move("pending_approval", "api_key", caller.key_id)


def test_what_does_not_wait_takes_no_decision(api: Api, ann: User) -> None:
    attacker = Attacker(order(api))
    with refused("waits for no approval"):
        attacker.decide(ann)


CHANGES = (
    "approvals_needed = '{}'",
    "approvals_needed = '{approver}'",
    "held_for = '{limit_exceeded}'",
    "currency = 'BDT'",
    "mode = 'live'",
)


@pytest.mark.parametrize("change", CHANGES)
def test_what_it_takes_is_never_changed(two: Attacker, change: str) -> None:
    with refused("what withdrawal .* was approved for is never changed"):
        run(f"UPDATE withdrawals_withdrawal SET {change}")  # noqa: S608 - our own words


STATEMENTS = (
    *("UPDATE withdrawals_approval SET reason = 'another'", "DELETE FROM withdrawals_approval"),
    *("UPDATE withdrawals_slabset SET slabs = '0: none'", "DELETE FROM withdrawals_slabset"),
    *("TRUNCATE withdrawals_approval", "TRUNCATE withdrawals_slabset"),
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_application_may_not_change_what_was_written(two: Attacker, ann: User, statement: str) -> None:
    approvals.approve(two.withdrawal.pk, ann, REASON)
    committed()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        run(statement)


def copy(withdrawal: Withdrawal, **changes: Any) -> None:
    """Another one like it, inserted by hand; it lacks all that comes beside it."""
    row = Withdrawal.objects.get(pk=withdrawal.pk)
    for name, value in {"pk": ids.new_id(), "reference": "copy", "sequence": 1, **changes}.items():
        setattr(row, name, value)
    row.save(force_insert=True)


BEGINNINGS: dict[str, tuple[dict[str, Any], str]] = {
    "queued though it takes some": ({"status": "queued"}, "begins by waiting for them"),
    "waiting though it takes none": ({"approvals_needed": []}, "begins by waiting for them"),
    "held and queued": (
        {"status": "queued", "approvals_needed": [], "held_for": ["limit_exceeded"]},
        "withdrawal_held_is_looked_at",
    ),
    "of a role that is not": ({"approvals_needed": ["boss"]}, "withdrawal_held_is_looked_at"),
}


@pytest.mark.parametrize(("changes", "match"), BEGINNINGS.values(), ids=BEGINNINGS)
def test_none_begins_past_its_approvals(two: Attacker, changes: dict[str, Any], match: str) -> None:
    with refused(match):
        copy(two.withdrawal, **changes)


#: In live mode, where the set says "0: none; 1000: approver; 5000: approver + finance_lead".
LIVE: dict[str, tuple[str, list[str], bool]] = {
    "small": ("999", [], True),
    "small, and looked at all the same": ("999", ["approver"], True),
    "at the edge": ("1000", [], False),
    "larger": ("1218", [], False),
    "larger, approved": ("1218", ["approver"], True),
    "of the wrong one": ("1218", ["finance_lead"], False),
    "large by one": ("5000", ["approver"], False),
    "large by two of the lower": ("5000", ["approver", "approver"], False),
    "large by both": ("5000", ["approver", "finance_lead"], True),
}


@pytest.mark.parametrize(("amount", "needed", "is_taken"), LIVE.values(), ids=LIVE)
def test_live_money_takes_what_was_agreed(
    two: Attacker, product: Product, live_account: ProviderAccount, amount: str, needed: list[str], is_taken: bool
) -> None:
    agree_on_slabs(product, "0: approver", mode=Mode.LIVE)
    agree_on_slabs(product, "0: none; 1000: approver; 5000: approver + finance_lead", mode=Mode.LIVE)
    status = "pending_approval" if needed else "queued"
    row = {"mode": "live", "amount": amount, "approvals_needed": needed, "status": status}
    if is_taken:
        with transaction.atomic():
            copy(two.withdrawal, **row)
            transaction.set_rollback(True)
        return
    with refused("takes the approval of"):
        copy(two.withdrawal, **row)


@pytest.mark.parametrize("amount", ["1", "1218", "100000"])
def test_live_money_without_slabs_takes_an_approver(two: Attacker, amount: str) -> None:
    with refused("takes the approval of: approver"):
        copy(two.withdrawal, mode="live", amount=amount, approvals_needed=[], status="queued")


def test_no_key_asks_and_approves(product: Product) -> None:
    both = ["withdrawals:approve", "read", "withdrawals:write"]
    with refused("key_asks_or_approves"):
        keep_key(product=product, mode=Mode.TEST, name="both", key=new_key(Mode.TEST), scopes=both)
    caller = key(product)
    with refused("key_asks_or_approves"):
        ApiKey.objects.filter(pk=caller.key_id).update(scopes=both)
