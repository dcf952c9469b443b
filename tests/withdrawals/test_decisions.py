"""What nobody knows is decided by two persons, after the provider was asked once more; and sent again by a worker."""

import html
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from balances import instructions, proposing
from balances.instruction_models import Instruction
from balances.models import Hold, Journal
from balances.proposing import Changed
from balances.verb_fields import Refused
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount, ProviderCall
from tests.at_commit import refused
from tests.conftest import Api
from tests.payments.paid import postings
from tests.scripted_provider import DROP, ScriptedProvider
from tests.staff import logged_in
from tests.two_persons import by_two_persons, persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.doubts import FAILED, PAID, RESENT, in_review, names, run, stepped, told, unknown
from tests.withdrawals.money_stage import figures, funded_with
from tests.withdrawals.orders import begin_sending, creates, make_due, moves, news, order, sent, week_is_nearly_over
from withdrawals import asking, probing, sending
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

TWICE = (
    "THIS PAYOUT MAY BE PAID TWICE. The provider has never shown that it pays one id only once: if what was sent before"
    " arrived after all, the recipient gets the money a second time, and nobody can call it back."
)


@pytest.fixture
def funded(product: Product) -> Product:
    """In place of the fixture of all tests."""
    return funded_with(product, "1218")


def notes(verb: str, withdrawal: Withdrawal) -> list[str]:
    found: list[str] = proposing.look(verb, told(withdrawal)).content["notes"]
    return found


def test_an_unknown_one_is_the_provider_s_for_an_hour_and_then_two_persons_may_decide(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3599)
    assert names(withdrawal) == []
    for verb in (RESENT, FAILED):
        with pytest.raises(Refused, match="people may decide from 2026-03-01 13:00:00 UTC on"):
            proposing.look(verb, told(withdrawal))
    clock.shift(1)
    assert names(withdrawal) == [RESENT, FAILED]
    with pytest.raises(Refused, match="The withdrawal is unknown; only one in manual review can be declared paid"):
        proposing.look(PAID, told(withdrawal))


@pytest.mark.parametrize("verb", [RESENT, FAILED, PAID])
def test_what_is_not_in_doubt_is_nobodys_to_decide(api: Api, provider: ScriptedProvider, verb: str) -> None:
    withdrawal = order(api)
    assert names(withdrawal) == []
    with pytest.raises(Refused, match="The withdrawal is queued; "):
        proposing.look(verb, told(withdrawal))
    assert provider.requests == []


# Sent again by hand.


def test_two_persons_have_it_sent_again_and_a_worker_does_it_once(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    before = moves(withdrawal), news(withdrawal), figures(product), postings()

    seen = proposing.look(RESENT, told(withdrawal)).content

    assert seen["journals"] == []
    assert seen["notes"] == [
        f"Withdrawal {withdrawal.public_id} is unknown, since 2026-03-01 12:00:00 UTC.",
        "Sent at 2026-03-01 12:00:00 UTC: broken.",
        'Asked at 2026-03-01 13:00:00 UTC, the provider said: "not_found".',
        TWICE,
        "A worker sends the same bytes once more. It asks again first: a provider that has it by then is sent nothing.",
    ]
    decided = by_two_persons(RESENT, told(withdrawal))
    # Looked at, asked for and approved: the provider was asked once for all of them.
    assert len(provider.to(words.PULL)) == 1
    withdrawal.refresh_from_db()
    assert (withdrawal.send_again, withdrawal.resend_allowed_by, withdrawal.next_at) == (
        True,
        decided.pk,
        timezone.now(),
    )
    assert (moves(withdrawal), news(withdrawal), figures(product), postings()) == before
    assert len(creates(provider)) == 1
    with pytest.raises(Refused, match="It was decided already that it is sent again"):
        proposing.look(RESENT, told(withdrawal))

    provider.script(words.CREATE, words.OK)
    asking.ask_withdrawals(account.pk)  # it is the sender's to ask about
    assert len(provider.to(words.PULL)) == 1
    for _ in range(3):
        sending.send_again(withdrawal.pk)

    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.resends) == ("accepted", 1)
    assert (withdrawal.send_again, withdrawal.resend_allowed_by) == (False, None)
    assert creates(provider) == [bytes(withdrawal.body)] * 2
    assert len(provider.to(words.PULL)) == 2
    assert moves(withdrawal)[3:] == [("sending", "person"), ("accepted", "provider_answer")]
    move = withdrawal.moves.get(sequence=4)
    assert (move.cause_id, move.detail) == (decided.public_id, "two persons had it sent again")
    assert (figures(product), postings()) == before[2:]


@pytest.mark.parametrize(
    "answer",
    [
        DROP,
        words.REFUSED_FIELD,
        words.REFUSED_TEXT,
        words.NO_FUNDS,
        (404, b"Not found"),
        (200, {"status": "fail", "message": {"withdrawal_id": ["has already been taken"]}}),
    ],
)
def test_one_permission_is_one_sending_whatever_is_answered(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller, answer: Any
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    by_two_persons(RESENT, told(withdrawal))
    provider.script(words.CREATE, answer)
    sending.send_again(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.resend_allowed_by, len(creates(provider))) == ("unknown", None, 2)
    assert (withdrawal.refused_unproven, withdrawal.refused_unread) == (False, False)
    for question in range(10):
        if question == 5:
            week_is_nearly_over(withdrawal)
        make_due(withdrawal)
        sending.send_again(withdrawal.pk)
        probing.probe_waiting(withdrawal.pk)
        sending.send_withdrawal(withdrawal.pk)
        asking.ask_withdrawals(account.pk)
    withdrawal.refresh_from_db()
    # The first of them may have arrived: no word about the second one fails it.
    assert (withdrawal.status, len(creates(provider))) == ("manual_review", 2)
    assert Hold.objects.get(pk=withdrawal.pk).status == "open"


def test_what_the_provider_has_when_the_worker_asks_is_not_sent(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    by_two_persons(RESENT, told(withdrawal))
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    sending.send_again(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.resend_allowed_by, len(creates(provider))) == ("paid", None, 1)


def test_a_permission_waits_while_the_provider_cannot_be_asked(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    decided = by_two_persons(RESENT, told(withdrawal))
    provider.script(words.PULL, (503, b"down"))
    sending.send_again(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.resend_allowed_by, withdrawal.send_again) == ("unknown", decided.pk, True)
    assert timezone.now() < withdrawal.next_at <= timezone.now() + timedelta(seconds=6)  # type: ignore[operator]
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    provider.script(words.CREATE, words.OK)
    clock.shift(6)
    sending.send_again(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, len(creates(provider))) == ("accepted", 2)


@pytest.mark.parametrize("status", [None, 2, 1])
def test_a_permission_ends_once_the_provider_has_it(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller, status: int | None
) -> None:
    withdrawal = in_review(api, account, provider)
    clock.shift(3600)
    by_two_persons(RESENT, told(withdrawal))
    says = words.no_postback(withdrawal) if status is None else words.found(withdrawal, status, amount="1")
    said = "no_postback" if status is None else f"found, status {status}"
    provider.script(words.PULL, words.pulled(says))
    sending.send_again(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.send_again, withdrawal.resend_allowed_by) == ("manual_review", False, None)
    assert withdrawal.contradiction.startswith(
        f'two persons had it sent again, and that was called off, for the provider said "{said}"; before that: the'
    )
    # Should the provider lose it again, nothing is sent without another decision.
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    make_due(withdrawal)
    sending.send_again(withdrawal.pk)
    asking.ask_withdrawals(account.pk)
    assert len(creates(provider)) == 1
    assert names(withdrawal) == [RESENT, FAILED, PAID]


def grown_old(decided: Instruction, seconds: int) -> None:
    """As if they had decided so long ago, by the clock of the database."""
    run("SET session_replication_role = replica")
    run(
        "UPDATE balances_instruction SET decided_at = decided_at - make_interval(secs => %s) WHERE id = %s",
        seconds,
        decided.pk,
    )
    run("SET session_replication_role = origin")


@pytest.mark.usefixtures("as_superuser")
def test_the_database_lets_nothing_out_by_a_permission_that_is_over(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = in_review(api, account, provider)
    clock.shift(3600)
    grown_old(by_two_persons(RESENT, told(withdrawal)), 3600)
    with refused("without proof or two persons"):
        stepped(withdrawal, "sending", cause="person", resends=1, resend_allowed_by=None)


@pytest.mark.parametrize(("waits", "sendings"), [(3500, 2), (3600, 1)])
@pytest.mark.usefixtures("as_superuser")
def test_a_permission_holds_good_for_an_hour(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller, waits: int, sendings: int
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    decided = by_two_persons(RESENT, told(withdrawal))
    provider.script(words.CREATE, words.OK)
    grown_old(decided, waits)
    sending.send_again(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert (len(creates(provider)), withdrawal.send_again, withdrawal.resend_allowed_by) == (sendings, False, None)
    if sendings == 1:
        assert withdrawal.status == "unknown"
        assert withdrawal.contradiction == (
            "two persons had it sent again, and that was called off, for it was not sent within an hour"
        )
        # They may decide so once more.
        by_two_persons(RESENT, told(withdrawal))
        sending.send_again(withdrawal.pk)
        assert len(creates(provider)) == 2


THERE: dict[str, Any] = {
    "known": (words.no_postback, "accepted"),
    "paid": (lambda one: words.found(one, 1), "paid"),
    "rejected": (lambda one: words.found(one, 5), "rejected"),
}


@pytest.mark.parametrize(("says", "status"), THERE.values(), ids=THERE.keys())
@pytest.mark.parametrize("verb", [RESENT, FAILED])
def test_what_the_provider_has_when_people_look_is_no_longer_theirs(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller, verb: str, says: Any, status: str
) -> None:
    withdrawal = unknown(api, provider, says)
    clock.shift(3600)
    with pytest.raises(Refused, match=f"The withdrawal is {status}; its outcome is not in doubt"):
        proposing.look(verb, told(withdrawal))
    withdrawal.refresh_from_db()
    assert (withdrawal.status, len(creates(provider))) == (status, 1)


@pytest.mark.parametrize("verb", [RESENT, FAILED])
def test_in_review_too_what_the_provider_has_is_neither_sent_nor_failed(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller, verb: str
) -> None:
    withdrawal = in_review(api, account, provider)
    provider.script(words.PULL, words.pulled(words.no_postback(withdrawal)))
    clock.shift(3600)
    with pytest.raises(Refused, match='said "no_postback"'):
        proposing.look(verb, told(withdrawal))


@pytest.mark.parametrize("answer", [(503, b"down"), words.pulled(), DROP])
def test_without_a_word_of_this_minute_nothing_is_sent_again(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller, answer: Any
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    provider.script(words.PULL, answer)
    with pytest.raises(Refused, match="The provider gave no answer about it just now"):
        proposing.look(RESENT, told(withdrawal))


def test_minutes_after_the_sending_a_not_found_is_too_early(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = in_review(api, account, provider)
    clock.shift(299)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    asking.ask(account, [withdrawal.public_id])
    with pytest.raises(Refused, match="It was sent only minutes ago"):
        proposing.look(RESENT, told(withdrawal))


def test_who_waits_too_long_looks_again(api: Api, provider: ScriptedProvider, clock: time_machine.Traveller) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    requester, approver = persons()
    asked = proposing.propose(RESENT, told(withdrawal), "support says send it", "", requester)
    clock.shift(300)
    with pytest.raises(Changed):
        instructions.approve(asked.pk, approver, asked.digest)
    withdrawal.refresh_from_db()
    assert withdrawal.resend_allowed_by is None
    seen = proposing.current_preview(Instruction.objects.get(pk=asked.pk))
    assert 'Asked at 2026-03-01 13:05:00 UTC, the provider said: "not_found".' in seen.content["notes"]
    instructions.approve(asked.pk, approver, seen.digest)
    withdrawal.refresh_from_db()
    assert withdrawal.resend_allowed_by == asked.pk


def test_the_provider_is_asked_for_nobody_who_only_looks(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    requester, _ = persons()
    asked = proposing.propose(RESENT, told(withdrawal), "support says send it", "", requester)
    clock.shift(300)
    calls = ProviderCall.objects.count()
    looker = logged_in("looker", "view_instruction")
    decide = reverse("admin:balances_instruction_decide", args=[asked.pk])
    assert looker.post(decide, {"decision": "approve", "digest": asked.digest}).status_code == 403
    page = reverse("admin:balances_instruction_change", args=[asked.pk])
    assert TWICE in html.unescape(looker.get(page).content.decode()), "what was shown last"
    assert ProviderCall.objects.count() == calls
    assert logged_in("decider", "approve_instruction").get(page).status_code == 200
    assert ProviderCall.objects.count() == calls + 1


def test_where_an_id_is_paid_once_the_warning_says_so(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    ProviderAccount.objects.update(ids_proven_unique=True)
    told_ = notes(RESENT, withdrawal)
    assert TWICE not in told_
    assert "The account is marked as one that pays an id only once, so it should not be paid twice." in told_


def test_a_refusal_of_the_first_sending_fails_no_second_one_that_is_lost(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = sent(api, provider, words.REFUSED_TEXT)
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1, account_name="X")))
    asking.ask(account, [withdrawal.public_id])
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    clock.shift(3600)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.refused_unproven) == ("manual_review", True)
    by_two_persons(RESENT, told(withdrawal))
    begin_sending(withdrawal)  # and the worker dies
    clock.shift(121)
    sending.send_withdrawal(withdrawal.pk)
    asking.ask_withdrawals(account.pk)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.last_answer, withdrawal.refused_unproven) == ("unknown", "not_found", False)


# Ended by hand.


def test_two_persons_declare_it_failed_and_the_product_has_its_money_again(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    assert notes(FAILED, withdrawal)[3:] == [
        "Be sure that the provider will never pay it: the product may use the amount at once, and pay again.",
        "It becomes failed.",
        f"{product} is sent the event withdrawal.failed of {withdrawal.public_id}.",
    ]
    decided = by_two_persons(FAILED, told(withdrawal))
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.failure_code, withdrawal.next_at) == ("failed", "declared_failed", None)
    assert moves(withdrawal)[3:] == [("failed", "person")]
    assert news(withdrawal)[-1] == ("failed", 4)
    assert figures(product) == [Decimal(1218), 0, 0]
    journal = Journal.objects.get(kind="withdrawal_released")
    assert (journal.instruction, journal.reference) == (decided, withdrawal.public_id)
    assert api.get(f"withdrawals/{withdrawal.public_id}").json()["failure"] == {
        "code": "declared_failed",
        "message": "It was looked into: the provider never paid the withdrawal, and will not.",
        "customer_message": "The payout was not made.",
        "safe_to_retry": True,
    }
    # What the provider says later moves no money and calls a person.
    before = moves(withdrawal), postings()
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    asking.ask(account, [withdrawal.public_id])
    withdrawal.refresh_from_db()
    assert withdrawal.contradiction == "it is failed, and the provider now says paid"
    assert (withdrawal.status, moves(withdrawal), postings()) == ("failed", *before)
    # And only two persons call that paid.
    assert names(withdrawal) == ["payout_proved_paid"]


def test_in_review_it_is_declared_failed_without_waiting(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = in_review(api, account, provider)
    clock.shift(301)
    assert names(withdrawal) == [RESENT, FAILED, PAID]
    assert "Why a person was called: the provider's answer differs in account_name." in notes(FAILED, withdrawal)
    by_two_persons(FAILED, told(withdrawal))
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.failure_code, withdrawal.contradiction) == ("failed", "declared_failed", "")


def test_two_persons_declare_it_paid_and_the_hold_is_spent(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    withdrawal = in_review(api, account, provider)
    assert notes(PAID, withdrawal)[-3:] == [
        "Be sure that the recipient has the money: what was held is spent, and nothing more is asked or sent.",
        "It becomes paid.",
        f"{product} is sent the event withdrawal.paid of {withdrawal.public_id}.",
    ]
    by_two_persons(PAID, told(withdrawal))
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.failure_code, withdrawal.next_at) == ("paid", "", None)
    assert moves(withdrawal)[4:] == [("paid", "person")]
    assert postings()[-1] == "withdrawal_paid: held 1218.00 INR, provider_balance -1218.00 INR"
    assert figures(product) == [0, 0, 0]
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 5)))
    before = moves(withdrawal), postings()
    asking.ask(account, [withdrawal.public_id])
    withdrawal.refresh_from_db()
    assert withdrawal.contradiction == "it is paid, and the provider now says rejected"
    assert (withdrawal.status, moves(withdrawal), postings()) == ("paid", *before)
    assert names(withdrawal) == ["payout_returned"]


@pytest.mark.parametrize(
    ("number", "is_open"), [(5, True), (1, False), (2, False), (10**12, False)], ids=["rejected", "paid", "2", "long"]
)
def test_what_the_provider_rejected_with_a_difference_can_be_declared_failed(
    api: Api,
    account: ProviderAccount,
    provider: ScriptedProvider,
    clock: time_machine.Traveller,
    number: int,
    is_open: bool,
) -> None:
    """It never counts by itself, and without people it would never end."""
    withdrawal = unknown(api, provider, lambda one: words.found(one, number, account_name="X"))
    asking.ask(account, [withdrawal.public_id])
    if is_open:
        assert 'Asked at 2026-03-01 12:00:00 UTC, the provider said: "found, status 5".' in notes(FAILED, withdrawal)
        by_two_persons(FAILED, told(withdrawal))
    else:
        with pytest.raises(Refused, match=f'it said "found, status {str(number)[:9]}'):
            proposing.look(FAILED, told(withdrawal))
    withdrawal.refresh_from_db()
    assert withdrawal.status == ("failed" if is_open else "manual_review")


@pytest.mark.parametrize("verb", [FAILED, PAID])
def test_an_end_by_people_takes_a_document(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, verb: str
) -> None:
    withdrawal = in_review(api, account, provider)
    with pytest.raises(Refused, match="Name the paper behind it"):
        proposing.propose(verb, told(withdrawal), "somebody says so", "", persons()[0])


def test_what_is_declared_while_it_is_sent_again_is_decided_by_the_row(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    """Failed after it was allowed to go out again: it does not go out."""
    withdrawal = unknown(api, provider)
    clock.shift(3600)
    by_two_persons(RESENT, told(withdrawal))
    by_two_persons(FAILED, told(withdrawal))
    make_due(withdrawal)
    sending.send_again(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.send_again, len(creates(provider))) == ("failed", False, 1)


def test_an_instruction_about_another_one_ends_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    """The database compares what was decided with the row that moves."""
    withdrawal = in_review(api, account, provider)
    by_two_persons("product_funded", {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": "1218"})
    other = in_review(api, account, provider)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    clock.shift(301)
    # In the tests all is one transaction, so the decision about the first one is of the present transaction.
    by_two_persons(FAILED, told(withdrawal))
    decided = Instruction.objects.get(verb=FAILED)
    assert decided.parameters == {"withdrawal": withdrawal.public_id}
    for to_status, columns in (("failed", {"cause": "person"}), ("paid", {"cause": "person"})):
        with refused("without proof or two persons"):
            stepped(other, to_status, **columns)
    with refused("may be sent again by two persons alone"):
        run("UPDATE withdrawals_withdrawal SET resend_allowed_by = %s WHERE id = %s", decided.pk, other.pk)
    other.refresh_from_db()
    assert (other.status, other.resend_allowed_by) == ("manual_review", None)
