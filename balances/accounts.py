"""Which accounts there are: an account is named by what it stands for, and its id follows from the name."""

import uuid
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

import uuid_utils.compat

from balances.kinds import DEBIT_NORMAL, LIVE, AccountKind

#: Only tells our name-based ids (RFC 9562, version 5) from everybody else's.
_NAMESPACE: Final = uuid.UUID("7c0f3f2e-6d58-5d7e-9c26-3a1f6a0f4c51")
#: Keys whose id is remembered; a key and its id are about 400 bytes.
_REMEMBERED_IDS: Final = 65_536


class AccountKey(NamedTuple):
    """What one account stands for. Made for each leg and looked up by what it is: a tuple is both in half the time.

    Attributes:
        kind: of the chart (`balances.kinds`).
        mode: ``live`` or ``test``.
        currency: ISO 4217 code.
        product: whose money it is, where it is a product's.
        provider_account: where it lies, where it lies with the provider.
        payment_system: the wallet or bank there, where the provider counts by it.
    """

    kind: AccountKind
    mode: str
    currency: str
    product: uuid.UUID | None = None
    provider_account: uuid.UUID | None = None
    payment_system: str = ""

    @property
    def id(self) -> uuid.UUID:
        """The account's primary key: the same for everybody who means the same account, without asking."""
        return _id_and_rank_of(self)[0]

    @property
    def keeps_balance(self) -> bool:
        """True where a limit is enforced, so that each posting locks the account's row."""
        return self.kind in LIVE

    @property
    def lock_rank(self) -> tuple[int, uuid.UUID]:
        """In which order a transaction posts to accounts: those that lock nobody first, then by kind, then by id."""
        return _id_and_rank_of(self)[1]

    def balance(self, sum_of_entries: Decimal) -> Decimal:
        """The balance on the normal side, for a sum of entries in which debits are positive."""
        return sum_of_entries if self.kind in DEBIT_NORMAL else -sum_of_entries


@lru_cache(_REMEMBERED_IDS)
def _id_and_rank_of(key: AccountKey) -> tuple[uuid.UUID, tuple[int, uuid.UUID]]:
    owner = f"{key.product or ''}/{key.provider_account or ''}/{key.payment_system}"
    # The same as the standard library's, for half the time.
    name_based: uuid.UUID = uuid_utils.compat.uuid5(_NAMESPACE, f"{key.kind.value}/{key.mode}/{key.currency}/{owner}")
    return name_based, (LIVE.index(key.kind) + 1 if key.keeps_balance else 0, name_based)


def available(product: uuid.UUID, mode: str, currency: str) -> AccountKey:
    """What the product may pay out."""
    return AccountKey(kind=AccountKind.AVAILABLE, mode=mode, currency=currency, product=product)


def held(product: uuid.UUID, mode: str, currency: str) -> AccountKey:
    """What is reserved for the product's withdrawals under way."""
    return AccountKey(kind=AccountKind.HELD, mode=mode, currency=currency, product=product)


def savings(product: uuid.UUID, mode: str, currency: str) -> AccountKey:
    """What the product's customers have saved up at the provider."""
    return AccountKey(kind=AccountKind.SAVINGS, mode=mode, currency=currency, product=product)


def receivable(product: uuid.UUID, mode: str, currency: str) -> AccountKey:
    """What the product owes us."""
    return AccountKey(kind=AccountKind.PRODUCT_RECEIVABLE, mode=mode, currency=currency, product=product)


def fee_income(product: uuid.UUID, mode: str, currency: str) -> AccountKey:
    """Fees that the product paid."""
    return AccountKey(kind=AccountKind.FEE_INCOME, mode=mode, currency=currency, product=product)


def provider_balance(provider_account: uuid.UUID, mode: str, currency: str, payment_system: str) -> AccountKey:
    """What the provider holds for us with one of its systems (C§1.11 counts by system and currency, too)."""
    return AccountKey(
        kind=AccountKind.PROVIDER_BALANCE,
        mode=mode,
        currency=currency,
        provider_account=provider_account,
        payment_system=payment_system,
    )


def provider_fees(provider_account: uuid.UUID, mode: str, currency: str, payment_system: str) -> AccountKey:
    """Fees that the provider took, by system."""
    return AccountKey(
        kind=AccountKind.PROVIDER_FEES,
        mode=mode,
        currency=currency,
        provider_account=provider_account,
        payment_system=payment_system,
    )


def savings_observed(provider_account: uuid.UUID, mode: str, currency: str, payment_system: str) -> AccountKey:
    """What the provider says is saved up with one of its systems."""
    return AccountKey(
        kind=AccountKind.SAVINGS_OBSERVED,
        mode=mode,
        currency=currency,
        provider_account=provider_account,
        payment_system=payment_system,
    )


def provider_settlement(provider_account: uuid.UUID, mode: str, currency: str) -> AccountKey:
    """What the provider has set aside for our bank; its own figures leave it out of the balance (C§1.11)."""
    return AccountKey(
        kind=AccountKind.PROVIDER_SETTLEMENT, mode=mode, currency=currency, provider_account=provider_account
    )


def suspense(provider_account: uuid.UUID, mode: str, currency: str) -> AccountKey:
    """Money at the provider whose owner is not yet known."""
    return AccountKey(kind=AccountKind.SUSPENSE, mode=mode, currency=currency, provider_account=provider_account)


def bank(mode: str, currency: str) -> AccountKey:
    """Our own bank."""
    return AccountKey(kind=AccountKind.BANK, mode=mode, currency=currency)


def write_off(mode: str, currency: str) -> AccountKey:
    """What was given up or kept."""
    return AccountKey(kind=AccountKind.WRITE_OFF, mode=mode, currency=currency)


def fx_position(mode: str, currency: str) -> AccountKey:
    """The other side of exchanges."""
    return AccountKey(kind=AccountKind.FX_POSITION, mode=mode, currency=currency)
