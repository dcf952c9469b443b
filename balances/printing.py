"""Instructions and their journals as plain text, for a terminal."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from balances.instruction_models import Instruction

_COLUMNS: Final = ("account", "debit", "credit", "currency")


def preview_lines(content: Mapping[str, Any]) -> Iterator[str]:
    """The mode and the notes, then each journal as a small table."""
    yield f"Mode: {content['mode']}"
    yield from content["notes"]
    for journal in content["journals"]:
        yield f"Journal: {journal['kind'].replace('_', ' ')}"
        yield from _table(journal["legs"])


def instruction_lines(instruction: Instruction, content: Mapping[str, Any]) -> Iterator[str]:
    """Everything that a person needs to decide."""
    yield f"{instruction.public_id}: {instruction.verb} ({instruction.mode}), {instruction.status}"
    for name, value in instruction.parameters.items():
        yield f"  {name} = {value}"
    yield f"Asked for by {instruction.requested_by} at {instruction.requested_at:%Y-%m-%d %H:%M} UTC."
    yield f"Reason: {instruction.reason}"
    if instruction.document:
        yield f"Document: {instruction.document}"
    if instruction.decided_at:
        yield f"{instruction.get_status_display().capitalize()}: {instruction.decided_by or 'by itself'}."
    if instruction.decision_reason:
        yield f"Because: {instruction.decision_reason}"
    yield from preview_lines(content)


def _table(legs: Iterable[Mapping[str, str]]) -> Iterator[str]:
    rows = [dict(zip(_COLUMNS, _COLUMNS, strict=True)), *legs]
    widths = {name: max(len(row[name]) for row in rows) for name in _COLUMNS}
    for row in rows:
        yield (
            f"  {row['account']:<{widths['account']}}  {row['debit']:>{widths['debit']}}"
            f"  {row['credit']:>{widths['credit']}}  {row['currency']}"
        ).rstrip()
