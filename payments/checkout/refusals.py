"""Why something was not taken: one sentence for each word of `paying`."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from payments.checkout.paying import Mistake, Refusal

#: What is shown above a page whose form was not taken.
FORMS: Final[Mapping[Refusal, str]] = {
    Refusal.NOT_OFFERED: gettext_noop("This payment method is not available right now. Please choose another one."),
    Refusal.UNDER_WAY: gettext_noop("Another payment for this order is already under way. Please do not pay again."),
    Refusal.PAID_ELSEWHERE: gettext_noop("This order is being paid in another way already. Please do not pay again."),
    Refusal.OVER: gettext_noop("This is not possible any more. Here is how the payment stands now."),
    Refusal.REFERENCE_USED: gettext_noop("This reference was entered before. Every payment has its own."),
    Refusal.TOO_MANY: gettext_noop(
        "Too many references were entered. Please enter yours again in an hour; nothing is lost."
    ),
    Refusal.TOO_OFTEN: gettext_noop(
        "The way to pay was changed too often. You can choose another one in an hour; nothing is lost."
    ),
    Refusal.BUSY: gettext_noop("This is being worked on already. Please wait a moment."),
}
_MISSING: Final = gettext_noop("Please fill this in.")
#: What is shown beside a field, by its name; any other field is one that a payment system asks for.
_FIELDS: Final[Mapping[tuple[str, Mistake], str]] = {
    ("reference", Mistake.INVALID): gettext_noop(
        "This reference does not look right. Please compare it with the example: %(example)s."
    ),
    ("amount", Mistake.INVALID): gettext_noop("Please enter the amount in digits, for example %(example)s."),
    ("screenshot", Mistake.MISSING): gettext_noop("Please add a screenshot of the payment."),
    ("screenshot", Mistake.INVALID): gettext_noop(
        "This picture cannot be read. Please add a JPEG, PNG or WebP picture."
    ),
    ("screenshot", Mistake.TOO_LARGE): gettext_noop(
        "This picture is too large. Please add one of at most %(megabytes)s MB."
    ),
}
_OTHER: Final = gettext_noop("Please compare this with the example: %(example)s.")


def of_form(refusal: Refusal) -> str:
    """The sentence above the page."""
    return _(FORMS[refusal])


def of_field(field: str, mistake: Mistake, *, example: str = "", megabytes: str = "") -> str:
    """The sentence beside a field.

    Args:
        field: its name, as `paying.Invalid` has it.
        mistake: what is wrong.
        example: a value that fits.
        megabytes: most that a picture may have, as the reader writes numbers.
    """
    other = _MISSING if mistake is Mistake.MISSING else _OTHER
    return _(_FIELDS.get((field, mistake), other)) % {"example": example, "megabytes": megabytes}
