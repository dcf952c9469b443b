"""The database app: no tables, only who may do what with those of the others."""

from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    """Roles, privileges and `manage.py migrate`."""

    name = "gateway.database"
    label = "database"
