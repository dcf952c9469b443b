"""The withdrawals app."""

from django.apps import AppConfig


class WithdrawalsConfig(AppConfig):
    """Withdrawals and how they end."""

    name = "withdrawals"
    #: As the sidebar calls it.
    verbose_name = "Money out"

    def ready(self) -> None:
        """Make this app's verbs known."""
        # Here, not above: they need the models, which are not there when this file is read.
        from balances import verbs  # noqa: PLC0415
        from withdrawals import block_verbs, limit_verbs, slab_verbs  # noqa: PLC0415
        from withdrawals import verbs as own  # noqa: PLC0415

        verbs.register(*own.VERBS, *slab_verbs.VERBS, *limit_verbs.VERBS, *block_verbs.VERBS)
