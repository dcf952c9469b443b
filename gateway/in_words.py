"""How names in code become words for people."""

from typing import Any, Final

#: Written in capitals wherever they stand.
_ACRONYMS: Final = {
    "api": "API",
    "url": "URL",
    "urls": "URLs",
    "ids": "ids",
    "id": "id",
    "http": "HTTP",
    "json": "JSON",
    "ip": "IP",
    "qr": "QR",
}


def in_words(name: object) -> str:
    """``awaiting_payment`` as people read it: "awaiting payment"."""
    return str(name).replace("_", " ")


def titled(name: str) -> str:
    """``api_key_issued`` and ``api key issued`` as a title: "API key issued"."""
    said = [_ACRONYMS.get(word, word) for word in in_words(name).split(" ")]
    first = said[0]
    return " ".join([first[:1].upper() + first[1:], *said[1:]])


def sentence(*parts: object) -> str:
    """What there is of these as one sentence, with a capital and a full stop."""
    text = "; ".join(str(one) for one in parts if one)
    return f"{text[:1].upper()}{text[1:]}."


def status_with_meaning(row: Any) -> str:
    """A row's status and what it means: "awaiting payment: the customer has the details"."""
    return f"{in_words(row.status)}: {row.get_status_display()}"
