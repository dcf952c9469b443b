"""What of money out is due, and rung for: the sweep alone would be enough."""

import uuid
from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from gateway.after_commit import ring
from gateway.providers.models import PauseKind, ProviderAccount, may_pay_out
from withdrawals import approvals, asking, sending
from withdrawals.models import Withdrawal
from withdrawals.second_sendings import to_send_again
from withdrawals.states import WithdrawalStatus

#: Rings of one sweep for one account, and for what nobody approved; what is left is found by the next one.
_RUNG_FOR_AT_ONCE: Final = 200


def ring_for_all() -> None:
    """Ring for everything that is due."""
    for withdrawal_id in _some(approvals.overdue().order_by("next_at")):
        ring("withdrawals.tasks.expire_approval", withdrawal_id)
    # Each account by itself: the backlog of one, worked off at its own pace, does not hide what is due for another.
    for account_id, pause in ProviderAccount.objects.values_list("pk", "pause_kind"):
        for withdrawal_id in _some(_due(account_id).filter(sending.lost()).order_by("next_at")):
            ring("withdrawals.tasks.send_withdrawal", withdrawal_id)
        if pause == PauseKind.NONE:
            ring_for_account(account_id)


def ring_for_account(account_id: uuid.UUID) -> None:
    """Ring for everything that is due of an account that may be called."""
    # Not `sending.may_go`: the pauses are looked up once, for what is to be sent and for what waits for money.
    due, going = _due(account_id), may_pay_out()
    if due.filter(going, status=WithdrawalStatus.QUEUED).exists():
        ring("withdrawals.tasks.send_withdrawals", str(account_id))
    for withdrawal_id in _some(due.filter(going, status=WithdrawalStatus.WAITING_FUNDS).order_by("pk")):
        ring("withdrawals.tasks.probe_waiting", withdrawal_id)
    for withdrawal_id in _some(due.filter(to_send_again()).order_by("next_at")):
        ring("withdrawals.tasks.send_again", withdrawal_id)
    if due.filter(asking.to_ask_about()).exists():
        ring("withdrawals.tasks.ask_withdrawals", str(account_id))


def _due(account_id: uuid.UUID) -> "QuerySet[Withdrawal]":
    return Withdrawal.objects.filter(account=account_id, next_at__lte=timezone.now())


def _some(rows: "QuerySet[Withdrawal]") -> Iterator[str]:
    return map(str, rows.values_list("pk", flat=True)[:_RUNG_FOR_AT_ONCE])
