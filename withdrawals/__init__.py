"""Money out: withdrawals."""
