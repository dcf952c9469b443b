"""Standard Webhooks signatures: HMAC-SHA256 over ``id.timestamp.body``, one for each live secret."""

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook

#: Random bytes of a secret; the standard asks for 24 to 64, and 32 is the block that SHA-256 gives back.
_SECRET_BYTES: Final = 32


def new_secret() -> str:
    """A fresh secret, ``whsec_`` and base64 of random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature_headers(*, message_id: str, at: datetime, body: bytes, live_secrets: Iterable[str]) -> dict[str, str]:
    """The three headers of Standard Webhooks.

    Args:
        message_id: the event's id; the same in every attempt, so that a receiver can drop repetitions.
        at: time of this attempt, in UTC. Receivers refuse one that is more than five minutes off.
        body: exactly the bytes that are sent; UTF-8.
        live_secrets: ``whsec_…`` texts, newest first. During a rotation a receiver verifies with either.
    """
    text = body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, text) for secret in live_secrets),
    }
