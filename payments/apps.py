"""The payments app."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Deposits, confirmations, receipts."""

    name = "payments"
