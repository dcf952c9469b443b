"""How fast the ledger takes transfers, beside four other ways to keep one, and how fast it reads a long account."""
