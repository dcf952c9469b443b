"""Lists and statements as files: who asked for which rows, how far it is, and the file, for a day."""

from datetime import timedelta
from typing import Any, Final

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone

from gateway import ids
from gateway.backoffice.models.export_states import EXPORT, UNDER_WAY, ExportStatus
from gateway.due_work import DueWork
from gateway.encryption import EncryptedBytesField, EncryptedTextField
from gateway.lifecycles import Move, PlacedGuard, lifecycle_guards, truncate_guard, written_once
from gateway.products.models import Mode

#: How long a file is kept: whoever asks in the evening finds it the next morning. A copy of the books that lies about
#: for longer is a risk that nobody needs: it is made again in a minute.
KEPT_FOR: Final = timedelta(hours=24)
#: A sentence.
FAILURE_MAX_LENGTH: Final = 200
#: What a statement is called where others have the name of their list.
STATEMENT: Final = "statement"


class FileFormat(models.TextChoices):
    """What kind of file it is; the value is the end of its name."""

    CSV = "csv", "text/csv; charset=utf-8"
    XLSX = "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    @property
    def media_type(self) -> str:
        """For the header Content-Type."""
        return str(self.label)


def _model_of(label: str) -> "type[models.Model] | None":
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


class Export(DueWork):
    """One list, as it was filtered, or one statement, that a person asked for as a file."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    subject = models.CharField(max_length=60, help_text="Which list, as app.model; or: statement.")
    mode = models.CharField(max_length=4, choices=Mode.choices, help_text="Which money the page showed.")
    query: Any = EncryptedTextField(
        help_text="The address of the list after its question mark, or what the statement is of."
    )
    format = models.CharField(max_length=4, choices=[(one.value, one.value) for one in FileFormat])
    columns = models.JSONField(default=list, blank=True, help_text="As they stand in the file; known once it begins.")
    status = models.CharField(max_length=10, choices=ExportStatus.choices, default=ExportStatus.QUEUED)
    sequence = models.PositiveIntegerField(default=1)
    failure = models.CharField(max_length=FAILURE_MAX_LENGTH, blank=True, help_text="Why it could not be made.")
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_expected = models.PositiveBigIntegerField(null=True, blank=True, help_text="Counted as it begins.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    begun_at = models.DateTimeField(null=True, blank=True, help_text="Rows that came later are not in it.")
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When the file is thrown away.")
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes of the file.")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file.")

    class Meta:
        permissions = [("export_rows", "Can export lists and statements as files, and download what they exported")]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=ExportStatus.values), name="export_status_is_known"),
            models.CheckConstraint(condition=models.Q(format__in=FileFormat.values), name="export_format_is_known"),
            models.CheckConstraint(
                condition=~models.Q(status__in=[ExportStatus.DONE, ExportStatus.EXPIRED])
                | (models.Q(size__isnull=False, expires_at__isnull=False) & ~models.Q(digest="")),
                name="export_done_has_its_file",
            ),
        ]
        indexes = [
            models.Index(fields=["asked_by", "-id"], name="exports_of_a_person"),
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="exports_due"),
            models.Index(fields=["expires_at"], condition=models.Q(status="done"), name="exports_kept"),
        ]
        triggers = [
            *lifecycle_guards(EXPORT, history_table="backoffice_exportmove"),
            truncate_guard("exports"),
        ]

    def __str__(self) -> str:
        return f"{self.title} as {self.format.upper()}"

    @property
    def title(self) -> str:
        """What it shows, in a word: the name of the list."""
        name = self.subject
        if name != STATEMENT:
            # Nothing more than its last part where a later version knows the list no more.
            model = _model_of(name)
            name = name.rpartition(".")[2] if model is None else str(model._meta.verbose_name_plural)  # noqa: SLF001
        return name[:1].upper() + name[1:]

    @property
    def is_under_way(self) -> bool:
        """True while a worker has to do with it."""
        return self.status in UNDER_WAY

    @property
    def percent(self) -> int | None:
        """How far it is; None while nobody has counted. 99 at most before its end: the file is written last."""
        if self.status == ExportStatus.DONE:
            return 100
        if self.rows_expected is None:
            return None
        return min(99, self.rows_done * 100 // max(self.rows_expected, 1))

    @property
    def file_name(self) -> str:
        """A name that says what is inside, in letters that no header and no file system minds."""
        at = f"{self.begun_at or self.created_at:%Y%m%dT%H%M%SZ}"
        return f"{self.subject.replace('.', '-')}-{self.mode}-{at}.{self.format}"


class ExportMove(Move):
    """One move of an export with its cause."""

    subject = models.ForeignKey(Export, on_delete=models.PROTECT, db_index=False, related_name="moves")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="one_export_move_per_step")]
        triggers = written_once("moves of an export")


def _only_of_files_that_are_made() -> PlacedGuard:
    """A file grows while its export runs, is whole from then on, and goes when nobody may download it any more."""
    return PlacedGuard(
        name="only_of_files_that_are_made",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("now_is", "text")],
        func=f"""
            IF TG_OP = 'UPDATE' THEN
                IF to_jsonb(NEW) - 'content' <> to_jsonb(OLD) - 'content' THEN
                    RAISE EXCEPTION 'parts of a file are never moved' USING ERRCODE = '23514';
                END IF;
                RETURN NEW;
            END IF;
            SELECT status INTO now_is FROM backoffice_export
                WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.export_id ELSE OLD.export_id END;
            IF TG_OP = 'INSERT' THEN
                IF now_is IS DISTINCT FROM '{ExportStatus.RUNNING}' THEN
                    RAISE EXCEPTION 'an export that is % takes no parts of a file', now_is USING ERRCODE = '23514';
                END IF;
                RETURN NEW;
            END IF;
            IF now_is = '{ExportStatus.DONE}' THEN
                RAISE EXCEPTION 'the file of an export stays whole until it expires' USING ERRCODE = '23514';
            END IF;
            RETURN OLD;
        """,  # noqa: S608 - our own statuses, no input
    )


class ExportChunk(models.Model):
    """A part of a file: the web and the workers share no disk, and on none of theirs it would be encrypted."""

    export = models.ForeignKey(Export, on_delete=models.PROTECT, db_index=False, related_name="chunks")
    number = models.PositiveIntegerField(help_text="Counts the parts of one file from 1.")
    content: Any = EncryptedBytesField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="one_export_chunk_per_number")]
        triggers = [_only_of_files_that_are_made(), truncate_guard("parts of files")]

    def __str__(self) -> str:
        return f"part {self.number}"


class ExportDownload(models.Model):
    """That a person took a file, written down before its first byte left."""

    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="downloads")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        triggers = written_once("downloads")

    def __str__(self) -> str:
        return f"{self.export}, {self.at:%Y-%m-%d %H:%M} UTC"
