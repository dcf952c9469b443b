"""What people write beside an order: kept once, readable by whoever may, never changed, struck out with a reason."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import Error, connection, transaction
from django.test import Client
from django.urls import reverse

from gateway.backoffice.models import Note, StruckNote
from payments.models import Receipt
from tests.conftest import Api
from tests.gateway.backoffice.story.stories import of_kind, plain
from tests.gateway.backoffice.story.test_receipt_page import page_of, text
from tests.leaks import leaks
from tests.payments.paid import Paid
from tests.payments.stage import money, place
from tests.staff import logged_in
from tests.withdrawals.orders import order
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

LOOK = ("view_withdrawal", "view_note")
WRITTEN = "Their support <b>says</b> so.\nTicket 9017; account 254700999888."


@pytest.fixture
def withdrawal(api: Api) -> Withdrawal:
    return order(api)


@pytest.fixture
def ada(db: None) -> Client:
    """Writes notes."""
    return logged_in("ada", *LOOK, "add_note")


def form(withdrawal: Withdrawal, text_: str = WRITTEN) -> tuple[str, dict[str, str]]:
    address = reverse("admin:withdrawals_withdrawal_note", args=[withdrawal.pk])
    return address, {"text": text_, "note_id": str(uuid.uuid4())}


def strike(client: Client, note: Note, withdrawal: Withdrawal, reason: str = "it was another order") -> Any:
    address = reverse("admin:withdrawals_withdrawal_strike", args=[withdrawal.pk, note.pk])
    return client.post(address, {"reason": reason, "subject": note.subject})


def written(client: Client, withdrawal: Withdrawal, text_: str = WRITTEN) -> Note:
    address, fields = form(withdrawal, text_)
    answer = client.post(address, fields)
    note = Note.objects.get(pk=fields["note_id"])
    assert (answer.status_code, answer["Location"]) == (302, f"{page_of(withdrawal)}#note-{note.pk}")
    return note


def test_a_note_is_kept_once_encrypted_and_shown_as_it_was_written(ada: Client, withdrawal: Withdrawal) -> None:
    address, fields = form(withdrawal)
    assert {ada.post(address, fields)["Location"] for _ in range(2)} == {
        f"{page_of(withdrawal)}#note-{fields['note_id']}"
    }
    [note] = Note.objects.all()
    assert (note.subject, note.author.username, note.text) == (withdrawal.public_id, "ada", WRITTEN)
    assert leaks("Ticket 9017") == set()
    page = text(ada.get(page_of(withdrawal)))
    shown = of_kind(page, "note")
    assert "Their support &lt;b&gt;says&lt;/b&gt; so.<br>Ticket 9017" in shown
    assert "Note ada wrote" in plain(shown)
    assert 'name="note_id"' in page


def test_the_form_sent_again_with_other_words_makes_none(ada: Client, withdrawal: Withdrawal) -> None:
    address, fields = form(withdrawal)
    ada.post(address, fields)
    page = text(ada.post(address, {**fields, "text": "something else"}))
    assert "This form was sent before, with other words" in page
    assert "something else</textarea>" in page
    assert [one.text for one in Note.objects.all()] == [WRITTEN]


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ("  \r\n ", "A note has to say something."),
        ("x" * 2001, "A note has at most 2000 characters; this one has 2001."),
    ],
)
def test_nothing_and_too_much_are_refused_in_words(
    said: str, refusal: str, ada: Client, withdrawal: Withdrawal
) -> None:
    address, fields = form(withdrawal, said)
    assert refusal in text(ada.post(address, fields))
    assert not Note.objects.exists()
    written(ada, withdrawal, "x" * 2000)


def test_it_takes_the_permissions_to_see_the_order_and_to_write(withdrawal: Withdrawal) -> None:
    address, fields = form(withdrawal)
    reader, stranger = logged_in("rea", *LOOK), logged_in("sam", "add_note")
    assert (reader.post(address, fields).status_code, stranger.post(address, fields).status_code) == (403, 403)
    assert not Note.objects.exists()
    assert 'name="note_id"' not in text(reader.get(page_of(withdrawal)))
    assert logged_in("ann", *LOOK, "add_note").get(address).status_code == 405
    none = reverse("admin:withdrawals_withdrawal_note", args=[uuid.uuid4()])
    assert logged_in("ben", *LOOK, "add_note").post(none, fields).status_code == 404
    assert logged_in("cy", *LOOK, "add_note").post(address, {**fields, "note_id": "x"}).status_code == 404


def test_notes_take_the_permission_to_view_them(ada: Client, withdrawal: Withdrawal) -> None:
    written(ada, withdrawal)
    page = text(logged_in("vic", "view_withdrawal").get(page_of(withdrawal)))
    assert "Their support" not in page
    assert "You may not see this: it takes the permission to view notes." in page


def test_a_note_is_sent_from_our_own_pages(withdrawal: Withdrawal, ada: Client) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(User.objects.get(username="ada"))
    address, fields = form(withdrawal)
    assert careful.post(address, fields).status_code == 403
    assert not Note.objects.exists()


def test_its_author_or_a_lead_strikes_it_out_once_with_a_reason(ada: Client, withdrawal: Withdrawal) -> None:
    note, other = written(ada, withdrawal), written(ada, withdrawal, "stays")
    ben = logged_in("ben", *LOOK, "add_note")
    assert strike(ben, note, withdrawal).status_code == 403
    assert "Strike it out" not in text(ben.get(page_of(withdrawal)))
    assert "Say in a few words" in text(ada.get(strike(ada, note, withdrawal, "no")["Location"]))
    assert not StruckNote.objects.exists()
    strike(ada, note, withdrawal)
    strike(logged_in("lea", *LOOK, "strike_note"), note, withdrawal, "a second time")
    [struck] = StruckNote.objects.all()
    assert (struck.note, struck.by.username, struck.reason) == (note, "ada", "it was another order")
    shown = of_kind(text(ben.get(page_of(withdrawal))), "note")
    assert shown.count("<del>") == 1
    assert "Struck out by ada: it was another order" in plain(shown)
    strike(logged_in("lou", *LOOK, "strike_note"), other, withdrawal, "of somebody else")
    assert StruckNote.objects.get(note=other).by.username == "lou"


def test_what_is_about_another_order_is_not_found(ada: Client, api: Api, withdrawal: Withdrawal) -> None:
    note = written(ada, order(api, reference="another"))
    address = reverse("admin:withdrawals_withdrawal_strike", args=[withdrawal.pk, note.pk])
    assert ada.post(address, {"reason": "it was another order"}).status_code == 404
    # The form names what the note is about; a hand that writes it may write anything.
    for subject in (withdrawal.public_id, note.subject, "\0", "🙈" * 50):
        assert ada.post(address, {"reason": "it was another order", "subject": subject}).status_code == 404
    assert not StruckNote.objects.exists()


def test_a_deposit_and_its_money_share_their_notes_and_nobody_else_does(paid: Paid) -> None:
    paid.arrives(money())
    [receipt] = Receipt.objects.all()
    lea = logged_in("lea", "view_deposit", "view_receipt", "view_note", "add_note", "strike_note")
    other = place(paid.api, reference="another")

    def struck(about: Any, where: Any) -> bool:
        """Whether a note about the one is struck out on the page of the other."""
        author = User.objects.get(username="lea")
        note = Note.objects.create(subject=about.public_id, author=author, text="a mistake")
        name = f"admin:payments_{where._meta.model_name}_strike"
        address = reverse(name, args=[where.pk, note.pk])
        answer = lea.post(address, {"reason": "it was another order", "subject": note.subject})
        assert answer.status_code in {302, 404}
        assert StruckNote.objects.filter(note=note).exists() is (answer.status_code == 302)
        return bool(answer.status_code == 302)

    for about, where in ((paid.deposit, receipt), (receipt, paid.deposit), (receipt, receipt)):
        assert struck(about, where)
    for about, where in ((other, receipt), (receipt, other), (other, paid.deposit), (paid.deposit, other)):
        assert not struck(about, where)


@pytest.mark.parametrize("change", ["UPDATE {} SET created_at = now()", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_database_keeps_what_was_written(change: str, ada: Client, withdrawal: Withdrawal) -> None:
    strike(ada, written(ada, withdrawal), withdrawal)
    for table in ("backoffice_note", "backoffice_strucknote"):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change.format(table))
    assert (Note.objects.count(), StruckNote.objects.count()) == (1, 1)


def test_a_note_is_about_an_order(ada: Client) -> None:
    author = User.objects.get(username="ada")
    for subject in ("", "dep_x", "cus_01k2v8m3q5e7f9g1h2j4k6m8n0"):
        with pytest.raises(Error, match="note_is_about_an_order"), transaction.atomic():
            Note.objects.create(subject=subject, author=author, text="x")


def test_the_list_of_notes_leads_to_their_orders(ada: Client, withdrawal: Withdrawal) -> None:
    written(ada, withdrawal)
    page = text(ada.get(reverse("admin:backoffice_note_changelist")))
    assert f'href="{page_of(withdrawal)}"' in page
    assert "Their support" not in page
