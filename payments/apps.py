"""The payments app."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Deposits, confirmations, receipts."""

    name = "payments"
    #: As the sidebar calls it.
    verbose_name = "Money in"

    def ready(self) -> None:
        """Make this app's verbs known."""
        # Here, not above: they need the models, which are not there when this file is read.
        from balances import verbs  # noqa: PLC0415
        from payments import verbs as own  # noqa: PLC0415

        verbs.register(*own.VERBS)
