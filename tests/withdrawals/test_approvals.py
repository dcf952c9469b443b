"""People and keys decide: who may, what it makes of the withdrawal, and what its product is told."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from balances import accounts, reading
from balances.verb_fields import Refused
from gateway.products.actions import Caller
from gateway.products.models import ApiKey, Mode, Product
from gateway.providers.models import PauseKind, ProviderAccount
from gateway.webhooks.models import Event
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import settle
from tests.withdrawals import provider_words as words
from tests.withdrawals.approving import APPROVING_SCOPES, REASON, asked_by, decisions, key, person, waiting
from tests.withdrawals.money_stage import given_past_the_verbs
from tests.withdrawals.orders import IMPS, make_due, moves, news, order, send
from withdrawals import actions, approvals, limits, sweeping, tasks
from withdrawals.models import Approval, Withdrawal
from withdrawals.states import APPROVAL_DAYS

pytestmark = pytest.mark.django_db

TWO = "0: approver + finance_lead"


def held(product: Product) -> Decimal:
    return reading.balance_of(accounts.held(product.pk, "test", "INR"))


@pytest.fixture
def ann(db: None) -> User:
    """An approver."""
    return person("ann")


@pytest.fixture
def lea(db: None) -> User:
    """A finance lead."""
    return person("lea", "finance_lead")


def refused(step: Callable[[], object]) -> str:
    with pytest.raises(Refused) as error:
        step()
    return str(error.value)


def test_where_the_balance_has_no_room_nobody_calls_it_off_and_it_is_said(
    api: Api, product: Product, new_api: Callable[..., Api]
) -> None:
    withdrawal = waiting(api)
    [before] = reading.product_balances(product.pk, "test", currencies=["INR"])
    given_past_the_verbs(product, str(Decimal("9999999999999999.9999") - before.available))
    deciding = new_api(product, Mode.TEST, scopes=APPROVING_SCOPES)
    refused_ = deciding.post(f"withdrawals/{withdrawal.public_id}/reject", {"reason": REASON})
    assert (refused_.status_code, refused_.json()["code"]) == (409, "conflict")
    assert "no room for the amount" in refused_.json()["detail"]
    make_due(withdrawal)
    assert approvals.expire(withdrawal.pk) is False
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.sequence) == ("pending_approval", 1)
    assert not Approval.objects.exists()
    settle(product, "1218")
    assert approvals.expire(withdrawal.pk) is True


def test_what_waits_holds_its_money_says_so_and_is_not_sent(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    withdrawal = waiting(api)
    assert (moves(withdrawal), news(withdrawal)) == ([("pending_approval", "api_key")], [("pending_approval", 1)])
    assert held(product) == 1218
    assert withdrawal.next_at == withdrawal.created_at + timedelta(days=APPROVAL_DAYS)
    shown = api.get(f"withdrawals/{withdrawal.public_id}").json()["approvals"]
    assert shown == {"needed": ["approver"], "given": [], "expires_at": withdrawal.next_at.isoformat()}
    make_due(withdrawal)
    assert send(withdrawal).status == "pending_approval"
    assert provider.requests == []


def test_the_approval_that_it_takes_sends_it(
    api: Api, ann: User, provider: ScriptedProvider, django_capture_on_commit_callbacks: Any
) -> None:
    withdrawal = waiting(api)
    with django_capture_on_commit_callbacks() as rings:
        decided = approvals.approve(withdrawal.pk, ann, REASON)
    assert len(rings) == 1
    assert (decided.status, decided.next_at is not None and decided.next_at <= timezone.now()) == ("queued", True)
    assert moves(withdrawal) == [("pending_approval", "api_key"), ("queued", "person")]
    assert news(withdrawal) == [("pending_approval", 1), ("queued", 2)]
    [row] = Approval.objects.all()
    assert (row.decision, row.role, row.person, row.key, row.reason, row.held_for) == (
        *("approve", "approver", ann, None, REASON),
        [],
    )
    shown = api.get(f"withdrawals/{withdrawal.public_id}").json()["approvals"]
    given = [{"role": "approver", "by": "person", "at": row.created_at.isoformat()}]
    assert shown == {"needed": ["approver"], "given": given, "expires_at": None}
    assert Event.objects.get(type="withdrawal.queued").data["approvals"] == shown
    assert REASON not in str(Event.objects.values_list("data", flat=True))
    assert "ann" not in str(shown)
    provider.script("/v2/withdrawal/create", words.OK)
    assert send(withdrawal).status == "accepted"


def test_of_two_the_first_leaves_it_waiting_with_its_news_and_the_second_sends_it(
    api: Api, ann: User, lea: User, django_capture_on_commit_callbacks: Any
) -> None:
    withdrawal = waiting(api, TWO)
    with django_capture_on_commit_callbacks() as rings:
        first = approvals.approve(withdrawal.pk, ann, REASON)
    assert rings == []
    assert (first.status, first.next_at) == ("pending_approval", withdrawal.next_at)
    assert news(withdrawal) == [("pending_approval", 1), ("pending_approval", 2)]
    told = Event.objects.get(type="withdrawal.pending_approval", sequence=2).data["approvals"]
    assert [one["role"] for one in told["given"]] == ["approver"]
    assert first.next_at is not None
    assert told["expires_at"] == first.next_at.isoformat()
    with django_capture_on_commit_callbacks() as rings:
        assert approvals.approve(withdrawal.pk, lea, REASON).status == "queued"
    assert len(rings) == 1
    assert decisions(withdrawal) == [("approve", "approver", "ann"), ("approve", "finance_lead", "lea")]
    assert moves(withdrawal) == [("pending_approval", "api_key"), ("pending_approval", "person"), ("queued", "person")]
    assert news(withdrawal)[2:] == [("queued", 3)]


def test_a_finance_lead_is_taken_for_one_first_and_for_an_approver_then(api: Api, lea: User, ann: User) -> None:
    withdrawal = waiting(api, TWO)
    approvals.approve(withdrawal.pk, lea, REASON)
    approvals.approve(withdrawal.pk, person("leo", "finance_lead"), REASON)
    assert decisions(withdrawal) == [("approve", "finance_lead", "lea"), ("approve", "approver", "leo")]
    single = waiting(api, "0: approver")
    approvals.approve(single.pk, lea, REASON)
    assert decisions(single) == [("approve", "approver", "lea")]


def test_one_person_counts_once_whatever_they_may(api: Api, lea: User) -> None:
    withdrawal = waiting(api, TWO)
    assert approvals.approve(withdrawal.pk, lea, REASON).sequence == 2
    assert approvals.approve(withdrawal.pk, lea, "and once more").sequence == 2
    assert decisions(withdrawal) == [("approve", "finance_lead", "lea")]
    assert refused(lambda: approvals.reject(withdrawal.pk, lea, REASON)) == (
        "They have decided about it already; it takes another one."
    )


def test_an_approver_is_no_finance_lead(api: Api, ann: User) -> None:
    withdrawal = waiting(api, TWO)
    approvals.approve(withdrawal.pk, ann, REASON)
    sentence = "What it still takes is the approval of a finance lead."
    assert refused(lambda: approvals.approve(withdrawal.pk, person("amy"), REASON)) == sentence
    # Not to approve is open to them.
    assert approvals.reject(withdrawal.pk, User.objects.get(username="amy"), REASON).status == "cancelled"


def test_a_rejection_calls_it_off_and_gives_the_money_back(api: Api, product: Product, ann: User) -> None:
    withdrawal = waiting(api)
    decided = approvals.reject(withdrawal.pk, ann, REASON)
    assert approvals.reject(withdrawal.pk, ann, REASON).sequence == decided.sequence == 2
    assert (decided.status, decided.failure_code, decided.next_at) == ("cancelled", "approval_refused", None)
    assert moves(withdrawal) == [("pending_approval", "api_key"), ("cancelled", "person")]
    assert news(withdrawal) == [("pending_approval", 1), ("cancelled", 2)]
    assert decisions(withdrawal) == [("reject", "approver", "ann")]
    assert held(product) == 0
    shown = api.get(f"withdrawals/{withdrawal.public_id}").json()
    assert shown["failure"]["code"] == "approval_refused"
    assert shown["approvals"] == {"needed": ["approver"], "given": [], "expires_at": None}
    assert REASON not in str(shown)


def test_a_rejection_ends_what_another_one_approved(api: Api, ann: User, lea: User) -> None:
    withdrawal = waiting(api, TWO)
    approvals.approve(withdrawal.pk, ann, REASON)
    assert approvals.reject(withdrawal.pk, lea, REASON).status == "cancelled"
    assert decisions(withdrawal) == [("approve", "approver", "ann"), ("reject", "finance_lead", "lea")]


def test_who_asked_does_not_decide(api: Api, product: Product, lea: User, ann: User) -> None:
    made = asked_by(lea, waiting(api))
    sentence = "Whoever asked for a withdrawal does not decide about it: another one has to."
    assert refused(lambda: approvals.approve(made.pk, lea, REASON)) == sentence
    assert refused(lambda: approvals.reject(made.pk, lea, REASON)) == sentence
    assert approvals.approve(made.pk, ann, REASON).status == "queued"


def test_an_override_leaves_what_it_was_held_for(
    api: Api, product: Product, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "reasons_to_hold", lambda _: ["duplicate_likely", "limit_exceeded"])
    made = order(api)
    approvals.approve(made.pk, ann, "it is meant twice")
    [row] = Approval.objects.all()
    assert (row.reason, row.held_for) == ("it is meant twice", ["duplicate_likely", "limit_exceeded"])


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("", "Give a reason of 4 to 500 characters."),
        ("yes", "Give a reason of 4 to 500 characters."),
        ("x" * 501, "Give a reason of 4 to 500 characters."),
        ("....", "Write it in visible letters or digits."),
    ],
)
def test_it_takes_a_reason(api: Api, ann: User, reason: str, sentence: str) -> None:
    withdrawal = waiting(api)
    for verb in (approvals.approve, approvals.reject):
        assert refused(lambda verb=verb: verb(withdrawal.pk, ann, reason)) == sentence  # type: ignore[misc]
    assert (decisions(withdrawal), moves(withdrawal)) == ([], [("pending_approval", "api_key")])


LOST = {
    "not active any more": lambda person: User.objects.filter(pk=person.pk).update(is_active=False),
    "no staff any more": lambda person: User.objects.filter(pk=person.pk).update(is_staff=False),
    "lost the permission": lambda person: User.objects.get(pk=person.pk).user_permissions.clear(),
}


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST)
def test_who_lost_the_right_since_they_looked_decides_nothing(
    api: Api, ann: User, lose: Callable[[User], object]
) -> None:
    withdrawal = waiting(api)
    assert approvals.objection_to(withdrawal, ann, "approve", ()) == ""  # type: ignore[arg-type]  # as the page saw them
    lose(ann)
    for verb in (approvals.approve, approvals.reject):
        with pytest.raises(PermissionDenied, match="it takes the permission"):
            verb(withdrawal.pk, ann, REASON)
    assert (decisions(withdrawal), news(withdrawal)) == ([], [("pending_approval", 1)])


ENDED_KEYS: dict[str, dict[str, Any]] = {
    "revoked": {"revoked_at": timezone.now()},
    "expired": {"expires_at": timezone.now()},
    "without the scope": {"scopes": ["read"]},
}


@pytest.mark.parametrize("change", ENDED_KEYS.values(), ids=ENDED_KEYS)
def test_a_key_that_ended_since_it_was_looked_at_decides_nothing(
    api: Api, product: Product, change: dict[str, Any]
) -> None:
    withdrawal, caller = waiting(api), key(product)
    ApiKey.objects.filter(pk=caller.key_id).update(**change)
    with pytest.raises(PermissionDenied):
        approvals.approve(withdrawal.pk, caller, REASON)
    assert decisions(withdrawal) == []


ENDINGS: dict[str, tuple[Callable[[Withdrawal, Caller], object], str]] = {
    "queued": (lambda one, _: approvals.approve(one.pk, person("zoe"), REASON), "queued"),
    "rejected": (lambda one, _: approvals.reject(one.pk, person("zoe"), REASON), "cancelled"),
    "called off": (lambda one, caller: actions.cancel_withdrawal(caller, one.pk), "cancelled"),
}


@pytest.mark.parametrize(("ending", "status"), ENDINGS.values(), ids=ENDINGS)
def test_what_waits_no_more_is_not_decided(
    api: Api, caller: Caller, ann: User, ending: Callable[[Withdrawal, Caller], object], status: str
) -> None:
    withdrawal = waiting(api)
    ending(withdrawal, caller)
    before = (moves(withdrawal), decisions(withdrawal))
    for verb in (approvals.approve, approvals.reject):
        sentence = f"The withdrawal is {status}; it waits for no approval."
        assert refused(lambda verb=verb: verb(withdrawal.pk, ann, REASON)) == sentence  # type: ignore[misc]
    assert (moves(withdrawal), decisions(withdrawal)) == before


# Keys.


@pytest.fixture
def approving(product: Product, new_api: Callable[..., Api]) -> Api:
    """The product's client that approves."""
    return new_api(product, scopes=APPROVING_SCOPES)


def test_a_key_approves_what_another_one_asked_for_and_again_is_once(api: Api, approving: Api) -> None:
    withdrawal = waiting(api)
    path = f"withdrawals/{withdrawal.public_id}/approve"
    first, again = (approving.post(path, {"reason": REASON}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == api.get(f"withdrawals/{withdrawal.public_id}").json()
    [given] = first.json()["approvals"]["given"]
    assert (first.json()["status"], given["role"], given["by"]) == ("queued", "approver", "api_key")
    assert moves(withdrawal) == [("pending_approval", "api_key"), ("queued", "api_key")]
    assert decisions(withdrawal) == [("approve", "approver", "key")]


def test_a_key_rejects(api: Api, approving: Api) -> None:
    withdrawal = waiting(api)
    path = f"withdrawals/{withdrawal.public_id}"
    first, again = (approving.post(f"{path}/reject", {"reason": REASON}) for _ in range(2))
    assert first.json() == again.json()
    assert (first.json()["status"], first.json()["failure"]["code"]) == ("cancelled", "approval_refused")
    late = approving.post(f"{path}/approve", {"reason": REASON})
    assert (late.status_code, late.json()["code"], late.json()["current_status"]) == (409, "conflict", "cancelled")
    assert decisions(withdrawal) == [("reject", "approver", "key")]


def test_only_one_of_two_approvals_comes_from_keys(
    api: Api, approving: Api, product: Product, new_api: Callable[..., Api], ann: User
) -> None:
    withdrawal = waiting(api, "0: approver + approver")
    path = f"withdrawals/{withdrawal.public_id}/approve"
    assert approving.post(path, {"reason": REASON}).json()["status"] == "pending_approval"
    second = new_api(product, scopes=APPROVING_SCOPES).post(path, {"reason": REASON})
    assert (second.status_code, second.json()["detail"]) == (
        409,
        "An API key has approved it already; a person has to.",
    )
    assert approvals.approve(withdrawal.pk, ann, REASON).status == "queued"
    assert decisions(withdrawal) == [("approve", "approver", "key"), ("approve", "approver", "ann")]


def test_a_key_is_no_finance_lead(api: Api, approving: Api) -> None:
    withdrawal = waiting(api, "0: finance_lead")
    answer = approving.post(f"withdrawals/{withdrawal.public_id}/approve", {"reason": REASON})
    assert (answer.status_code, answer.json()["detail"]) == (
        *(409,),
        "What it still takes is the approval of a finance lead.",
    )
    assert decisions(withdrawal) == []


def test_the_key_that_asked_does_not_approve_though_it_may_now(api: Api) -> None:
    withdrawal = waiting(api)
    ApiKey.objects.filter(name="tests").update(scopes=APPROVING_SCOPES)
    for verb in ("approve", "reject"):
        answer = api.post(f"withdrawals/{withdrawal.public_id}/{verb}", {"reason": REASON})
        assert (answer.status_code, answer.json()["current_status"]) == (409, "pending_approval")
        assert "does not decide about it" in answer.json()["detail"]
    assert decisions(withdrawal) == []


BODIES: dict[str, tuple[Any, str]] = {
    "none": ({}, "/reason"),
    "too short": ({"reason": "yes"}, "/reason"),
    "blank ends": ({"reason": " as it is "}, "/reason"),
    "no text": ({"reason": 12345}, "/reason"),
    "something else": ({"reason": REASON, "role": "finance_lead"}, "/role"),
}


@pytest.mark.parametrize(("body", "pointer"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_the_body_is_a_reason_and_nothing_else(api: Api, approving: Api, body: Any, pointer: str, verb: str) -> None:
    withdrawal = waiting(api)
    answer = approving.post(f"withdrawals/{withdrawal.public_id}/{verb}", body)
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (400, [pointer])
    assert decisions(withdrawal) == []


def test_what_is_only_punctuation_is_no_reason(api: Api, approving: Api) -> None:
    withdrawal = waiting(api)
    answer = approving.post(f"withdrawals/{withdrawal.public_id}/approve", {"reason": "....."})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/reason")
    assert decisions(withdrawal) == []


def test_a_key_that_approves_asks_for_nothing(approving: Api) -> None:
    with nothing_changes():
        assert_refused(approving.post("withdrawals", {**IMPS, "reference": "x"}), 403, "forbidden")


# Time.


def test_what_nobody_approves_in_time_is_called_off_once(
    api: Api, product: Product, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[tuple[str, str]] = []
    monkeypatch.setattr(sweeping, "ring", lambda *ring: rings.append(ring))
    withdrawal, other = waiting(api), order(api)
    tasks.sweep_withdrawals()
    assert rings == []
    make_due(withdrawal)
    assert refused(lambda: approvals.approve(withdrawal.pk, ann, REASON)) == (
        "It was not approved in 5 days, and is about to be called off."
    )
    tasks.sweep_withdrawals()
    assert rings == [("withdrawals.tasks.expire_approval", str(withdrawal.pk))]
    for _ in range(2):
        tasks.expire_approval(str(withdrawal.pk))
    tasks.expire_approval(str(other.pk))
    withdrawal.refresh_from_db()
    other.refresh_from_db()
    assert (withdrawal.status, withdrawal.failure_code, withdrawal.next_at) == ("cancelled", "approval_expired", None)
    assert other.status == "pending_approval"
    assert moves(withdrawal) == [("pending_approval", "api_key"), ("cancelled", "clock")]
    assert news(withdrawal) == [("pending_approval", 1), ("cancelled", 2)]
    assert held(product) == 1218
    assert not list(approvals.overdue())


def test_it_expires_whatever_is_paused(api: Api, account: ProviderAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    rings: list[tuple[str, str]] = []
    monkeypatch.setattr(sweeping, "ring", lambda *ring: rings.append(ring))
    withdrawal = waiting(api)
    make_due(withdrawal)
    ProviderAccount.objects.filter(pk=account.pk).update(pause_kind=PauseKind.OUTAGE)
    tasks.sweep_withdrawals()
    assert rings == [("withdrawals.tasks.expire_approval", str(withdrawal.pk))]


def test_the_product_cancels_what_waits(api: Api, product: Product) -> None:
    withdrawal = waiting(api)
    answer = api.post(f"withdrawals/{withdrawal.public_id}/cancel")
    assert (answer.json()["status"], answer.json()["failure"]) == ("cancelled", None)
    assert held(product) == 0
