"""GET on a collection: filters, keyset pages, and a refusal for what we do not know."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from gateway.api.pagination import KeysetPagination
from gateway.api.query import query_of

_PAGING = {"cursor", "limit"}


class NoFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """A collection that is only paged."""


def list_of(
    request: Request,
    rows: "QuerySet[Any]",
    *,
    prefix: str = "",
    filters: type[django_filters.FilterSet],
    shape: Callable[[Any], dict[str, Any]],
    pages: KeysetPagination | None = None,
) -> Response:
    """One page of the caller's rows: by their ids with that prefix, or as ``pages`` says."""
    filtered = filters(query_of(request, set(filters.base_filters) | _PAGING), queryset=rows, request=request)
    if not filtered.is_valid():
        raise ValidationError({name: list(errors) for name, errors in filtered.errors.items()})
    pages = pages or KeysetPagination(prefix)
    return pages.get_paginated_response([shape(row) for row in pages.paginate_queryset(filtered.qs, request)])
