"""The pages on which people ask for files, see how far they are, and take them."""

import uuid
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from gateway.backoffice.exports import asking
from gateway.backoffice.exports import lists as export_lists
from gateway.backoffice.exports.asking import MAY_EXPORT, SEES_ALL, Refused
from gateway.backoffice.exports.lists import UnknownList
from gateway.backoffice.exports.statements import StatementAccount, Wish
from gateway.backoffice.models import Export, FileFormat
from gateway.backoffice.models.export_states import ExportStatus
from gateway.backoffice.models.exports import KEPT_FOR, STATEMENT
from gateway.people import person_of
from gateway.products.models import Mode, Product
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.shown_mode import shown_mode

_TEMPLATES: Final = "admin/backoffice/export"
#: Exports of one page.
_LISTED: Final = 25
_FORMATS: Final = [(one.value, one.upper()) for one in FileFormat]
#: Methods of a form.
_METHODS: Final = ("GET", "HEAD", "POST")


class StatementForm(forms.Form):
    """Of what a statement is made, and as what."""

    product = forms.ModelChoiceField(Product.objects.order_by("name"), widget=UnfoldAdminSelectWidget())
    mode = forms.ChoiceField(choices=Mode.choices, widget=UnfoldAdminSelectWidget())
    currency = forms.RegexField(
        r"^[A-Z]{3}\Z",
        widget=UnfoldAdminTextInputWidget(),
        help_text="A code of three letters, such as INR.",
        error_messages={"invalid": "An ISO 4217 code has three capital letters."},
    )
    account = forms.ChoiceField(
        choices=StatementAccount.choices,
        widget=UnfoldAdminSelectWidget(),
        help_text="What the product may spend (available), what is reserved for payouts (held), and what it owes us.",
    )
    begin = forms.DateTimeField(
        label="From (UTC)",
        widget=UnfoldAdminTextInputWidget(),
        help_text="Included: 2026-01-01, or 2026-01-01 06:30.",
    )
    end = forms.DateTimeField(
        label="To (UTC)",
        widget=UnfoldAdminTextInputWidget(),
        help_text="Not included: for January, 2026-02-01. Five minutes ago or earlier, for a statement is final.",
    )
    format = forms.ChoiceField(choices=_FORMATS, widget=UnfoldAdminSelectWidget())

    def clean(self) -> dict[str, Any]:
        """A period has a length."""
        told = self.cleaned_data
        if "begin" in told and "end" in told and told["begin"] >= told["end"]:
            self.add_error("end", "The period ends after it begins.")
        return told

    def wish(self) -> Wish:
        """What was asked for."""
        told = self.cleaned_data
        account = StatementAccount(told["account"])
        names = ("product", "mode", "currency", "begin", "end")
        return Wish(account=account, **{name: told[name] for name in names})


def _last_month() -> dict[str, str]:
    """What most statements are of."""
    end = timezone.now().date().replace(day=1)
    begin = (end - timedelta(days=1)).replace(day=1)
    return {"begin": begin.isoformat(), "end": end.isoformat()}


def listed(request: HttpRequest, pages: ReadOnlyAdmin) -> HttpResponse:
    """The exports of this person, or of everybody, latest first, a page at a time."""
    if not pages.has_view_permission(request):
        raise PermissionDenied
    sees_all = request.user.has_perm(SEES_ALL)
    of_all = sees_all and request.GET.get("whose") == "all"
    rows: QuerySet[Export] = pages.get_queryset(request)
    if not of_all:
        rows = rows.filter(asked_by=request.user.pk)
    before = _uuid(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-id")[: _LISTED + 1])
    context = {
        **pages.admin_site.each_context(request),
        "opts": pages.opts,
        "title": "Exports",
        "rows": [shown(one, request) for one in found[:_LISTED]],
        "older": found[_LISTED - 1].pk if len(found) > _LISTED else None,
        "sees_all": sees_all,
        "of_all": of_all,
        "may_export": request.user.has_perm(MAY_EXPORT),
        "is_moving": any(one.is_under_way for one in found),
        "kept_hours": KEPT_FOR.total_seconds() / 3600,
    }
    return TemplateResponse(request, f"{_TEMPLATES}/list.html", context)


def shown(export: Export, request: HttpRequest) -> dict[str, Any]:
    """An export as pages show it, with what is open to whoever looks."""
    is_mine = export.asked_by_id == request.user.pk
    may = request.user.has_perm(MAY_EXPORT)
    return {
        "row": export,
        # Somebody may have looked for an account: what was asked for is shown to who did.
        "told": asking.told_by(export) if is_mine else [],
        "sentence": sentence_of(export),
        "count": f"{export.rows_done:,}",
        "may_cancel": may and export.is_under_way and (is_mine or request.user.has_perm(SEES_ALL)),
        "may_download": may and is_mine and export.status == ExportStatus.DONE,
    }


def sentence_of(export: Export) -> str:
    """How far it is, in words."""
    if export.status == ExportStatus.FAILED:
        return f"Failed: {export.failure}"
    if export.status == ExportStatus.RUNNING and export.rows_expected is not None:
        if export.rows_done >= export.rows_expected:
            return f"Running: all {export.rows_done:,} rows are read, the file is being packed"
        return f"Running: {export.rows_done:,} of {export.rows_expected:,} rows"
    status = ExportStatus(export.status)
    return f"{status.value.capitalize()}: {status.label}"


def ask(request: HttpRequest) -> HttpResponse:
    """A file of the list that the button stood above."""
    _check(request)
    told = request.POST
    subject, query, mode = told.get("list", ""), told.get("query", ""), told.get("mode", "")
    if mode not in Mode.values or told.get("format") not in FileFormat.values:
        raise Http404
    try:
        made = asking.ask_for_list(person_of(request), subject, query, mode, FileFormat(told["format"]))
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(_list_of(subject, query))
    messages.info(request, f"{made} is being made. Its file will be here.")
    return _to_the_page()


def _list_of(subject: str, query: str) -> str:
    try:
        opts = export_lists.pages_of(subject).opts
    except UnknownList:
        raise Http404 from None
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{page}?{query}" if query else page


def statement(request: HttpRequest, pages: ReadOnlyAdmin) -> HttpResponse:
    """The form for a statement; filled in, a file of it."""
    if request.method not in _METHODS:
        return HttpResponseNotAllowed(_METHODS)
    if not request.user.has_perm(MAY_EXPORT):
        raise PermissionDenied
    form = StatementForm(
        request.POST if request.method == "POST" else None, initial={"mode": shown_mode(request), **_last_month()}
    )
    if form.is_bound and form.is_valid():
        try:
            made = asking.ask_for_statement(person_of(request), form.wish(), FileFormat(form.cleaned_data["format"]))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.info(request, f"{made} is being made. Its file will be here.")
            return _to_the_page()
    context = {
        **pages.admin_site.each_context(request),
        "opts": pages.opts,
        "title": "Export a statement",
        "form": form,
    }
    return TemplateResponse(request, f"{_TEMPLATES}/{STATEMENT}.html", context)


def progress(request: HttpRequest, pages: ReadOnlyAdmin) -> HttpResponse:
    """How far the named exports are, of those that this person sees."""
    if not pages.has_view_permission(request):
        raise PermissionDenied
    wanted = [one for text in request.GET.getlist("id")[:_LISTED] if (one := _uuid(text)) is not None]
    rows: QuerySet[Export] = pages.get_queryset(request).filter(pk__in=wanted)
    found = [
        {
            "id": str(one.pk),
            "status": one.status,
            "is_under_way": one.is_under_way,
            "percent": one.percent,
            "sentence": sentence_of(one),
        }
        for one in rows.order_by("-id")
    ]
    return JsonResponse({"exports": found}, headers={"Cache-Control": "no-store"})


def cancel(request: HttpRequest, export_id: uuid.UUID) -> HttpResponse:
    """Call one off."""
    _check(request)
    _find(export_id)
    export = asking.cancel(person_of(request), export_id)
    if export.status != ExportStatus.CANCELLED:
        messages.error(request, f"{export} has ended already.")
    return _to_the_page()


def download(request: HttpRequest, export_id: uuid.UUID) -> HttpResponseBase:
    """The file, part by part."""
    _check(request)
    _find(export_id)
    try:
        export, parts = asking.take(person_of(request), export_id)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _to_the_page()
    return StreamingHttpResponse(
        parts,
        content_type=FileFormat(export.format).media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{export.file_name}"',
            "Content-Length": str(export.size),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            # It is a table; were it ever taken for a page, the page could do nothing.
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def _check(request: HttpRequest) -> None:
    """Refuse who may not export, before anything is looked for."""
    if not request.user.has_perm(MAY_EXPORT):
        raise PermissionDenied


def _find(export_id: uuid.UUID) -> None:
    if not Export.objects.filter(pk=export_id).exists():
        raise Http404


def _to_the_page() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:backoffice_export_changelist"))


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
