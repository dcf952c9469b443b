"""What money out is."""

from withdrawals.models.withdrawals import (
    ACCOUNT_FIELDS,
    LAST_ANSWER_MAX_LENGTH,
    Withdrawal,
    WithdrawalMove,
    account_terms,
)

__all__ = ["ACCOUNT_FIELDS", "LAST_ANSWER_MAX_LENGTH", "Withdrawal", "WithdrawalMove", "account_terms"]
