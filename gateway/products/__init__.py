"""The callers: products, their API keys, their customers."""
