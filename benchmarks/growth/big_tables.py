"""Big tables of the admin's lists: one row of each, and what copies of it have of their own.

Copies are a second apart, the last one is of now, and their ids are of their time. Those of one number belong together.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import time_machine
from django.db import connection, models
from django.utils import timezone

from balances.instruction_models import Instruction
from balances.models import Hold, Journal
from gateway.keyed_hashes import HASH_LENGTH
from gateway.products.models import Customer, Mode, Product
from gateway.providers.models import Flow, PaymentSystem, ProviderAccount, ProviderCall
from gateway.webhooks.models import Delivery, Event, WebhookEndpoint
from payments.models import Confirmation, Deposit, Receipt, Savings
from postbacks.models import Letter, LetterItem
from tests.two_persons import persons
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch

#: A UUIDv7 of the time of copy ``n`` of ``%(count)s``, with ``n`` at its end.
_ID: Final = (
    "(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - (%(count)s - n)::bigint * 1000), 12, '0') "
    "|| '7000' || '8' || lpad(to_hex(n), 15, '0'))::uuid"
)
_AT: Final = "now() - (%(count)s - n) * interval '1 second'"
_PARENT: Final = _ID
#: Beside an id and a time.
_DIFFERS: Final[dict[type[models.Model], dict[str, str]]] = {
    Customer: {"external_id": "'customer-' || n"},
    Deposit: {"reference": "'order-' || n", "customer_id": _PARENT, "status": "'credited'", "updated_at": _AT},
    Confirmation: {"provider_reference": "'BANK' || n", "deposit_id": _PARENT, "updated_at": _AT},
    Receipt: {
        "transaction_id": "'bank' || n",
        "custom_id": "'custom-' || n",
        "deposit_id": _PARENT,
        "confirmation_id": _PARENT,
    },
    Savings: {"customer_id": _PARENT},
    Withdrawal: {
        "reference": "'payout-' || n",
        "customer_id": _PARENT,
        "status": "'paid'",
        "recipient_hashes": f"ARRAY[left(md5(n::text) || md5((-n)::text), {HASH_LENGTH})]",
    },
    Hold: {"order_id": "'wd_' || n", "status": "'spent'", "closed_at": _AT},
    WithdrawalBatch: {"reference": "'batch-' || n"},
    BatchRow: {"reference": "'row-' || n", "batch_id": _PARENT},
    Letter: {"signed_digest": "'digest-' || n", "last_received_at": _AT},
    LetterItem: {"order_id": "'cnf_' || n", "transaction_id": "'bank' || n", "letter_id": _PARENT},
    Event: {"subject": "'dep_' || n"},
    Delivery: {"event_id": _PARENT, "status": "'delivered'", "finished_at": _AT, "next_at": "NULL"},
    Journal: {"reference": "'journal-' || n", "subject": "'dep_' || n"},
    ProviderCall: {"subject": "'cnf_' || n"},
    Instruction: {
        "parameters": "jsonb_build_object('receipt', 'rcp_' || n)",
        "document": "'line-' || n",
        "requested_at": _AT,
        "decided_at": _AT,
    },
}
BIG: Final = tuple(_DIFFERS)
_TIMES: Final = frozenset({"created_at", "received_at", "started_at"})


@contextmanager
def at_their_time() -> Iterator[None]:
    """The clock is the database's, whatever a test has set it to: ids and times of copies are of that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (now,) = cursor.fetchone()
    with time_machine.travel(now, tick=False):
        yield


def one_of_each(product: Product, account: ProviderAccount) -> dict[type[models.Model], models.Model]:
    """One row of each big table, in test mode."""
    now = timezone.now()
    system, _ = PaymentSystem.objects.get_or_create(
        code="imps_ib", defaults={"name": "IMPS", "flow": Flow.ACTIVATION, "currencies": ["INR"]}
    )
    money: dict[str, Any] = {"currency": "INR", "amount": 5}
    ours: dict[str, Any] = {"product": product, "mode": Mode.TEST}
    made: dict[type[models.Model], models.Model] = {}

    def make(model: type[models.Model], **values: Any) -> Any:
        made[model] = model._default_manager.create(**values)
        return made[model]

    customer = make(Customer, **ours, external_id="customer-0")
    order: dict[str, Any] = {**ours, **money, "customer": customer, "account": account, "payment_system": system}
    deposit = make(Deposit, **order, reference="order-0", flow=Flow.ACTIVATION, status="credited")
    confirmation = make(Confirmation, deposit=deposit, provider_reference="BANK0", amount=5, status="credited")
    make(
        Receipt,
        **money,
        account=account,
        wallet_type="imps_ib",
        transaction_id="bank0",
        custom_id="custom-0",
        deposit=deposit,
        confirmation=confirmation,
        product=product,
        status="credited",
    )
    make(
        Savings,
        account=account,
        customer=customer,
        payment_system=system,
        currency="INR",
        saved=1,
        lacking=4,
        minimum=5,
        observed_at=now,
    )
    withdrawal = make(
        Withdrawal,
        **order,
        reference="payout-0",
        status="paid",
        recipient={},
        body=b"",
        body_digest="",
    )
    make(
        Hold,
        **{**ours, **money, "id": withdrawal.pk, "order_id": withdrawal.public_id},
        status="spent",
        created_at=now,
        closed_at=now,
    )
    batch = make(
        WithdrawalBatch,
        **ours,
        reference="batch-0",
        source="csv",
        row_count=1,
        fingerprint="",
        asked_by="person",
        asked_by_id="1",
        status="done",
        finished_at=now,
    )
    make(
        BatchRow,
        **money,
        batch=batch,
        number=1,
        payment_system=system,
        reference="row-0",
        customer="customer-0",
        recipient={},
        status="refused",
        code="no",
        ended_at=now,
    )
    letter = make(Letter, account=account, body=b"", signed_digest="digest-0", envelope_agrees=True, key_index=0)
    make(
        LetterItem,
        **money,
        letter=letter,
        account=account,
        position=0,
        order_id="cnf_0",
        transaction_id="bank0",
        wallet_type="imps_ib",
        status="confirmed",
    )
    endpoint = WebhookEndpoint.objects.create(**ours, url="https://shop.example.com/", secrets=[])
    event = make(Event, **ours, type="deposit.credited", subject="dep_0", sequence=1, data={})
    make(Delivery, event=event, endpoint=endpoint, status="delivered", finished_at=now)
    make(
        Journal,
        kind="receipt_credited",
        mode=Mode.TEST,
        reference="journal-0",
        subject="dep_0",
        cause="pull",
        xact=1,
        begun_at=now,
        created_at=now,
    )
    requester, approver = persons()
    make(
        Instruction,
        verb="receipt_written_off",
        mode=Mode.TEST,
        parameters={"receipt": "rcp_0"},
        reason="a test",
        document="line-0",
        preview={"mode": "test", "notes": ["nothing"], "journals": []},
        digest="",
        requested_by=requester,
        requested_at=now,
        status="posted",
        decided_by=approver,
        decided_at=now,
        decided_xact=1,
    )
    make(ProviderCall, account=account, operation="pull", subject="cnf_0", outcome="answered")
    return made


def own_of(model: type[models.Model]) -> dict[str, str]:
    """What copies of a row of this table have of their own (`copies.write_copies`)."""
    columns = {str(field.column) for field in model._meta.concrete_fields}
    return {
        str(model._meta.pk.column): _ID if isinstance(model._meta.pk, models.UUIDField) else "one.id + n",
        **dict.fromkeys(_TIMES & columns, _AT),
        **_DIFFERS[model],
    }
