"""What money out is."""

from withdrawals.models.batches import BatchRow, WithdrawalBatch, WithdrawalBatchMove
from withdrawals.models.withdrawals import ACCOUNT_FIELDS, Withdrawal, WithdrawalMove, account_terms

__all__ = [
    "ACCOUNT_FIELDS",
    "BatchRow",
    "Withdrawal",
    "WithdrawalBatch",
    "WithdrawalBatchMove",
    "WithdrawalMove",
    "account_terms",
]
