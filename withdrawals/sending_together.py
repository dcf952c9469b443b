"""Sending many withdrawals of one account at once: what `sending.send_withdrawal` does for one, for all that is plain.

The order of things is the same: ``sending`` is committed with lease, token, history and the beginning of the evidence
before the first byte of any of them leaves; the calls leave with no transaction open; then what came of them is
written. What is not plain (in doubt, unreadable, blocked, under a cap, of a key that was changed) is left to the way of
one by one, and so is every answer but a yes. (docs/adr/plain-withdrawals-leave-together.md)
"""

import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from gateway.after_commit import ring
from gateway.encryption import opens
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Answer
from gateway.paykassma.client import Client
from gateway.paykassma.messages import sign_again
from gateway.providers import calls_together
from gateway.providers.health import PAYOUT
from gateway.providers.models import ProviderAccount
from gateway.providers.pace import give_back_places, take_free_places
from gateway.providers.pauses import pass_gate
from withdrawals import blocklist, gate, outflow, sending
from withdrawals.frozen_requests import differences
from withdrawals.models import Withdrawal
from withdrawals.moving_together import Step, lock_together, move_together
from withdrawals.sending_outcomes import Outcome, outcome_of
from withdrawals.states import WithdrawalStatus

#: Of one batch: as many as leave in three goes of `calls_together.AT_ONCE`. Twice as many would save a few hundredths
#: of a millisecond each, and a worker that dies leaves so many for the provider to be asked about.
TOGETHER: Final = 48
#: A worker begins no new batch after so long: whoever stops it waits for what it has begun (docker/compose.yaml), and
#: that is over at most 70 s later (`calls_together.BEGIN_SECONDS` and the longest call).
WORK_SECONDS: Final = 5.0


@dataclass(slots=True, kw_only=True)
class _Look:
    """What a look at the queue came to.

    Attributes:
        account: whose withdrawals.
        marked: those that are being sent now, with token.
        evidence: of each of them the row of its call.
        odd: those that have to be looked at one by one.
        waits_for_pace: the account has no places for more than one.
        begun_at: before anything was marked, by the clock that `calls_together.make` goes by.
    """

    account: ProviderAccount
    marked: list[Withdrawal] = field(default_factory=list)
    evidence: list[uuid.UUID] = field(default_factory=list)
    odd: list[uuid.UUID] = field(default_factory=list)
    waits_for_pace: bool = False
    begun_at: float = field(default_factory=time.monotonic)


def send_withdrawals(account_id: uuid.UUID) -> None:
    """Send what is due of an account: together what is plain, and one by one what is not."""
    account = ProviderAccount.objects.filter(pk=account_id).first()
    if account is None:
        return
    until = time.monotonic() + WORK_SECONDS
    seen: set[uuid.UUID] = set()
    has_rung = False
    while time.monotonic() < until:
        look = _taken(account, seen)
        if len(look.marked) == TOGETHER and not has_rung:
            # There may be more than one worker's work.
            ring("withdrawals.tasks.send_withdrawals", str(account_id))
            has_rung = True
        if look.marked:
            _send(look)
        for withdrawal_id in look.odd:
            seen.add(withdrawal_id)
            if time.monotonic() < until:
                sending.send_withdrawal(withdrawal_id)
        if not look.marked and not look.odd:
            return
        if look.waits_for_pace and _due(account, set()).filter(pk__in=look.odd).exists():
            return  # not even one had a place: the sweep rings again
    ring("withdrawals.tasks.send_withdrawals", str(account_id))


def _due(account: ProviderAccount, but: Collection[uuid.UUID]) -> Any:
    to_send = Withdrawal.objects.filter(sending.may_go(), account=account, next_at__lte=timezone.now())
    return to_send.exclude(pk__in=but).order_by("next_at").select_related("customer")


def lock_due(account: ProviderAccount, limit: int, but: Collection[uuid.UUID]) -> list[Withdrawal]:
    """Up to so many that are due, oldest first, locked until the transaction ends; not what others have in hand."""
    return list(_due(account, but).select_for_update(skip_locked=True, of=("self",))[:limit])


def _taken(account: ProviderAccount, but: Collection[uuid.UUID]) -> _Look:
    due = list(_due(account, but).values_list("pk", flat=True)[:TOGETHER])
    # A place is taken before anything is marked, so that who is held back has nothing to undo; and only places that
    # are free at once, so that a batch leaves no faster than its withdrawals would one by one.
    places = take_free_places(account, len(due)) if len(due) > 1 else 0
    if places < 2:  # noqa: PLR2004 - two are the smallest batch
        give_back_places(account, places)
        # Alone, or more than the pace allows now: the first one waits for its place.
        return _Look(account=account, odd=due[:1], waits_for_pace=True)
    look = _Look(account=account)
    try:
        look = _mark(account.pk, places, but)
    finally:
        give_back_places(account, places - len(look.marked))
    return look


@transaction.atomic(durable=True)
def _mark(account_id: uuid.UUID, limit: int, but: Collection[uuid.UUID]) -> _Look:
    # Claim and mark in one: committed before the first byte of any of them leaves, and nothing before that.
    pass_gate()
    look = _Look(account=ProviderAccount.objects.get(pk=account_id))
    # Pauses are looked up here, behind the gate.
    rows = lock_due(look.account, limit, but)
    look.marked = _plain(look.account, rows)
    plain = {row.pk for row in look.marked}
    look.odd = [row.pk for row in rows if row.pk not in plain]
    token = uuid.uuid4()
    move_together(
        [
            Step(
                withdrawal=row,
                cause=Cause(kind=CauseKind.CLOCK, detail="due"),
                changes={**sending.columns_of_a_mark(), "token": token, "attempts": row.attempts + 1},
            )
            for row in look.marked
        ],
        WithdrawalStatus.SENDING,
    )
    if look.marked:
        about = [(row.public_id, {"body_digest": row.body_digest}) for row in look.marked]
        look.evidence = calls_together.begin(look.account, PAYOUT, about)
    return look


def _plain(account: ProviderAccount, rows: Sequence[Withdrawal]) -> list[Withdrawal]:
    """Those of some locked rows that may be sent now, for reasons that all of them share."""
    if not opens(account, "withdrawal_key", "api_secret"):
        return []
    for row in rows:
        row.account = account  # as it was read behind the gate, once for all of them
    plain = [row for row in rows if _is_fresh(row) and not differences(row) and _is_signed_by(account, row)]
    capped = outflow.capped_among(account, plain)
    plain = [row for row in plain if (row.product_id, row.currency) not in capped]
    blocked = blocklist.blocked_among(plain)
    return [row for row in plain if row.pk not in blocked]


def _is_fresh(row: Withdrawal) -> bool:
    """Never sent before, or surely not arrived, and readable."""
    may_be_there = row.resends or row.resend_allowed_by is not None or row.send_again or gate.is_known_before(row)
    return not may_be_there and opens(row, "body", "recipient")


def _is_signed_by(account: ProviderAccount, row: Withdrawal) -> bool:
    """Whether the frozen bytes are the ones to be sent; where the key was changed, they are signed anew one by one."""
    try:
        return sign_again(bytes(row.body), account.withdrawal_key) == bytes(row.body)
    except (ValueError, KeyError):
        return False  # no request at all: it stops nobody but itself


def _send(look: _Look) -> None:
    works = [partial(_sent, bytes(row.body)) for row in look.marked]
    made = calls_together.make(look.account, works, begun_at=look.begun_at)
    ended = [
        (row, call, one)
        for row, call, one in zip(look.marked, look.evidence, made, strict=True)
        if isinstance(one, calls_together.Made)
    ]
    calls_together.end(look.account, PAYOUT, [(call, one) for _, call, one in ended])
    accepted: list[tuple[Withdrawal, Outcome]] = []
    others: list[tuple[Withdrawal, Answer]] = []
    for row, _, one in ended:
        outcome = outcome_of(row, one.answer, row.attempts)
        if outcome.to_status is WithdrawalStatus.ACCEPTED:
            accepted.append((row, outcome))
        else:
            others.append((row, one.answer))
    if accepted:
        _accept(look.account, accepted)
    for row, answer in others:
        sending.settle(row, answer)
    for error in made:
        if isinstance(error, Exception):
            # Whether it left nobody knows: its row stays as it is until its lease ends, and is asked about.
            raise error


def _sent(body: bytes, client: Client) -> Answer:
    return client.send_withdrawal(body)


@transaction.atomic(durable=True)
def _accept(account: ProviderAccount, sent: Sequence[tuple[Withdrawal, Outcome]]) -> None:
    tokens = {row.pk: row.token for row, _ in sent}
    outcomes = {row.pk: outcome for row, outcome in sent}
    # Who was moved by a postback meanwhile, or lost its lease, knows more than this answer.
    mine = [
        row
        for row in lock_together(account, tokens)
        if row.holds(tokens[row.pk]) and row.status == WithdrawalStatus.SENDING
    ]
    move_together(
        [Step(withdrawal=row, cause=outcomes[row.pk].cause, changes=outcomes[row.pk].changes) for row in mine],
        WithdrawalStatus.ACCEPTED,
    )
