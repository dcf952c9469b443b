"""GET on a collection: filters, keyset pages, and a refusal for what we do not know."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from gateway.api.pagination import KeysetPagination

_PAGING = {"cursor", "limit"}


class NoFilter(django_filters.FilterSet):
    """A collection that is only paged."""


def list_of(
    request: Request,
    rows: "QuerySet[Any]",
    *,
    prefix: str,
    filters: type[django_filters.FilterSet],
    shape: Callable[[Any], dict[str, Any]],
) -> Response:
    """One page of the caller's rows."""
    known = set(filters.base_filters) | _PAGING
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise ValidationError(
            {name: [f"There is no such parameter. Known: {', '.join(sorted(known))}."] for name in unknown}
        )
    for name, values in request.query_params.lists():
        if len(values) > 1 or "\0" in values[0]:
            raise ValidationError({name: ["Send each parameter once, as visible text."]})
    filtered = filters(request.query_params, queryset=rows)
    if not filtered.is_valid():
        raise ValidationError({name: list(errors) for name, errors in filtered.errors.items()})
    pages = KeysetPagination(prefix)
    return pages.get_paginated_response([shape(row) for row in pages.paginate_queryset(filtered.qs, request)])
