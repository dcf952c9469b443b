"""What each event does to the accounts (docs/money.md). Amounts are above zero; the legs say which way they go.

Nothing here touches the database: what these give is posted by `balances.posting.post`.
"""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from balances import accounts
from balances.accounts import AccountKey
from balances.kinds import JournalKind
from balances.posting import Leg, NewJournal, credit, debit
from gateway.lifecycles import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMoney:
    """An amount as the provider's books know it: in which of its accounts, and with which of its systems.

    Attributes:
        account: id of the provider account.
        payment_system: its ``wallet_type``.
        mode: ``live`` or ``test``.
        currency: ISO 4217 code.
        amount: above zero.
    """

    account: UUID
    payment_system: str
    mode: str
    currency: str
    amount: Decimal

    @property
    def balance(self) -> AccountKey:
        """Where the provider keeps it."""
        return accounts.provider_balance(self.account, self.mode, self.currency, self.payment_system)

    @property
    def fees(self) -> AccountKey:
        """Where it counts as a fee that the provider took."""
        return accounts.provider_fees(self.account, self.mode, self.currency, self.payment_system)

    @property
    def suspense(self) -> AccountKey:
        """Where it waits while nobody knows whose it is."""
        return accounts.suspense(self.account, self.mode, self.currency)

    @property
    def savings(self) -> AccountKey:
        """Where it counts while it is saved up."""
        return accounts.savings_observed(self.account, self.mode, self.currency, self.payment_system)

    def available(self, product: UUID) -> AccountKey:
        """Where a product finds it."""
        return accounts.available(product, self.mode, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductMoney:
    """An amount as a product's accounts know it.

    Attributes:
        product: id of the product.
        mode: ``live`` or ``test``.
        currency: ISO 4217 code.
        amount: above zero.
    """

    product: UUID
    mode: str
    currency: str
    amount: Decimal

    @property
    def available(self) -> AccountKey:
        """What the product may spend."""
        return accounts.available(self.product, self.mode, self.currency)

    @property
    def held(self) -> AccountKey:
        """What is reserved for its withdrawals."""
        return accounts.held(self.product, self.mode, self.currency)

    @property
    def receivable(self) -> AccountKey:
        """What it owes us."""
        return accounts.receivable(self.product, self.mode, self.currency)


def _moved(  # noqa: PLR0917 - a journal in one line
    kind: JournalKind, reference: str, left: AccountKey, right: AccountKey, amount: Decimal, cause: Cause, subject: str
) -> NewJournal:
    return NewJournal(
        kind=kind, reference=reference, legs=(debit(left, amount), credit(right, amount)), cause=cause, subject=subject
    )


def receipt_credited(receipt: str, money: ProviderMoney, product: UUID, cause: Cause, *, subject: str) -> NewJournal:
    """Money arrived for a deposit: the provider has it, the product may spend it."""
    left, right = money.balance, money.available(product)
    return _moved(JournalKind.RECEIPT_CREDITED, receipt, left, right, money.amount, cause, subject)


def receipt_suspended(receipt: str, money: ProviderMoney, cause: Cause, *, subject: str = "") -> NewJournal:
    """Money arrived that nobody may spend yet."""
    left, right = money.balance, money.suspense
    return _moved(JournalKind.RECEIPT_SUSPENDED, receipt, left, right, money.amount, cause, subject)


def suspense_credited(receipt: str, money: ProviderMoney, product: UUID, cause: Cause, *, subject: str) -> NewJournal:
    """Suspended money turned out to be a product's."""
    left, right = money.suspense, money.available(product)
    return _moved(JournalKind.SUSPENSE_CREDITED, receipt, left, right, money.amount, cause, subject)


def suspense_returned(receipt: str, money: ProviderMoney, cause: Cause, *, subject: str = "") -> NewJournal:
    """The provider took suspended money back."""
    left, right = money.suspense, money.balance
    return _moved(JournalKind.SUSPENSE_RETURNED, receipt, left, right, money.amount, cause, subject)


def suspense_written_off(receipt: str, money: ProviderMoney, cause: Cause, *, subject: str = "") -> NewJournal:
    """Nobody could say whose suspended money is: we keep it, as a result of our own."""
    left, right = money.suspense, accounts.write_off(money.mode, money.currency)
    return _moved(JournalKind.SUSPENSE_WRITTEN_OFF, receipt, left, right, money.amount, cause, subject)


def receipt_reversed(
    receipt: str, money: ProviderMoney, taken: tuple[Leg, ...], cause: Cause, *, subject: str
) -> NewJournal:
    """The provider took credited money back; ``taken`` says from where (`balances.corrections.take_back`)."""
    legs = (*taken, credit(money.balance, money.amount))
    return NewJournal(kind=JournalKind.RECEIPT_REVERSED, reference=receipt, legs=legs, cause=cause, subject=subject)


def savings_observed(
    observation: str, money: ProviderMoney, product: UUID, change: Decimal, cause: Cause
) -> NewJournal:
    """The provider reports ``change`` more (below zero: less) than before. Nobody may spend it."""
    owed = accounts.savings(product, money.mode, money.currency)
    legs = (Leg(account=money.savings, amount=change), Leg(account=owed, amount=-change))
    return NewJournal(kind=JournalKind.SAVINGS_OBSERVED, reference=observation, legs=legs, cause=cause)


def savings_released(
    receipt: str, money: ProviderMoney, product: UUID, released: Decimal, cause: Cause, *, subject: str
) -> NewJournal:
    """So much of what was observed became this receipt, which is credited by a journal of its own."""
    left, right = accounts.savings(product, money.mode, money.currency), money.savings
    return _moved(JournalKind.SAVINGS_RELEASED, receipt, left, right, released, cause, subject)


def withdrawal_held(withdrawal: str, money: ProductMoney, cause: Cause) -> NewJournal:
    """A withdrawal reserves its amount."""
    kind = JournalKind.WITHDRAWAL_HELD
    return _moved(kind, withdrawal, money.available, money.held, money.amount, cause, withdrawal)


def withdrawal_released(withdrawal: str, money: ProductMoney, cause: Cause) -> NewJournal:
    """A withdrawal ended without a payment: its amount is available again."""
    kind = JournalKind.WITHDRAWAL_RELEASED
    return _moved(kind, withdrawal, money.held, money.available, money.amount, cause, withdrawal)


def withdrawal_paid(withdrawal: str, money: ProviderMoney, product: UUID, cause: Cause) -> NewJournal:
    """A withdrawal was paid from what it held."""
    left, right = accounts.held(product, money.mode, money.currency), money.balance
    return _moved(JournalKind.WITHDRAWAL_PAID, withdrawal, left, right, money.amount, cause, withdrawal)


def withdrawal_returned(withdrawal: str, money: ProviderMoney, product: UUID, cause: Cause) -> NewJournal:
    """A paid withdrawal came back."""
    left, right = money.balance, money.available(product)
    return _moved(JournalKind.WITHDRAWAL_RETURNED, withdrawal, left, right, money.amount, cause, withdrawal)


def withdrawal_proved_paid(withdrawal: str, money: ProviderMoney, taken: tuple[Leg, ...], cause: Cause) -> NewJournal:
    """A withdrawal that had ended unpaid was paid after all; ``taken`` says from where."""
    legs = (*taken, credit(money.balance, money.amount))
    return NewJournal(
        kind=JournalKind.WITHDRAWAL_PROVED_PAID, reference=withdrawal, legs=legs, cause=cause, subject=withdrawal
    )


def provider_fee(order: str, fee: ProviderMoney, cause: Cause, *, subject: str, row: str) -> NewJournal:
    """The provider took a fee for a receipt or a withdrawal, by this row of fees."""
    legs = (debit(fee.fees, fee.amount), credit(fee.balance, fee.amount))
    kind = JournalKind.PROVIDER_FEE
    return NewJournal(kind=kind, reference=order, legs=legs, cause=cause, subject=subject, document=row)


def product_fee(
    order: str,
    fee: ProviderMoney,
    product: UUID,
    taken: tuple[Leg, ...],
    cause: Cause,
    *,
    subject: str,
    row: str,
) -> NewJournal:
    """A product paid a fee for a receipt or a withdrawal, by this row of fees; ``taken`` says from where."""
    legs = (*taken, credit(accounts.fee_income(product, fee.mode, fee.currency), fee.amount))
    kind = JournalKind.PRODUCT_FEE
    return NewJournal(kind=kind, reference=order, legs=legs, cause=cause, subject=subject, document=row)


def receivable_repaid(reference: str, money: ProductMoney, cause: Cause) -> NewJournal:
    """What a product owes is covered by what it has."""
    return _moved(JournalKind.RECEIVABLE_REPAID, reference, money.available, money.receivable, money.amount, cause, "")
