"""The balances app."""

from django.apps import AppConfig


class BalancesConfig(AppConfig):
    """Accounts, journals, entries, holds; and the verbs by which people move money."""

    name = "balances"
    #: As the sidebar calls it.
    verbose_name = "Ledger"

    def ready(self) -> None:
        """Make this app's verbs known."""
        # Here, not above: they need the models, which are not there when this file is read.
        from balances import (  # noqa: PLC0415
            adjusting,
            exchanging,
            fee_verbs,
            funding,
            overdrafts,
            reversing,
            settlement,
            verbs,
        )

        for one in (funding, settlement, adjusting, exchanging, overdrafts, fee_verbs, reversing):
            verbs.register(*one.VERBS)
