"""What a product may ask of the provider's side. Output is in ``shapes.py``."""

from typing import Any, Final

from rest_framework import serializers

from gateway.api.fields import StrictSerializer, WebAddressField
from gateway.providers.models import RedirectKind
from gateway.providers.redirect_hashes import WayBack

#: A product has a few pages to come back to; hashes of hundreds would be somebody else's use of the provider.
_MAX_ADDRESSES: Final = 20


def _addresses(sentence: str) -> Any:
    return serializers.ListField(
        child=WebAddressField(), required=False, default=list, max_length=_MAX_ADDRESSES, help_text=sentence
    )


class RedirectAddressesSerializer(StrictSerializer):
    """Addresses to be hashed."""

    success = _addresses("Where a customer who has paid goes.")
    failure = _addresses("Where a customer who has not paid goes.")
    pending = _addresses("Where a customer goes of whom it is not yet known.")

    def ways(self) -> dict[RedirectKind, list[WayBack]]:
        """The checked addresses of each kind, in the order in which they were sent."""
        return {kind: [WayBack(kind=kind, url=url) for url in self.validated_data[kind.value]] for kind in RedirectKind}
