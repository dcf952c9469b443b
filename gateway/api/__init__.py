"""What every endpoint shares: error shape, authentication, idempotency, pagination, schema."""
