"""The API app: it owns one table, the idempotency keys."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """One error shape, authentication, idempotency, pagination, schema."""

    name = "gateway.api"
    label = "api"
