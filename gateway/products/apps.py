"""The products app: who may call."""

from django.apps import AppConfig


class ProductsConfig(AppConfig):
    """Products, their keys and their customers."""

    name = "gateway.products"
    #: As the sidebar calls it.
    verbose_name = "Products and webhooks"
    label = "products"
