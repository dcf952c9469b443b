"""What pages of the admin show of a value that is personal data: by this alone, so that no page shows more."""

from typing import Final

#: What is shown of an account's number; a statement of a bank shows as much.
_SHOWN_CHARACTERS: Final = 4
#: A text as short as this would be half shown.
_SHORT: Final = 2 * _SHOWN_CHARACTERS
_HIDDEN: Final = "••••"
#: What is no number has no end that tells it from others: names and addresses are hidden whole.
_DIGITS_MIN: Final = 6


def hidden(value: object) -> str:
    """A value as everybody may see it: the end of a number, of anything else nothing, not even how long it is."""
    text = "".join(str(value).split())
    digits = sum(one.isdigit() for one in text)
    # A number has letters, too, as an IBAN and a bank's code; an address with its house and its postcode has more.
    is_number = digits >= _DIGITS_MIN and 2 * digits >= len(text) and "@" not in text
    if len(text) <= _SHORT or not is_number or not text[-_SHOWN_CHARACTERS:].isalnum():
        return _HIDDEN
    return _HIDDEN + text[-_SHOWN_CHARACTERS:]
