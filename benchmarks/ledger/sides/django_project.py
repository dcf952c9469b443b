"""The least that a library for Django needs around it."""

import os
from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings
from django.core.management import call_command


def set_up(*apps: str, **more: Any) -> None:
    """A project with the apps of a library.

    Args:
        apps: for ``INSTALLED_APPS``.
        more: settings that its documentation asks for.
    """
    url = urlsplit(os.environ["DATABASE_URL"])
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": url.hostname,
                "PORT": url.port,
                "USER": unquote(url.username or ""),
                "PASSWORD": unquote(url.password or ""),
                "NAME": url.path.removeprefix("/"),
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", *apps],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        **more,
    )
    django.setup()


def migrate() -> None:
    """Its tables, with the triggers that it has."""
    call_command("migrate", verbosity=0)
