"""What the provider says in these tests (C§0, C§1.1)."""

from typing import Any, Final

AVAILABLE: Final = "/api/v1/payment-systems/available"
#: ERR-1 of C§0: the secret is wrong.
WRONG_SECRET: Final = (
    200,
    {"status": "error", "code": 30228, "errors": {"target": "secret", "code": 36205, "message": "Wrong secret"}},
)
NOT_FOUND: Final = (404, b"Not found")
DOWN: Final = (503, b"<html>upstream</html>")


def offered(*codes: str, currency: Any = "INR", **changes: Any) -> tuple[int, Any]:
    """The list of systems (C§1.1)."""
    wallets = [
        {
            "type": code,
            "currency_code": currency,
            "order": place,
            "logo": f"https://img.example/{code}.png",
            "name": code,
        }
        | {"is_manual": False, "uploading_payment_bill": False, **changes}
        for place, code in enumerate(codes)
    ]
    return 200, {"status": "ok", "params": {"currency_data": [], "wallets": wallets}}
