"""What one person does in a queue: it says before what it will do, is done once, and written down."""

import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from balances.models import Journal
from gateway.backoffice.models import Deed, Handled
from gateway.backoffice.queues import handling
from gateway.providers.models import ProviderAccount
from payments.models import Screenshot
from postbacks.models import LetterItem
from tests.conftest import Api
from tests.gateway.backoffice.queues.test_queues import address, item, rows_of, text
from tests.payments.stage import ACTIVATE_MANUALLY, AVAILABLE, OK, Book, create_path, details, listening, offered
from tests.payments.test_duplicates import opened as placed
from tests.payments.test_duplicates import upload
from tests.payments.test_hostile_pictures import phone_screen
from tests.scripted_provider import ScriptedProvider
from tests.staff import logged_in
from tests.withdrawals import provider_words as words
from tests.withdrawals.doubts import in_review, unknown
from tests.withdrawals.orders import sent
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

REASON = "the customer asked"


@pytest.fixture
def ann(db: None) -> Client:
    """May do everything that one person may in the queues."""
    return logged_in(
        "ann",
        *("view_withdrawal", "view_letteritem", "view_screenshot", "see_picture"),
        *("ask_provider", "set_letter_aside", "judge_screenshot"),
    )


def act_address(queue: str, act: str, key: object) -> str:
    return reverse("work:act", args=[queue, act, key])


def form_id(page: str) -> str:
    [found] = re.findall(r'name="form_id" value="([^"]+)"', page)
    return str(found)


def press(client: Client, where: str, reason: str = REASON, form: str = "") -> str:
    """Look at the page, then send its form; what the queue says afterwards."""
    form = form or form_id(text(client.get(where)))
    return text(client.post(where, {"form_id": form, "reason": reason}, follow=True))


def done() -> list[tuple[str, str, str, str]]:
    return [(one.about, one.deed, one.by.get_username(), one.reason) for one in Handled.objects.order_by("at", "id")]


def test_asking_about_a_payout_says_what_it_does_and_what_came_of_it(
    ann: Client, api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = in_review(api, account, provider)
    Withdrawal.objects.filter(pk=withdrawal.pk).update(last_asked_at=timezone.now() - timedelta(hours=1))
    where = act_address("review", "ask", withdrawal.pk)
    assert where in text(ann.get(address("review", mode="test")))
    seen = text(ann.get(where))
    assert "the 1,218.00 INR that are held are spent" in seen
    assert "nothing is sent, and nothing is paid by this" in seen
    asked = len(provider.to(words.PULL))
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    said = press(ann, where)
    assert "said &quot;found, status 1&quot;. The withdrawal is paid: the recipient has the money." in said
    assert len(provider.to(words.PULL)) == asked + 1
    withdrawal.refresh_from_db()
    assert withdrawal.status == "paid"
    assert done() == [("withdrawal", "asked", "ann", REASON)]


def test_the_same_form_sent_twice_asks_once(
    ann: Client, api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = in_review(api, account, provider)
    Withdrawal.objects.filter(pk=withdrawal.pk).update(last_asked_at=None)
    where = act_address("review", "ask", withdrawal.pk)
    form, asked = form_id(text(ann.get(where))), len(provider.to(words.PULL))
    provider.script(words.PULL, (503, b""))
    for _ in range(2):
        assert "The provider did not answer. The withdrawal is manual review:" in press(ann, where, form=form)
    assert len(provider.to(words.PULL)) == asked + 1
    assert len(done()) == 1


def test_what_ended_meanwhile_is_told_and_nothing_is_done(
    ann: Client, api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.REFUSED_FIELD)
    where = act_address("review", "ask", withdrawal.pk)
    meanwhile = "Not done: Meanwhile it is failed: it was never created at the provider."
    assert meanwhile in text(ann.get(where, follow=True))
    assert meanwhile in press(ann, where, form=str(uuid.uuid4()))
    assert (provider.to(words.PULL), done()) == ([], [])


def test_without_a_reason_nothing_is_done(ann: Client, account: ProviderAccount) -> None:
    late = item(account)
    page = press(ann, act_address("unconfirmed", "set-aside", late.pk), reason="ok")
    assert "at least 4 characters" in page
    page = press(ann, act_address("unconfirmed", "set-aside", late.pk), reason="....")
    assert "Write it in visible letters or digits." in page
    assert done() == []


def test_a_payout_without_funds_is_tried_again_by_the_worker_that_always_does(
    ann: Client, api: Api, provider: ScriptedProvider
) -> None:
    older, withdrawal = sent(api, provider, words.NO_FUNDS), sent(api, provider, words.NO_FUNDS)
    assert withdrawal.next_at is not None
    assert withdrawal.next_at > timezone.now()
    where = act_address("funds", "retry", withdrawal.pk)
    assert "Older ones of its account and currency wait, too" in text(ann.get(where))
    assert "It is the oldest" in text(ann.get(act_address("funds", "retry", older.pk)))
    before = len(provider.to(words.CREATE)), Journal.objects.count()
    with listening() as heard:
        assert "A worker tries it within seconds" in press(ann, where)
    assert heard == [("withdrawals.tasks.probe_waiting", (str(withdrawal.pk),))]
    withdrawal.refresh_from_db()
    assert withdrawal.next_at <= timezone.now()
    assert (len(provider.to(words.CREATE)), Journal.objects.count()) == before
    assert done() == [("withdrawal", "retried", "ann", REASON)]


def test_what_a_worker_tries_at_this_moment_is_left_to_it(ann: Client, api: Api, provider: ScriptedProvider) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    Withdrawal.objects.filter(pk=withdrawal.pk).update(token=uuid.uuid4())
    said = press(ann, act_address("funds", "retry", withdrawal.pk))
    assert "Not done: A worker is trying it at this moment." in said
    assert done() == []


def test_a_letter_is_asked_about_through_the_doorbell(ann: Client, account: ProviderAccount) -> None:
    late = item(account, next_at=None)
    with listening() as heard:
        assert "A worker asks within seconds." in press(ann, act_address("unconfirmed", "ask", late.pk))
    assert heard == [("postbacks.tasks.settle_letters", (str(account.pk),))]
    late.refresh_from_db()
    assert late.next_at is not None
    assert late.next_at <= timezone.now()
    assert done() == [("letter_item", "asked", "ann", REASON)]
    assert rows_of("unconfirmed") == [str(late.pk)]


def test_a_contradicted_letter_is_not_asked_about(ann: Client, account: ProviderAccount) -> None:
    late = item(account)
    LetterItem.objects.filter(pk=late.pk).update(status="contradicted")
    page = text(ann.get(address("unconfirmed", mode="test")))
    assert act_address("unconfirmed", "ask", late.pk) not in page
    assert act_address("unconfirmed", "set-aside", late.pk) in page


def test_a_letter_that_was_looked_at_waits_no_more(ann: Client, account: ProviderAccount) -> None:
    late, other = item(account), item(account)
    where = act_address("unconfirmed", "set-aside", late.pk)
    ben = logged_in("ben", "view_letteritem", "set_letter_aside")
    theirs = form_id(text(ben.get(where)))
    assert "It is set aside" in press(ann, where)
    assert rows_of("unconfirmed") == [str(other.pk)]
    late.refresh_from_db()
    assert late.status == "unconfirmed", "what the provider confirms later still counts"
    said = press(ben, where, form=theirs)
    assert "Not done: Somebody else decided meanwhile: ann looked at it and set it aside" in said
    assert "Somebody else decided meanwhile: ann" in text(ben.get(where, follow=True))
    assert done() == [("letter_item", "set_aside", "ann", REASON)]


def test_a_form_of_somebody_else_does_nothing(ann: Client, account: ProviderAccount) -> None:
    late, other = item(account), item(account)
    form = form_id(text(ann.get(act_address("unconfirmed", "ask", late.pk))))
    press(ann, act_address("unconfirmed", "ask", late.pk), form=form)
    said = press(ann, act_address("unconfirmed", "ask", other.pk), form=form)
    assert "Not done: This belongs to another form. Begin anew." in said
    assert len(done()) == 1


@pytest.mark.parametrize(
    ("queue", "act", "permission"),
    [("unconfirmed", "ask", "ask_provider"), ("unconfirmed", "set-aside", "set_letter_aside")],
)
def test_each_act_takes_its_permission(queue: str, act: str, permission: str, account: ProviderAccount) -> None:
    late = item(account)
    where = act_address(queue, act, late.pk)
    for name, granted, expected in (("viewer", [], 403), ("may", [permission], 200)):
        client = logged_in(name, "view_letteritem", *granted)
        assert client.get(where).status_code == expected
        assert (where in text(client.get(address(queue, mode="test")))) == (expected == 200)
    sends = {"form_id": str(uuid.uuid4()), "reason": REASON}
    assert logged_in("blind", permission).post(where, sends).status_code == 403
    assert logged_in("looks", "view_letteritem").post(where, sends).status_code == 403
    assert done() == []


def test_the_verb_asks_for_the_permission_itself(account: ProviderAccount) -> None:
    late, nobody = item(account), User.objects.create_user("nobody", is_staff=True)
    with pytest.raises(PermissionDenied):
        handling.set_letter_aside(late.pk, nobody, REASON, uuid.uuid4())
    assert done() == []


def test_there_is_nothing_at_other_addresses(ann: Client, account: ProviderAccount) -> None:
    late = item(account)
    for where in (
        act_address("unconfirmed", "retry", late.pk),
        act_address("unconfirmed", "ask", uuid.uuid4()),
        act_address("unconfirmed", "ask", "no-key"),
        act_address("nothing", "ask", late.pk),
    ):
        assert ann.get(where).status_code == 404, where
    assert ann.get(act_address("suspense", "ask", late.pk)).status_code == 403
    assert ann.post(act_address("unconfirmed", "ask", late.pk), {"reason": REASON}).status_code == 404


@pytest.fixture
def suspicious(api: Api, book: Book, provider: ScriptedProvider) -> Screenshot:
    """A picture that came with another customer's confirmation before."""
    provider.script(AVAILABLE, offered(("staging_b_ml", "INR", True)))
    provider.script(create_path("staging_b_ml"), details())
    provider.script(ACTIVATE_MANUALLY, OK)
    upload(api, placed(api), "REF100001", phone_screen())
    upload(api, placed(api, customer="66"), "REF100002", phone_screen())
    return Screenshot.objects.latest("id")


def test_a_suspicious_picture_stands_beside_its_twin(ann: Client, suspicious: Screenshot) -> None:
    assert rows_of("screenshots") == [suspicious.confirmation.public_id]
    where = reverse("work:screenshot", args=[suspicious.pk])
    assert where in text(ann.get(address("screenshots", mode="test")))
    page = text(ann.get(where))
    assert "The same pixels came with another confirmation." in page
    assert suspicious.duplicate_of is not None
    for one in (suspicious, suspicious.duplicate_of):
        assert f'src="{reverse("admin:payments_screenshot_picture", args=[one.pk])}"' in page
        assert one.confirmation.provider_reference in page
    unseen = text(logged_in("vic", "view_screenshot").get(where))
    assert ("<img class" in unseen, "You may not see the pictures themselves." in unseen) == (False, True)


def test_pages_of_test_rows_say_so_whichever_mode_lists_show(
    ann: Client, suspicious: Screenshot, account: ProviderAccount
) -> None:
    assert "Live: real money" in text(ann.get(address("screenshots")))
    late = item(account)
    for where in (
        reverse("work:screenshot", args=[suspicious.pk]),
        act_address("screenshots", "fine", suspicious.pk),
        act_address("unconfirmed", "set-aside", late.pk),
    ):
        page = text(ann.get(where))
        assert ("Test: play money" in page, "Live: real money" in page) == (True, False), where


def test_what_is_thought_of_a_picture_is_said_once(ann: Client, suspicious: Screenshot) -> None:
    fine, contested = (act_address("screenshots", name, suspicious.pk) for name in ("fine", "contested"))
    late = form_id(text(ann.get(contested)))
    assert "No money moves by this" in text(ann.get(fine))
    assert "ann found nothing wrong with it." in press(ann, fine)
    assert rows_of("screenshots") == []
    assert "Not done: Somebody else decided meanwhile: ann found nothing wrong" in press(ann, contested, form=late)
    assert done() == [("screenshot", "fine", "ann", REASON)]
    page = text(ann.get(reverse("work:screenshot", args=[suspicious.pk])))
    assert ("ann found nothing wrong with it" in page, fine in page) == (True, False)


def test_the_database_takes_one_ending_and_changes_none(ann: Client, account: ProviderAccount) -> None:
    late = item(account)
    press(ann, act_address("unconfirmed", "set-aside", late.pk))
    row = Handled.objects.get()
    again = Handled(about=row.about, subject=row.subject, deed=Deed.SET_ASIDE, reason="once more", by=row.by)
    with pytest.raises(IntegrityError, match="handled_to_an_end_once"), transaction.atomic():
        again.save(force_insert=True)
    for change in (lambda: Handled.objects.update(reason="another"), Handled.objects.all().delete):
        with pytest.raises(Exception, match=r"never changed|permission denied"), transaction.atomic():
            change()
    assert User.objects.filter(pk=row.by_id).exists()


def test_an_unknown_payout_is_asked_about_too(ann: Client, api: Api, provider: ScriptedProvider) -> None:
    withdrawal = unknown(api, provider)
    said = press(ann, act_address("review", "ask", withdrawal.pk))
    assert "said &quot;not_found&quot;. The withdrawal is unknown" in said
