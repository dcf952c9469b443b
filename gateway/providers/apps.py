"""The providers app: whom we call."""

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """Provider accounts, payment systems, provider calls."""

    name = "gateway.providers"
    #: As the sidebar calls it.
    verbose_name = "Provider"
    label = "providers"
