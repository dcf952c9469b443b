"""The codes of the stack's two persons, which elsewhere an app on a telephone shows (RFC 6238).

By the standard library alone: `gateway.stack.compose_secrets` runs where nothing is installed.
"""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import quote, urlencode

#: As the admin shows it to people who enrol (`gateway.backoffice.signing_in.second_factor`), and as every app assumes.
_ISSUER: Final = "Payment gateway"
_STEP_SECONDS: Final = 30
_DIGITS: Final = 6


def totp_uri(username: str, secret: str) -> str:
    """What an app is given.

    Args:
        username: whose it is.
        secret: in base32.
    """
    told = {"secret": secret, "issuer": _ISSUER, "digits": _DIGITS, "period": _STEP_SECONDS}
    return f"otpauth://totp/{quote(f'{_ISSUER}:{username}')}?{urlencode(told, quote_via=quote)}"


def code(secret: str, at: float) -> str:
    """What the app shows at a time (Unix, in seconds)."""
    step = int(at) // _STEP_SECONDS
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"
