"""What every table of the project keeps to."""

from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models

from gateway import ids
from gateway.encryption import EncryptedTextField
from gateway.lifecycles import Move
from gateway.products.models import Mode
from gateway.webhooks.event_types import EventType
from payments.states import DepositStatus
from withdrawals.states import WithdrawalStatus

OWN: list[Any] = [
    one
    for one in apps.get_models()
    if one.__module__.split(".")[0] in {"gateway", "balances", "payments", "withdrawals", "postbacks"}
]

#: Its status is a note on evidence, set under the lock of the item, and has no history of its own. Whatever else has a
#: status moves by its table, in the database, too.
WITHOUT_GUARDS = {"postbacks.LetterItem"}

#: The provider's own figures, with as many decimals as it writes (C§1.11): shown to people, never posted.
OBSERVED_SUMS = {"providers.ObservedBalance.amount": (23, 8)}


def trigger_names(model: Any) -> set[str]:
    return {one.name for one in getattr(model._meta, "triggers", [])}


def test_every_status_is_guarded_in_the_database() -> None:
    with_status = {one._meta.label for one in OWN if "status" in {field.name for field in one._meta.get_fields()}}
    guarded = {one._meta.label for one in OWN if "legal_moves" in trigger_names(one)}
    assert {"payments.Deposit", "payments.Confirmation", "withdrawals.Withdrawal", "webhooks.Delivery"} <= guarded
    assert with_status - guarded == WITHOUT_GUARDS
    assert guarded <= with_status


def test_every_history_is_written_once() -> None:
    histories = [one for one in OWN if issubclass(one, Move)]
    assert len(histories) >= 3
    for one in histories:
        assert "append_only" in trigger_names(one), one
        assert any(set(rule.fields) == {"subject", "sequence"} for rule in one._meta.constraints), one


@pytest.mark.django_db
def test_every_guard_is_installed_as_the_models_say_and_obeys_no_variable() -> None:
    wanted = {
        (one._meta.db_table, trigger.get_pgid(one)) for one in OWN for trigger in getattr(one._meta, "triggers", [])
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname, t.tgenabled, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname LIKE 'pgtrigger%%'"
        )
        rows = cursor.fetchall()
    assert len(wanted) >= 10
    assert {(table, name) for table, name, *_ in rows} == wanted
    assert {enabled for _, _, enabled, _ in rows} <= {"O", b"O"}
    assert not [name for _, name, _, source in rows if "pgtrigger" in source]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    said = StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=said, stderr=said)
    except SystemExit:
        pytest.fail(said.getvalue())


@pytest.mark.parametrize("model", OWN, ids=lambda one: one._meta.label)
class TestEveryTable:
    def test_never_deletes_orders_with_what_they_belong_to(self, model: Any) -> None:
        # A second factor is worth nothing without its person.
        disposable = {"providers.SystemObservation", "postbacks.RejectedLetter", "backoffice.SecondFactor"}
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and model._meta.label not in disposable:
                assert field.remote_field.on_delete is models.PROTECT, field

    def test_keeps_money_in_one_kind_of_column(self, model: Any) -> None:
        for field in model._meta.get_fields():
            assert not isinstance(field, models.FloatField), field
            if isinstance(field, models.DecimalField):
                wanted = OBSERVED_SUMS.get(f"{model._meta.label}.{field.name}", (20, 4))
                assert (field.max_digits, field.decimal_places) == wanted, field

    def test_has_modes_that_are_known(self, model: Any) -> None:
        for field in model._meta.get_fields():
            if field.name == "mode":
                assert dict(field.choices) == dict(Mode.choices)

    def test_keeps_secrets_and_bodies_encrypted(self, model: Any) -> None:
        words = {"api_secret", "withdrawal_key", "private_key", "access_key", "recipient", "details", "body", "secrets"}
        words |= {"response", "request", "picture", "answer"}
        for field in model._meta.get_fields():
            if field.name in words or (field.name.endswith(("_secret", "_key")) and field.name != "key"):
                assert isinstance(field, EncryptedTextField), field


def test_every_order_has_an_id_made_in_python() -> None:
    # An account's id follows from what it stands for (tests/balances/test_posting.py).
    for one in (one for one in OWN if one._meta.label != "balances.Account"):
        pk = one._meta.pk
        assert not isinstance(pk, models.UUIDField) or pk.default is ids.new_id, one


def test_every_status_that_is_news_has_its_event() -> None:
    told = set(EventType.values)
    assert {f"deposit.{status}" for status in DepositStatus.values} <= told
    # Sending is a moment inside of ours; it is told by what it leads to.
    assert {f"withdrawal.{status}" for status in WithdrawalStatus.values} - told == {"withdrawal.sending"}
    others = {"deposit.credited_with_difference", "confirmation.refused", "savings.increased", "savings.released"}
    others |= {"withdrawal_batch.finished", "webhook_endpoint.test"}
    known = {f"deposit.{status}" for status in DepositStatus.values} | {
        f"withdrawal.{one}" for one in WithdrawalStatus.values
    }
    assert told - known == others
