"""Money in: deposits, confirmations, receipts."""
