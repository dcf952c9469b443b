"""Notes lose their words with the account data of their orders, and not before they are as old themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway.backoffice.models import Note, StruckNote
from gateway.backoffice.story import forgetting
from gateway.backoffice.tasks import forget_notes
from payments.models import Deposit, Receipt
from tests.conftest import Api
from tests.gateway.backoffice.story.stories import of_kind, plain
from tests.gateway.backoffice.story.test_receipt_page import page_of, text
from tests.payments.paid import Paid
from tests.payments.stage import money
from tests.roles import undisguised
from tests.staff import logged_in
from tests.withdrawals.orders import order
from withdrawals.models import Withdrawal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disguised")]

DAYS = 400


def note(about: Any, days_ago: int = DAYS + 1) -> Note:
    author, _ = User.objects.get_or_create(username="ada")
    at = timezone.now() - timedelta(days=days_ago)
    return Note.objects.create(subject=about.public_id, author=author, text=f"account 2547{days_ago}", created_at=at)


def redact(row: Any) -> None:
    """As if it had ended long ago, and its own data had been taken away."""
    ended = {Withdrawal: "status = 'paid', next_at = NULL, ", Deposit: ""}[type(row)]
    with undisguised() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {ended}redacted_at = now() WHERE id = %s", [row.pk])  # noqa: S608


def words() -> list[str]:
    return [one.text for one in Note.objects.order_by("id")]


@pytest.fixture
def withdrawal(api: Api) -> Withdrawal:
    return order(api)


def test_a_note_goes_when_its_order_is_redacted_and_it_is_as_old(withdrawal: Withdrawal, api: Api) -> None:
    old, young, others = note(withdrawal), note(withdrawal, DAYS - 1), note(order(api))
    struck = StruckNote.objects.create(note=old, by=old.author, reason="the account was another one")
    assert forgetting.forget_notes() == 0, "its order still has everything"
    redact(withdrawal)
    forget_notes()
    assert words() == ["", young.text, others.text]
    struck.refresh_from_db()
    assert struck.reason == ""
    assert [one.redacted_at is not None for one in Note.objects.order_by("id")] == [True, False, False]
    before = list(Note.objects.values_list("redacted_at", flat=True))
    assert forgetting.forget_notes() == 0
    assert list(Note.objects.values_list("redacted_at", flat=True)) == before


def test_those_that_are_kept_do_not_hide_those_behind_them(
    withdrawal: Withdrawal, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "_BATCH", 2)
    for _ in range(5):
        note(order(api))
    last = note(withdrawal)
    redact(withdrawal)
    assert forgetting.forget_notes() == 1
    assert Note.objects.get(redacted_at__isnull=False) == last


def test_money_has_what_its_deposit_has(paid: Paid) -> None:
    paid.arrives(money())
    [receipt] = Receipt.objects.all()
    for about in (receipt, paid.deposit):
        note(about)
    assert forgetting.forget_notes() == 0
    redact(paid.deposit)
    assert forgetting.forget_notes() == 2


def test_money_that_waits_for_a_person_keeps_its_notes(paid: Paid) -> None:
    paid.arrives(money())
    [receipt] = Receipt.objects.all()
    with undisguised() as cursor:
        nobodys = "deposit_id = NULL, confirmation_id = NULL, product_id = NULL"
        cursor.execute(f"UPDATE payments_receipt SET status = 'suspense', {nobodys}")  # noqa: S608
    note(receipt)
    assert forgetting.forget_notes() == 0
    with undisguised() as cursor:
        cursor.execute("UPDATE payments_receipt SET status = 'written_off'")
    assert forgetting.forget_notes() == 1


def test_the_page_says_that_it_is_gone_and_nobody_strikes_it_out(withdrawal: Withdrawal) -> None:
    gone = note(withdrawal)
    redact(withdrawal)
    forgetting.forget_notes()
    lea: Client = logged_in("lea", "view_withdrawal", "view_note", "add_note", "strike_note")
    shown = of_kind(text(lea.get(page_of(withdrawal))), "note")
    assert f"Its words were taken away, {timezone.now():%Y-%m-%d} UTC." in plain(shown)
    assert "Strike it out" not in shown
    address = reverse("admin:withdrawals_withdrawal_strike", args=[withdrawal.pk, gone.pk])
    assert lea.post(address, {"reason": "it was another order", "subject": gone.subject}).status_code == 403
    assert not StruckNote.objects.exists()
