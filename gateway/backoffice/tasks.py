"""Doorbells, sweeps and clocks of the back office: load nothing, call the verb."""

import uuid

from celery import shared_task

from gateway.after_commit import ring
from gateway.backoffice.exports import asking, writing
from gateway.backoffice.first_page import counting_figures
from gateway.backoffice.story import forgetting


@shared_task
def count_figures() -> None:
    """Count what the first page shows."""
    counting_figures.count_figures()


@shared_task
def work_on_export(export_id: str) -> None:
    """Write the file of an export that is due."""
    writing.work_on_export(uuid.UUID(export_id))


@shared_task
def sweep_exports() -> None:
    """Ring for every export that is due."""
    for export_id in asking.due_exports():
        ring("gateway.backoffice.tasks.work_on_export", str(export_id))


@shared_task
def forget_exports() -> None:
    """Throw away the files whose time is over."""
    asking.forget_exports()


@shared_task
def forget_notes() -> None:
    """Take away the words of notes whose orders are redacted."""
    forgetting.forget_notes()
