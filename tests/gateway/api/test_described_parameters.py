"""What may be asked of a list, a balance or a statement is told where it is asked: in the document of the API."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def parameters(pytestconfig: pytest.Config) -> list[tuple[str, str, str]]:
    """Of every query parameter in the committed document: its address, its name and what is said of it."""

    def found() -> Iterator[tuple[str, str, str]]:
        document: Any = yaml.safe_load((pytestconfig.rootpath / "docs" / "openapi.yaml").read_text())
        for path, operations in document["paths"].items():
            for one in operations.get("get", {}).get("parameters", []):
                if one["in"] == "query":
                    yield path, one["name"], one.get("description", "")

    return list(found())


def test_every_query_parameter_is_described_in_a_sentence(parameters: list[tuple[str, str, str]]) -> None:
    asked = {path for path, _, _ in parameters}
    assert {"/api/v1/balances", "/api/v1/ledger-entries", "/api/v1/reports/statement"} <= asked
    assert [one for one in parameters if not one[2].endswith(".")] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("created_after", "Made after this instant (RFC 3339; UTC where it names no zone), not at it."),
        ("created_before", "Made before this instant (RFC 3339; UTC where it names no zone), not at it."),
        ("currency", "ISO 4217 code; every currency by default."),
    ],
)
def test_what_all_lists_take_is_described_alike(parameters: list[tuple[str, str, str]], name: str, said: str) -> None:
    lists = ("/api/v1/deposits", "/api/v1/withdrawals", "/api/v1/ledger-entries")
    assert [text for path, one, text in parameters if one == name and path in lists] == [said] * len(lists)
