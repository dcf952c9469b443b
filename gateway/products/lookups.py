"""Whose key it is: the one look-up that every request of the API makes."""

from collections.abc import Sequence
from typing import Any, Final

from gateway import prepared_sql
from gateway.products.models import ApiKey, Product
from gateway.remembered import Lookup, version_sql

_KEY: Final = prepared_sql.Columns(ApiKey, "found")
_PRODUCT: Final = prepared_sql.Columns(Product, "product")


def _key_and_product(values: Sequence[Any]) -> ApiKey:
    found = _KEY.read(values[: _KEY.width])
    found.product = _PRODUCT.read(values[_KEY.width :])
    return found


#: The row of a bearer key with its product, ended or not, by the digest of the key.
KEYS: Final = Lookup(
    prepared_sql.one_line(f"""
        SELECT {version_sql("found", "product")}, {_KEY.sql}, {_PRODUCT.sql}
        FROM products_apikey found JOIN products_product product ON product.id = found.product_id
        WHERE found.digest = %(name)s::text
    """),  # noqa: S608 - names of our own columns
    _key_and_product,
)
