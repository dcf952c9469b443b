"""The providers app: whom we call."""

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """Provider accounts, payment systems, provider calls."""

    name = "gateway.providers"
    label = "providers"
