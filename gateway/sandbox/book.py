"""The memory of the sandbox: orders, letters and the book of money."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from gateway.sandbox.rows import (
    Deposit,
    DepositStatus,
    Entry,
    HashedUrl,
    Kind,
    Letter,
    Movement,
    OrderRef,
    ReceivedRequest,
    RegisteredPayment,
    Withdrawal,
)

# Enough to look back on a whole test run; older requests are still counted.
REQUESTS_KEPT: Final = 10_000

# A reference in one of these statuses belongs to its deposit for ever.
_USED: Final = frozenset({DepositStatus.ACTIVATED, DepositStatus.SAVED, DepositStatus.CREDITED})


class Book:
    """Everything the sandbox remembers.

    Attributes:
        lock: held for whole decisions (look, decide, write); re-entrant.
        version: grows with each change worth keeping over a restart.
        deposits: by custom_transaction_id.
        withdrawals: by withdrawal_id.
        letters: by letter_id.
        entries: the book of money, in order.
        registered: payments told by the control API, by wallet type and reference.
        hashed_urls: return addresses of the widget, by kind and hash.
        purses: topped-up money that magic 9015 may spend, by currency.
        handed_out: how many details transaction/create has given away.
        stockpilings: how many savings were released.
        older_letters: whether new letters are posted in the older formats (C§2.3).
        requests: the calls received last.
        request_counts: how often each `METHOD path order_id` was called.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.version = 0
        self._clear()

    def _clear(self) -> None:
        self.deposits: dict[str, Deposit] = {}
        self.withdrawals: dict[str, Withdrawal] = {}
        self.letters: dict[int, Letter] = {}
        self.entries: list[Entry] = []
        self.registered: dict[tuple[str, str], RegisteredPayment] = {}
        self.hashed_urls: dict[tuple[str, str], HashedUrl] = {}
        self.purses: dict[str, Decimal] = {}
        self.handed_out = 0
        self.stockpilings = 0
        self.older_letters = False
        self.requests: deque[ReceivedRequest] = deque(maxlen=REQUESTS_KEPT)
        self.request_counts: Counter[str] = Counter()
        self._by_order_page: dict[str, str] = {}
        self._by_reference: dict[tuple[str, str], str] = {}
        self._letters_by_order: dict[OrderRef, list[int]] = {}
        self._letters_by_transaction: dict[str, list[int]] = {}

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock and note that something changed."""
        with self.lock:
            self.version += 1
            yield

    def reset(self) -> None:
        """Forget everything."""
        with self.changing():
            self._clear()

    def put_deposit(self, deposit: Deposit) -> None:
        """Insert a deposit or replace it by its next state."""
        with self.changing():
            self.deposits[deposit.custom_id] = deposit
            self._by_order_page[deposit.order_id] = deposit.custom_id
            if deposit.status in _USED:
                self._by_reference[deposit.wallet_type, deposit.reference] = deposit.custom_id

    def put_withdrawal(self, withdrawal: Withdrawal) -> None:
        """Insert a withdrawal or replace it by its next state."""
        with self.changing():
            self.withdrawals[withdrawal.withdrawal_id] = withdrawal

    def put_letter(self, letter: Letter) -> None:
        """Insert a letter or replace it by its next state."""
        with self.changing():
            if letter.letter_id not in self.letters:
                for order_id in letter.order_ids:
                    ref = OrderRef(kind=letter.kind, order_id=order_id)
                    self._letters_by_order.setdefault(ref, []).append(letter.letter_id)
                for transaction_id in letter.transaction_ids:
                    self._letters_by_transaction.setdefault(transaction_id, []).append(letter.letter_id)
            self.letters[letter.letter_id] = letter

    def next_letter_id(self) -> int:
        """The id of the next letter; call it under the lock that also inserts."""
        return len(self.letters) + 1

    def enter(self, entry: Entry) -> None:
        """Add a movement to the book of money."""
        with self.changing():
            self.entries.append(entry)

    def register(self, payment: RegisteredPayment) -> None:
        """Remember what a customer really paid."""
        with self.changing():
            self.registered[payment.wallet_type, payment.reference] = payment

    def put_hashed_url(self, hashed: HashedUrl) -> None:
        """Remember a return address, or remember it anew."""
        with self.changing():
            self.hashed_urls[hashed.kind, hashed.digest] = hashed

    def url_behind(self, kind: str, digest: str, now: float) -> str | None:
        """The return address behind a hash; None where it was never handed out or its day is over."""
        with self.lock:
            hashed = self.hashed_urls.get((kind, digest))
        return None if hashed is None or hashed.expires_at <= now else hashed.url

    def note_request(self, request: ReceivedRequest) -> None:
        """Remember a call; calls do not outlive a restart."""
        with self.lock:
            self.requests.append(request)
            self.request_counts[f"{request.method} {request.path} {request.order_id}".rstrip()] += 1

    def deposit_of_page(self, order_id: str) -> Deposit | None:
        """The deposit behind a pay page."""
        with self.lock:
            custom_id = self._by_order_page.get(order_id)
            return None if custom_id is None else self.deposits[custom_id]

    def owner_of_reference(self, wallet_type: str, reference: str) -> str | None:
        """The custom_transaction_id that a transaction number belongs to."""
        with self.lock:
            return self._by_reference.get((wallet_type, reference))

    def saved(self, label: str, wallet_type: str, currency_code: str) -> list[Deposit]:
        """A customer's savings with a system, oldest first (C§1.6)."""
        with self.lock:
            return [
                deposit
                for deposit in self.deposits.values()
                if deposit.status is DepositStatus.SAVED
                and (deposit.label, deposit.wallet_type, deposit.paid_currency) == (label, wallet_type, currency_code)
            ]

    def letters_of(self, ref: OrderRef) -> list[Letter]:
        """All letters about an order, oldest first."""
        with self.lock:
            return [self.letters[letter_id] for letter_id in self._letters_by_order.get(ref, [])]

    def pulled_by_order(self, ref: OrderRef) -> Letter | None:
        """The last letter about an order that pulls may repeat."""
        return _last_known(self.letters_of(ref))

    def pulled_by_transaction(self, transaction_id: str) -> Letter | None:
        """The last letter that names a transaction number and that pulls may repeat."""
        with self.lock:
            found = [self.letters[letter_id] for letter_id in self._letters_by_transaction.get(transaction_id, [])]
        return _last_known(found)

    def balances(self) -> dict[tuple[str, str], Decimal]:
        """Money by wallet type and currency; it starts at 0 and may be negative (C§1.11)."""
        with self.lock:
            found: dict[tuple[str, str], Decimal] = {}
            for entry in self.entries:
                sign = -1 if entry.movement is Movement.WITHDRAWAL_PAID else 1
                key = (entry.wallet_type, entry.currency_code)
                found[key] = found.get(key, Decimal(0)) + sign * entry.amount
            return found

    def order(self, ref: OrderRef) -> Deposit | Withdrawal | None:
        """The order of this name."""
        with self.lock:
            if ref.kind is Kind.DEPOSIT:
                return self.deposits.get(ref.order_id)
            return self.withdrawals.get(ref.order_id)


def _last_known(letters: list[Letter]) -> Letter | None:
    return next((letter for letter in reversed(letters) if letter.known_to_pulls), None)
