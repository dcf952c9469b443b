"""Every encrypted column of every model, under an old key, under a new one, and under none."""

import io
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection
from django.db.models import BinaryField
from django.db.models.functions import Cast
from django.utils import timezone
from pytest_django.fixtures import Settings

from balances import proposing
from gateway import key_rotation
from gateway.backoffice.exports import asking, writing
from gateway.backoffice.models import FileFormat, Note, SecondFactor, StruckNote
from gateway.encryption import EncryptedTextField, is_current
from gateway.keyed_hashes import KeyedHashesField
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount, ProviderCall
from gateway.providers.models.account_guards import CHANGED
from gateway.webhooks.actions import add_endpoint
from gateway.webhooks.models import Delivery, DeliveryAttempt
from payments.models import Confirmation, Deposit, Screenshot
from payments.moves import begin_confirmation
from postbacks.models import Letter, RejectedLetter
from tests import roles
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body
from tests.payments.checkout.stage import session_body
from tests.two_persons import persons
from tests.withdrawals.batch_stage import batch_body
from tests.withdrawals.orders import IMPS, order
from tests.withdrawals.ruling import blocked
from withdrawals.models import Withdrawal

#: Every encrypted column of every model, found as the command finds them.
COLUMNS = [
    (model, column)
    for model in apps.get_models(include_auto_created=True)
    for column in model._meta.local_concrete_fields
    if isinstance(column, EncryptedTextField)
]
NAMES = {f"{model._meta.label}.{column.attname}" for model, column in COLUMNS}
HASHES = {
    f"{model._meta.label}.{column.attname}"
    for model in apps.get_models(include_auto_created=True)
    for column in model._meta.local_concrete_fields
    if isinstance(column, KeyedHashesField)
}


def new_key() -> str:
    return Fernet.generate_key().decode()


def ciphertexts(model: Any, column: Any) -> dict[Any, bytes]:
    """What the table holds, by primary key."""
    rows = model._base_manager.filter(**{f"{column.attname}__isnull": False})
    return {pk: bytes(raw) for pk, raw in rows.values_list("pk", Cast(column.attname, BinaryField()))}


def everything() -> dict[str, dict[Any, Any]]:
    """Every encrypted value of the database, decrypted."""
    return {
        f"{model._meta.label}.{column.attname}": dict(model._base_manager.values_list("pk", column.attname))
        for model, column in COLUMNS
    }


def rotate(*arguments: str) -> tuple[int, str, str]:
    """Exit code, lines and complaints of the command."""
    said, complained = io.StringIO(), io.StringIO()
    try:
        call_command("rotate_encryption_keys", *arguments, stdout=said, stderr=complained)
    except SystemExit as ended:
        return int(str(ended.code)), said.getvalue(), complained.getvalue()
    return 0, said.getvalue(), complained.getvalue()


@pytest.fixture
def rows(api: Api, product: Product, account: ProviderAccount) -> None:
    """At least one real row with a value in every encrypted column."""
    account.previous_postback_access_key = account.previous_postback_private_key = "former"
    account.save()
    add_endpoint(product=product, mode="test", url="https://shop.example.com/hooks", event_types=[])
    answer = api.post("deposits", deposit_body(reference="one"))
    assert answer.status_code == 201
    deposit = Deposit.objects.get()
    Deposit.objects.filter(pk=deposit.pk).update(shown={"type": "wait"})
    assert api.post("checkout-sessions", session_body()).status_code == 201
    order(api)
    assert api.post("withdrawal-batches", batch_body()).status_code == 201
    delivery = Delivery.objects.first()
    assert delivery is not None
    DeliveryAttempt.objects.create(
        delivery=delivery, number=1, outcome="refused", started_at=timezone.now(), duration_ms=1, answer=b"no"
    )
    ProviderCall.objects.create(account=account, operation="x", request={"a": "b"}, response=b"\0\xff")
    Letter.objects.create(account=account, body=b"{}", signed_digest="0" * 64, envelope_agrees=True, key_index=0)
    blocked("987650001234567")
    RejectedLetter.objects.create(account=account, slot=0, reason="mismatch", body=b"garbage")
    make_screenshot(deposit)
    told = {"provider_account": str(account.pk), "api_secret": "another-one"}
    proposing.propose(CHANGED, told, "it waits for a second person", "", persons()[0])
    note = Note.objects.create(subject=deposit.public_id, author=persons()[0], text="they called")
    StruckNote.objects.create(note=note, by=persons()[0], reason="it was another one")
    SecondFactor.objects.create(user=persons()[0], secret=b"s" * 20, confirmed=True)
    made = asking.ask_for_list(persons()[0], "payments.deposit", "status__in=created", "test", FileFormat.CSV)
    writing.work_on_export(made.pk)


def make_screenshot(deposit: Deposit) -> None:
    confirmation = Confirmation(deposit=deposit, provider_reference="123456789012")
    begin_confirmation(confirmation, Cause(kind=CauseKind.API_KEY))
    Screenshot.objects.create(confirmation=confirmation, picture=b"jpeg", digest="0" * 64)


def test_every_column_is_rewritten_and_the_old_key_can_go(rows: None, settings: Settings) -> None:
    before = {f"{model._meta.label}.{column.attname}": ciphertexts(model, column) for model, column in COLUMNS}
    assert {name for name, found in before.items() if found} == NAMES, "a row for every encrypted column"
    values, hashes = everything(), dict(Withdrawal.objects.values_list("pk", "recipient_hashes"))
    touched = dict(Deposit.objects.values_list("pk", "updated_at"))

    settings.FIELD_ENCRYPTION_KEYS = [new_key(), *settings.FIELD_ENCRYPTION_KEYS]
    settings.SEARCH_HASH_KEYS = ["another-search-key-0123456789-0123456789", *settings.SEARCH_HASH_KEYS]
    code, said, complained = rotate()
    assert (code, complained) == (0, ""), said
    assert {line.split(":")[0] for line in said.splitlines()[:-1]} == NAMES | HASHES
    assert said.splitlines()[-1] == "Everything is under the first key."

    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    settings.SEARCH_HASH_KEYS = settings.SEARCH_HASH_KEYS[:1]
    assert everything() == values
    for model, column in COLUMNS:
        after = ciphertexts(model, column)
        assert all(is_current(one) for one in after.values())
        assert not set(after.values()) & set(before[f"{model._meta.label}.{column.attname}"].values())
    [withdrawal] = Withdrawal.objects.filter(Withdrawal.with_account(IMPS["recipient"]["account_number"]))
    assert withdrawal.recipient_hashes != hashes[withdrawal.pk]
    assert dict(Deposit.objects.values_list("pk", "updated_at")) == touched


def test_a_second_run_finds_everything_done(rows: None, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [new_key(), *settings.FIELD_ENCRYPTION_KEYS]
    rotate()
    before = {name: ciphertexts(model, column) for name, (model, column) in zip(sorted(NAMES), COLUMNS, strict=True)}
    code, said, _ = rotate()
    assert code == 0
    assert all(", 0 rewritten, 0 busy, 0 unreadable" in line for line in said.splitlines()[:-1])
    assert before == {
        name: ciphertexts(model, column) for name, (model, column) in zip(sorted(NAMES), COLUMNS, strict=True)
    }


def test_a_dry_run_counts_and_changes_nothing(rows: None, settings: Settings) -> None:
    assert rotate("--dry-run")[0] == 0
    settings.FIELD_ENCRYPTION_KEYS = [new_key(), *settings.FIELD_ENCRYPTION_KEYS]
    before = [ciphertexts(model, column) for model, column in COLUMNS]
    code, said, complained = rotate("--dry-run")
    assert code == 1
    assert "payments.Screenshot.picture: 0 current, 1 to rewrite, 0 busy, 0 unreadable" in said
    assert complained.strip() == f"{sum(len(one) for one in before)} values are not under the first key."
    assert [ciphertexts(model, column) for model, column in COLUMNS] == before


def test_a_value_without_a_key_is_named_and_does_not_stop_the_rest(rows: None, settings: Settings) -> None:
    lost = RejectedLetter.objects.get()
    stranger = Fernet(Fernet.generate_key()).encrypt(b"canary-content")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE postbacks_rejectedletter SET body = %s", [stranger])
    settings.FIELD_ENCRYPTION_KEYS = [new_key(), *settings.FIELD_ENCRYPTION_KEYS]
    code, said, complained = rotate()
    assert code == 1
    assert complained.splitlines() == [
        f"postbacks.RejectedLetter.body of {lost.pk} cannot be decrypted with any of the keys",
        "1 values are not under the first key.",
    ]
    assert "postbacks.RejectedLetter.body: 0 current, 0 rewritten, 0 busy, 1 unreadable" in said
    assert "canary" not in said
    assert ciphertexts(RejectedLetter, RejectedLetter._meta.get_field("body")) == {lost.pk: stranger}
    assert all(
        is_current(one)
        for model, column in COLUMNS
        if model is not RejectedLetter
        for one in ciphertexts(model, column).values()
    )


def test_a_withdrawal_whose_recipient_has_no_key_is_named_for_its_hashes_too(api: Api, settings: Settings) -> None:
    withdrawal = order(api)
    settings.FIELD_ENCRYPTION_KEYS = [new_key()]
    _, _, complained = rotate()
    for column in ("recipient", "recipient_hashes", "body"):
        assert f"withdrawals.Withdrawal.{column} of {withdrawal.pk} cannot be decrypted" in complained


def test_more_rows_than_a_batch_are_all_rewritten(
    account: ProviderAccount, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "BATCH", 3)
    for number in range(10):
        ProviderCall.objects.create(account=account, operation="x", response=b"%d" % number)
    settings.FIELD_ENCRYPTION_KEYS = [new_key(), *settings.FIELD_ENCRYPTION_KEYS]
    code, said, _ = rotate()
    assert code == 0
    assert "providers.ProviderCall.response: 0 current, 10 rewritten" in said
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert {call.response for call in ProviderCall.objects.all()} == {b"%d" % number for number in range(10)}


def test_what_was_written_meanwhile_is_kept(
    account: ProviderAccount, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a ciphertext was read, and before it is replaced, somebody writes another one under the old key."""
    monkeypatch.setattr(key_rotation, "PAUSE_SECONDS", 0)
    call = ProviderCall.objects.create(account=account, operation="x", response=b"first")
    meanwhile = EncryptedTextField().get_prep_value("second")
    settings.FIELD_ENCRYPTION_KEYS = [new_key(), *settings.FIELD_ENCRYPTION_KEYS]
    interruptions: list[Any] = []

    def interrupt(execute: Any, statement: Any, parameters: Any, many: Any, context: Any) -> Any:
        if '"response"' in statement and "wanted.fresh" in statement and not interruptions:
            interruptions.append(parameters)
            with connection.cursor() as cursor:
                cursor.execute("UPDATE providers_providercall SET response = %s", [meanwhile])
        return execute(statement, parameters, many, context)

    with connection.execute_wrapper(interrupt):
        code, said, _ = rotate()
    assert (code, len(interruptions)) == (0, 1)
    assert "providers.ProviderCall.response: 0 current, 1 rewritten, 0 busy, 0 unreadable" in said
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    call.refresh_from_db()
    assert call.response == b"second"


@pytest.mark.django_db(transaction=True)
def test_events_and_attempts_may_be_encrypted_anew_and_nothing_else(rows: None) -> None:
    """The guard looks at every other column, so the rotation cannot be used to change what happened."""
    delivery_attempt = DeliveryAttempt.objects.get()
    DeliveryAttempt.objects.update(answer=b"no")
    attacks = (
        "UPDATE webhooks_event SET data = data, sequence = 9",
        "UPDATE webhooks_event SET data = data, type = 'deposit.credited'",
        "UPDATE webhooks_event SET data = data, created_at = now()",
        "UPDATE webhooks_deliveryattempt SET answer = answer, outcome = 'delivered'",
        "DELETE FROM webhooks_deliveryattempt",
        "DELETE FROM webhooks_event",
    )
    for attack in attacks:
        with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
            cursor.execute(attack)
    with roles.as_owner():
        for attack in attacks:
            with pytest.raises(IntegrityError, match="never changed"), connection.cursor() as cursor:
                cursor.execute(attack)
    delivery_attempt.refresh_from_db()
    assert (delivery_attempt.outcome, delivery_attempt.answer) == ("refused", b"no")
