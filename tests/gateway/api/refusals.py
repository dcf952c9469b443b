"""What a refusal looks like, whatever refused, and that it left nothing behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

from gateway.api.problems import TITLES

MEMBERS = {"type", "title", "status", "detail", "code", "errors", "request_id"}


def assert_refused(
    answer: Any, status: int, code: str, *pointers: str, extra: set[str] | None = None
) -> dict[str, Any]:
    """The answer is this problem document, complete, about exactly these fields; gives the document."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content[:300]
    document: dict[str, Any] = answer.json()
    assert answer.status_code == document["status"] == status, document
    assert set(document) == MEMBERS | (extra or set())
    assert document["code"] == code, document
    assert document["title"] == TITLES[code]
    assert document["type"].endswith(f"/docs/problems/#{code}")
    assert document["detail"]
    assert document["request_id"] == answer.headers["X-Request-Id"] != ""
    assert [one["pointer"] for one in document["errors"]] == list(pointers), document
    for one in document["errors"]:
        assert set(one) == {"pointer", "code", "detail"}
        assert one["code"]
        assert one["detail"]
    return document


def row_counts() -> dict[str, int]:
    """How many rows each of our tables has, in one question."""
    tables = [
        one._meta.db_table
        for one in apps.get_models()
        if one.__module__.startswith(("gateway.", "payments.", "withdrawals.", "postbacks."))
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables))  # noqa: S608
        return dict(cursor.fetchall())


@contextmanager
def nothing_changes() -> Iterator[None]:
    """No table has more or fewer rows afterwards."""
    before = row_counts()
    yield
    assert row_counts() == before
