"""Calls about letters: send, send again, choose their format, list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.sandbox import letters, php_json
from gateway.sandbox.control_calls import ControlError, find
from gateway.sandbox.postman import Reception
from gateway.sandbox.provider import Provider
from gateway.sandbox.snapshot import plain_row


def resend(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Post the last letter about an order once more, now, and wait for the answer.

    Fields: order_id or letter_id.
    """
    letter_id = fields.get("letter_id")
    if letter_id is None:
        about = provider.book.letters_of(find(provider, fields))
        if not about:
            raise ControlError("no letter about this order yet")
        letter_id = about[-1].letter_id
    try:
        return _reception(provider.postman.deliver(letter_id))
    except (KeyError, TypeError):
        raise ControlError("no such letter") from None


def send(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Post any letter, once, and wait for the answer.

    Fields: body (an object, posted as PHP writes it) or raw (a string, posted as it is); is_signed (optional,
    true): whether `additional_data` gets the provider's signature or the body goes out as given.
    """
    raw, body = fields.get("raw"), fields.get("body")
    if isinstance(raw, str):
        text = raw
    elif isinstance(body, dict):
        message = {name: value for name, value in body.items() if name != "signature"}
        is_signed = fields.get("is_signed", True) is True
        text = letters.signed(message, provider.settings) if is_signed else php_json.encode(body)
    else:
        raise ControlError("body or raw is required")
    return _reception(provider.postman.post(text))


def set_format(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Choose the format of the letters that are written from now on. Fields: format (present, older)."""
    name = fields.get("format")
    if name not in ("present", "older"):
        raise ControlError("format is present or older")
    with provider.book.lock:
        provider.book.older_letters = name == "older"
    return {"format": name}


def list_letters(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """All letters and how they were received."""
    with provider.book.lock:
        return {"letters": [plain_row(row) for row in provider.book.letters.values()]}


def _reception(reception: Reception) -> dict[str, Any]:
    return plain_row(reception)
