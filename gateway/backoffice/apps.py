"""The backoffice app."""

from django.apps import AppConfig, apps


class BackofficeConfig(AppConfig):
    """Pages that need more than one app, and what the people keep who work in them."""

    name = "gateway.backoffice"
    #: As the sidebar calls it.
    verbose_name = "People and history"

    def ready(self) -> None:
        """Make the verbs known by which two persons change live settings, and show users beside what they did."""
        # Here, not above: they need the models, which are not there when this file is read.
        from balances import verbs  # noqa: PLC0415
        from gateway.backoffice.master_data import account_verbs, key_verbs, system_verbs  # noqa: PLC0415

        verbs.register(*account_verbs.VERBS, *key_verbs.VERBS, *system_verbs.VERBS)
        apps.get_app_config("auth").verbose_name = self.verbose_name
