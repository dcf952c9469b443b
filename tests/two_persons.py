"""Money that people move takes two of them: the tests' own, and what they decided."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from balances import accounts, instructions, proposing
from balances.instruction_models import Instruction
from balances.instruction_moves import begin_instruction, move_instruction
from balances.kinds import FEE_VERB, JournalKind
from balances.posting import NewJournal, credit, debit, post
from balances.states import InstructionStatus
from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from gateway.products.actions import keep_key
from gateway.products.key_guards import ISSUED
from gateway.products.models import ORDINARY_SCOPES, ApiKey, Mode, Product, digest_of
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.providers.models.account_guards import CHANGED, OPENED
from gateway.providers.models.system_guards import NO_LIMIT, PAYOUT_COLUMNS, PAYOUTS_CHANGED

_REASON, _DOCUMENT = "the tests' own money", "a test"


def persons() -> tuple[User, User]:
    """Who asks, and who approves: made where a test first needs them, with passwords that nobody has."""
    names = ("requester", "approver")
    known = {one.username: one for one in User.objects.filter(username__in=names)}
    for name in names:
        if name not in known:
            known[name] = User.objects.create(username=name, password="!", is_staff=True, is_superuser=True)
    return known["requester"], known["approver"]


def by_two_persons(verb: str, parameters: Mapping[str, str]) -> Instruction:
    """Asked for by one and approved by the other."""
    requester, approver = persons()
    asked = proposing.propose(verb, parameters, _REASON, _DOCUMENT, requester)
    return instructions.approve(asked.pk, approver, asked.digest)


@transaction.atomic
def begun_with(product: Product, currency: str, amount: str) -> None:
    """Test money with which a new product begins, as the verb `product_funded` leaves it (`tests.balances.test_begun`).

    Half of the tests begin so. The verb looks at the books three times before it posts, and they would spend a tenth
    of their time on that.
    """
    told = {"product": str(product.pk), "mode": "test", "currency": currency, "amount": amount}
    shown = [{"kind": "product_funded", "legs": []}]
    cause = _decided("product_funded", told, "test", _REASON, shown, _DOCUMENT)
    assert cause.instruction is not None
    bank, there = accounts.bank("test", currency), accounts.available(product.pk, "test", currency)
    post(
        NewJournal(
            kind=JournalKind.PRODUCT_FUNDED,
            reference=ids.encode(ids.INSTRUCTION, cause.instruction),
            legs=(debit(bank, Decimal(amount)), credit(there, Decimal(amount))),
            cause=cause,
            document=_DOCUMENT,
        )
    )


def settle(product: Product, amount: str, currency: str = "INR") -> None:
    """Pay a product's available money out to it."""
    by_two_persons(
        "product_settled", {"product": str(product.pk), "mode": "test", "currency": currency, "amount": amount}
    )


def overdraft(product: Product, limit: str, currency: str = "INR") -> None:
    """Let a product's available money go so far below zero."""
    parameters = {"product": str(product.pk), "mode": "test", "currency": currency, "limit": limit}
    by_two_persons("overdraft_limit", parameters)


def decided(detail: str = "two persons decided", mode: str = "test") -> Cause:
    """The cause of journals past every verb: an instruction that two persons decided in the present transaction.

    It says that it showed journals, so at least one has to be posted with it before the transaction ends.
    """
    return _decided("tested", {}, mode, detail, [{"kind": "adjusted", "legs": []}])


def agreed(parameters: Mapping[str, str]) -> None:
    """The same for rows of fees, which move nothing yet."""
    _decided(FEE_VERB, parameters, parameters["mode"], "two persons agreed", [])


def agreed_account(**columns: Any) -> None:
    """The same for a live provider account that is about to be written in this transaction."""
    told = {name: _text(value) for name, value in columns.items() if name != "mode" and value is not None}
    _decided(OPENED, told, "live", "two persons opened it", [])


def live_account_of(**columns: Any) -> ProviderAccount:
    """A live provider account that two persons opened, wherever it leads."""
    with transaction.atomic():
        agreed_account(**columns)
        return ProviderAccount.objects.create(mode=Mode.LIVE, **columns)


def agreed_change(account: ProviderAccount, **columns: Any) -> None:
    """The same for columns of a live one."""
    told = {"provider_account": str(account.pk), **{name: _text(value) for name, value in columns.items()}}
    _decided(CHANGED, told, account.mode, "two persons changed it", [])


def agreed_payouts(code: str, **columns: Any) -> None:
    """The same for how money leaves through a payment system, written as well: these columns otherwise than now."""
    with transaction.atomic():
        system = PaymentSystem.objects.get(pk=code)
        for name, value in columns.items():
            setattr(system, name, value)
        told = {
            "code": code,
            "pays_out": _text(system.pays_out),
            "withdrawal_minimum": _limit(system.withdrawal_minimum),
            "withdrawal_maximum": _limit(system.withdrawal_maximum),
            "recipient_fields": json.dumps(system.recipient_fields),
        }
        _decided(PAYOUTS_CHANGED, told, "live", "two persons said how money leaves", [])
        system.save(update_fields=PAYOUT_COLUMNS)


def _limit(value: Any) -> str:
    return NO_LIMIT if value is None else str(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value) if isinstance(value, dict) else str(value)


def kept_key(product: Product, mode: Mode, key: str, scopes: Iterable[str] = ORDINARY_SCOPES) -> ApiKey:
    """A key that works, whatever it may: agreed by two persons where that takes them."""
    with transaction.atomic():
        if mode == Mode.LIVE:
            told = {"product": str(product.pk), "digest": digest_of(key), "scopes": " ".join(scopes)}
            _decided(ISSUED, told, "live", "two persons issued it", [])
        return keep_key(product=product, mode=mode, name="tests", key=key, scopes=scopes)


def _decided(
    verb: str, parameters: Mapping[str, str], mode: str, detail: str, shown: Sequence[object], document: str = ""
) -> Cause:
    requester, approver = persons()
    instruction = Instruction(
        verb=verb,
        mode=mode,
        parameters=parameters,
        reason=detail,
        document=document,
        preview={"mode": mode, "notes": [], "journals": shown},
        digest="0" * 64,
        requested_by=requester,
    )
    begin_instruction(instruction, Cause(kind=CauseKind.PERSON, id=str(requester.pk), detail=detail))
    by_person = Cause(kind=CauseKind.PERSON, id=str(approver.pk), detail=detail, instruction=instruction.pk)
    move_instruction(instruction, InstructionStatus.POSTED, by_person, decided_by_id=approver.pk)
    return by_person
