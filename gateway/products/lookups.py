"""Whose key it is: the one look-up that every request of the API makes."""

from typing import Final

from gateway import prepared_sql
from gateway.products.models import ApiKey, Product

_KEY: Final = prepared_sql.Columns(ApiKey, "found")
_PRODUCT: Final = prepared_sql.Columns(Product, "product")
_FIND: Final = prepared_sql.one_line(f"""
    SELECT {_KEY.sql}, {_PRODUCT.sql}
    FROM products_apikey found JOIN products_product product ON product.id = found.product_id
    WHERE found.digest = %(digest)s::text
""")  # noqa: S608 - names of our own columns


def find_key(digest: str) -> ApiKey | None:
    """The row of a bearer key with its product, ended or not."""
    rows = prepared_sql.run(_FIND, {"digest": digest})
    if not rows:
        return None
    found = _KEY.read(rows[0][: _KEY.width])
    found.product = _PRODUCT.read(rows[0][_KEY.width :])
    return found
