"""Money truth: the ledger. Every figure that the gateway shows can be derived from its entries."""
