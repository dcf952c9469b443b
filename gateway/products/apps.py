"""The products app: who may call."""

from django.apps import AppConfig


class ProductsConfig(AppConfig):
    """Products, their keys and their customers."""

    name = "gateway.products"
    label = "products"
