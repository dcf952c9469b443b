"""The pages of approvals: who sees what, who finds which buttons, and what becomes of each of many."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import ApiKey, Mode, Product
from tests.conftest import Api, agree_on_slabs
from tests.staff import browser_of
from tests.withdrawals.approving import REASON, asked_by, decisions, person, waiting
from tests.withdrawals.orders import make_due, order
from tests.withdrawals.ruling import limit
from withdrawals import approvals, limits, moves
from withdrawals.actions import NewWithdrawal, open_withdrawal
from withdrawals.models import Approval, Withdrawal

pytestmark = pytest.mark.django_db

QUEUE = reverse("work:queue", args=["approvals"]) + "?mode=test"
SLABS = reverse("admin:withdrawals_slabset_changelist")


def logged_in(who: User) -> Client:
    client = Client()
    browser_of(who, client)
    return client


@pytest.fixture
def ann(db: None) -> Client:
    """An approver's browser."""
    return logged_in(person("ann"))


@pytest.fixture
def lea(db: None) -> Client:
    """A finance lead's browser."""
    return logged_in(person("lea", "finance_lead"))


def page_of(withdrawal: Withdrawal) -> str:
    return reverse("admin:withdrawals_withdrawal_change", args=[withdrawal.pk])


def press(client: Client, withdrawal: Withdrawal, decision: str, reason: str = REASON) -> Any:
    address = reverse("admin:withdrawals_withdrawal_decide", args=[withdrawal.pk])
    return client.post(address, {"decision": decision, "reason": reason}, follow=True)


def decide_many(client: Client, decision: str, *withdrawals: str, reason: str = REASON) -> Any:
    return client.post(QUEUE, {"decision": decision, "reason": reason, "withdrawal": list(withdrawals)})


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def buttons(answer: Any) -> list[str]:
    return re.findall(r'name="decision" value="(\w+)"', text_of(answer))


def ticks(answer: Any) -> list[str]:
    return re.findall(r'type="checkbox" name="withdrawal" value="(\w+)"', text_of(answer))


def test_the_queue_shows_what_waits_oldest_first_with_what_there_is_to_know(
    api: Api, product: Product, ann: Client
) -> None:
    order(api)
    first = waiting(api, "0: approver + finance_lead", reference="the-first")
    second = order(api, reference="the-second", amount="2000")
    approvals.approve(first.pk, User.objects.get(username="ann"), "an order of June")
    text = text_of(ann.get(QUEUE))
    assert re.findall(r">(wd_\w+)</a>", text) == [first.public_id, second.public_id]
    for told in (
        *("1,218.00 INR", str(product), "test", "imps_ib", "account number ••••9012", "the-first"),
        *(f"key {ApiKey.objects.get(name='tests')}", "Takes the approval of: finance lead.", "an order of June"),
        *("2,000.00 INR", "Takes the approval of: approver and finance lead.", "Called off in 4 d 23 h"),
    ):
        assert told in text, told
    assert "123456789012" not in text


def test_a_likely_duplicate_stands_beside_what_it_may_double(
    api: Api, product: Product, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = [order(api, reference=f"earlier-{number}") for number in range(2)]
    order(api, reference="other-amount", amount="1219")
    other = {"account_number": "999999999999", "account_name": "Test Name", "bank_code": "MAHB0001821"}
    order(api, reference="other-account", recipient=other)
    monkeypatch.setattr(limits, "reasons_to_hold", lambda _: ["duplicate_likely"])
    held = order(api, reference="held")
    text = text_of(ann.get(QUEUE))
    assert "Held: the same recipient was sent the same amount a short time ago." in text
    assert re.findall(r"</a>, ([\w-]+), queued", text) == ["earlier-1", "earlier-0"]
    assert [one.public_id in text for one in earlier] == [True, True]
    assert held.public_id in text


def test_a_full_page_takes_as_many_questions_as_one_row(
    api: Api, product: Product, lea: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(product, count=1, on_excess="hold", period="hour")
    limit(product, amount=5_000_000)  # refuses, so nobody who decides is told of it
    limit(None, amount=1, on_excess="hold", per="payment_system", payment_system_id="bkash", currency="BDT")
    agree_on_slabs(product, "0: approver + finance_lead")
    monkeypatch.setattr(limits, "reasons_to_hold", lambda _: ["duplicate_likely", "limit_exceeded"])
    like, ann, bea = order(api), person("ann"), person("bea")

    def held(number: int) -> None:
        """As a row of a batch that Bea sent, approved by Ann."""
        names = ("payment_system", "currency", "amount", "recipient", "comment")
        same = {name: getattr(like, name) for name in names}
        wish = NewWithdrawal(customer=f"customer-{number}", reference=f"row-{number}", **same)
        cause = Cause(kind=CauseKind.PERSON, id=str(bea.pk), detail="row of a batch")
        made = open_withdrawal(product, Mode.TEST, wish, cause, withdrawal_id=ids.new_id())
        approvals.approve(made.pk, ann, REASON)

    def looked() -> tuple[str, int]:
        with CaptureQueriesContext(connection) as seen:
            text = text_of(lea.get(QUEUE))
        return text, len(seen)

    looked()  # what is remembered from page to page is looked up by now
    text, of_one = looked()
    assert len(re.findall(r">(wd_\w+)</a>", text)) == 1
    for number in range(50):
        held(number)
    text, of_many = looked()
    assert len(re.findall(r'name="withdrawal" value="(\w+)"', text)) == 50
    assert text.count(f"Limit: 1 withdrawal in the last 60 minutes ({product})") == 50
    assert text.count("Limit: ") == 50
    assert text.count("Earlier: ") == 0 + 1 + 2 + 3 + 4 + 5 * 45, "of each the five that came before it"
    assert of_many == of_one + 3, "the earlier ones, who sent the batch, who asked; the first one had none of these"


def test_who_may_not_decide_finds_no_buttons(api: Api, lea: Client, ann: Client) -> None:
    withdrawal = waiting(api, "0: finance_lead")
    looks = logged_in(person("looks", ""))
    assert (looks.get(QUEUE).status_code, looks.get(page_of(withdrawal)).status_code) == (403, 403)
    viewer = logged_in(with_permission("viewer", "view_withdrawal"))
    for page in (QUEUE, page_of(withdrawal)):
        assert buttons(viewer.get(page)) == []
    assert ticks(viewer.get(QUEUE)) == []
    # An approver cannot say yes in a finance lead's place, and can say no.
    assert buttons(ann.get(page_of(withdrawal))) == buttons(ann.get(QUEUE)) == ["reject"]
    assert "What it still takes is the approval of a finance lead." in text_of(ann.get(page_of(withdrawal)))
    assert buttons(lea.get(page_of(withdrawal))) == ["approve", "reject"]
    assert (ticks(lea.get(QUEUE)), buttons(lea.get(QUEUE))) == ([withdrawal.public_id], ["approve", "reject"])
    approvals.approve(withdrawal.pk, User.objects.get(username="lea"), REASON)
    assert buttons(lea.get(page_of(withdrawal))) == []
    assert "Nothing waits." in text_of(lea.get(QUEUE))


def with_permission(name: str, codename: str) -> User:
    made = person(name, "")
    made.user_permissions.set(Permission.objects.filter(codename=codename))
    return made


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_who_may_not_decide_can_not_though_they_send_the_form(api: Api, decision: str) -> None:
    withdrawal = waiting(api)
    viewer = logged_in(with_permission("viewer", "view_withdrawal"))
    assert press(viewer, withdrawal, decision).status_code == 403
    answer = decide_many(viewer, decision, withdrawal.public_id)
    assert "Not done: viewer may not do this" in text_of(answer)
    nobody = logged_in(person("nobody", ""))
    assert press(nobody, withdrawal, decision).status_code == 403
    assert decide_many(nobody, decision, withdrawal.public_id).status_code == 403
    withdrawal.refresh_from_db()
    assert (withdrawal.status, decisions(withdrawal)) == ("pending_approval", [])


def test_a_press_decides_and_says_what_became_of_it(api: Api, ann: Client) -> None:
    withdrawal, other = waiting(api), order(api)
    assert f"{withdrawal.public_id}: queued: to be sent" in text_of(press(ann, withdrawal, "approve"))
    assert f"{other.public_id}: cancelled: called off" in text_of(press(ann, other, "reject"))
    assert decisions(withdrawal) == [("approve", "approver", "ann")]
    assert decisions(other) == [("reject", "approver", "ann")]
    text = text_of(ann.get(page_of(withdrawal)))
    assert ("ann" in text, REASON in text, "It waits for approval" in text) == (True, True, False)


def test_without_a_reason_nothing_is_decided(api: Api, ann: Client) -> None:
    withdrawal = waiting(api)
    assert "Give a reason of 4 to 500 characters." in text_of(press(ann, withdrawal, "approve", ""))
    assert "Not done: Give a reason" in text_of(decide_many(ann, "approve", withdrawal.public_id, reason="ok"))
    assert decisions(withdrawal) == []


@pytest.mark.parametrize("decision", ["", "pay", "expire"])
def test_there_are_two_decisions(api: Api, ann: Client, decision: str) -> None:
    withdrawal = waiting(api)
    assert press(ann, withdrawal, decision).status_code == 404
    assert decide_many(ann, decision, withdrawal.public_id).status_code == 404
    assert decisions(withdrawal) == []


def test_the_buttons_take_a_post_and_an_existing_one(api: Api, ann: Client) -> None:
    withdrawal = waiting(api)
    address = reverse("admin:withdrawals_withdrawal_decide", args=[withdrawal.pk])
    assert ann.get(address).status_code == 405
    assert decisions(withdrawal) == []
    withdrawal.pk = withdrawal.product_id
    assert press(ann, withdrawal, "approve").status_code == 404
    assert not Approval.objects.exists()


def test_of_many_each_is_told_what_became_of_it(api: Api, product: Product, ann: Client) -> None:
    agree_on_slabs(product, "0: approver; 2000: finance_lead")
    good, cancelled, approved, late = (order(api, reference=f"row-{number}") for number in range(4))
    large = order(api, reference="large", amount="2000")
    api.post(f"withdrawals/{cancelled.public_id}/cancel")
    approvals.approve(approved.pk, User.objects.get(username="ann"), REASON)
    make_due(late)
    missing = "wd_00000000000000000000000000"
    ticked = [*(one.public_id for one in (good, cancelled, approved, late, large)), missing, "nonsense"]
    text = text_of(decide_many(ann, "approve", *ticked))
    found = dict(re.findall(r">(wd_\w+)</a>\s*<p[^>]*>([^<]+)</p>", text))
    assert found == {
        good.public_id: "Done: queued: to be sent",
        cancelled.public_id: "Not done: The withdrawal is cancelled; it waits for no approval.",
        approved.public_id: "Done: queued: to be sent",
        late.public_id: "Not done: It was not approved in 5 days, and is about to be called off.",
        large.public_id: "Not done: What it still takes is the approval of a finance lead.",
        missing: "Not done: There is no such withdrawal.",
    }
    assert "2 of 6 done." in text
    statuses = [Withdrawal.objects.get(pk=one.pk).status for one in (good, cancelled, approved, late, large)]
    assert statuses == ["queued", "cancelled", "queued", "pending_approval", "pending_approval"]
    assert decisions(approved) == [("approve", "approver", "ann")]


def test_what_goes_wrong_with_one_stops_no_other(
    api: Api, ann: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [waiting(api)] + [order(api, reference=f"row-{number}") for number in range(2)]
    honest = moves.move_withdrawal

    def broken(withdrawal: Withdrawal, *args: Any, **options: Any) -> None:
        if withdrawal.pk == rows[1].pk:
            raise DatabaseError
        honest(withdrawal, *args, **options)

    monkeypatch.setattr(approvals, "move_withdrawal", broken)
    text = text_of(decide_many(ann, "reject", *(one.public_id for one in rows)))
    assert "2 of 3 done." in text
    assert "Not done: It could not be written down, and nothing was. Try again." in text
    assert [decisions(one) for one in rows] == [
        [("reject", "approver", "ann")],
        [],
        [("reject", "approver", "ann")],
    ]
    assert "decision_failed" in caplog.text


def test_nothing_ticked_is_nothing_done(api: Api, ann: Client) -> None:
    withdrawal = waiting(api)
    assert "Nothing was ticked." in text_of(decide_many(ann, "approve"))
    assert decisions(withdrawal) == []


def test_who_asked_is_told_that_another_one_decides(api: Api, lea: Client) -> None:
    made = asked_by(User.objects.get(username="lea"), waiting(api))
    text = text_of(lea.get(page_of(made)))
    assert "Asked for by lea as a-person-s" in text
    assert "Whoever asked for a withdrawal does not decide about it: another one has to." in text
    assert buttons(lea.get(page_of(made))) == []


def test_the_queue_costs_as_many_statements_with_many_as_with_one(
    api: Api, ann: Client, django_assert_max_num_queries: Any
) -> None:
    waiting(api)
    for number in range(4):
        order(api, reference=f"row-{number}")
    ann.get(QUEUE)  # from now on the session knows which mode is shown
    with django_assert_max_num_queries(14):
        assert len(ticks(ann.get(QUEUE))) == 5


@pytest.mark.parametrize("role", ["approver", "finance_lead"])
def test_who_decides_sees_the_slabs_and_changes_none(api: Api, role: str) -> None:
    waiting(api, "0: none; 1: approver")
    client = logged_in(person("looks", role))
    assert "0: none; 1.00: approver" in text_of(client.get(SLABS, {"mode": "test"}))
    assert client.get(reverse("admin:withdrawals_slabset_add")).status_code == 403
