"""Whether what is asked of the withdrawals takes longer the more of them have ended."""
