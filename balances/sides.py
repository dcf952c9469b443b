"""Which accounts each kind of journal may debit and credit: the shape of every event (docs/money.md shows them).

The database holds every posting to it (`balances.posting_functions`), so a program that calls a payment a fee, or
credits a product where money only waits, is refused.
"""

from collections.abc import Mapping
from typing import Final

from balances.kinds import AccountKind as A
from balances.kinds import JournalKind as J

_ANY: Final = tuple(A)
#: What a correction takes from, while there is something and where there is too little.
_TAKEN: Final = (A.AVAILABLE, A.PRODUCT_RECEIVABLE)

#: Kinds of accounts that are debited, and those that are credited.
SIDES: Final[Mapping[J, tuple[tuple[A, ...], tuple[A, ...]]]] = {
    J.RECEIPT_CREDITED: ((A.PROVIDER_BALANCE,), (A.AVAILABLE,)),
    J.RECEIPT_SUSPENDED: ((A.PROVIDER_BALANCE,), (A.SUSPENSE,)),
    J.SUSPENSE_CREDITED: ((A.SUSPENSE,), (A.AVAILABLE,)),
    J.SUSPENSE_RETURNED: ((A.SUSPENSE,), (A.PROVIDER_BALANCE,)),
    J.SUSPENSE_WRITTEN_OFF: ((A.SUSPENSE,), (A.WRITE_OFF,)),
    J.RECEIPT_REVERSED: (_TAKEN, (A.PROVIDER_BALANCE,)),
    # More, or less, than before.
    J.SAVINGS_OBSERVED: ((A.SAVINGS_OBSERVED, A.SAVINGS), (A.SAVINGS_OBSERVED, A.SAVINGS)),
    J.SAVINGS_RELEASED: ((A.SAVINGS,), (A.SAVINGS_OBSERVED,)),
    J.WITHDRAWAL_HELD: ((A.AVAILABLE,), (A.HELD,)),
    J.WITHDRAWAL_RELEASED: ((A.HELD,), (A.AVAILABLE,)),
    J.WITHDRAWAL_PAID: ((A.HELD,), (A.PROVIDER_BALANCE,)),
    J.WITHDRAWAL_RETURNED: ((A.PROVIDER_BALANCE,), (A.AVAILABLE,)),
    J.WITHDRAWAL_PROVED_PAID: (_TAKEN, (A.PROVIDER_BALANCE,)),
    J.RECEIVABLE_REPAID: ((A.AVAILABLE,), (A.PRODUCT_RECEIVABLE,)),
    J.PROVIDER_FEE: ((A.PROVIDER_FEES,), (A.PROVIDER_BALANCE,)),
    J.PRODUCT_FEE: (_TAKEN, (A.FEE_INCOME,)),
    J.PRODUCT_FUNDED: ((A.BANK,), (A.AVAILABLE,)),
    J.PRODUCT_SETTLED: ((A.AVAILABLE,), (A.BANK,)),
    J.PROVIDER_TOPPED_UP: ((A.PROVIDER_BALANCE,), (A.BANK,)),
    J.MOVED_TO_SETTLEMENT: ((A.PROVIDER_SETTLEMENT,), (A.PROVIDER_BALANCE,)),
    J.SETTLED_TO_BANK: ((A.BANK,), (A.PROVIDER_SETTLEMENT,)),
    J.EXCHANGED: ((A.AVAILABLE, A.FX_POSITION), (A.AVAILABLE, A.FX_POSITION)),
    # Two persons name the accounts, or the journal that is taken back.
    J.ADJUSTED: (_ANY, _ANY),
    J.WRITTEN_OFF: ((A.WRITE_OFF,), (A.PRODUCT_RECEIVABLE,)),
    J.REVERSED: (_ANY, _ANY),
}
