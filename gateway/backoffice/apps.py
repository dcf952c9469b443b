"""The backoffice app."""

from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    """Pages that need more than one app; it has no tables."""

    name = "gateway.backoffice"
