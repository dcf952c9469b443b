"""Personal data is masked on every page; whoever may see it is written down before they do."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from gateway import ids
from gateway.backoffice.models import Look, LookKind
from gateway.hidden import hidden
from tests.conftest import Api
from tests.payments.stage import Placed
from tests.staff import browser_of, logged_in
from tests.withdrawals.orders import order
from withdrawals.blocklist import block
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

SEE = "see_personal_data"


@pytest.fixture
def withdrawal(api: Api) -> Withdrawal:
    order(api)
    return Withdrawal.objects.get()


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def address(kind: str, row: Any) -> str:
    return reverse("admin:personal_data", args=[kind, row.pk])


def looks() -> list[tuple[str, str, str]]:
    return list(Look.objects.order_by("id").values_list("person__username", "kind", "subject"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("123456789", "••••6789"),
        ("1234 5678 9", "••••6789"),
        ("DE00123456780000001821", "••••1821"),
        ("12345678", "••••"),
        ("1", "••••"),
        ("", "••••"),
        ("Somebody Withalongname", "••••"),
        ("Flat 12, 560001 Longstreet", "••••"),
        ("somebody1234567@example.com", "••••"),
        ("*****6789", "••••"),
        (123456789, "••••6789"),
    ],
)
def test_a_mask_shows_the_end_of_a_number_and_nothing_of_anything_else(value: object, shown: str) -> None:
    assert hidden(value) == shown


def test_a_page_shows_masks_and_a_button_to_whoever_may_look(withdrawal: Withdrawal) -> None:
    values = [str(one) for one in withdrawal.recipient.values()]
    assert len(values) >= 2
    for name, permissions, has_button in (("viewer", (), False), ("lead", (SEE,), True)):
        page = logged_in(name, "view_withdrawal", *permissions).get(page_of(withdrawal)).content.decode()
        assert not [one for one in values if one in page]
        assert "••••" in page
        assert (address("recipient", withdrawal) in page) is has_button
    assert looks() == [], "a mask is no look"


def test_the_button_records_who_looks_and_shows_it_once(withdrawal: Withdrawal) -> None:
    lead = logged_in("lead", "view_withdrawal", SEE)
    answer = lead.post(address("recipient", withdrawal), headers={"X-Request-Id": "the-look"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert all(str(one) in answer.content.decode() for one in withdrawal.recipient.values())
    assert looks() == [("lead", "recipient", withdrawal.public_id)]
    assert Look.objects.get().request_id == "the-look"
    assert lead.get(address("recipient", withdrawal)).status_code == 405, "nothing that fetches ahead looks"
    assert len(looks()) == 1


def test_nothing_is_shown_where_it_cannot_be_recorded(withdrawal: Withdrawal, monkeypatch: Any) -> None:
    lead = logged_in("lead", "view_withdrawal", SEE)
    lead.raise_request_exception = False

    def fail(**_: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(Look.objects, "create", fail)
    answer = lead.post(address("recipient", withdrawal))
    assert answer.status_code >= 500
    assert not [one for one in withdrawal.recipient.values() if str(one) in answer.content.decode()]


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        (("view_withdrawal",), 403),
        ((SEE,), 403),  # not of records that they may not see
        (("view_withdrawal", "see_picture"), 403),
    ],
)
def test_others_are_refused_and_not_recorded(withdrawal: Withdrawal, permissions: tuple[str, ...], status: int) -> None:
    assert logged_in("other", *permissions).post(address("recipient", withdrawal)).status_code == status
    assert Client().post(address("recipient", withdrawal)).status_code == 302
    assert looks() == []


#: Of each kind, what lets people view the rows whose data it is.
VIEWS = {
    LookKind.RECIPIENT: "view_withdrawal",
    LookKind.DETAILS: "view_deposit",
    LookKind.SHOWN: "view_deposit",
    LookKind.BLOCKED: "view_blockedrecipient",
    LookKind.BATCH_ROW: "view_batchrow",
}


@pytest.mark.parametrize("kind", [one for one in LookKind if one != LookKind.PICTURE])
def test_who_sees_personal_data_sees_that_of_rows_that_they_may_view_and_of_no_others(kind: LookKind) -> None:
    key = "1" if kind == LookKind.BATCH_ROW else str(ids.new_id())
    there = reverse("admin:personal_data", args=[kind.value, key])
    others = set(VIEWS.values()) - {VIEWS[kind]}
    assert logged_in("others", SEE, *others).post(there).status_code == 403, "nor learns whether there is such a row"
    assert logged_in("views", SEE, VIEWS[kind]).post(there).status_code == 404
    assert logged_in("without", *VIEWS.values()).post(there).status_code == 403


def test_what_is_not_there_is_not_found(withdrawal: Withdrawal) -> None:
    root = browser_of(User.objects.create_superuser("root"))
    for kind, key in (("recipient", "no-key"), ("nothing", str(withdrawal.pk)), ("details", str(withdrawal.pk))):
        assert root.post(reverse("admin:personal_data", args=[kind, key])).status_code == 404
    assert looks() == []


def test_what_no_key_opens_is_said_and_is_no_look(withdrawal: Withdrawal) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE withdrawals_withdrawal SET recipient = 'no token'")
    root = browser_of(User.objects.create_superuser("root"))
    assert "It cannot be decrypted with the present keys." in root.get(page_of(withdrawal)).content.decode()
    answer = root.post(address("recipient", withdrawal))
    assert "It cannot be decrypted with the present keys." in answer.content.decode()
    assert looks() == []


def test_details_and_what_was_shown_of_a_deposit_are_two_looks(opened: Placed) -> None:
    deposit = opened()
    deposit.details = {"account_number": "998877665544", "names": ["Some Body"]}
    deposit.save(update_fields=["details"])
    lead = logged_in("lead", "view_deposit", SEE)
    page = lead.get(page_of(deposit)).content.decode()
    assert "998877665544" not in page
    assert "••••5544" in page
    shown = lead.post(address("details", deposit)).content.decode()
    assert "998877665544" in shown
    assert "Some Body" in shown
    lead.post(address("shown", deposit))
    assert looks() == [("lead", "details", deposit.public_id), ("lead", "shown", deposit.public_id)]


def test_a_blocked_account_is_a_look_too(db: None) -> None:
    by = User.objects.create_superuser("root")
    blocked = block("998877665544", product=None, by=by, reason="as the police asked")
    lead = logged_in("lead", "view_blockedrecipient", SEE)
    page = lead.get(page_of(blocked)).content.decode()
    assert "998877665544" not in page
    assert "••••5544" in page
    assert "998877665544" in lead.post(address("blocked", blocked)).content.decode()
    assert looks() == [("lead", "blocked", blocked.public_id)]


def test_looks_are_never_changed_and_are_listed_for_the_lead(withdrawal: Withdrawal) -> None:
    lead = logged_in("lead", "view_withdrawal", SEE, "view_look")
    lead.post(address("recipient", withdrawal))
    for change in (
        lambda: Look.objects.update(subject="another"),
        lambda: Look.objects.all().delete(),
        lambda: Look.objects.get().save(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert looks() == [("lead", "recipient", withdrawal.public_id)]
    page = lead.get(reverse("admin:backoffice_look_changelist"), {"q": withdrawal.public_id}).content.decode()
    assert withdrawal.public_id in page
    assert logged_in("viewer").get(reverse("admin:backoffice_look_changelist")).status_code == 403
