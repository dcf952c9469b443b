"""Why a form was not taken: one sentence for each code of `paying`."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

#: Of a field, shown beside it.
FIELDS: Final = {
    "missing": gettext_noop("Please fill this in."),
    "reference_format": gettext_noop("This does not look like the reference. Please compare it with the example."),
    "reference_already_used": gettext_noop("This reference was entered before. Every payment has its own."),
    "amount_format": gettext_noop("Please enter the amount in digits, for example %(example)s."),
    "picture_missing": gettext_noop("Please add a screenshot of the payment."),
    "picture_unreadable": gettext_noop("This picture cannot be read. Please add a JPEG, PNG or WebP picture."),
    "picture_too_large": gettext_noop("This picture is too large. Please add one of at most %(megabytes)s MB."),
    "invalid": gettext_noop("Please compare this with the example: %(example)s."),
}
#: Of the whole form, shown above it.
FORMS: Final = {
    "too_many_attempts": gettext_noop("Too many references were entered. Please wait an hour and try again."),
    "system_unavailable": gettext_noop("This payment method is not available right now. Please choose another one."),
    "in_progress": gettext_noop("Another payment is already under way. Its state is shown here."),
    "not_possible": gettext_noop("This is not possible any more. The present state is shown here."),
}


def of_field(code: str, *, example: str = "", megabytes: str = "") -> str:
    """The sentence for a field."""
    return _(FIELDS.get(code, FIELDS["invalid"])) % {"example": example, "megabytes": megabytes}


def of_form(code: str) -> str:
    """The sentence for a form."""
    return _(FORMS.get(code, FORMS["not_possible"]))
