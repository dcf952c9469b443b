"""What a product may ask of the provider's side. Output is in ``shapes.py``."""

from typing import Any, Final

from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from gateway.api.fields import StrictSerializer, WebAddressField
from gateway.providers.models import RedirectKind
from gateway.providers.redirect_hashes import WayBack

#: A product has a few pages to come back to; hashes of hundreds would be somebody else's use of the provider.
_MAX_ADDRESSES: Final = 20


def _addresses(sentence: str) -> Any:
    return serializers.ListField(child=WebAddressField(), required=False, max_length=_MAX_ADDRESSES, help_text=sentence)


class RedirectAddressesSerializer(StrictSerializer):
    """Addresses to be hashed."""

    success = _addresses("Where a customer who has paid goes.")
    failure = _addresses("Where a customer who has not paid goes.")
    pending = _addresses("Where a customer goes of whom it is not yet known.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A list may be empty; a body without any is no question."""
        if not attrs:
            raise serializers.ValidationError("Name at least one of success, failure and pending.")
        return attrs

    def ways(self) -> dict[RedirectKind, list[WayBack]]:
        """The checked addresses of each kind, in the order in which they were sent."""
        return {
            kind: [WayBack(kind=kind, url=url) for url in self.validated_data.get(kind.value, [])]
            for kind in RedirectKind
        }


class _OneListAtLeast(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Says in the OpenAPI document what `RedirectAddressesSerializer.validate` asks for."""

    target_class = RedirectAddressesSerializer

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        """The usual schema, and that it is never empty."""
        usual = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001 - the library's own examples call it
        return {**usual, "minProperties": 1}
