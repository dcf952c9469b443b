"""What a search box finds: rows that are called exactly what was typed, each way of being called by its index.

Nothing here looks into the middle of texts: at ten million rows that is to read them all.
"""

import re
import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.db.models import QuerySet

from gateway import ids

#: Longest text that anything of ours is called by.
TERM_MAX_LENGTH: Final = 200
#: Most rows that are found by each way of being called, the newest of them: a customer may have had many orders.
FOUND_AT_MOST: Final = 1_000


def key_of(prefix: str, term: str) -> uuid.UUID | None:
    """The key that a term names: a TypeID, its 26 letters alone, or a plain UUID as logs and addresses have it.

    Args:
        prefix: of the TypeIDs; empty where the rows have none.
        term: what was typed, without blanks around it.
    """
    if prefix and (key := ids.decode(prefix, term) or ids.decode(prefix, f"{prefix}_{term}")) is not None:
        return key
    try:
        return uuid.UUID(term) if len(term) in {32, 36} else None
    except ValueError:
        return None


def spellings(term: str) -> list[str]:
    """A bank's reference as typed and as payment systems keep it (`gateway.providers.models.ReferenceKind`)."""
    joined = re.sub(r"\s", "", term)
    return list(dict.fromkeys([term.strip(), joined.upper(), joined.replace("-", "")]))


def newest_keys(ways: Sequence["QuerySet[Any]"]) -> list[Any]:
    """The keys of the rows that are found, with one question.

    Args:
        ways: rows of one model, found one way each.
    """
    parts = [way.order_by("-pk").values_list("pk", flat=True)[:FOUND_AT_MOST] for way in ways]
    if not parts:
        return []
    return list(dict.fromkeys(parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0]))
