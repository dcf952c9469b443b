"""Django's admin with our own site."""

from django.contrib.admin.apps import AdminConfig


class GatewayAdminConfig(AdminConfig):
    """In the place of ``django.contrib.admin``: `admin.site` is ours everywhere."""

    default_site = "gateway.backoffice.signing_in.site.GatewaySite"
