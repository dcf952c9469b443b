"""Formats that a pattern cannot express: what a text is checked for beyond its characters."""

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import models
from stdnum import iban

_email = EmailValidator()


class FieldFormat(models.TextChoices):
    """What a field of `details` or `recipient` is; the name is the ``format`` of its JSON Schema."""

    NONE = "", "what its pattern says"
    EMAIL = "email", "an e-mail address"
    IBAN = "iban", "an IBAN with right check digits and the length of its country"


def objection(text: str, of: str) -> str | None:
    """What is wrong with a text of a format, as a sentence; None where nothing is.

    Nothing is repaired: what is signed and paid to is what the product sent, character by character.
    """
    match of:
        case FieldFormat.IBAN:
            return _iban_objection(text)
        case FieldFormat.EMAIL:
            return _email_objection(text)
        case _:
            return None


def _iban_objection(text: str) -> str | None:
    if not text.isascii() or not text.isalnum() or text != text.upper():
        return "Send the IBAN in capital letters and digits, without blanks."
    if not iban.is_valid(text):
        return "This is no IBAN: its check digits or its length are wrong."
    return None


def _email_objection(text: str) -> str | None:
    try:
        _email(text)
    except ValidationError:
        return "This is no e-mail address."
    return None
