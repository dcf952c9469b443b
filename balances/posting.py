"""Posting: the one way into the ledger.

A journal is put together (`balances.journals`), and all journals of one event are posted in one call, in the
transaction that moves the thing they belong to. The database writes them itself, and refuses what is no journal
(`balances.posting_functions`); what rows elsewhere have to say is looked at at COMMIT (`balances.guards`).
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from typing import Final

from django.db import DataError, IntegrityError
from psycopg.errors import NumericValueOutOfRange

from balances import guards
from balances.accounts import AccountKey
from balances.kinds import JournalKind
from balances.models import Account
from gateway import ids, logs, money, prepared_sql
from gateway.lifecycles import Cause

#: Longest reason that the ledger keeps.
_DETAIL_MAX_LENGTH: Final = 500

_POST: Final = prepared_sql.one_line(
    """
    SELECT balances_post(
        %(journal_ids)s::uuid[], %(kinds)s::text[], %(modes)s::text[], %(references)s::text[], %(subjects)s::text[],
        %(reverses)s::uuid[], %(causes)s::text[], %(cause_ids)s::text[], %(details)s::text[], %(documents)s::text[],
        %(request_ids)s::text[], %(instructions)s::uuid[],
        %(entry_ids)s::uuid[], %(entry_journals)s::uuid[], %(entry_accounts)s::uuid[], %(amounts)s::numeric[]
    )
    """
)
#: The same of one journal with two legs, which most are: packing its arrays and unpacking them is a fifth of a posting.
_POST_TRANSFER: Final = prepared_sql.one_line(
    """
    SELECT balances_post_transfer(
        %(journal_id)s::uuid, %(kind)s::text, %(mode)s::text, %(reference)s::text, %(subject)s::text,
        %(reverses)s::uuid, %(cause)s::text, %(cause_id)s::text, %(detail)s::text, %(document)s::text,
        %(request_id)s::text, %(instruction)s::uuid,
        %(first_id)s::uuid, %(first_account)s::uuid, %(first_amount)s::numeric,
        %(second_id)s::uuid, %(second_account)s::uuid, %(second_amount)s::numeric
    )
    """
)
#: A leg as it is sent: the rank of its account, its journal and its amount.
_Placed = tuple[tuple[int, uuid.UUID], uuid.UUID, Decimal]
_RANK: Final = itemgetter(0)
#: Journals of a call, and legs of a journal, that are posted so.
_TRANSFER: Final = (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One side of a journal; its amount is above zero for a debit and below for a credit."""

    account: AccountKey
    amount: Decimal


def debit(account: AccountKey, amount: Decimal) -> Leg:
    """A leg on the left side."""
    return Leg(account=account, amount=amount)


def credit(account: AccountKey, amount: Decimal) -> Leg:
    """A leg on the right side."""
    return Leg(account=account, amount=-amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJournal:
    """A journal that is to be posted.

    Attributes:
        kind: why money moves.
        reference: what is posted; together with the kind it is taken once and for ever.
        legs: two or more that sum to zero in each currency, all of one mode.
        cause: who or what moves it; its detail is kept as the reason, and its instruction as what two persons decided.
        subject: TypeID of the order that the money belongs to, or "".
        document: the paper behind it, or "".
        reverses: the journal that it takes back.
    """

    kind: JournalKind
    reference: str
    legs: tuple[Leg, ...]
    cause: Cause
    subject: str = ""
    document: str = ""
    reverses: uuid.UUID | None = None
    id: uuid.UUID = field(default_factory=ids.new_id)

    @property
    def mode(self) -> str:
        """The mode of its accounts; the database refuses a journal of two."""
        return self.legs[0].account.mode


class InsufficientFunds(Exception):  # noqa: N818 - reads as the fact it reports
    """The posting would take an account below its limit. Nothing was written."""


class AlreadyPosted(Exception):  # noqa: N818 - as above
    """There is a journal of this kind for this reference, or one that reverses the same. Nothing was written."""


def post(*journals: NewJournal) -> None:
    """Write journals, in one call to the database and in the order that the locks of their accounts need.

    In a transaction they are its part; in none they are committed together when this returns.

    Raises:
        InsufficientFunds: an account with a limit does not have so much.
        AlreadyPosted: one of them was posted before.
        ValueError: a leg has an amount that no entry can hold.

    After any of these a transaction is lost, as after every error of the database.
    """
    if not journals:
        return
    # The rank of an account ends with its id, and looking it up is a tenth of what is done here.
    legs = sorted([(leg.account.lock_rank, one.id, leg.amount) for one in journals for leg in one.legs], key=_RANK)
    for _, _, amount in legs:
        if not amount or not money.fits_column(amount):
            raise ValueError("a leg needs an amount of at most four decimals that is not zero")
    statement, parameters = (
        (_POST_TRANSFER, _of_transfer(journals[0], *legs))
        if (len(journals), len(legs)) == _TRANSFER
        else (_POST, _of_many(journals, legs))
    )
    try:
        # Named, or there by now: either way nothing was written yet.
        if (missing := _call(statement, parameters)) is not None:
            open_accounts(leg.account for one in journals for leg in one.legs if leg.account.id in missing)
            missing = _call(statement, parameters)
            assert missing is None
    except IntegrityError as error:
        if (known := _refusal(error)) is None:
            raise
        raise known from error


def _call(statement: str, parameters: dict[str, str | None]) -> "list[uuid.UUID] | None":
    """None: it is written. Else what was missing when it was looked for."""
    ((missing,),) = prepared_sql.run(statement, parameters)
    return missing  # type: ignore[no-any-return]  # as the statement gives it


def _of_transfer(journal: NewJournal, first: _Placed, second: _Placed) -> dict[str, str | None]:
    cause = journal.cause
    ((_, first_account), _, first_amount), ((_, second_account), _, second_amount) = first, second
    return {
        "journal_id": journal.id.hex,
        "kind": journal.kind.value,
        "mode": journal.mode,
        "reference": journal.reference,
        "subject": journal.subject,
        "reverses": None if journal.reverses is None else journal.reverses.hex,
        "cause": str(cause.kind),
        "cause_id": cause.id,
        "detail": cause.detail[:_DETAIL_MAX_LENGTH],
        "document": journal.document,
        "request_id": logs.request_id.get(),
        "instruction": None if cause.instruction is None else cause.instruction.hex,
        "first_id": ids.new_hex(),
        "first_account": first_account.hex,
        "first_amount": str(first_amount),
        "second_id": ids.new_hex(),
        "second_account": second_account.hex,
        "second_amount": str(second_amount),
    }


def _of_many(journals: Sequence[NewJournal], legs: Sequence[_Placed]) -> dict[str, str | None]:
    request_id = logs.request_id.get()
    return {
        "journal_ids": _array(one.id for one in journals),
        "kinds": _array(one.kind.value for one in journals),
        "modes": _array(one.mode for one in journals),
        "references": _texts(one.reference for one in journals),
        "subjects": _texts(one.subject for one in journals),
        "reverses": _array(one.reverses or "NULL" for one in journals),
        "causes": _texts(str(one.cause.kind) for one in journals),
        "cause_ids": _texts(one.cause.id for one in journals),
        "details": _texts(one.cause.detail[:_DETAIL_MAX_LENGTH] for one in journals),
        "documents": _texts(one.document for one in journals),
        "request_ids": _texts([request_id] * len(journals)),
        "instructions": _array(one.cause.instruction or "NULL" for one in journals),
        "entry_ids": _array(ids.new_hex() for _ in legs),
        "entry_journals": _array(journal for _, journal, _ in legs),
        "entry_accounts": _array(account for (_, account), _, _ in legs),
        "amounts": _array(amount for *_, amount in legs),
    }


def _array(values: Iterable[object]) -> str:
    """PostgreSQL's notation of an array of plain words. The driver's own takes half as long as the whole posting."""
    return "{" + ",".join(map(str, values)) + "}"


def _texts(values: Iterable[str]) -> str:
    """The same of texts, which may hold anything."""
    return _array('"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in values)


def open_accounts(accounts: Iterable[AccountKey]) -> None:
    """Add those that nobody has used yet."""
    # In one order for everybody: two who open the same accounts at the same time wait for each other's commit.
    rows = [
        Account(
            id=key.id,
            kind=key.kind,
            mode=key.mode,
            currency=key.currency,
            product_id=key.product,
            provider_account_id=key.provider_account,
            payment_system=key.payment_system,
            balance=Decimal(0) if key.keeps_balance else None,
        )
        for key in sorted(set(accounts), key=lambda key: key.lock_rank)
    ]
    Account.objects.bulk_create(rows, ignore_conflicts=True)


def is_no_room(error: DataError) -> bool:
    """Whether the database refused a posting because a sum would have more digits than a balance has room for."""
    return isinstance(error.__cause__, NumericValueOutOfRange)


def _refusal(error: IntegrityError) -> Exception | None:
    diagnosis = getattr(error.__cause__, "diag", None)
    match getattr(diagnosis, "constraint_name", None):
        case guards.WITHIN_ITS_LIMIT:
            return InsufficientFunds()
        case "one_journal_per_reference" | "one_reversal_per_journal":
            return AlreadyPosted()
    return None
