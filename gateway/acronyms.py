"""How names in code become words for people."""

from typing import Final

#: Written in capitals wherever they stand.
_ACRONYMS: Final = {"api": "API", "url": "URL", "ids": "ids", "id": "id", "http": "HTTP", "json": "JSON", "ip": "IP"}


def titled(name: str) -> str:
    """``api_key_issued`` and ``api key issued`` as a title: "API key issued"."""
    words = [_ACRONYMS.get(word, word) for word in name.replace("_", " ").split(" ")]
    first = words[0]
    return " ".join([first[:1].upper() + first[1:], *words[1:]])
