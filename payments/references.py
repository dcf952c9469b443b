"""The bank's reference (``key1``): normalised and checked by the rules of its payment system."""

from gateway import patterns
from gateway.providers.models import PaymentSystem, ReferenceKind


class BadReference(ValueError):  # noqa: N818 - reads as what it is
    """A reference that cannot be one of this system. The message is a sentence for the caller."""


def normalise(text: str, system: PaymentSystem) -> str:
    """The reference as it is compared and sent.

    Raises:
        BadReference: it does not have the system's format.
    """
    reference = ReferenceKind(system.reference_kind).normalised(text)
    if not patterns.fits(system.reference_format, reference):
        example = f', for example "{system.reference_example}"' if system.reference_example else ""
        raise BadReference(f"This is no {system.name} reference{example}.")
    return reference
