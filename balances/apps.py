"""The balances app."""

from django.apps import AppConfig


class BalancesConfig(AppConfig):
    """Accounts, journals, entries, holds."""

    name = "balances"
