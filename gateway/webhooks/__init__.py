"""The outbox: news owed to products, its signature, its delivery. Knows nothing of payments."""
