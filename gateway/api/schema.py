"""What every operation of the OpenAPI document shares: problems, headers, pages."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal

import django_filters
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from gateway import ids
from gateway.api import converters
from gateway.api.fields import AMOUNT_PATTERN, AmountField, StrictSerializer
from gateway.api.problems import CONTENT_TYPE, TITLES
from gateway.api.query import AmountFilter, IdFilter

IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
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
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 100},
        description="Rows of a page, 1 to 100; 20 by default.",
    ),
)

#: The refusals of the whole API, each a component named as here.
_REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Invalid", "The request is not valid; `errors` says what of it."),
    401: ("Unauthenticated", "The API key is missing, unknown, ended, or may not be used from this address."),
    403: ("Forbidden", "The API key lacks the scope."),
    404: ("NotFound", "There is no such object, or it is another product's or mode's."),
    406: ("NotAcceptable", "Answers are `application/json`."),
    409: ("Conflict", "What is asked for contradicts what is there."),
    413: ("TooLarge", "The body is too large."),
    415: ("UnsupportedMediaType", "The body's content type is not one of those named."),
    422: ("KeyReused", "The `Idempotency-Key` came with another request before."),
    429: ("TooManyRequests", "The limit of the key, of the address or of the customer is reached."),
    500: ("InternalError", "A mistake of ours. With an `Idempotency-Key` the request may be repeated."),
    503: ("Unavailable", "Our database does not answer. With an `Idempotency-Key` the request may be repeated."),
}
#: What any operation may answer.
_ALWAYS: Final = (400, 401, 403, 406, 429, 500, 503)
_WITH_BODY: Final = (413, 415)
_WITH_KEY: Final = (409, 422)

#: Headers of answers, each a component of that name. The limits' are those of draft-ietf-httpapi-ratelimit-headers.
_HEADERS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "X-Request-Id": ("Yours, where you sent one. It finds the request in our logs.", {"type": "string"}),
    "RateLimit-Policy": (
        "How many in how many seconds: `calls` of this key, or `failed-authentications` of your address.",
        {"type": "string", "pattern": '^"[a-z-]+";q=[0-9]+;w=[0-9]+$', "examples": ['"calls";q=30000;w=60']},
    ),
    "RateLimit": (
        "How many of them are left, and in how many seconds there are all of them again.",
        {"type": "string", "pattern": '^"[a-z-]+";r=[0-9]+;t=[0-9]+$', "examples": ['"calls";r=29999;t=42']},
    ),
    "Retry-After": ("Seconds after which it is worth trying again.", {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": ("`Bearer`.", {"type": "string"}),
    "Idempotent-Replayed": (
        "`true` where the request had been answered before; the body shows the object as it is now.",
        {"type": "string", "enum": ["true"]},
    ),
    "Preference-Applied": ("`wait` where `Prefer: wait` was heeded.", {"type": "string", "enum": ["wait"]}),
}
_OF_EVERY_ANSWER: Final = ("X-Request-Id", "RateLimit-Policy", "RateLimit")
#: Refusals from before the key was looked at, or because it could not be: nothing was counted.
_UNCOUNTED: Final = (406, 500, 503)
#: A client may rely on these; the others come where they have something to say.
_SURE: Final = frozenset({*_OF_EVERY_ANSWER, "WWW-Authenticate"})


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
    existing = serializers.CharField(required=False, help_text="With reference_already_used: the order that has it.")
    refundable = AmountField(required=False, help_text="With refund_exceeds_receipts: what is left.")
    error_count = serializers.IntegerField(required=False, help_text="With batch_invalid: errors in all.")
    current_status = serializers.CharField(required=False, help_text="With conflict: the status that forbids it.")


def list_parameters(filters: type[django_filters.FilterSet]) -> list[OpenApiParameter]:
    """The query parameters of a listing: its filters and the paging."""
    found: list[OpenApiParameter] = []
    for name, one in filters.base_filters.items():
        choices = one.extra.get("choices")
        kind: Any = str
        if isinstance(one, django_filters.IsoDateTimeFilter):
            kind = {"type": "string", "format": "date-time"}
        elif isinstance(one, AmountFilter):
            kind = {"type": "string", "pattern": AMOUNT_PATTERN}
        elif isinstance(one, IdFilter):
            kind = {"type": "string", "pattern": ids.pattern(one.extra["prefix"])}
        enum = [value for value, _ in choices] if choices else None
        found.append(OpenApiParameter(name, kind, enum=enum, description=one.extra["help_text"]))
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
    """Adds to every operation what the shared parts of the API answer, as problem documents."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if not self.path.startswith("/api/"):
            return bodies  # a webhook: the answers are the product's
        self.resolve_serializer(ProblemShape, "response")  # the component that all refusals refer to
        headers = {
            *_OF_EVERY_ANSWER,
            *(["Idempotent-Replayed"] if self._takes("Idempotency-Key") else []),
            *(["Preference-Applied"] if self._takes("Prefer") else []),
        }
        for body in bodies.values():
            body["headers"] = _references(headers)
        refusals = {
            *_ALWAYS,
            *(_WITH_BODY if self._get_request_body() else ()),  # type: ignore[no-untyped-call]
            *(_WITH_KEY if self._takes("Idempotency-Key") else ()),
            *([404] if "{" in self.path else []),
            *getattr(self.view, "refusals", {}).get(self.method, ()),
        }
        return {
            **bodies,
            **{str(status): {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"} for status in sorted(refusals)},
        }

    def _takes(self, header: str) -> bool:
        return any(isinstance(one, OpenApiParameter) and one.name == header for one in self.get_override_parameters())

    def _resolve_path_parameters(self, variables: list[str]) -> Any:
        parameters = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for one in parameters:
            kind = re.search(rf"<([a-z]+):{one['name']}>", self.path_regex)
            if kind is not None and kind[1] in converters.PREFIXES:  # another converter's texts are not ids of ours
                one["schema"] = {"type": "string", "pattern": ids.pattern(kind[1])}
        return parameters

    def _map_basic_serializer(self, serializer: Any, direction: Literal["request", "response"]) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema

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


def add_shared_components(result: dict[str, Any], generator: Any, **_: Any) -> dict[str, Any]:
    """The refusals and the headers that the operations refer to (a hook of drf-spectacular)."""
    # Built anew: at first it is built before the webhooks are, which then refer to what is not there.
    components = result["components"] = generator.registry.build({})
    components["headers"] = {
        name: {"description": sentence, "schema": schema, **({"required": True} if name in _SURE else {})}
        for name, (sentence, schema) in sorted(_HEADERS.items())
    }
    own = {401: ["WWW-Authenticate"], 409: ["Retry-After"], 429: ["Retry-After"], 503: ["Retry-After"]}
    components["responses"] = {
        name: {
            "description": sentence,
            "headers": _references(
                {*(["X-Request-Id"] if status in _UNCOUNTED else _OF_EVERY_ANSWER), *own.get(status, [])}
            ),
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, (name, sentence) in sorted(_REFUSALS.items())
    }
    return result


def _references(headers: set[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(headers)}
