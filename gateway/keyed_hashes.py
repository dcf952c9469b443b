"""Finding by what is encrypted: HMAC-SHA256 of an account's identifier, with a key that is not in the database.

The first of ``settings.SEARCH_HASH_KEYS`` writes, a search tries all of them, so a key is rotated by putting the new
one in front; ``manage.py rotate_encryption_keys`` rewrites the hashes as well. Without a key a stolen database tells
only that two rows have the same account. A plain digest would tell the account itself: there are few enough numbers
to try them all.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

#: SHA-256 in hexadecimal.
HASH_LENGTH = 64
#: What people write between, or before, the digits of one number: any dash, dots, brackets, a plus, a spreadsheet's
#: apostrophe.
_BETWEEN_DIGITS = re.compile(r"[-\u2010-\u2015\u2212.,/()'\u2019+]")


def folded(text: str) -> str:
    """The text as two people who mean the same account would both write it: without blanks and letter case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def spellings(account: str) -> list[str]:
    """The texts by which an account is found: as it is folded, and of a number its mere digits without leading zeros.

    Banks fill numbers up with zeros, and take them without. Whoever is blocked, limited or paid already must not be
    somebody else by one zero more; that two banks may have both numbers only holds up one too many.
    """
    exact = folded(account)
    digits = _BETWEEN_DIGITS.sub("", exact)
    bare = digits.lstrip("0") if digits.isascii() and digits.isdecimal() else ""
    return [exact, bare] if bare and bare != exact else [exact]


def every_hash(purpose: str, text: str) -> list[str]:
    """The hash of a text under each key, the writing key first.

    Args:
        purpose: keeps hashes of different things apart, so that one cannot be looked for among the other.
        text: folded by the caller where spelling does not matter.
    """
    message = f"{purpose}\0{text}".encode()
    hashes = []
    for key in settings.SEARCH_HASH_KEYS:
        # A copy of one that knows the key already. `hmac.digest` would let all other threads go first.
        one = _with_key(key).copy()
        one.update(message)
        hashes.append(one.hexdigest())
    return hashes


@lru_cache(maxsize=16)  # the keys of a process; tests that rotate them use a few
def _with_key(key: str) -> hmac.HMAC:
    return hmac.new(key.encode(), digestmod=hashlib.sha256)


def keyed_hash(purpose: str, text: str) -> str:
    """The hash that is written."""
    return every_hash(purpose, text)[0]


class KeyedHashesField(ArrayField):  # type: ignore[type-arg]
    """Hashes of some encrypted values of the same row, written when the row is made.

    Args:
        purpose: see `every_hash`.
        terms: the texts of a row by which it can be found; none where it shall not be found.
    """

    def __init__(
        self, *, purpose: str = "", terms: Callable[[Any], Iterable[str]] = lambda _: (), **kwargs: Any
    ) -> None:
        self.purpose, self.terms = purpose, terms
        kwargs.setdefault("base_field", models.CharField(max_length=HASH_LENGTH))
        kwargs.setdefault("default", list)
        super().__init__(**kwargs)

    def hashes_of(self, row: models.Model) -> list[str]:
        """What the column of this row has to hold, sorted."""
        return sorted({keyed_hash(self.purpose, folded(term)) for term in self.terms(row)})

    def every_hash_of(self, row: models.Model) -> list[str]:
        """All hashes under which another row with one of this row's terms may be found, sorted."""
        return sorted({one for term in self.terms(row) for one in every_hash(self.purpose, folded(term))})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        """Computed for a new row; later writes set it, as the rotation of keys and the redaction do."""
        if add:
            setattr(model_instance, self.attname, self.hashes_of(model_instance))
        return super().pre_save(model_instance, add)

    def matching(self, text: str) -> models.Q:
        """Filter: rows with this text among their terms, under whichever key they were written."""
        return models.Q(**{f"{self.attname}__overlap": every_hash(self.purpose, folded(text))})
