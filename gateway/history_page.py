"""The page "History" of a setting: when it was changed, by whom, from what to what, and why.

What stands there was written by the database as the setting was changed (`gateway.kept_history`), be it in the admin,
by the API, a command, a worker or by hand.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pghistory
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from gateway.in_words import titled
from gateway.kept_history import SECRETS, ChangeKind, SecretChange
from gateway.list_titles import TitledList
from gateway.shown_mode import of_row

#: A screen or two.
_PER_PAGE: Final = 50
#: Below the setting itself: what was done lately.
_RECENT: Final = 3
#: A sentence or two.
WHY_MAX_LENGTH: Final = 200
#: Of a change that no person, key or command put its name to.
SERVICE: Final = "the service itself, or somebody at the database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One column that changed, or is told of for the first time.

    Attributes:
        label: of the column.
        before: what it was, in words; "" where it is told of for the first time, or is a secret.
        after: what it became; of a secret, what happened to it.
    """

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row of the page."""

    at: datetime
    who: str
    what: str
    differences: tuple[Difference, ...]
    why: str
    instruction: str


class HistoryAdmin(TitledList, ModelAdmin):  # type: ignore[misc]  # the library is untyped
    """An admin whose "History" is what the database wrote.

    Attributes:
        history: the table of changes.
        also_noted: whether Django's log has something to say of rows that their history has not: such as pauses, which
            are no setting.
    """

    history: type[Any]  # of `SettingChange`
    also_noted: bool = False
    change_form_after_template = "admin/recent_history.html"

    def formfield_for_dbfield(self, db_field: "models.Field[Any, Any]", request: HttpRequest, **options: Any) -> Any:
        """A field of the form by the same name as in the history."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None:
            field.label = titled(str(db_field.verbose_name))
        return field

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """The page of a row; what is changed by it is changed for the reason that was written there."""
        if request.method == "POST" and (why := reason_in(request)):
            with pghistory.context(reason=why):
                return super().changeform_view(request, *args, **options)
        return super().changeform_view(request, *args, **options)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page with the last changes and a line for the reason."""
        row = options.get("obj")
        if row is not None and row.pk is not None:
            last = list(self.history.objects.filter(pgh_obj=row.pk).order_by("-pgh_id")[: _RECENT + 1])
            pairs = itertools.zip_longest(last, last[1:])
            context["recent"] = [_told(self.history, one, before) for one, before in pairs][:_RECENT]
        context |= {"why": reason_in(request), "why_max_length": WHY_MAX_LENGTH}
        return super().render_change_form(request, context, *args, **options)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The page."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        rows = self.history.objects.filter(pgh_obj=row.pk).order_by("-pgh_id")
        page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            **(of_row(row.mode) if hasattr(row, "mode") else {}),
            "title": f"History of {row}",
            "opts": self.opts,
            "original": row,
            "object": row,
            "page": page,
            "changes": [_told(self.history, one, before) for one, before in _with_the_one_before(rows, page)],
            "noted": _noted(row) if self.also_noted else [],
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/history.html", context)


def reason_in(request: HttpRequest) -> str:
    """The reason that was written beside the change, in one line of visible letters; "" where there is none."""
    text = " ".join(request.POST.get("why", "").split())
    return "".join(one for one in text if one.isprintable())[:WHY_MAX_LENGTH]


def _with_the_one_before(rows: "models.QuerySet[Any]", page: Any) -> Iterator[tuple[Any, Any]]:
    """Each change of the page, newest first, with how the row was before it; None where that is not known."""
    shown = list(page.object_list)
    last = rows.filter(pgh_id__lt=shown[-1].pgh_id).first() if shown else None
    return zip(shown, [*shown[1:], last], strict=True) if shown else iter(())


def _told(history: type[Any], change: Any, before: Any) -> Change:
    context = change.pgh_context or {}
    return Change(
        at=change.pgh_created_at,
        who=_who(change, context),
        what=ChangeKind(change.pgh_label).label,
        differences=(*_differences(history, change, before), *_secrets(history, change)),
        why=str(context.get("reason", "")),
        instruction=str(context.get("instruction", "")),
    )


def _who(change: Any, context: dict[str, Any]) -> str:
    if change.pgh_label == ChangeKind.BEGIN:
        return "not known"
    if "command" in context:
        return " ".join(filter(None, [f"command {context['command']}", context.get("username", "")]))
    if "api_key" in context:
        return f"API key {context['api_key']}"
    name = str(context.get("username", "")) or SERVICE
    return f"{name}, at the wish of {context['asked_by']}" if "asked_by" in context else name


def _differences(history: type[Any], change: Any, before: Any) -> Iterator[Difference]:
    tracked: Any = history.pgh_tracked_model
    for field in history._meta.local_fields:  # noqa: SLF001 - Django's documented model API, here and below
        if field.name.startswith("pgh_") or field.name == SECRETS:
            continue
        now = getattr(change, field.attname)
        if before is not None and getattr(before, field.attname) == now:
            continue
        label = titled(str(tracked._meta.get_field(field.name).verbose_name))  # noqa: SLF001
        former = "" if before is None else in_words(getattr(before, field.name))
        yield Difference(label=label, before=former, after=in_words(getattr(change, field.name)))


def _secrets(history: type[Any], change: Any) -> Iterator[Difference]:
    tracked: Any = history.pgh_tracked_model
    for name, what in change.secret_changes.items():
        label = titled(str(tracked._meta.get_field(name).verbose_name))  # noqa: SLF001
        yield Difference(label=label, before="", after=SecretChange(what).label)


def in_words(value: Any) -> str:
    """A value of a setting as people read it."""
    match value:
        case None | "" | [] | {}:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        case Decimal():
            return f"{value.normalize():f}"
        case [*items] if all(isinstance(one, str) for one in items):
            return ", ".join(items)
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _noted(row: models.Model) -> list[LogEntry]:
    """What people did with the row that was no change of a setting, in their words, newest first."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(type(row)), object_id=str(row.pk)
    ).select_related("user")
    # What Django's forms note is a list of changed fields, which the history tells better.
    return [one for one in entries.order_by("-action_time")[:_PER_PAGE] if not one.change_message.startswith("[")]
