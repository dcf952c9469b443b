"""A deposit begins: its customer, the order, its first history row and its first news, in one statement.

What `moves` does for every later move is done here for the first one, which stands in the way of every order: as
statements of their own these rows were most of its time. The database insists on the same rules at COMMIT.
"""

from typing import Any, Final

from django.db import IntegrityError
from psycopg.errors import NotNullViolation
from psycopg.types.json import Jsonb

from gateway import ids, logs, prepared_sql
from gateway.api.idempotency import Claim, claiming
from gateway.lifecycles import Cause
from gateway.moving import log_move
from gateway.products.actions import Caller
from gateway.products.models import Customer
from gateway.remembered import doubt, to_compare, version_sql
from gateway.webhooks import outbox
from gateway.webhooks.event_types import EventType
from payments.models import Deposit, DepositMove
from payments.shapes import deposit_shape
from payments.states import DepositStatus

_CUSTOMER: Final = prepared_sql.Insertion(
    Customer,
    {
        "id": "%(new_customer)s::uuid",
        "product_id": "%(product)s::uuid",
        "mode": "%(mode)s::text",
        "external_id": "%(customer)s::text",
        "created_at": "%(now)s::timestamptz",
    },
    source="account WHERE NOT EXISTS (SELECT FROM known)",
)
_DEPOSIT: Final = prepared_sql.Insertion(
    Deposit,
    {
        "id": "%(id)s::uuid",
        "product_id": "%(product)s::uuid",
        "mode": "%(mode)s::text",
        "customer_id": "customer.id",
        "account_id": "account.id",
        "in_widget": "account.prefers_widget",
        "payment_system_id": "%(system)s::text",
        "flow": "%(flow)s::text",
        "reference": "%(reference)s::text",
        "currency": "%(currency)s::text",
        "amount": "%(amount)s::numeric",
        "return_urls": "%(return_urls)s::jsonb",
        "language": "%(language)s::text",
        "details": "%(details)s::bytea",
        "metadata": "%(metadata)s::jsonb",
        "checkout_session_id": "%(session)s::uuid",
        "checkout_attempt": "%(attempt)s::smallint",
        "next_at": "%(now)s::timestamptz",
        "deadline_at": "%(deadline_at)s::timestamptz",
        "created_at": "%(now)s::timestamptz",
        "updated_at": "%(now)s::timestamptz",
    },
    source="account, customer",
)
_MOVE: Final = prepared_sql.Insertion(
    DepositMove,
    {
        "subject_id": "deposit.id",
        "sequence": "1",
        "to_status": f"'{DepositStatus.CREATED}'",
        "cause": "%(cause)s::text",
        "cause_id": "%(cause_id)s::text",
        "detail": "%(detail)s::text",
        "request_id": "%(request_id)s::text",
        "created_at": "%(now)s::timestamptz",
    },
    source="claimed LEFT JOIN deposit ON true",
)
_DETAILS: Final = prepared_sql.field_of(Deposit, "details")
#: One statement is one transaction. Each part takes its rows from one before it, so nothing is written where the
#: caller or the payment system is another than the remembered one, and nothing without the key; and a key without its
#: deposit cannot be: the move is written for the key, and insists on its deposit. That refuses where no account serves
#: the mode, where its payment window takes no fraction (C§1.8), and where another request meets the same customer
#: now: who is neither ``known`` then (our snapshot is older) nor ``met`` (ON CONFLICT waits, then does nothing).
_BEGIN: Final = prepared_sql.one_line(f"""
    WITH unchanged AS (
        SELECT FROM products_apikey k JOIN products_product p ON p.id = k.product_id, providers_paymentsystem s
        WHERE k.id = %(key)s::uuid AND s.code = %(system)s::text
            AND (%(version)s::text IS NULL OR {version_sql("k", "p", "s")} = %(version)s::text)
    ),
    {claiming("unchanged")},
    account AS (
        SELECT id, prefers_widget FROM claimed, providers_provideraccount
        WHERE mode = %(mode)s::text AND is_active
            AND NOT (prefers_widget AND trunc(%(amount)s::numeric) <> %(amount)s::numeric)
    ),
    known AS (
        SELECT id FROM products_customer
        WHERE product_id = %(product)s::uuid AND mode = %(mode)s::text AND external_id = %(customer)s::text
    ),
    met AS ({_CUSTOMER.sql} ON CONFLICT DO NOTHING RETURNING id),
    customer AS (SELECT id FROM known UNION ALL SELECT id FROM met),
    deposit AS ({_DEPOSIT.sql} RETURNING id, account_id, in_widget, customer_id),
    move AS ({_MOVE.sql}),
    {outbox.news_after("deposit")}
    SELECT account_id, in_widget, customer_id, ARRAY(SELECT id FROM delivery) FROM deposit
""")  # noqa: S608 - names of our own tables


class NotBegun(Exception):  # noqa: N818 - reads as the fact it reports
    """Nothing was written: no account takes the order, or another request met the same customer at this moment.

    The next try knows the customer.
    """


def begin_deposit(
    deposit: Deposit, *, caller: Caller, customer: str, cause: Cause, claim: Claim, durably: bool = True
) -> None:
    """Insert a new deposit with all that belongs to it; fills in its customer and what its account says.

    Args:
        deposit: complete but for these.
        caller: whose key it is.
        customer: the product's own id of the customer, who is made on first sight.
        cause: why it begins.
        claim: of the request that makes it.
        durably: as a transaction of its own; else as a part of the open one, which a refusal leaves unusable.

    Raises:
        AlreadyAnswered: the same request was answered before.
        Doubtful: with remembered rows it is not done.
        NotBegun: the caller finds out why, or tries again.
        Problem: 409 while the first request with this key is still at work; 422 where the key is another's.
        IntegrityError: the product has used the reference before.
    """
    deposit.customer = Customer(product_id=deposit.product_id, mode=deposit.mode, external_id=customer)
    news = outbox.parameters_of(
        id=ids.new_id(),
        product_id=deposit.product_id,
        mode=deposit.mode,
        type=EventType.DEPOSIT_CREATED,
        subject=deposit.public_id,
        sequence=deposit.sequence,
        data=deposit_shape(deposit),
        created_at=deposit.created_at,
    )
    _DEPOSIT.check(deposit)
    parameters = _parameters(deposit, caller, cause) | news
    try:
        inserted = claim.take_with(_BEGIN, parameters, object_id=deposit.id, durably=durably)
    except IntegrityError as error:
        if not isinstance(error.__cause__, NotNullViolation):
            raise
        raise NotBegun from None
    if not inserted:
        doubt()
        claim.refuse_known()
        raise NotBegun  # whoever had the key has rolled back since
    ((deposit.account_id, deposit.in_widget, deposit.customer.id, deliveries),) = inserted
    deposit.customer = deposit.customer  # once more, for its id may be another one now
    log_move(deposit, "", cause)
    outbox.ring_for(deliveries)


def _parameters(deposit: Deposit, caller: Caller, cause: Cause) -> dict[str, Any]:
    return {
        "key": caller.key_id,
        "version": to_compare(caller.version + deposit.payment_system.version),
        "id": deposit.id,
        "product": deposit.product_id,
        "mode": deposit.mode,
        "customer": deposit.customer.external_id,
        "new_customer": deposit.customer.id,
        "system": deposit.payment_system_id,
        "flow": deposit.flow,
        "reference": deposit.reference,
        "currency": deposit.currency,
        "amount": deposit.amount,
        "return_urls": Jsonb(deposit.return_urls),
        "language": deposit.language,
        "details": _DETAILS.get_prep_value(deposit.details),
        "metadata": Jsonb(deposit.metadata),
        "session": deposit.checkout_session_id,
        "attempt": deposit.checkout_attempt,
        "deadline_at": deposit.deadline_at,
        "cause": cause.kind,
        "cause_id": cause.id,
        "detail": cause.detail,
        "request_id": logs.request_id.get(),
        "now": deposit.created_at,
    }
