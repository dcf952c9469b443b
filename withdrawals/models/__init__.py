"""What money out is."""

from withdrawals.models.withdrawals import ACCOUNT_FIELDS, Withdrawal, WithdrawalMove, account_terms

__all__ = ["ACCOUNT_FIELDS", "Withdrawal", "WithdrawalMove", "account_terms"]
