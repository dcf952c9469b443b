"""What people write beside a decision: one line of words that look like what they are."""

from balances.instruction_models import DOCUMENT_MAX_LENGTH, REASON_MAX_LENGTH, REASON_MIN_LENGTH
from balances.verb_fields import Refused
from balances.verbs import Verb
from gateway.api.fields import is_plain


def _visible(text: str, field: str) -> str:
    """The words in one line, and nothing in them that a page or a terminal would not show as it is.

    Otherwise a reason could draw a preview of its own before the eyes of whoever approves.
    """
    text = " ".join(text.split())
    if not is_plain(text) or (text and not any(one.isalnum() for one in text)):
        raise Refused("Write it in visible letters or digits.", field=field)
    return text


def reason(text: str) -> str:
    """Why, as it is kept.

    Raises:
        Refused: it is too short, too long or not visible.
    """
    text = _visible(text, "reason")
    if not REASON_MIN_LENGTH <= len(text) <= REASON_MAX_LENGTH:
        raise Refused(f"Give a reason of {REASON_MIN_LENGTH} to {REASON_MAX_LENGTH} characters.", field="reason")
    return text


def document(text: str, verb: Verb) -> str:
    """The paper behind it, as it is kept.

    Raises:
        Refused: it is too long or not visible, or missing where the verb needs one.
    """
    text = _visible(text, "document")
    if not text and verb.needs_document:
        raise Refused("Name the paper behind it, for example the bank statement and its line.", field="document")
    if len(text) > DOCUMENT_MAX_LENGTH:
        raise Refused(f"The document takes at most {DOCUMENT_MAX_LENGTH} characters.", field="document")
    return text
