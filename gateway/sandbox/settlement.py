"""What happens to an accepted order when its time comes: money moves, and a letter says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from gateway.sandbox import letters, older_letters
from gateway.sandbox.book import Book
from gateway.sandbox.catalogue import SYSTEMS
from gateway.sandbox.clock import Clock
from gateway.sandbox.faults import Fault
from gateway.sandbox.postman import Postman
from gateway.sandbox.rows import (
    Deposit,
    DepositStatus,
    Entry,
    Kind,
    Letter,
    Movement,
    OrderRef,
    Withdrawal,
    WithdrawalStatus,
)
from gateway.sandbox.settings import Settings
from gateway.sandbox.timetable import Timetable

# Letters and pulls of 9030 name this customer.
OTHER_LABEL: Final = "sandbox-other-label"

_FINISHED: Final = frozenset({DepositStatus.CREDITED, DepositStatus.DECLINED, DepositStatus.SAVED})


class Settlement:
    """Brings orders to their outcome, by the clock or at once."""

    def __init__(self, settings: Settings, clock: Clock, book: Book, timetable: Timetable, postman: Postman) -> None:
        self._settings = settings
        self._clock = clock
        self._book = book
        self._timetable = timetable
        self._postman = postman

    def expect(self, order: Deposit | Withdrawal) -> None:
        """Settle a stored order at its `settle_at`."""
        if order.settle_at is not None:
            self._timetable.at(order.settle_at, lambda: self._settle_if_due(order.ref))

    def resume(self) -> None:
        """Expect whatever a restored memory still owes."""
        with self._book.lock:
            for deposit in self._book.deposits.values():
                self.expect(deposit)
            for withdrawal in self._book.withdrawals.values():
                self.expect(withdrawal)
            for letter in list(self._book.letters.values()):
                self._postman.resume(letter)

    def _settle_if_due(self, ref: OrderRef) -> None:
        with self._book.lock:
            order = self._book.order(ref)
            if order is not None and order.settle_at is not None and order.settle_at <= self._clock.now():
                self.settle(ref)

    def settle(self, ref: OrderRef) -> list[Letter]:
        """Bring an order to its next outcome now, whatever the clock says.

        Returns:
            The letters that were written and are owed; none if the order had its outcome.

        Raises:
            KeyError: there is no such order.
        """
        written = self._settle(ref)
        for letter in written:
            self._postman.owe(letter)
        return written

    def deliver_now(self, ref: OrderRef) -> None:
        """Settle an order and post its letters, each once, before returning (9008)."""
        for letter in self._settle(ref):
            self._postman.deliver(letter.letter_id)

    def _settle(self, ref: OrderRef) -> list[Letter]:
        with self._book.changing():
            if ref.kind is Kind.DEPOSIT:
                return self._settle_deposit(self._book.deposits[ref.order_id])
            return self._settle_withdrawal(self._book.withdrawals[ref.order_id])

    def _settle_deposit(self, deposit: Deposit) -> list[Letter]:
        if deposit.status in _FINISHED:
            return []
        owner = self._book.owner_of_reference(deposit.wallet_type, deposit.reference)
        # Two customers may claim one transaction while it is only possible; the first to be credited has it.
        is_taken = owner is not None and owner != deposit.custom_id
        if is_taken or deposit.fault is Fault.REJECTED:
            self._book.put_deposit(replace(deposit, status=DepositStatus.DECLINED, settle_at=None))
            return []
        if deposit.fault is Fault.UNKNOWN_TO_PULL:
            self._book.put_deposit(replace(deposit, status=DepositStatus.DECLINED, settle_at=None))
            return self._write_deposits([deposit], None)
        if deposit.paid < SYSTEMS[deposit.wallet_type].minimum_deposit:
            return self._save(deposit)
        return self._credit([deposit], None)

    def _save(self, deposit: Deposit) -> list[Letter]:
        self._book.put_deposit(replace(deposit, status=DepositStatus.SAVED, settle_at=None))
        savings = self._book.saved(deposit.label, deposit.wallet_type, deposit.paid_currency)
        if sum(saved.paid for saved in savings) < SYSTEMS[deposit.wallet_type].minimum_deposit:
            return []
        self._book.stockpilings += 1
        return self._credit(savings, self._book.stockpilings)

    def _credit(self, deposits: Sequence[Deposit], stockpiling_id: int | None) -> list[Letter]:
        for deposit in deposits:
            self._book.put_deposit(replace(deposit, status=DepositStatus.CREDITED, settle_at=None))
            self._book.enter(
                Entry(
                    movement=Movement.DEPOSIT_CREDITED,
                    order_id=deposit.custom_id,
                    wallet_type=deposit.wallet_type,
                    label=deposit.label,
                    transaction_id=deposit.reference,
                    amount=deposit.paid,
                    currency_code=deposit.paid_currency,
                    at=self._clock.now(),
                ),
            )
        return self._write_deposits(deposits, stockpiling_id)

    def _write_deposits(self, deposits: Sequence[Deposit], stockpiling_id: int | None) -> list[Letter]:
        fault = deposits[-1].fault
        return self._write(
            Kind.DEPOSIT,
            [deposit.custom_id for deposit in deposits],
            [deposit.reference for deposit in deposits],
            letters.envelope(
                wallet_type=deposits[-1].wallet_type,
                label=OTHER_LABEL if fault is Fault.OTHER_LABEL else deposits[-1].label,
                direction="ingoing",
                created_at=self._clock.now(),
                items=[letters.deposit_item(deposit, stockpiling_id) for deposit in deposits],
                fault=fault,
            ),
            fault,
        )

    def _settle_withdrawal(self, withdrawal: Withdrawal) -> list[Letter]:
        if not withdrawal.steps:
            return []
        status, *later = withdrawal.steps
        after = replace(
            withdrawal,
            status=status,
            steps=tuple(later),
            settle_at=self._clock.now() + self._settings.postback_delay_seconds if later else None,
        )
        self._book.put_withdrawal(after)
        if withdrawal.fault is not Fault.UNKNOWN_TO_PULL:
            self._move_withdrawal(after, was=withdrawal.status)
        self.expect(after)
        written = self._write_withdrawal(withdrawal, status, withdrawal.fault)
        if withdrawal.fault is Fault.CONTRADICTED:
            written += self._write_withdrawal(withdrawal, WithdrawalStatus.REJECTED, Fault.UNKNOWN_TO_PULL)
        return written

    def _write_withdrawal(self, withdrawal: Withdrawal, status: int, fault: Fault | None) -> list[Letter]:
        return self._write(
            Kind.WITHDRAWAL,
            [withdrawal.withdrawal_id],
            [],
            letters.envelope(
                wallet_type=withdrawal.payment_system,
                label=withdrawal.label,
                direction="outgoing",
                created_at=self._clock.now(),
                items=[letters.withdrawal_item(withdrawal, status)],
                fault=fault,
            ),
            fault,
        )

    def pay_again(self, withdrawal: Withdrawal) -> None:
        """Pay an order once more that came once more; only for what is paid at all."""
        if WithdrawalStatus.PAID in (withdrawal.status, *withdrawal.steps):
            with self._book.changing():
                self._move_withdrawal(replace(withdrawal, status=int(WithdrawalStatus.PAID)), was=None)

    def _move_withdrawal(self, withdrawal: Withdrawal, was: int | None) -> None:
        if withdrawal.status == WithdrawalStatus.PAID and was != WithdrawalStatus.PAID:
            movement = Movement.WITHDRAWAL_PAID
        elif withdrawal.status != WithdrawalStatus.PAID and was == WithdrawalStatus.PAID:
            movement = Movement.WITHDRAWAL_RETURNED
        else:
            return
        self._book.enter(
            Entry(
                movement=movement,
                order_id=withdrawal.withdrawal_id,
                wallet_type=withdrawal.payment_system,
                label=withdrawal.label,
                transaction_id="",
                amount=withdrawal.paid,
                currency_code=withdrawal.paid_currency,
                at=self._clock.now(),
            ),
        )

    def _write(
        self,
        kind: Kind,
        order_ids: Sequence[str],
        transaction_ids: Sequence[str],
        message: dict[str, Any],
        fault: Fault | None,
    ) -> list[Letter]:
        body = letters.signed(message, self._settings, fault)
        older_body = older_letters.older(message, self._settings) if self._book.older_letters else ""
        copies = 2 if fault is Fault.TWICE else 1
        written = []
        for _ in range(copies):
            letter = Letter(
                letter_id=self._book.next_letter_id(),
                kind=kind,
                order_ids=tuple(order_ids),
                transaction_ids=tuple(transaction_ids),
                body=body,
                known_to_pulls=fault is not Fault.UNKNOWN_TO_PULL,
                masked=fault is Fault.MASKED,
                is_posted=fault is not Fault.NO_LETTER,
                next_at=None if fault is Fault.NO_LETTER else self._clock.now(),
                attempts=0,
                delivered_at=None,
                last_outcome="",
                older_body=older_body,
            )
            self._book.put_letter(letter)
            written.append(letter)
        return written


def steps_of(fault: Fault | None) -> tuple[int, ...]:
    """The statuses that an accepted withdrawal goes through."""
    paid, rejected = int(WithdrawalStatus.PAID), int(WithdrawalStatus.REJECTED)
    match fault:
        case Fault.REJECTED:
            return (rejected,)
        case Fault.INTERMEDIATE:
            return (int(WithdrawalStatus.IN_PROCESSING), paid)
        case Fault.PAID_THEN_REJECTED:
            return (paid, rejected)
        case Fault.REJECTED_THEN_PAID:
            return (rejected, paid)
        case _:
            return (paid,)
