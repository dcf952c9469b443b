"""What every operation of the OpenAPI document shares: problems, headers, pages."""

from functools import lru_cache
from typing import Any, Final, Literal

import django_filters
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from gateway.api.problems import CONTENT_TYPE, TITLES

IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 255 visible ASCII characters. The same key with the same body does the work once.",
)
PREFER: Final = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="`wait=N` (RFC 7240, at most 10 seconds) holds the answer until there is a next action.",
)
_PAGING: Final = (
    OpenApiParameter("cursor", str, description="The `next_cursor` of the page before."),
    OpenApiParameter("limit", int, description="Rows of a page, 1 to 100; 20 by default."),
)


class ProblemErrorShape(serializers.Serializer[Any]):
    """One field that is wrong."""

    pointer = serializers.CharField(help_text="JSON Pointer (RFC 6901) into the request.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemShape(serializers.Serializer[Any]):
    """RFC 9457 problem document."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=sorted(TITLES))
    errors = ProblemErrorShape(many=True)  # type: ignore[assignment]  # a field of that name
    request_id = serializers.CharField()


def list_parameters(filters: type[django_filters.FilterSet]) -> list[OpenApiParameter]:
    """The query parameters of a listing: its filters and the paging."""
    found: list[OpenApiParameter] = []
    for name, one in filters.base_filters.items():
        choices = one.extra.get("choices")
        kind = (
            str if not isinstance(one, django_filters.IsoDateTimeFilter) else {"type": "string", "format": "date-time"}
        )
        found.append(OpenApiParameter(name, kind, enum=[value for value, _ in choices] if choices else None))
    return [*found, *_PAGING]


@lru_cache(maxsize=64)  # one serializer class for each shape, or the document would name it twice
def page_of(shape: type[serializers.Serializer[Any]]) -> Any:
    """The envelope of a page of that shape."""
    return inline_serializer(
        name=f"{shape.__name__.removesuffix('Shape')}Page",
        fields={
            "object": serializers.ChoiceField(choices=["list"]),
            "data": shape(many=True),
            "next_cursor": serializers.CharField(allow_null=True),
        },
    )


class GatewaySchema(AutoSchema):
    """Adds the problem document to every operation, as the shape of everything that is not a success."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        problem = self._get_response_for_code(  # type: ignore[no-untyped-call]
            ProblemShape, "default", media_types=[CONTENT_TYPE]
        )
        problem["description"] = "A problem document (RFC 9457)."
        return {**bodies, "default": problem}

    def _get_serializer_name(
        self,
        serializer: Any,
        direction: Literal["request", "response"],
        bypass_extensions: bool = False,  # noqa: FBT001, FBT002 - the base class's signature
    ) -> str:
        # A component is named after the thing, not after our class for it: DepositShape is "Deposit".
        name = str(super()._get_serializer_name(serializer, direction, bypass_extensions))
        return name.removesuffix("Shape")

    def get_summary(self) -> str | None:
        """The first sentence of the door's docstring: what the list of operations shows."""
        text = super().get_summary() or self.get_description()
        return str(text).split(". ", maxsplit=1)[0].split("\n", maxsplit=1)[0].rstrip(".") or None

    def get_tags(self) -> list[str]:
        """Group by resource: the first segment of the path."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]
