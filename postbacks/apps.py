"""The postbacks app."""

from django.apps import AppConfig


class PostbacksConfig(AppConfig):
    """Letters, their items, and samples of what was refused."""

    name = "postbacks"
    #: As the sidebar calls it.
    verbose_name = "Provider"
