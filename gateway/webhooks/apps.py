"""The webhooks app: what products are told."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Endpoints, events, deliveries and their attempts."""

    name = "gateway.webhooks"
    #: As the sidebar calls it.
    verbose_name = "Products and webhooks"
    label = "webhooks"
