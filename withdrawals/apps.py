"""The withdrawals app."""

from django.apps import AppConfig


class WithdrawalsConfig(AppConfig):
    """Withdrawals and how they end."""

    name = "withdrawals"
