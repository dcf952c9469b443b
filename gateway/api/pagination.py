"""Keyset pages, newest first. UUIDv7 keys are ordered by time, so the last id of a page is its cursor."""

import re
from typing import Any, Final

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from gateway import ids
from gateway.api.problems import Problem

_DEFAULT_LIMIT: Final = 20
_MAX_LIMIT: Final = 100
#: A row's number as a cursor.
_NUMBER: Final = re.compile("[1-9][0-9]{0,8}", re.ASCII)


class KeysetPagination(BasePagination):
    """``?limit=&cursor=``; the answer is ``{"object": "list", "data": […], "next_cursor": … | null}``."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.next_cursor: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page, newest first."""
        limit = _limit(request.query_params.get("limit"))
        if cursor := request.query_params.get("cursor"):
            after = ids.decode(self.prefix, cursor)
            if after is None:
                raise _wrong_cursor()
            queryset = queryset.filter(pk__lt=after)
        rows = list(queryset.order_by("-pk")[: limit + 1])
        if len(rows) > limit:
            rows = rows[:limit]
            self.next_cursor = ids.encode(self.prefix, rows[-1].pk)
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        """The page in its envelope."""
        return Response({"object": "list", "data": data, "next_cursor": self.next_cursor})


class NumberedPagination(KeysetPagination):
    """The same of rows that have a ``number`` and no id of their own, in the order of their numbers."""

    def __init__(self) -> None:
        super().__init__("")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page, the first row first."""
        limit = _limit(request.query_params.get("limit"))
        if cursor := request.query_params.get("cursor"):
            if not _NUMBER.fullmatch(cursor):
                raise _wrong_cursor()
            queryset = queryset.filter(number__gt=int(cursor))
        rows = list(queryset.order_by("number")[: limit + 1])
        if len(rows) > limit:
            rows = rows[:limit]
            self.next_cursor = str(rows[-1].number)
        return rows


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= _MAX_LIMIT:  # noqa: PLR2004 - digits of the limit
        raise Problem(
            status=400,
            code="invalid_request",
            detail=f"limit is a whole number from 1 to {_MAX_LIMIT}.",
            pointer="/limit",
        )
    return int(text)


def _wrong_cursor() -> Problem:
    return Problem(
        status=400,
        code="invalid_request",
        detail="Send the next_cursor of an earlier page as it was given.",
        pointer="/cursor",
    )
