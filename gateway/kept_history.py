"""The history of settings: each change of a row that people set up is a row of its own, written by the database.

The tables, and how a row learns who did it, are django-pghistory's; the trigger is our own, for three reasons. It obeys
no session variable, as no guard does (`gateway.lifecycles`). It writes with the owner's rights into tables in which the
application may write nothing, so a row of history is there because the setting was changed, and for no other reason.
And of secrets it says that they were set, changed or emptied, and nothing else.

What such a row is worth stands in ``docs/adr/settings-have-a-history-money-has-moves.md``.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ClassVar, Final

import pghistory
import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import migrations, models
from pghistory.models import Event

from gateway.lifecycles import GuardSql, PlacedGuard, PlacedSql, update_of, written_once

#: The column that tells of secrets.
SECRETS: Final = "secret_changes"


class ChangeKind(models.TextChoices):
    """What happened to the setting."""

    INSERT = "insert", "was added"
    UPDATE = "update", "was changed"
    BEGIN = "begin", "was as it is when its history began"


class SecretChange(models.TextChoices):
    """What is said of a secret."""

    SET = "set", "set"
    CHANGED = "changed", "changed"
    EMPTIED = "emptied", "emptied"


class SettingChange(Event):
    """How a row was after a change; columns of the row itself keep their names.

    A subclass has no permissions of its own: whoever may look at the setting may look at its history.
    """

    pgh_id = models.BigAutoField(primary_key=True)
    pgh_created_at = models.DateTimeField()
    pgh_label = models.CharField(max_length=6, choices=ChangeKind.choices)
    secret_changes = models.JSONField(default=dict, help_text="Which secrets were set, changed or emptied.")

    #: Added by the library: the key of the row.
    pgh_obj_id: Any

    #: Secrets of the row, by the names of their columns; the trigger compares them and keeps nothing of them.
    secret_columns: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.pgh_obj_id} {self.get_pgh_label_display()}"


class HistorySql(PlacedSql):
    """Written with the owner's rights: the application may not."""

    _security = " SECURITY DEFINER"


class _HistoryGuard(PlacedGuard):
    """Writes the row of history after each change."""

    sql_class: type[GuardSql] = HistorySql


class _Kept(pghistory.Tracker):
    """Keeps every insert, and every update that changes a column of the history or a secret."""

    label = "kept"

    def setup(self, event_model: type[SettingChange]) -> None:
        """Put the trigger on the table of the setting."""
        tracked = event_model.pgh_tracked_model
        columns = _columns(event_model)
        secrets = event_model.secret_columns
        guard = _HistoryGuard(
            name="history",
            when=pgtrigger.After,
            # Workers write other columns of some of these rows many times a second, and never come here.
            operation=pgtrigger.Insert | update_of(*columns, *secrets),
            func=_function(event_model, columns, secrets),
        )
        pgtrigger.register(guard)(tracked)


def _columns(event_model: type[models.Model]) -> list[str]:
    """The columns that the setting and its history have in common."""
    own = {field.name for field in SettingChange._meta.fields} | {"pgh_obj", "pgh_context"}  # noqa: SLF001 - Django's documented model API, here and below
    fields: list[Any] = list(event_model._meta.local_fields)  # noqa: SLF001
    return [field.column for field in fields if field.name not in own]


def _function(event_model: type[SettingChange], columns: Sequence[str], secrets: Sequence[str]) -> str:
    tracked: Any = event_model.pgh_tracked_model
    key = tracked._meta.pk.column  # noqa: SLF001
    told = ", ".join(
        f"'{one}', CASE WHEN NEW.{one} IS NOT DISTINCT FROM OLD.{one} THEN NULL"
        f" WHEN OLD.{one} IS NULL THEN '{SecretChange.SET}'"
        f" WHEN NEW.{one} IS NULL THEN '{SecretChange.EMPTIED}' ELSE '{SecretChange.CHANGED}' END"
        for one in secrets
    )
    values = {
        **{one: f'NEW."{one}"' for one in columns},
        "pgh_obj_id": f'NEW."{key}"',
        "pgh_created_at": "transaction_timestamp()",
        "pgh_label": "lower(TG_OP)",
        "pgh_context": "nullif(current_setting('pghistory.context_metadata', true), '')::jsonb",
        SECRETS: f"jsonb_strip_nulls(jsonb_build_object({told}))",
    }
    differs = " OR ".join(f'NEW."{one}" IS DISTINCT FROM OLD."{one}"' for one in (*columns, *secrets))
    return f"""
            IF TG_OP = 'INSERT' OR {differs} THEN
                INSERT INTO {event_model._meta.db_table} ({", ".join(f'"{one}"' for one in values)})
                VALUES ({", ".join(values.values())});
            END IF;
            RETURN NULL;
        """  # noqa: S608, SLF001 - names of our own columns


def history_of(
    tracked: type[models.Model], *fields: str, secrets: Sequence[str] = (), app_label: str | None = None
) -> Any:
    """The base class of a table that keeps the history of another one.

    Args:
        tracked: whose.
        fields: its columns that people set; whatever workers write often stays out.
        secrets: columns of which only that they changed is kept.
        app_label: of the table; that of the other one by default.
    """
    return pghistory.create_event_model(
        tracked,
        _Kept(),  # type: ignore[no-untyped-call]
        fields=list(fields),
        base_model=SettingChange,
        obj_field=pghistory.ObjForeignKey(on_delete=models.PROTECT, db_index=True, related_name="+"),
        # With the row: whoever could write a table of contexts could tell another story afterwards.
        context_field=pghistory.ContextJSONField(),
        context_id_field=None,  # type: ignore[arg-type]  # as the library documents it
        attrs={"secret_columns": tuple(secrets)},
        app_label=app_label,
    )


def never_changed(what: str) -> list[Any]:
    """The guards of such a table."""
    return written_once(f"rows of the history of {what}")


def decided_by(by: AbstractBaseUser, reason: str, **more: str) -> pghistory.context:
    """The block in which a person changes settings, for a reason; their history says so.

    Args:
        by: who.
        reason: why, as they wrote it.
        more: what else is to be kept of it; texts.
    """
    # As the middleware calls them (`gateway.for_pages.Histories`), so that verbs are the same outside of the admin.
    return pghistory.context(user=by.pk, username=by.get_username(), reason=reason, **more)


def by_command(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Whatever the command changes is said to be its work.

    Begun anew for each call: what is done inside adds to what was told, and would be told of the next call as well.
    """

    def naming(handle: Callable[..., None]) -> Callable[..., None]:
        @wraps(handle)
        def named(*args: Any, **options: Any) -> None:
            with pghistory.context(command=name):
                handle(*args, **options)

        return named

    return naming


def begin(app_label: str, tracked: str, history: str) -> migrations.RunPython:
    """The operation of a migration that writes down how each row is when its history begins."""

    def write(apps: Any, _: Any) -> None:
        rows, changes = apps.get_model(app_label, tracked), apps.get_model(app_label, history)
        names = {field.attname for field in rows._meta.concrete_fields}  # noqa: SLF001
        kept = [field.attname for field in changes._meta.concrete_fields if field.attname in names]  # noqa: SLF001
        now = models.functions.Now()
        for row in rows.objects.order_by("pk").only(*kept):
            changes.objects.create(
                pgh_obj_id=row.pk,
                pgh_created_at=now,
                pgh_label=ChangeKind.BEGIN.value,
                **{name: getattr(row, name) for name in kept},
            )

    write_down: Callable[[Any, Any], None] = write
    return migrations.RunPython(write_down, migrations.RunPython.noop)
