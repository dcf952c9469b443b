"""Payment systems in the admin: edited by whoever may, by rules, with a record; nothing else is edited there."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from gateway.providers.models import PaymentSystem, ProviderAccount, SystemObservation
from gateway.providers.models.system_guards import PAYOUTS_CHANGED
from tests.conftest import Api
from tests.gateway.providers.system_form import filled
from tests.staff import browser_of
from tests.two_persons import agreed_payouts, by_two_persons

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

LIST = "admin:providers_paymentsystem_changelist"
ADD = "admin:providers_paymentsystem_add"


def person(client: Client, *permissions: str) -> User:
    user = User.objects.create_user("finance", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser_of(user, client)
    return user


@pytest.fixture
def finance(client: Client) -> User:
    """Somebody who may change payment systems."""
    return person(client, "view_paymentsystem", "change_paymentsystem", "add_paymentsystem")


def page_of(code: str) -> str:
    return reverse("admin:providers_paymentsystem_change", args=[code])


@pytest.fixture
def save(client: Client, finance: User) -> Callable[..., Any]:
    """Sends the form; the answer."""

    def send(code: str, **changes: Any) -> Any:
        return client.post(page_of(code), filled(PaymentSystem.objects.get(pk=code), **changes))

    return send


def row(code: str) -> dict[str, Any]:
    return dict(PaymentSystem.objects.filter(pk=code).values().get())


def test_finance_edits_a_system_and_the_log_says_who_and_what(save: Callable[..., Any], finance: User) -> None:
    before = row("rocket")
    answer = save("rocket", reference_pattern="[0-9]{10}|[0-9]{12}", reference_example="1234567890", confirm_days=3)
    assert answer.status_code == 302, answer.context["errors"]
    changes = {"reference_pattern": "[0-9]{10}|[0-9]{12}", "reference_example": "1234567890", "confirm_days": 3}
    assert row("rocket") == before | changes
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.is_change()) == (finance, "rocket", True)
    (message,) = json.loads(entry.change_message)
    assert sorted(message["changed"]["fields"]) == ["Confirm days", "Reference example", "Reference pattern"]


@pytest.mark.parametrize("code", ["bkash_api", "upi_s", "imps_ib", "staging_b_ml", "bnb_ml", "sinpemovil", "mpesa"])
def test_saving_a_row_as_it_is_changes_nothing(save: Callable[..., Any], code: str) -> None:
    before = row(code)
    assert save(code).status_code == 302
    assert row(code) == before


FIELD = {"name": "account_number", "title": "A", "pattern": "[0-9]{3}", "example": "123"}


@pytest.mark.parametrize(
    ("code", "changes", "column"),
    [
        ("rocket", {"reference_pattern": "(a+)+", "reference_example": "a"}, "reference_pattern"),
        ("bkash_api", {"detail_fields": [{**FIELD, "wire": "label"}]}, "detail_fields"),
        ("upi_s", {"constants": "[" * 19_000}, "constants"),
    ],
    ids=["pattern", "wire", "depth"],
)
def test_what_is_wrong_is_said_at_its_column_and_nothing_is_saved(
    save: Callable[..., Any], code: str, changes: dict[str, Any], column: str
) -> None:
    before = row(code)
    answer = save(code, **changes)
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [column]
    assert row(code) == before
    assert not LogEntry.objects.exists()


def test_what_a_field_leaves_out_is_written_out(save: Callable[..., Any], api: Api) -> None:
    complete = [{**FIELD, "wire": "", "required": True, "format": ""}]
    assert save("paytm", detail_fields=[FIELD]).status_code == 302
    assert row("paytm")["detail_fields"] == complete
    texts = {"code": "paytm", "pays_out": "yes", "withdrawal_minimum": "-", "withdrawal_maximum": "-"}
    by_two_persons(PAYOUTS_CHANGED, {**texts, "recipient_fields": json.dumps([FIELD])})
    assert row("paytm")["recipient_fields"] == complete
    wish = {"payment_system": "paytm", "currency": "INR", "amount": "10", "customer": "1", "reference": "1"}
    assert api.post("withdrawals", {**wish, "recipient": {"account_number": "123"}}).status_code == 201


@pytest.fixture
def unheard_of() -> PaymentSystem:
    """A row that waits for a person."""
    return PaymentSystem.objects.create(
        code="unheard_of", name="Unheard", is_enabled=False, is_complete=False, flow="none", currencies=["INR"]
    )


def test_a_new_system_is_offered_once_a_person_has_completed_and_enabled_it(
    save: Callable[..., Any], api: Api, unheard_of: PaymentSystem
) -> None:
    wish = {"payment_system": "unheard_of", "currency": "INR", "amount": "10.00", "customer": "1", "reference": "1"}
    assert api.post("deposits", wish).status_code == 400
    assert save("unheard_of", name="Half done").status_code == 302  # unfinished work may be kept
    assert "is_enabled" in save("unheard_of", is_enabled=True).context["adminform"].form.errors
    assert "flow" in save("unheard_of", is_complete=True).context["adminform"].form.errors
    finished = {"flow": "activation", "reference_example": "ABC", "is_complete": True}
    assert save("unheard_of", **finished).status_code == 302
    assert api.post("deposits", wish).status_code == 400
    assert save("unheard_of", is_enabled=True).status_code == 302
    assert api.post("deposits", wish).status_code == 201


def test_the_database_offers_no_incomplete_system_either(unheard_of: PaymentSystem) -> None:
    with pytest.raises(IntegrityError, match="only_complete_systems_are_offered"):
        PaymentSystem.objects.filter(pk="unheard_of").update(is_enabled=True)


def test_a_system_that_only_pays_out_may_be_added(save: Callable[..., Any], client: Client) -> None:
    """The provider never lists one (C§1.1). One person writes the row, two say that it pays out, one completes it."""
    sent = filled(PaymentSystem.objects.get(pk="imps_ib"), name="Bank", is_complete=False, is_enabled=False)
    assert client.post(reverse(ADD), {**sent, "code": "a:b"}).context["adminform"].form.errors.keys() == {"code"}
    assert client.post(reverse(ADD), {**sent, "code": "imps_ib"}).context["adminform"].form.errors.keys() == {"code"}
    assert client.get(reverse(ADD)).status_code == 200
    assert client.post(reverse(ADD), {**sent, "code": "neft_ib"}).status_code == 302
    waiting = {"code": "neft_ib", "name": "Bank", "is_complete": False, "is_enabled": False}
    assert row("neft_ib") == row("imps_ib") | waiting | {"pays_out": False, "recipient_fields": []}
    assert "flow" in save("neft_ib", is_complete=True).context["adminform"].form.errors
    agreed_payouts("neft_ib", pays_out=True, recipient_fields=row("imps_ib")["recipient_fields"])
    assert save("neft_ib", is_complete=True, is_enabled=True).status_code == 302
    assert row("neft_ib") == row("imps_ib") | {"code": "neft_ib", "name": "Bank"}


def test_the_code_is_written_once(save: Callable[..., Any], client: Client) -> None:
    codes = set(PaymentSystem.objects.values_list("code", flat=True))
    client.post(page_of("rocket"), {**filled(PaymentSystem.objects.get(pk="rocket")), "code": "other"})
    assert set(PaymentSystem.objects.values_list("code", flat=True)) == codes


def test_nobody_deletes_a_system(client: Client) -> None:
    browser_of(User.objects.create_superuser("root"), client)
    delete = reverse("admin:providers_paymentsystem_delete", args=["rocket"])
    assert client.get(delete).status_code == 403
    assert client.post(delete, {"post": "yes"}).status_code == 403
    client.post(reverse(LIST), {"action": "delete_selected", "_selected_action": ["rocket"], "post": "yes"})
    assert PaymentSystem.objects.filter(pk="rocket").exists()


def test_who_may_only_look_changes_nothing(client: Client) -> None:
    person(client, "view_paymentsystem")
    before = row("rocket")
    assert client.get(page_of("rocket")).status_code == 200
    assert (
        client.post(page_of("rocket"), filled(PaymentSystem.objects.get(pk="rocket"), name="Mine")).status_code == 403
    )
    assert client.get(reverse(ADD)).status_code == 403
    assert row("rocket") == before


def test_who_may_nothing_sees_nothing(client: Client) -> None:
    person(client)
    assert client.get(reverse(LIST)).status_code == 403
    assert (
        client.post(page_of("rocket"), filled(PaymentSystem.objects.get(pk="rocket"), name="Mine")).status_code == 403
    )


def test_what_the_provider_said_stays_for_looking(client: Client) -> None:
    browser_of(User.objects.create_superuser("root"), client)
    for name in ("systemobservation", "providercall"):
        assert client.get(reverse(f"admin:providers_{name}_add")).status_code == 403


def test_a_difference_from_the_provider_is_shown_and_not_taken_over(
    client: Client, finance: User, account: ProviderAccount
) -> None:
    now = timezone.now()
    said = {"account": account, "name": "Nagad <b>", "is_manual": True, "wants_screenshot": False, "seen_at": now}
    SystemObservation.objects.create(code="nagad", currency="USD", **said)
    SystemObservation.objects.create(code="nagad", currency="BDT", **said)
    long_ago = {**said, "seen_at": now - timedelta(days=8)}
    SystemObservation.objects.create(code="rocket", currency="USD", **long_ago)
    before = row("nagad")
    listed = client.get(reverse(LIST)).content.decode()
    assert "also offered in USD; manual, says the provider" in listed
    assert listed.count("also offered in") == 1
    shown = client.get(page_of("nagad")).content.decode()
    assert "also offered in USD; manual, says the provider" in shown
    assert "scripted: Nagad &lt;b&gt; in USD, manual, without screenshot" in shown
    assert "nothing lately" in client.get(page_of("rocket")).content.decode()
    assert row("nagad") == before


def test_the_list_takes_as_many_statements_for_all_rows_as_for_one(client: Client, finance: User) -> None:
    def statements(**query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(LIST), query).status_code == 200
        return len(captured)

    assert statements(q="rocket") == statements(q="") > 0


@pytest.mark.parametrize("days", [0, 31])
def test_a_system_leaves_a_day_to_a_month_to_confirm(save: Callable[..., Any], days: int) -> None:
    before = row("rocket")
    answer = save("rocket", confirm_days=days)
    assert (answer.status_code, row("rocket")) == (200, before)
    assert list(answer.context["adminform"].form.errors) == ["confirm_days"]
    with pytest.raises(IntegrityError, match="system_leaves_days_to_confirm"), transaction.atomic():
        PaymentSystem.objects.filter(code="rocket").update(confirm_days=days)
