"""Django's admin with our own site, and its users among the other pages of people."""

from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig


class GatewayAdminConfig(AdminConfig):
    """In the place of ``django.contrib.admin``: `admin.site` is ours everywhere."""

    default_site = "gateway.backoffice.signing_in.site.GatewaySite"


class PeopleConfig(AuthConfig):
    """In the place of ``django.contrib.auth``: its lists stand under what the sidebar calls them."""

    verbose_name = "People and history"
